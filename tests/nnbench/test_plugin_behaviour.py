"""Whatever a plug-in does while it loads or trains: one line, the right exit code, a result that is whole."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nnbench.cli import main
from nnbench.plan.settings import DEFAULT_PATH
from nnbench.store import Store
from tests.nnbench.case_file import case_content, write_case
from tests.nnbench.plugin_samples import MINE, forget_plugins

Result = tuple[int, str, str]
PATH = os.pathsep.join(str(Path(path).resolve()) for path in sys.path if path)
# What a plug-in may raise beside an ordinary Exception, and the word for it in the line.
RAISES = {
    "import sys; sys.exit(0)": "SystemExit: 0",
    "raise SystemExit": "SystemExit",
    "raise KeyboardInterrupt": "KeyboardInterrupt",
    "raise type('Mine', (KeyboardInterrupt,), {})('x')": "Mine: x",
    "raise BaseException('x')": "BaseException: x",
    "raise GeneratorExit": "GeneratorExit",
    "raise MemoryError": "MemoryError",
    "raise ValueError('a\\nb\\x1b')": "ValueError: a b",
    "raise type('Mute', (Exception,), {'__str__': lambda self: 1 / 0})": "Mute",
    "(lambda f: f(f))(lambda f: f(f))": "RecursionError",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    forget_plugins(monkeypatch)
    write_case(tmp_path / "small.toml", case_content())
    return tmp_path


def part(name: str, first: str, *, loading: str = "") -> str:
    """Return a plug-in whose update begins with ``first``, after it loaded with ``loading``."""
    return MINE.replace("    for name", f"    {first}\n    for name").replace('"mine"', f"{name!r}") + loading


def nnb(capfd: pytest.CaptureFixture[str], *arguments: str) -> Result:
    capfd.readouterr()
    code = main(arguments)
    return (code, *capfd.readouterr())


@pytest.mark.parametrize(("statement", "words"), RAISES.items(), ids=RAISES.values())
def test_what_is_raised_while_training_fails_that_trial_and_the_run_goes_on(
    capfd: pytest.CaptureFixture[str], statement: str, words: str
) -> None:
    """With the plug-in's line; the trials of the built-in optimizer beside it are finished."""
    name = f"raising{list(RAISES).index(statement)}"  # within one process, programs are kept by their names
    Path("mine.py").write_text(part(name, statement))

    code, out, _ = nnb(
        capfd,
        "run",
        "small.toml",
        "--optimizer",
        f"{name},sgd",
        "--seeds",
        "2",
        "--plugin",
        "mine.py",
        "--json",
    )

    trials = json.loads(out)["trials"]
    by_name = {one["axes"]["optimizer"]: one["status"] for one in trials}
    errors = {one["error"] for one in trials if one["status"] == "failed"}
    assert code == 3
    assert by_name == {name: "failed", "sgd": "finished"}
    (error,) = errors
    assert error.startswith(f"mine.py, line 5: {words}")


def test_what_is_printed_in_a_step_that_a_dry_run_times_is_no_part_of_its_document(
    capfd: pytest.CaptureFixture[str],
) -> None:
    Path("mine.py").write_text(part("printing", "print('noise')"))
    words = ("run", "small.toml", "--optimizer", "printing", "--plugin", "mine.py", "--dry-run", "--json")

    code, out, said = nnb(capfd, *words)

    assert (code, json.loads(out)["schema"]) == (0, "nnbench.plan/1")
    assert said.splitlines().count("noise") == 2


@pytest.mark.parametrize(("statement", "words"), RAISES.items(), ids=RAISES.values())
@pytest.mark.parametrize(
    "verb",
    [
        ("run", "small.toml"),
        ("tune", "small.toml"),
        ("explain", "small.toml"),
        ("diagnose", "small.toml"),
        ("kernels", "small.toml"),
        ("show", "adam"),
        ("list", "optimizers"),
    ],
    ids=lambda verb: verb[0],
)
def test_what_is_raised_while_loading_is_one_line(
    capfd: pytest.CaptureFixture[str], verb: tuple[str, ...], statement: str, words: str
) -> None:
    Path("bad.py").write_text(f"\n{statement}\n")

    code, out, said = nnb(capfd, *verb, "--plugin", "bad.py")

    (line,) = said.splitlines()
    assert (code, out) == (2, "")
    assert line.startswith(f"nnbench: bad.py, line 2: {words}")


def test_what_is_raised_in_a_search_fails_its_trials_and_the_search_ends(
    capfd: pytest.CaptureFixture[str],
) -> None:
    Path("mine.py").write_text(part("leaves_tune", "raise SystemExit(0)"))
    tune = ("tune", "small.toml", "--optimizer", "leaves_tune", "--points", "3", "--seeds", "2")

    code, _, _ = nnb(capfd, *tune, "--plugin", "mine.py")

    with Store.open(DEFAULT_PATH, create=False) as store:
        errors = {trial.error for trial in store.trials(store.run("last").trial_keys)}
    assert code == 3
    assert errors == {"mine.py, line 5: SystemExit: 0"}


def test_what_is_raised_in_the_one_training_of_a_diagnosis_is_one_line(
    capfd: pytest.CaptureFixture[str],
) -> None:
    Path("mine.py").write_text(part("leaves_diagnose", "raise SystemExit(0)"))
    diagnose = ("diagnose", "small.toml", "--optimizer", "leaves_diagnose", "--seeds", "1", "--quiet")

    result = nnb(capfd, *diagnose, "--plugin", "mine.py")

    assert result == (3, "", "nnbench: mine.py, line 5: SystemExit: 0\n")


def test_an_optimizer_that_leaves_does_not_end_a_run_over_two_cases(
    capfd: pytest.CaptureFixture[str], folder: Path
) -> None:
    """There one step of each optimizer is made before any trial, to see how much it keeps."""
    write_case(folder / "other.toml", {**case_content(), "name": "other"})
    Path("mine.py").write_text(part("leaving", "raise SystemExit(0)"))

    code, out, _ = nnb(
        capfd,
        *("run", "small.toml", "other.toml", "--optimizer", "leaving,sgd", "--seeds", "1"),
        *("--plugin", "mine.py", "--json"),
    )

    assert code == 3
    assert [one["status"] for one in json.loads(out)["trials"]] == ["failed", "finished"] * 2


MISCHIEF = {
    "print('loud')": "print('loud')",
    "os.write(1)": "import os; os.write(1, b'loud')",
    "a program's output": "import subprocess; subprocess.run(['echo', 'loud'])",
    "sys.stdout.close()": "import sys; sys.stdout.close()",
    "closes descriptor 1": "import os; os.closerange(1, 2)",
    "sys.__stdout__": "import sys; sys.__stdout__.write('loud')",
    "os.chdir('/')": "import os; os.chdir('/')",
    "a thread that raises": "import threading as t; a = t.Thread(target=lambda: 1 / 0); a.start(); a.join()",
}


@pytest.mark.parametrize("when", ["loading", "training"])
@pytest.mark.parametrize("statement", MISCHIEF.values(), ids=MISCHIEF)
def test_what_a_plugin_does_to_the_process_does_not_reach_the_result(
    folder: Path, statement: str, when: str
) -> None:
    """Standard output is one JSON document, and the store is in the folder where the command was given."""
    first = f"if step == 1: {statement}" if when == "training" else "pass"
    (folder / "mine.py").write_text(
        part(
            "mine",
            first.replace("; ", "\n    if step == 1: "),
            loading=statement if when == "loading" else "",
        )
    )

    run = ("run", "small.toml", "--optimizer", "mine", "--seeds", "2", "--plugin", "mine.py", "--json")
    done = subprocess.run(
        [sys.executable, "-m", "nnbench", *run, "--jobs", "1"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": PATH},
        capture_output=True,
        text=True,
    )

    document: Any = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert {one["status"] for one in document["trials"]} == {"finished"}
    assert "Traceback" not in done.stderr
    assert (folder / ".nnbench" / "store.sqlite").is_file()


def test_a_plugin_may_import_numba_before_anything_is_compiled(folder: Path) -> None:
    """The second run takes its kernels from the disk, whose code names functions of numba's runtime."""
    (folder / "mine.py").write_text("import numba\n" + MINE)
    run = ("run", "small.toml", "--optimizer", "mine,sgd", "--seeds", "1", "--plugin", "mine.py", "--json")

    codes = [
        subprocess.run(
            [sys.executable, "-m", "nnbench", *run, "--store", store],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": PATH},
            stdout=subprocess.DEVNULL,
        ).returncode
        for store in ("one", "two")
    ]

    assert codes == [0, 0]
