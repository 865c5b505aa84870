"""``nnbench judge`` on what MLflow, Weights & Biases and nnbench itself write."""

import csv
import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.nnbench import fake_trial
from tests.nnbench.case_file import case_content, write_case
from tests.nnbench.judging.judge_samples import judged, mlflow, score, wandb, write


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_export_of_mlflow_is_judged_by_its_parameters(nnb: Any, folder: Path) -> None:
    """A failed run has no score, a running one none yet; the rate follows from the optimizer."""
    mlflow(folder / "runs.csv")

    document = judged(nnb, "runs.csv", "--metric", "val_accuracy")
    _, shown, _ = nnb("judge", "runs.csv", "--metric", "val_accuracy")

    assert "2 of 16 trials left no score (1 not finished, 1 failed)." in " ".join(shown.split())
    assert [each["axes"] for each in document["configurations"]] == [{"config": "sgd"}, {"config": "adam"}]
    assert [each["n"] for each in document["configurations"]] == [6, 8]
    assert document["configurations"][0]["failures"] == {"failed": 1}
    (verdict,) = document["verdicts"]
    assert (verdict["a"], verdict["b"], verdict["n"]) == ("sgd", "adam", 6)
    seeds = [0, 1, 2, 5, 6, 7]
    expected = sum(score("sgd", seed) - score("adam", seed) for seed in seeds) / len(seeds)
    assert verdict["difference"] == pytest.approx(expected, abs=1e-12)


def test_parameters_that_vary_by_themselves_are_axes(nnb: Any, folder: Path) -> None:
    text = mlflow(folder / "runs.csv").read_text()
    more = text.replace(",sgd,", ",adam,").split("\n", 1)[1]
    (folder / "runs.csv").write_text(text.replace(",adam,", ",sgd,").replace(",0.1,20", ",0.3,20") + more)

    document = judged(nnb, "runs.csv", "--metric", "val_accuracy")

    assert [each["axes"] for each in document["configurations"]] == [
        {"optimizer": "sgd", "lr": "0.3"},
        {"optimizer": "sgd", "lr": "0.001"},
        {"optimizer": "adam", "lr": "0.1"},
        {"optimizer": "adam", "lr": "0.001"},
    ]


def test_of_two_metrics_of_mlflow_one_must_be_named(nnb: Any, folder: Path) -> None:
    mlflow(folder / "runs.csv")

    code, _, said = nnb("judge", "runs.csv")

    assert code == 2
    assert "It may be metrics.val_loss, metrics.val_accuracy. Name it: --metric COLUMN." in said


def test_a_table_of_weights_and_biases_is_judged_by_its_texts(nnb: Any, folder: Path) -> None:
    """A run's name is no configuration, a rate no metric, an empty column no name, an epoch no curve."""
    wandb(folder / "runs.csv")

    document = judged(nnb, "runs.csv")
    by_both = judged(nnb, "runs.csv", "--config", "optimizer,lr")
    with_nothing = judged(nnb, "runs.csv", "--config", "optimizer,method")

    assert [each["axes"] for each in document["configurations"]] == [{"config": "adam"}, {"config": "sgd"}]
    assert document["configurations"][1]["failures"] == {"failed": 1}
    assert document["file"]["measures"]["runs"]["column"] == "val_accuracy"
    assert document["file"]["columns"].keys() == {"configuration", "seed", "status"}
    assert (by_both["verdicts"][0]["case"], by_both["verdicts"][0]["a"]) == ("runs", "sgd · 0.1")
    assert with_nothing["configurations"][0]["axes"] == {"optimizer": "adam", "method": "—"}


@pytest.mark.parametrize("dumps", [repr, json.dumps])
def test_dictionaries_of_weights_and_biases_are_unfolded(nnb: Any, folder: Path, dumps: Any) -> None:
    """As its documentation shows: api.runs, then a frame of summary, config and name."""
    rows = []
    for name, rate in (("adam", 0.001), ("sgd", 0.1)):
        for seed in range(8):
            value = math.nan if (name, seed) == ("sgd", 3) else score(name, seed)
            summary = {"_step": 20, "val_accuracy": value, "table": None}
            config = {"optimizer": name, "seed": seed, "lr": rate, "_wandb": "ab"[seed % 2]}
            rows.append((len(rows), dumps(summary), dumps(config), f"fluffy-sweep-{len(rows)}"))
    with (folder / "project.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("", "summary", "config", "name"), *rows])

    document = judged(nnb, "project.csv")

    assert [each["axes"] for each in document["configurations"]] == [{"config": "adam"}, {"config": "sgd"}]
    assert [each["failures"] for each in document["configurations"]] == [{}, {"diverged": 1}]
    assert document["file"]["measures"]["project"]["column"] == "summary.val_accuracy"


def test_a_repeated_name_is_a_configuration(nnb: Any, folder: Path) -> None:
    """Whoever gives the runs of a configuration one name means it."""
    rows = [f"{name},finished,{seed},{score(name, seed)}" for name in ("adam", "sgd") for seed in range(6)]
    write(folder / "runs.csv", "Name,State,seed,val_accuracy", *rows)

    document = judged(nnb, "runs.csv")

    assert [each["axes"]["config"] for each in document["configurations"]] == ["adam", "sgd"]


@pytest.mark.parametrize("against", [None, "sgd · relu"])
def test_what_nnbench_reports_as_csv_is_judged_as_it_was(
    nnb: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, against: str | None
) -> None:
    """The same verdicts, p values, intervals: also of trials that diverged (selu) or failed (tanh)."""
    fake_trial.install(monkeypatch)
    content = case_content()
    content["measure"]["noticeable"] = 0.02
    write_case(folder / "small.toml", content)
    axes = ("--optimizer", "sgd,adam", "--activation", "relu,selu,tanh,gelu", "--seeds", "8")
    asked = () if against is None else ("--against", against)
    options = () if against is None else ("--against", "sgd,relu")
    _, shown, _ = nnb("run", "small.toml", *axes, *options, "--json")
    run = json.loads(shown)
    nnb("report", "--format", "csv", "-o", "run.csv")

    document = judged(nnb, "run.csv", *asked)

    assert len(run["verdicts"]) == 7
    assert document["file"]["measures"]["small"] == {
        "column": "final_accuracy",
        "direction": "max",
        "noticeable": 0.02,
        "is_direction_said": True,
        "is_noticeable_said": True,
    }
    # A CSV has no curves and no target, so who reached it cannot be told from it.
    expected = [
        {
            **each,
            "success": None,
            **{side: f"{each[side]['optimizer']} · {each[side]['activation']}" for side in ("a", "b")},
        }
        for each in run["verdicts"]
    ]
    assert document["verdicts"] == expected
    for mine, its in zip(document["configurations"], run["configurations"], strict=True):
        assert mine["axes"].items() <= its["axes"].items()
        for key in ("case", "n", "median", "interval", "failures"):
            assert mine[key] == its[key], key


def test_a_run_of_which_no_trial_left_a_score_is_judged(
    nnb: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its CSV has no column of final scores."""
    fake_trial.install(monkeypatch)
    write_case(folder / "small.toml", case_content())
    nnb("run", "small.toml", "--optimizer", "sgd,adam", "--activation", "selu", "--seeds", "2")
    nnb("report", "--format", "csv", "-o", "run.csv")

    document = judged(nnb, "run.csv")

    assert [each["median"] for each in document["configurations"]] == [None, None]
    assert [each["failures"] for each in document["configurations"]] == [{"diverged": 2}] * 2


def test_two_cases_of_a_run_keep_their_own_metric_and_direction(
    nnb: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_trial.install(monkeypatch)
    write_case(folder / "small.toml", case_content())
    by_loss = {**case_content(), "name": "other", "measure": {"metric": "loss", "noticeable": 0.05}}
    write_case(folder / "other.toml", by_loss)
    _, shown, _ = nnb("run", "small.toml", "other.toml", "--optimizer", "sgd,adam", "--seeds", "8", "--json")
    nnb("report", "--format", "csv", "-o", "run.csv")

    found = judged(nnb, "run.csv")["verdicts"]

    expected = [{**each, "success": None, "a": "sgd", "b": "adam"} for each in json.loads(shown)["verdicts"]]
    assert [each["case"] for each in expected] == ["small", "other"]
    assert [each["verdict"] for each in expected] == ["worse", "worse"]
    assert found == expected
