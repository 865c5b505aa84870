"""The command line with real training: a small case from its file to its verdicts."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nnbench.cli import main
from tests.nnbench.case_file import case_content, write_case


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_case(tmp_path / "small.toml", case_content())
    return tmp_path


@pytest.fixture
def document(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str) -> Any:
        capsys.readouterr()
        code = main([*arguments, "--json"])
        captured = capsys.readouterr()
        assert code == 0, captured.err
        return json.loads(captured.out)

    return run


RUN = ("run", "small.toml", "--optimizer", "sgd,adam", "--activation", "relu,tanh", "--seeds", "3")


def results(document: Any) -> list[tuple[Any, ...]]:
    return [(trial["key"], trial["digest"], trial["final"], trial["best"]) for trial in document["trials"]]


def test_every_trial_finishes_and_has_its_metrics(document: Any) -> None:
    trials = document(*RUN)["trials"]

    assert len(trials) == 12
    assert {trial["status"] for trial in trials} == {"finished"}
    assert all({"loss", "accuracy"} <= trial["final"].keys() for trial in trials)
    assert len({trial["digest"] for trial in trials}) == 12


def test_jobs_and_order_change_no_bit(document: Any) -> None:
    one = document(*RUN, "--jobs", "1", "--order", "seed", "--store", "one")
    many = document(*RUN, "--jobs", "4", "--store", "many")

    assert results(one) == results(many)


def test_divergence_is_a_result(document: Any) -> None:
    trials = document("run", "small.toml", "--optimizer", "sgd", "--lr", "1e30", "--seeds", "2")["trials"]

    assert {trial["status"] for trial in trials} == {"diverged"}
    assert all(trial["final"] == {} for trial in trials)


_SAYS_WHEN_IT_TRAINS = f"""
import sys
sys.path[:0] = {sys.path!r}
from nnbench.cli import main
from nnkit.execution.trial import Trial

train = Trial.train

def told(self, first, last):
    print("it trains", file=sys.stderr, flush=True)
    return train(self, first, last)

Trial.train = told
sys.exit(main(sys.argv[1:]))
"""


def test_a_long_trial_is_cut_short_by_ctrl_c(folder: Path, document: Any) -> None:
    """A million epochs take minutes; nothing of them is kept, and the command ends at once."""
    document(*RUN, "--epochs", "1", "--store", "elsewhere")  # so that nothing is left to compile below
    command = [sys.executable, "-c", _SAYS_WHEN_IT_TRAINS, *RUN, "--epochs", "1000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        # Not on standard output: what is printed while a trial runs never gets there.
        assert "it trains\n" in iter(process.stderr.readline, "")
        process.send_signal(signal.SIGINT)
        try:
            _, said = process.communicate(timeout=120)
        finally:
            process.kill()

    assert process.returncode == 130
    assert "interrupted: 0 of 12 trials are kept" in said


def test_explain_lists_the_program_and_its_memory(document: Any, capsys: pytest.CaptureFixture[str]) -> None:
    explained = document("explain", "small.toml", "--optimizer", "adam")

    assert explained["schema"] == "nnbench.explain/1"
    assert {"arena", "ops"} <= explained.keys()
    assert all({"kernel", "reads", "writes", "flops", "bytes"} <= op.keys() for op in explained["ops"])
    assert main(["explain", "small.toml"]) == 0
    assert "dense" in capsys.readouterr().out


def test_explain_takes_one_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "small.toml", "--optimizer", "sgd,adam"]) == 2
    assert "one choice on every axis" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ({"type": "Dense", "units": 0}, "units must be at least 1"),
        ({"type": "Dense", "unitz": 4}, "unitz"),
        ({"type": "Dense"}, "units"),
    ],
)
def test_a_layer_that_cannot_be_made_is_a_mistake_in_the_file(
    layer: dict[str, Any], words: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = case_content()
    content["model"]["layers"][0] = layer
    write_case(folder / "bad.toml", content)

    assert main(["run", "bad.toml"]) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("nnbench: bad.toml: ")
    assert words in line
    assert not (folder / ".nnbench").exists()


def test_the_starter_file_runs_as_it_stands(
    document: Any, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "mine.toml"]) == 0
    assert main(["init", "mine.toml"]) == 2
    assert main(["init", "mine.toml", "--force"]) == 0

    assert document("run", "mine.toml", "--dry-run")["trials"] == 60


def test_doctor_finds_nothing_broken(document: Any) -> None:
    checks = {check["name"]: check for check in document("doctor")["checks"]}

    assert {"numba", "kernel cache", "cases", "store"} <= checks.keys()
    assert "fail" not in {check["state"] for check in checks.values()}


@pytest.mark.parametrize(
    "kind",
    ["optimizers", "activations", "initializers", "schedules", "losses", "layers", "cases", "datasets"],
)
def test_lists_have_what_was_promised_for_every_item(document: Any, kind: str) -> None:
    listed = document("list", kind)

    assert (listed["schema"], listed["kind"]) == ("nnbench.list/1", kind)
    assert listed["items"]
    for item in listed["items"]:
        assert {"name", "summary", "formula", "source", "hyperparameters"} <= item.keys()
        assert item["summary"]


def test_a_part_is_shown_with_the_range_and_default_of_its_hyperparameters(document: Any) -> None:
    (adam,) = document("show", "adam")["items"]

    beta = next(hyper for hyper in adam["hyperparameters"] if hyper["name"] == "beta_1")
    assert (beta["default"], beta["range"]) == (0.9, "at least 0 and below 1")
    assert "Kingma" in adam["source"]
