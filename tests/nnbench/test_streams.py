"""The standard streams: closed, full, gone; a command says so in one line, or does without."""

import errno
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnbench.cli import main
from nnbench.store import Store
from nnbench.terminal.streams import standard_streams
from tests.nnbench import store_samples

PATH = os.pathsep.join(str(Path(path).resolve()) for path in sys.path if path)
FULL = "nnbench: standard output: cannot be written: No space left on device. What was printed is cut off.\n"
# One verb for each way of printing: by click, by print, through rich, as one text.
COMMANDS = {
    "version": ["--version"],
    "help": ["--help"],
    "help of a verb": ["run", "--help"],
    "nothing": [],
    "list": ["list", "layers"],
    "list as JSON": ["list", "layers", "--json"],
    "show": ["show", "adam"],
    "data": ["data"],
    "where": ["data", "where"],
    "report": ["report"],
    "markdown": ["report", "--format", "markdown"],
    "html": ["report", "--format", "html"],
    "csv": ["report", "--format", "csv"],
    "latex": ["report", "--format", "latex"],
    "json": ["report", "--json"],
    "compare": ["compare", "last", "last"],
    "init": ["init"],
    "dry run": ["run", "iris", "--dry-run"],
}
every_command = pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a run in its store."""
    monkeypatch.chdir(tmp_path)
    with Store.open(tmp_path / ".nnbench" / "store.sqlite", create=True) as store:
        store.put_trials([store_samples.trial(0), store_samples.trial(1)])
        store.put_run(store_samples.run("20260131-1"))
    return tmp_path


def shell(redirections: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a shell with these redirections."""
    return subprocess.run(
        ["sh", "-c", f'"$0" -m nnbench "$@" {redirections}', sys.executable, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": PATH, **environment},
    )


class Failing(io.StringIO):
    """A stream whose disk fills up while it is written, or at the end."""

    def __init__(self, code: int, *, at: str) -> None:
        super().__init__()
        self._error = OSError(code, os.strerror(code))
        self._at = at

    def write(self, text: str) -> int:
        if self._at == "write":
            raise self._error
        return super().write(text)

    def flush(self) -> None:
        if self._at == "flush":
            raise self._error


@every_command
@pytest.mark.parametrize("at", ["write", "flush"])
def test_a_full_disk_is_one_line_that_names_standard_output(
    arguments: list[str], at: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever prints it, and whether the disk says so at once or at the end: exit code 4."""
    monkeypatch.setattr(sys, "stdout", Failing(errno.ENOSPC, at=at))

    assert main(arguments) == 4

    assert capsys.readouterr().err.splitlines()[-1] + "\n" == FULL


@every_command
def test_a_reader_that_is_gone_is_no_error(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", Failing(errno.EPIPE, at="write"))

    assert main(arguments) == 141
    assert "standard output" not in capsys.readouterr().err


@every_command
def test_without_any_stream_a_command_does_what_it_does(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same exit code as with streams."""
    code = main(arguments)
    Path("matrix.toml").unlink(missing_ok=True)
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)

    assert main(arguments) == code


def test_messages_that_nobody_can_read_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Failing(errno.ENOSPC, at="write"))

    assert main(["run", "dgits"]) == 2
    assert main(["list", "layers"]) == 0


def test_the_streams_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = sys.stdin, sys.stdout, sys.stderr

    main(["--version"])

    assert (sys.stdin, sys.stdout, sys.stderr) == before


class Short(io.RawIOBase):
    """An unbuffered file on a disk with room for ``room`` bytes; what fits is written, as by a real one."""

    def __init__(self, room: int) -> None:
        self.content = b""
        self._room = room

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if not self._room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = bytes(data)[: min(self._room, 100)]
        self.content += taken
        self._room -= len(taken)
        return len(taken)


@pytest.mark.parametrize(("room", "code"), [(10**6, 0), (250, 4)])
def test_what_an_unbuffered_stream_did_not_take_is_written_again(
    room: int, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under PYTHONUNBUFFERED Python drops the rest of a short write without a word."""
    expected = main(["list", "layers", "--json"]), capsys.readouterr().out
    raw = Short(room)
    unbuffered: Any = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)  # type: ignore[arg-type]
    monkeypatch.setattr(sys, "stdout", unbuffered)

    assert main(["list", "layers", "--json"]) == code
    assert raw.content == expected[1].encode()[:room]


def test_letters_that_the_stream_has_not_are_spelt_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))

    with standard_streams():
        print("µ\udcff")
        sys.stdout.flush()

    assert sys.stdout.buffer.getvalue() == b"\\xb5\\udcff\n"  # type: ignore[attr-defined]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [["--version"], ["report", "--json"], []], ids=" ".join)
def test_a_full_device_is_told_of_at_the_end_of_the_process_too(
    arguments: list[str], unbuffered: str
) -> None:
    """Python itself would say more, and change the exit code, when it flushes once more."""
    done = shell(">/dev/full", *arguments, PYTHONUNBUFFERED=unbuffered)

    assert (done.returncode, done.stderr) == (4, FULL)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_completion_tells_of_a_full_device_too() -> None:
    asked = {"_NNBENCH_COMPLETE": "complete_bash", "COMP_WORDS": "nnbench re", "COMP_CWORD": "1"}

    done = shell(">/dev/full", **asked)

    assert (done.returncode, done.stderr) == (4, FULL)


@pytest.mark.parametrize(
    "redirections", [">&-", "2>&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-", "2>/dev/full", ">/dev/null 2>&1"]
)
def test_a_closed_stream_stops_nothing(redirections: str, folder: Path) -> None:
    """Also the number of the stream is taken: the store must not become standard output."""
    assert shell(redirections, "report").returncode == 0
    assert shell(redirections, "rprt").returncode == 2

    assert shell("", "report", "--json").returncode == 0


@pytest.mark.parametrize("module", ["typer", "nnbench.verbs", "nnbench.commands.list", "nnkit.errors"])
@pytest.mark.parametrize("how", ["from nnbench.cli import main; sys.exit(main())", "run_module"])
def test_ctrl_c_while_modules_are_imported_is_no_traceback(module: str, how: str) -> None:
    """Whichever of them is being imported when it is pressed."""
    start = "runpy.run_module('nnbench', run_name='__main__', alter_sys=True)" if how == "run_module" else how
    program = f"""
import runpy, sys
class Pressed:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Pressed())
sys.argv[1:] = ["list", "nothing"]
{start}
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": PATH},
    )

    assert done.returncode == 130
    assert done.stderr in ("", "nnbench: interrupted.\n")


@pytest.mark.parametrize("place", ["error", "note", "table", "heading"])
def test_no_text_of_others_commands_the_terminal(
    place: str, monkeypatch: pytest.MonkeyPatch, nnb: Callable[..., tuple[int, str, str]]
) -> None:
    """Names and messages of plug-ins, names of files and of cases: escape sequences are shown as text."""
    evil = "\x1b[2J\x1b]0;gone\x07\r"
    arguments = {
        "error": ["run", evil],
        "note": ["run", evil + "/none.toml"],
        "table": ["list", "layers"],
        "heading": ["show", evil],
    }[place]
    if place in ("table", "heading"):
        from nnbench.cases import inventory

        entry = inventory.Entry("layers", evil, evil, formula=evil, source=evil)
        monkeypatch.setattr(inventory, "entries", lambda kind: (entry,))

    _, out, err = nnb(*arguments)

    assert r"\x1b[2J\x1b]0;gone\x07" in out + err
    assert not {"\x1b", "\x07", "\r"} & set(out + err)
