"""Absurd numbers, nesting, names and bytes, in options and files: one line, and nothing left behind."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnbench.cases.files import read_toml
from nnbench.cli import main
from nnbench.errors import UsageError
from nnkit import optimizers
from nnkit.errors import InvalidArgument
from nnkit.registry import parse_choice
from tests.nnbench.case_file import case_content, write_case

Command = Callable[..., tuple[int, str, str]]
DIGITS = "9" * 6000
VALUES = {
    "many digits": DIGITS,
    "more than a float": "1e999",
    "as many digits as a float has not": "9" * 400,
    "not a number": "nan",
    "infinite": "-inf",
    "brackets": "(" * 5000,
    "nested": "sgd(" * 3000 + ")" * 3000,
    "a large value": f"sgd(momentum={DIGITS})",
    "an integer beyond floats": f"sgd(momentum={'9' * 400})",
    "spaces": "a" + " " * 100_000 + "x",
    "a NUL": "a\0b",
    "half a letter": "\ud800",
    "a byte": "\udcff",
    "an escape": "\x1b[31mred",
    "a home that is not there": "~x",
}
OPTIONS = (
    *("optimizer", "activation", "init", "norm", "schedule", "lr", "batch-size", "seeds", "first-seed"),
    *("epochs", "dtype", "against", "budget", "jobs", "order", "color", "plugin"),
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_an_absurd_value_of_an_option_is_one_line(
    option: str, value: str, folder: Path, nnb: Command
) -> None:
    code, _, err = nnb("run", "iris", "--seeds", "1", "--dry-run", f"--{option}={value}")

    assert code == 2
    assert err.startswith("nnbench: ")
    assert err.count("\n") == 1
    assert len(err) < 2100
    assert err.isascii() or "\x1b" not in err
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        f"a = {DIGITS}",
        f"a = 0x{'f' * 100_000}",
        f"a = {10**30}",
        "a = " + "[" * 5000,
        "a = " + "{a=" * 5000,
        "a = " + "[" * 100 + "]" * 100,
        ".".join("a" * 100_000) + " = 1",
        "[" + " . ".join("a" * 100_000) + "]",
        "a = '\0'",
        "\0",
    ],
    ids=lambda text: f"{text[:12]!r}",
)
def test_what_no_toml_file_means_is_refused(text: str, folder: Path) -> None:
    (folder / "hostile.toml").write_text(text, encoding="utf-8")

    with pytest.raises(UsageError, match=r"hostile\.toml: ") as caught:
        read_toml(folder / "hostile.toml")

    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "text",
    [
        "tool = 3",
        "tool = [1]",
        "[[tool]]",
        "[tool]\nnnbench = 3",
        "[[tool.nnbench]]",
        "[tool.nnbench]\naxes = 3",
        "[tool.nnbench.axes]\noptimizer = [[]]",
        "[tool.nnbench.axes]\nlr = [inf]",
        "[tool.nnbench]\nseeds = {}",
        "[tool.nnbench]\nepochs = 1_000_000_000_000",
        "[tool.nnbench]\nepochs = 1979-05-27",
        "[tool.nnbench]\njobs = 9_223_372_036_854_775_807",
        "[tool.nnbench]\nstore = 3",
        "[tool.nnbench]\ncases = {a = 1}",
        "[tool.nnbench]\nbudget = '9 9'",
    ],
)
def test_a_wrong_type_at_any_level_of_pyproject_names_its_place(
    text: str, folder: Path, nnb: Command
) -> None:
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")

    code, _, err = nnb("run", "iris", "--dry-run")

    assert code == 2
    assert all(line.startswith(f"nnbench: {folder}/pyproject.toml, tool") for line in err.splitlines())
    assert "dictionary" not in err


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("training", "epochs"), 10**12),
        (("training", "batch_size"), 0),
        (("data",), 3),
        (("model", "layers"), 3),
        (("model", "layers"), [{"type": "Residual", "layers": 3}]),
        (("run",), {"optimizer": []}),
        (("name",), "x" * 100_000 + " "),
    ],
)
def test_a_wrong_value_in_a_case_names_its_place(
    place: tuple[str, ...], value: Any, folder: Path, nnb: Command
) -> None:
    content = case_content()
    inner = content
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    write_case(folder / "hostile.toml", content)

    code, _, err = nnb("run", "hostile.toml", "--dry-run")

    assert code == 2
    assert ".".join(place) in err
    assert len(err) < 2100


def test_a_number_beyond_floats_is_out_of_range() -> None:
    with pytest.raises(InvalidArgument, match="momentum must be"):
        optimizers.get("sgd", momentum=10**400)


def test_a_choice_is_not_longer_than_anybody_writes() -> None:
    """Its pattern takes a time that grows with the square of the spaces in it."""
    with pytest.raises(InvalidArgument, match="is not a choice"):
        parse_choice("a" + " " * 1_000_000 + "x")


@pytest.mark.parametrize("verb", ["run", "report", "compare", "list", "show", "explain", "init", "data"])
def test_bytes_that_are_no_text_are_refused_by_every_verb(verb: str, folder: Path) -> None:
    """As the shell hands them on; nothing gets such a name."""
    done = subprocess.run(
        [sys.executable, "-m", "nnbench", verb, b"\xff\xfe.toml"],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(str(Path(path).absolute()) for path in sys.path)},
    )

    assert done.returncode == 2
    assert done.stderr.startswith(b"nnbench: argument 2: not UTF-8 text")
    assert done.stderr.count(b"\n") == 1
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("value", ["", "~x", "a\0b", "x" * 5000])
def test_a_store_that_cannot_be_is_wrong_usage(value: str, folder: Path, nnb: Command) -> None:
    code, _, err = nnb("report", f"--store={value}")

    assert (code, err.count("\n")) == (2, 1)
    assert list(folder.iterdir()) == []


def test_a_data_folder_of_nobody_is_wrong_usage(monkeypatch: pytest.MonkeyPatch, nnb: Command) -> None:
    monkeypatch.setenv("NNBENCH_DATA_DIR", "~nobody-of-that-name")

    code, _, err = nnb("data", "where")

    assert (code, err.count("\n")) == (2, 1)
    assert "NNBENCH_DATA_DIR" in err


@pytest.mark.parametrize("name", ["", ".", "a" * 300 + ".toml", "x" * 5000, "loop.toml", "file/matrix.toml"])
def test_init_refuses_what_no_file_can_be_called(name: str, folder: Path, nnb: Command) -> None:
    (folder / "loop.toml").symlink_to("loop.toml")
    (folder / "file").write_text("kept", encoding="utf-8")

    code, _, err = nnb("init", name, "--force")

    assert (code, err.count("\n")) == (2, 1)
    assert sorted(os.listdir(folder)) == ["file", "loop.toml"]


def test_init_writes_a_command_that_a_shell_takes(folder: Path, nnb: Command) -> None:
    assert nnb("init", "my matrix.toml")[:2] == (
        0,
        "wrote 'my matrix.toml'. Next: nnbench run 'my matrix.toml' --dry-run\n",
    )
    assert main(["run", "my matrix.toml", "--dry-run"]) == 0
