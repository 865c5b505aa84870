"""What a metric's name and values say of it: direction, noticeable difference, unit."""

from pathlib import Path
from typing import Any

import pytest

from nnbench.studies.judged.measure import direction_of, name_shown, noticeable_of
from tests.nnbench.judging.judge_samples import pair


@pytest.mark.parametrize(
    ("names", "direction"),
    [
        (
            ("loss", "val_loss", "valLoss", "crossentropy", "RMSE", "test/mae", "error rate", "perplexity"),
            "min",
        ),
        (("accuracy", "valAccuracy", "val_acc", "AUC", "macro f1", "R2", "episode_return", "top1"), "max"),
        (("metric", "value"), "max"),
        (("neg_mean_squared_error", "brier_score", "speed", "macchiato", "x"), None),
    ],
)
def test_the_name_tells_which_way_is_better_or_that_it_does_not_tell(
    names: tuple[str, ...], direction: str | None
) -> None:
    assert {name: direction_of(name) for name in names} == dict.fromkeys(names, direction)


@pytest.mark.parametrize(
    ("name", "values", "noticeable", "shown"),
    [
        ("accuracy", (0.1, 0.9), 0.005, "accuracy"),
        ("accuracy", (10.0, 90.0), 0.5, "accuracy %"),
        ("acc (%)", (10.0, 90.0), 0.5, "acc %"),
        ("metric", (0.1, 0.9), 0.005, "metric"),
        ("reward", (-3.0, 200.0), 0.0, "reward"),
        ("accuracy", (-3.0, 200.0), 0.0, "accuracy value"),
        ("frame_rate", (24.0, 60.0), 0.0, "frame_rate value"),
    ],
)
def test_values_tell_the_unit(name: str, values: tuple[float, ...], noticeable: float, shown: str) -> None:
    assert noticeable_of(name, "max", values) == noticeable
    assert name_shown(name, values) == shown


def test_a_loss_has_no_noticeable_difference_of_its_own() -> None:
    assert noticeable_of("loss", "min", (0.1, 0.9)) == 0.0
    assert noticeable_of("error_rate", "min", (0.1, 0.9)) == 0.005


def test_percent_is_written_as_percent_and_differs_in_points(
    nnb: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """90 stays 90 %, in the report and in the interval, which no 1 cuts off."""
    monkeypatch.chdir(tmp_path)
    pair(tmp_path / "x.csv", [90 + seed / 10 for seed in range(7)], [80 + seed / 10 for seed in range(7)])

    _, shown, _ = nnb("judge", "x.csv")

    assert "accuracy of a: 90.30 % [90.00, 90.60]" in " ".join(shown.split())
    assert "within ±0.5 pp" in shown


def test_what_was_concluded_is_said_with_the_option_that_changes_it(
    nnb: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pair(tmp_path / "x.csv", range(7), range(1, 8), header="config,seed,metric")

    _, concluded, _ = nnb("judge", "x.csv")
    _, told, _ = nnb("judge", "x.csv", "--direction", "min", "--noticeable", "2")

    assert "metric: more is better, unless you say --direction min" in concluded
    assert "nothing is called equivalent, unless you say --noticeable NUMBER" in " ".join(concluded.split())
    assert "metric: less is better\n" in told
    assert "equivalent" in told
