"""Cases whose training is the user's own: the same axes, seeds, searches, store and reports as any case."""

import json
from pathlib import Path
from typing import Any

import pytest

_TRAIN = """
import random
from beside import SCALE

def train(seed, log, optimizer="sgd", learning_rate=0.1, width=4, flag=False):
    size = width + random.random() * SCALE
    momentum = 0.0
    for step in range(1, 13):
        if optimizer == "sgd":
            size -= learning_rate * size
        elif optimizer == "momentum":
            momentum = 0.5 * momentum - learning_rate * size
            size += momentum
        elif optimizer == "nan":
            size = float("nan")
        else:
            raise ValueError(f"no optimizer {optimizer!r}")
        log(step, loss=size, val_loss=size, val_accuracy=1.0 / (1.0 + abs(size)))
    return [size]
"""
_CASE = """
name = "mine"
summary = "A number shrinks"
[subject]
call = "train.py:train"
[measure]
metric = "val_accuracy"
noticeable = 0.001
target = 0.5
[run]
optimizer = ["sgd", "momentum"]
seeds = 8
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(_TRAIN)
    (tmp_path / "beside.py").write_text("SCALE = 0.1\n")
    (tmp_path / "mine.toml").write_text(_CASE)
    return tmp_path


def _document(result: tuple[int, str, str]) -> Any:
    assert result[0] in (0, 3), result[2]
    return json.loads(result[1])


def test_a_subject_is_run_judged_and_reported_as_what_it_is(nnb: Any) -> None:
    code, text, said = nnb("run", "mine.toml")

    assert code == 0
    assert "momentum leads on mine" in text
    assert "a subject: train.py:train, trained in processes of its own" in " ".join(text.split())
    assert "slower, and not to be compared with those of other cases" in " ".join(text.split())
    assert "16 trials run in" in said


def test_the_values_that_it_logged_are_those_of_its_record(nnb: Any) -> None:
    document = _document(nnb("run", "mine.toml", "--set", "width=8", "--lr", "0.5", "--seeds", "6", "--json"))

    (configuration,) = document["configurations"]
    assert configuration["axes"] == {
        "optimizer": "sgd", "learning_rate": "0.5", "width": "8", "flag": "false",
    }  # fmt: skip
    for trial in document["trials"]:
        size = trial["final"]["loss"]
        assert 8 * 0.5**12 <= size <= 8.1 * 0.5**12
        assert trial["final"]["accuracy"] == 1.0 / (1.0 + size)
        # 8 / 2**4 is the first that is below 1.
        assert (trial["steps"], trial["steps_to_target"]) == (12, 4)


def test_the_same_command_again_trains_nothing(nnb: Any) -> None:
    first = _document(nnb("run", "mine.toml", "--json"))
    second = _document(nnb("run", "mine.toml", "--optimizer", "momentum,sgd", "--lr", "0.10", "--json"))

    assert (second["new"], second["cached"]) == (0, 16)
    assert {trial["key"] for trial in first["trials"]} == {trial["key"] for trial in second["trials"]}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [("train.py", "0.5 * momentum", "0.4 * momentum"), ("beside.py", "0.1", "0.2")],
    ids=["the subject", "what it imports"],
)
def test_other_code_is_other_trials(nnb: Any, folder: Path, file: str, old: str, new: str) -> None:
    before = _document(nnb("run", "mine.toml", "--json"))

    (folder / file).write_text((folder / file).read_text().replace(old, new))
    after = _document(nnb("run", "mine.toml", "--json"))

    assert after["new"] == 16
    assert not {trial["key"] for trial in before["trials"]} & {trial["key"] for trial in after["trials"]}


def test_what_goes_wrong_is_a_record_with_its_line(nnb: Any) -> None:
    document = _document(nnb("run", "mine.toml", "--optimizer", "sgd,nan,other", "--seeds", "6", "--json"))

    status = {trial["axes"]["optimizer"]: trial["status"] for trial in document["trials"]}
    assert status == {"sgd": "finished", "nan": "diverged", "other": "failed"}
    code, text, _ = nnb("report", "last")
    assert code == 0
    assert "train.py:17: ValueError: no optimizer 'other'" in " ".join(text.split())


def test_code_that_remembers_gets_a_process_for_every_trial(nnb: Any, folder: Path) -> None:
    (folder / "train.py").write_text(
        "SEEN = []\ndef train(seed, log):\n    SEEN.append(seed)\n    log(1, val_loss=len(SEEN))\n"
    )
    case = _CASE.replace("val_accuracy", "val_loss").replace('optimizer = ["sgd", "momentum"]', "")
    (folder / "mine.toml").write_text(case)
    kept = _document(nnb("run", "mine.toml", "--jobs", "1", "--seeds", "3", "--json"))
    (folder / "mine.toml").write_text(case.replace('train"\n', 'train"\nfresh = true\n'))
    fresh = _document(nnb("run", "mine.toml", "--jobs", "1", "--seeds", "3", "--json"))

    assert sorted(trial["final"]["loss"] for trial in kept["trials"]) == [1.0, 2.0, 3.0]
    assert [trial["final"]["loss"] for trial in fresh["trials"]] == [1.0, 1.0, 1.0]


def test_a_metric_that_is_not_logged_is_named(nnb: Any, folder: Path) -> None:
    case = _CASE.replace('metric = "val_accuracy"', 'metric = "score"\nbetter = "higher"')
    (folder / "mine.toml").write_text(case)

    code, text, _ = nnb("run", "mine.toml", "--seeds", "6", "--format", "csv")

    assert code == 3
    assert (
        "train.py:train logged no score, which is the metric; it logged: loss, val_accuracy, val_loss" in text
    )


def test_a_training_that_does_not_end_is_ended(nnb: Any, folder: Path) -> None:
    (folder / "train.py").write_text("def train(seed, log):\n    while True: pass\n")
    case = _CASE.replace('train"\n', 'train"\ntimeout = "1s"\n').replace(
        'optimizer = ["sgd", "momentum"]', ""
    )
    (folder / "mine.toml").write_text(case)

    code, text, _ = nnb("run", "mine.toml", "--seeds", "2", "--format", "csv")

    assert code == 3
    assert text.count("no end within 1 s") == 2


def test_rates_are_tuned_and_used(nnb: Any) -> None:
    searched = _document(nnb("tune", "mine.toml", "--optimizer", "sgd,momentum", "--seeds", "6", "--json"))
    tuned = _document(nnb("run", "mine.toml", "--tuned", "--seeds", "6", "--json"))

    # A rate of 1 takes all of it at once: nothing is better.
    rates = {each["axes"]["optimizer"]: each["learning_rate"] for each in searched["configurations"]}
    assert 0.5 < rates["sgd"] < 2.0
    used = {trial["axes"]["optimizer"]: float(trial["axes"]["learning_rate"]) for trial in tuned["trials"]}
    assert used == rates


def test_a_race_ends_early(nnb: Any) -> None:
    _, _, said = nnb("run", "mine.toml", "--race", "--lr", "0.01,0.1,0.2", "--seeds", "40")

    assert int(said.split("nnbench: ")[-1].split()[0]) < 120


def test_subjects_and_native_cases_run_side_by_side(nnb: Any) -> None:
    arguments = ("--optimizer", "sgd,momentum", "--seeds", "6", "--json")
    document = _document(nnb("run", "mine.toml", "iris_softmax", *arguments))

    assert {trial["case"] for trial in document["trials"]} == {"mine", "iris_softmax"}
    assert all(trial["status"] == "finished" for trial in document["trials"])


def test_a_matrix_file_may_set_parameters(nnb: Any, folder: Path) -> None:
    text = 'cases = ["mine.toml"]\nseeds = 6\n[axes]\nlr = [0.1]\n[set]\nwidth = [2, 4]\nflag = [true]\n'
    (folder / "matrix.toml").write_text(text.replace("[true]", '["true"]'))

    document = _document(nnb("run", "matrix.toml", "--json"))

    assert {trial["axes"]["width"] for trial in document["trials"]} == {"2", "4"}
    assert {trial["axes"]["flag"] for trial in document["trials"]} == {"true"}


def test_a_case_may_cross_its_own_parameters(nnb: Any, folder: Path) -> None:
    crossed = "width = [2, 4]\nflag = [false, true]"
    (folder / "mine.toml").write_text(_CASE.replace('optimizer = ["sgd", "momentum"]', crossed))

    document = _document(nnb("run", "mine.toml", "--seeds", "6", "--json"))

    found = {(each["axes"]["width"], each["axes"]["flag"]) for each in document["configurations"]}
    assert found == {("2", "false"), ("4", "false"), ("2", "true"), ("4", "true")}


def test_a_configuration_can_be_named_to_compare_with(nnb: Any) -> None:
    document = _document(
        nnb("run", "mine.toml", "--set", "width=2,4", "--seeds", "6", "--against", "width=4", "--json")
    )

    (verdict,) = document["verdicts"]
    assert (verdict["b"]["width"], verdict["verdict"]) == ("4", "better")


def test_a_parameter_without_a_default_must_be_given(nnb: Any, folder: Path) -> None:
    (folder / "train.py").write_text(
        "def train(seed, log, depth, optimizer='sgd'):\n    log(1, val_accuracy=depth)\n"
    )

    code, _, said = nnb("run", "mine.toml")
    given = _document(nnb("run", "mine.toml", "--depth", "2", "--seeds", "6", "--json"))

    assert code == 2
    assert said == (
        "nnbench: mine.toml: train.py:train needs 'depth'. Name it with --depth, or write it in [axes].\n"
    )
    assert all(trial["final"]["accuracy"] == 2.0 for trial in given["trials"])


def test_a_dry_run_does_not_pretend_to_know_how_long_it_takes(nnb: Any) -> None:
    code, text, _ = nnb("run", "mine.toml", "--dry-run")

    assert code == 0
    assert "16 trials: 0 in the store, 16 to run" in text
    assert "how long a subject takes is not known" in text


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("run", "mine.toml", "--set", "widht=3"), "no parameter 'widht'. Did you mean 'width'?"),
        (("run", "mine.toml", "--activation", "relu"), "--activation: train.py:train has no parameter"),
        (("run", "mine.toml", "--epochs", "3"), "--epochs: train.py:train has no parameter 'epochs'"),
        (("run", "mine.toml", "--dtype", "float64"), "--dtype: mine.toml is a [subject], which does this"),
        (("run", "mine.toml", "--lr", "0"), "--lr 0: the learning rate must be above 0. Try 0.001."),
        (("run", "mine.toml", "--set", "seed=1"), "--set: expected the name of an axis once"),
        (("run", "mine.toml", "--set", "width"), "--set width: there is an empty name"),
        (("run", "mine.toml", "--width", "2", "--set", "width=3"), "are one setting. Give one of them."),
        (("run", "iris", "--set", "mine=3"), "--set mine: case 'iris_softmax' has no axis of this name"),
        (("tune", "mine.toml", "--over", "all"), "this is a [subject], of which nnbench knows only what it"),
        (("explain", "mine.toml"), "this is a [subject], of which nnbench knows only what it logs"),
        (("diagnose", "mine.toml"), "this is a [subject], of which nnbench knows only what it logs"),
        (("calibrate", "mine.toml"), "this is a [subject], of which nnbench knows only what it logs"),
        (("ablate", "adam", "mine.toml"), "this is a [subject], of which nnbench knows only"),
        (("kernels", "mine.toml"), "this is a [subject], of which nnbench knows only what it logs"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(nnb: Any, arguments: tuple[str, ...], line: str) -> None:
    code, text, said = nnb(*arguments)

    assert (code, text) == (2, "")
    assert line in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("train.py:train", "nope.py:train", "mine.toml, subject.call: "),
        ("train.py:train", "train.py:trian", "module 'train' has no attribute 'trian'"),
        ("train.py:train", "train", 'expected "module:function" or "file.py:function", found \'train\''),
        ("train.py:train", "no_such:train", "ModuleNotFoundError: No module named 'no_such'"),
        ('train"', 'train"\ntimeout = "5"', "subject.timeout: expected a time with its unit, found '5'"),
        ('train"', 'train"\npython = "no-python"', "no-python cannot be started in"),
        ("val_accuracy", "score", 'Write better = "higher" or better = "lower".'),
        ("[measure]", "[data]\ndataset = 'iris'\n[measure]", "mine.toml, data: a subject has its own."),
        ("[run]", "[axes]\nwidht = 3\n[run]", "axes.widht: train.py:train has no parameter 'widht'"),
        ("[run]", "[run]\nflag = []", "flag: expected names or numbers"),
        ("[run]", "[run]\nflags = [1]", "run.flags: train.py:train has no parameter 'flags'. Did you"),
        ("[measure]", "[measure]\nbeter = 'higher'", "measure.beter: there is no such key. Did you mean"),
    ],
)
def test_a_mistake_in_the_file_is_one_line(nnb: Any, folder: Path, old: str, new: str, line: str) -> None:
    (folder / "mine.toml").write_text(_CASE.replace(old, new))

    code, text, said = nnb("run", "mine.toml")

    assert (code, text) == (2, "")
    assert line in said
    assert said.count("\n") == 1


def test_an_error_on_import_says_where(nnb: Any, folder: Path) -> None:
    (folder / "beside.py").write_text("SCALE = 1 / 0\n")

    code, _, said = nnb("run", "mine.toml")

    assert code == 2
    assert said == (
        "nnbench: mine.toml, subject.call train.py:train: beside.py:1: ZeroDivisionError: division by zero.\n"
    )


def test_a_metric_of_nnkit_is_known_by_its_name(nnb: Any, folder: Path) -> None:
    """What it is called, which way is better and its range come with it; what else is logged is kept."""
    (folder / "train.py").write_text(
        "def train(seed, log, optimizer='sgd'):\n"
        "    log(1, val_rmse={'sgd': 2.0, 'momentum': 1.0}[optimizer] + seed / 100, train_f1=0.5)\n"
    )
    (folder / "mine.toml").write_text(_CASE.replace("val_accuracy", "val_rmse").replace("target = 0.5", ""))

    document = _document(nnb("run", "mine.toml", "--json"))

    (verdict,) = document["verdicts"]
    assert (verdict["a"]["optimizer"], verdict["verdict"]) == ("sgd", "worse")
    assert {trial["final"]["train_f1"] for trial in document["trials"]} == {0.5}
    assert sorted(trial["final"]["rmse"] for trial in document["trials"])[0] == 1.0
