"""The command line: help at once, one line for any mistake, and the exit codes that scripts rely on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nnbench.cli import VERBS, main
from tests.misspelt import NEAREST_OPTIMIZER, NO_OPTIMIZER
from tests.nnbench.case_file import case_content, write_case

FOLDERS = [str(Path(path).resolve()) for path in sys.path if path]
# What takes long to import, and what no verb that only looks has any use for.
SLOW = ("numba", "scipy.stats", "matplotlib", "dask")
SLOW_FOR_HELP = (*SLOW, "numpy", "pydantic", "rich", "nnkit", "sqlite3")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def imported_by(*arguments: str) -> set[str]:
    """Return the modules that a fresh process has imported once the command is done."""
    program = (
        f"import sys; sys.path[:0] = {FOLDERS!r}; from nnbench.cli import main; main({list(arguments)!r});"
        " print('\\n' + ' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["report", "--help"]])
def test_help_imports_nothing_that_is_slow(arguments: list[str]) -> None:
    assert not imported_by(*arguments) & set(SLOW_FOR_HELP)


@pytest.mark.parametrize("arguments", [["--version"], ["list", "optimizers"], ["list", "cases"], ["report"]])
def test_looking_never_imports_numba(arguments: list[str]) -> None:
    assert not imported_by(*arguments) & set(SLOW)


def test_help_has_a_line_for_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0

    out = capsys.readouterr().out
    for verb in VERBS:
        (line,) = [line for line in out.splitlines() if line.startswith(f"  {verb} ")]
        assert line.endswith("."), f"the first sentence of {verb} is too long: {line}"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    assert f"Usage: nnbench {verb}" in capsys.readouterr().out


def test_without_a_verb_the_help_is_shown_and_the_usage_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "Usage: nnbench" in capsys.readouterr().out


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    import nnkit

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"nnbench {nnkit.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["rnu"], "nnbench: there is no command 'rnu'. Did you mean 'run'?"),
        (["--versoin"], "nnbench: there is no option '--versoin'. Did you mean '--version'?"),
        (
            ["run", "--optimiser", "a"],
            "nnbench: run: there is no option '--optimiser'. Did you mean '--optimizer'?",
        ),
        (["run", "--zzz"], "nnbench: run: there is no option '--zzz'. See `nnbench run --help`."),
        (["run", "digits", "--optimizer"], "nnbench: Option '--optimizer' requires an argument."),
        (["run", "dgits"], "nnbench: no case named 'dgits'. Did you mean 'digits'?"),
        (
            ["run", "digits", "--optimizer", NO_OPTIMIZER],
            f"nnbench: --optimizer: no optimizer named {NO_OPTIMIZER!r}. Did you mean {NEAREST_OPTIMIZER!r}?",
        ),
        (
            ["run", "digits", "--lr", "0"],
            "nnbench: --lr 0: the learning rate must be above 0. Try 0.001.",
        ),
        (
            ["run", "digits", "--lr=-1"],
            "nnbench: --lr -1: the learning rate must be above 0. Try 0.001.",
        ),
        (
            ["run", "digits", "--jobs", "1", "--threads", "1"],
            "nnbench: --threads is another name for --jobs. Give one of them.",
        ),
        (["run", "none.toml"], "nnbench: none.toml: there is no such file."),
        (
            ["run", "digits", "--seeds", "0"],
            "nnbench: --seeds: the number of seeds must be at least 1, found 0. Try 10.",
        ),
        (
            ["run", "digits", "--seeds", "1000000000"],
            "nnbench: the matrix has 6,000,000,000 trials; at most 1,000,000 run at once. Split it.",
        ),
        (
            ["list", "optimisers"],
            "nnbench: there is nothing called 'optimisers' to list. Did you mean 'optimizers'?",
        ),
        (
            ["show", NO_OPTIMIZER],
            f"nnbench: there is nothing called {NO_OPTIMIZER!r}. Did you mean {NEAREST_OPTIMIZER!r}?",
        ),
        (
            ["report", "--json", "--format", "csv"],
            "nnbench: --json and --format csv contradict each other. Give one of them.",
        ),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    arguments: list[str], line: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2

    assert lines(capsys) == [line]
    assert list(folder.iterdir()) == []


def test_every_mistake_in_a_case_file_has_its_own_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = case_content()
    content["training"]["epochs"] = 0
    content["colour"] = "red"
    write_case(folder / "bad.toml", content)

    assert main(["run", "bad.toml"]) == 2
    epochs, colour = lines(capsys)
    assert epochs == "nnbench: bad.toml, training.epochs: must be greater than or equal to 1, found 0."
    assert colour.startswith(
        "nnbench: bad.toml, colour: there is no such key. Known: aliases, axes, calibration,"
    )


def test_a_run_without_a_case_says_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run"]) == 2

    usage, cases = lines(capsys)
    assert usage.startswith("nnbench: usage: nnbench run CASE")
    assert "digits_mlp (digits)" in cases


def test_a_report_without_a_store_says_how_to_get_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report"]) == 4
    (line,) = lines(capsys)
    assert "nnbench run" in line


def test_the_traceback_is_shown_when_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "dgits", "--debug"]) == 2

    text = capsys.readouterr().err
    assert "Traceback" in text
    assert text.splitlines()[-1] == "nnbench: no case named 'dgits'. Did you mean 'digits'?"


def test_a_bug_is_no_verdict(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("nnbench.cases.inventory.entries", lambda kind: 1 // 0)

    assert main(["list", "cases"]) == 70
    (line,) = lines(capsys)
    assert line.startswith(
        "nnbench: a bug in nnbench: ZeroDivisionError: integer division or modulo by zero."
    )


def test_a_warning_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import warnings

    def warn(kind: str) -> tuple[object, ...]:
        warnings.warn("nnkit: the kernel cache\ncannot be written", RuntimeWarning, stacklevel=1)
        return ()

    monkeypatch.setattr("nnbench.cases.inventory.entries", warn)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        main(["list", "claims"])

    assert lines(capsys)[0] == "nnbench: warning: nnkit: the kernel cache cannot be written"


def test_a_reader_that_goes_away_is_no_error() -> None:
    call = "import sys; sys.path[:0] = {!r}; from nnbench.cli import main; sys.exit(main(['list', 'layers']))"
    done = subprocess.run(
        ["sh", "-c", '"$0" -c "$1" | true; true', sys.executable, call.format(FOLDERS)],
        capture_output=True,
        text=True,
    )

    assert done.stderr == ""


def test_the_shell_gets_its_completions() -> None:
    program = f"import sys; sys.path[:0] = {FOLDERS!r}; from nnbench.cli import main; sys.exit(main([]))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "_NNBENCH_COMPLETE": "complete_bash",
            "COMP_WORDS": "nnbench re",
            "COMP_CWORD": "1",
        },
    )

    assert done.stdout.split() == ["report"]
