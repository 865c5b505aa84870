"""``nnbench init KIND``: every file works as it is, by the command that is printed with it."""

import json
import runpy
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnbench.starters.kinds import KINDS
from tests.nnbench.plugin_samples import forget_plugins

Command = Callable[..., tuple[int, str, str]]
PARTS = {"optimizer": "optimizer", "activation": "activation", "initializer": "init", "schedule": "schedule"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    forget_plugins(monkeypatch)
    return tmp_path


def started(nnb: Command, *words: str) -> list[str]:
    """Write a starter and return the words of the command that it says is next."""
    code, out, err = nnb("init", *words)
    assert (code, err, out.count("\n")) == (0, "", 1)
    return shlex.split(out.partition(" Next: ")[2])


def ran(nnb: Command, words: list[str], *more: str) -> Any:
    assert words[0] == "nnbench"
    code, out, err = nnb(*words[1:], *more, "--json")
    assert code == 0, err
    return json.loads(out)


@pytest.mark.parametrize(("kind", "axis"), PARTS.items())
def test_a_part_trains_by_the_next_command(nnb: Command, kind: str, axis: str) -> None:
    """Called as its file is; beside it runs what a user would compare it with."""
    words = started(nnb, kind)
    document = ran(nnb, words, "--seeds", "2", "--epochs", "2")

    assert f"my_{kind}" in {found["axes"][axis] for found in document["configurations"]}
    assert len(document["configurations"]) == 2
    assert {trial["status"] for trial in document["trials"]} == {"finished"}
    assert len({trial["digest"] for trial in document["trials"]}) == 4


def test_a_part_passes_the_test_in_its_file(nnb: Command) -> None:
    for kind in PARTS:
        started(nnb, kind)
        runpy.run_path(f"my_{kind}.py")["test_it"]()


@pytest.mark.parametrize(
    ("kind", "choice"),
    [("optimizer", "other(beta=0.5)"), ("initializer", "other(gain=1.4)"), ("schedule", "other(floor=0.1)")],
)
def test_a_part_is_called_as_its_file_and_takes_the_hyper_parameter_of_its_comment(
    nnb: Command, kind: str, choice: str
) -> None:
    started(nnb, kind, "other.py")
    assert f'--{PARTS[kind]} "{choice}"' in Path("other.py").read_text()

    words = ["nnbench", "run", "iris", "--plugin", "other.py", f"--{PARTS[kind]}", choice]
    assert len(ran(nnb, words, "--seeds", "1", "--epochs", "1")["trials"]) == 1


@pytest.mark.parametrize("file", ["adam.py", "ADAM.py", "50%.py", "own.py", "a b.py"])
def test_a_file_whose_name_no_part_can_have_holds_mine(nnb: Command, file: str) -> None:
    """So the next command works, whatever the file is called."""
    words = started(nnb, "optimizer", file)

    assert words[words.index("--plugin") + 1] == file
    assert words[words.index("--optimizer") + 1] == "mine,sgd"
    assert len(ran(nnb, words, "--seeds", "1", "--epochs", "1")["trials"]) == 2


def test_the_starters_compute_what_their_comments_say(nnb: Command) -> None:
    """The optimizer is momentum, the activation swish: the built-in ones leave the same losses."""
    for kind, axis, built_in in (
        ("optimizer", "--optimizer", "momentum"),
        ("activation", "--activation", "swish"),
    ):
        started(nnb, kind)
        words = ["nnbench", "run", "wine", "--plugin", f"my_{kind}.py", axis, f"my_{kind},{built_in}"]
        a, b = ran(nnb, words, "--seeds", "1", "--epochs", "3", "--lr", "0.01")["trials"]
        assert a["final"]["loss"] == pytest.approx(b["final"]["loss"], rel=1e-4)


@pytest.mark.parametrize(("words", "name"), [(("case",), "case"), (("case", "tiny.toml"), "tiny")])
def test_a_case_runs(nnb: Command, words: tuple[str, ...], name: str) -> None:
    document = ran(nnb, started(nnb, *words), "--seeds", "2", "--epochs", "2")

    assert {found["case"] for found in document["configurations"]} == {name}
    assert [found["axes"]["optimizer"] for found in document["configurations"]] == ["sgd", "momentum", "adam"]


def test_the_target_of_the_case_can_be_reached_and_missed(nnb: Command) -> None:
    """Otherwise it would measure nothing."""
    trials = ran(nnb, started(nnb, "case"), "--seeds", "3")["trials"]

    assert {trial["steps_to_target"] is None for trial in trials} == {True, False}


@pytest.mark.parametrize("words", [(), ("matrix",), ("matrix", "m.toml"), ("m.toml",), ("other/m.toml",)])
def test_a_matrix_is_planned(nnb: Command, folder: Path, words: tuple[str, ...]) -> None:
    (folder / "other").mkdir()
    command = started(nnb, *words)
    code, out, err = nnb(*command[1:])

    assert (code, err) == (0, "")
    assert "trials" in out


def test_a_claim_is_measured(nnb: Command) -> None:
    (claim,) = ran(nnb, started(nnb, "claim"), "--seeds", "6")["claims"]

    assert (claim["id"], claim["n"]) == ("MINE1", 6)


def test_a_file_that_is_there_stays(nnb: Command) -> None:
    for kind in KINDS:
        started(nnb, kind, "there.txt", "--force")
        kept = Path("there.txt").read_bytes()
        code, _, err = nnb("init", kind, "there.txt")
        assert (code, err.count("\n"), Path("there.txt").read_bytes()) == (2, 1, kept)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("optimzer", "mine.py"), "no kind of file named 'optimzer'. Did you mean 'optimizer'?"),
        (("my.toml", "other.toml"), "no kind of file named 'my.toml'. Known: activation, case, claim,"),
        (("case", "a.toml", "b.toml"), "b.toml"),
    ],
)
def test_a_kind_that_there_is_not_is_one_line_and_no_file(
    nnb: Command, folder: Path, words: tuple[str, ...], line: str
) -> None:
    code, _, err = nnb("init", *words)

    assert (code, err.count("\n")) == (2, 1)
    assert line in err
    assert not list(folder.iterdir())
