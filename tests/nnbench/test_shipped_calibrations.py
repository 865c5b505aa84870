"""The trials that ship with a case are those that its target and its noise were made from."""

import csv
import tomllib
from typing import Any

import numpy as np
import pytest
from scipy import stats

from nnbench.cases.resources import cases_folder
from nnbench.cli import main
from nnbench.plan import request
from nnbench.plan.settings import from_options, read_settings
from nnbench.training.facts import facts_of
from nnbench.training.trial import run_trial

CASES = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(cases_folder().glob("*.toml"))]
CALIBRATED = [case for case in CASES if "calibration" in case]
# Trained again here: one of every kind of model, and short.
# Whose first row is Adam's: they were calibrated when its default epsilon was Keras's.
ADAMS, FORMER_ADAM = ("deep_sigmoid", "residual_mlp"), "adam(epsilon=1e-07)"
KEPT = ("seed", "status", "accuracy", "loss", "digest")
AGAIN = ("digits_mlp", "iris_softmax", "digits_cnn", "deep_sigmoid", "residual_mlp", "diabetes_mlp")


def rows_of(name: str) -> list[dict[str, str]]:
    path = cases_folder() / "calibration" / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def label(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(value for key, value in row.items() if key not in KEPT)


@pytest.mark.parametrize("case", CALIBRATED, ids=lambda case: case["name"])
def test_the_trials_give_target_and_noise(case: dict[str, Any]) -> None:
    """The best median over the seeds, less good by one standard deviation, to the digits that are kept."""
    metric, made = case["measure"]["metric"], case["calibration"]
    sign = 1.0 if metric == "accuracy" else -1.0
    scores: dict[tuple[str, ...], list[float]] = {}
    for row in rows_of(case["name"]):
        scores.setdefault(label(row), []).append(float(row[metric] or -sign * np.inf))
    named = tuple(made["configuration"].replace(", learning_rate ", " · ").split(" · "))
    best = scores[named]
    sigma = np.std(best, ddof=1)

    assert sign * np.median(best) == max(sign * np.median(each) for each in scores.values())
    assert len(best) == made["n"] >= 20
    assert made["sigma"] == pytest.approx(sigma, rel=0.006)
    assert case["measure"]["target"] == pytest.approx(np.median(best) - sign * sigma, rel=0.006, abs=0.001)


def test_every_case_is_calibrated_whose_data_ship_or_were_at_hand() -> None:
    fetched = {"fashion_mnist_cnn", "cifar10_cnn"}
    tables = {path.stem for path in (cases_folder() / "calibration").glob("*.csv")}

    assert {case["name"] for case in CASES} - {case["name"] for case in CALIBRATED} == fetched
    assert tables == {case["name"] for case in CALIBRATED}


@pytest.mark.parametrize("name", AGAIN)
def test_a_trial_comes_out_the_same_again(name: str) -> None:
    """The first row of the table: the same weights to the last bit, here as where it was made."""
    row = rows_of(name)[0]
    options = {"seeds": f"{row['seed']}-{row['seed']}"}
    if name in ADAMS:
        chosen_there = {key.replace("learning_rate", "lr"): row[key] for key in row if key not in KEPT}
        options |= {**chosen_there, "optimizer": FORMER_ADAM}
    chosen = read_settings(from_options(options))
    trials = request.plan_for([request.whole_case(name)], chosen).matrix.trials()
    axes = [key for key in row if key not in KEPT]
    (trial,) = [each for each in trials if all(each.axes.as_dict()[axis] == row[axis] for axis in axes)]

    assert run_trial(trial).digest.startswith(row["digest"])


@pytest.mark.parametrize("name", ["wine_mlp", "iris_softmax"])
def test_the_exchange_rate_is_that_of_the_trials_that_made_the_target(name: str) -> None:
    """The best trained again: scipy's trimmed mean of its curves, numpy's line through seven points."""
    case = next(case for case in CALIBRATED if case["name"] == name)
    made, target = case["calibration"], case["measure"]["target"]
    chosen = read_settings(from_options({"seeds": made["seeds"]}))
    trials = request.plan_for([request.whole_case(name)], chosen).matrix.trials()
    words = made["configuration"].replace(", learning_rate ", " · ").split(" · ")
    records = [run_trial(each) for each in trials if set(words) <= set(each.axes.as_dict().values())]

    middle = stats.trim_mean([each.curves["val_accuracy"] for each in records], 0.25)
    first = int(np.argmax(middle >= target))
    half = min(3, first)
    near = slice(first - half, first + half + 1)
    slope = np.polyfit(records[0].curves["eval_step"][near], middle[near], 1)[0]
    assert len(records) == made["n"]
    assert made["exchange_rate"] == pytest.approx(slope, rel=0.006)


def test_the_facts_of_a_case_have_its_exchange_rate() -> None:
    """Also where the same case was looked at without it before: such facts are kept."""
    case = next(case for case in CALIBRATED if case["name"] == "digits_mlp")
    chosen = read_settings(from_options({"seeds": "0-0"}))
    spec = request.plan_for([request.whole_case("digits_mlp")], chosen).matrix.parts[0].case

    assert facts_of(spec.model_copy(update={"calibration": None})).exchange_rate is None
    assert facts_of(spec).exchange_rate == case["calibration"]["exchange_rate"]


def test_a_listing_names_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    case = next(case for case in CALIBRATED if case["name"] == "digits_mlp")
    assert main(["show", "digits_mlp"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "cases/calibration/digits_mlp.csv" in shown
    assert f"{case['calibration']['n']} seeds" in shown
    assert f"{case['calibration']['exchange_rate']:g} for a step" in shown
