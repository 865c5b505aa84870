"""``nnbench tune --over``: several hyper-parameters at equal budget, on fresh seeds, used by ``--tuned``."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nnbench.plan.matrix import TrialSpec
from nnbench.records.trials import Point, RunRecord, Search, TrialRecord
from nnbench.store import Store
from nnkit.registry import parse_choice
from tests.nnbench import fake_trial
from tests.nnbench.case_file import case_content, write_case

Result = tuple[int, str, str]
BEST_RATE, BEST_LOST = 0.004, 0.03  # of adam: the rate, and 1 - beta_1
TUNE = ("tune", "small.toml", "--optimizer", "adam,sgd", "--over", "beta_1", "--seeds", "8", "--quiet")


def quality(optimizer: str, rate: float) -> float:
    """Lose a tenth a decade away from the best rate, and a twentieth from the best beta_1; sgd has none."""
    name, given = parse_choice(optimizer)
    away = 0.1 * abs(math.log10(rate / BEST_RATE))
    if name == "adam":
        away += 0.05 * abs(math.log10((1.0 - float(given.get("beta_1", 0.9))) / BEST_LOST))  # type: ignore[arg-type]
    return max(0.1, 0.95 - away)


def run_trial(trial: TrialSpec, *, stop: Any = None) -> TrialRecord:
    record = fake_trial.run_trial(trial, stop=stop)
    chosen = trial.axes.as_dict()
    if chosen["optimizer"].startswith("momentum"):
        return replace(record, status="diverged", final={}, best={})
    noise = int(trial.key[:4], 16) / 0xFFFF * 0.0005
    accuracy = quality(chosen["optimizer"], float(chosen["learning_rate"])) + noise
    return replace(record, final={"loss": 1.0 - accuracy, "accuracy": accuracy})


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    fake_trial.install(monkeypatch, run_trial=run_trial)
    write_case(tmp_path / "small.toml", case_content())
    return tmp_path


def last(folder: Path) -> tuple[RunRecord, list[TrialRecord]]:
    with Store.open(folder / ".nnbench" / "store.sqlite", create=False) as store:
        run = store.run("last")
        return run, store.trials(run.trial_keys)


def search_of(run: RunRecord, optimizer: str) -> Search:
    assert run.tuning is not None
    return next(each for each in run.tuning.searches if each.axes.as_dict()["optimizer"] == optimizer)


def spelt(point: Point) -> tuple[str, float]:
    chosen = point.choices.as_dict()
    return chosen["optimizer"], float(chosen["learning_rate"])


def test_the_best_of_the_points_is_chosen(nnb: Callable[..., Result], folder: Path) -> None:
    """By the function itself, without the noise of a two-thousandth."""
    assert nnb(*TUNE)[0] == 0
    run, _ = last(folder)

    adam = search_of(run, "adam")
    qualities = [quality(*spelt(point)) for point in adam.points]
    assert adam.chosen is not None
    assert max(qualities) - qualities[adam.chosen] <= 0.0005
    assert max(qualities) - qualities[0] > 0.05
    assert spelt(adam.points[0]) == ("adam", 0.001)
    assert [span.name for span in adam.spans] == ["learning_rate", "beta_1"]


def test_every_configuration_gets_as_many_points_on_seeds_of_their_own(
    nnb: Callable[..., Result], folder: Path
) -> None:
    """sgd has no beta_1, and as many points for its rate alone."""
    nnb(*TUNE, "--points", "20")
    run, trials = last(folder)

    assert run.tuning is not None
    assert {len(each.points) for each in run.tuning.searches} == {20}
    tuning = [trial for trial in trials if trial.seed >= 1_000_000]
    fresh = [trial for trial in trials if trial.seed < 1_000_000]
    assert (len(tuning), len(fresh)) == (2 * (20 * 3 + 5 * 17), 2 * 2 * 8)
    assert run.tuning.tuning_seeds == (1_000_000, 1_000_001, 1_000_002)
    assert run.tuning.seeds == tuple(range(8))


def test_a_run_uses_what_was_tuned(nnb: Callable[..., Result], folder: Path) -> None:
    """Optimizer and rate, also where a reference is named as it was asked for; nothing is trained again."""
    nnb(*TUNE)
    adam = search_of(last(folder)[0], "adam")
    code, text, said = nnb(
        "run", "small.toml", "--optimizer", "adam,sgd", "--tuned", "--seeds", "8", "--against", "adam"
    )

    run, trials = last(folder)
    optimizer, rate = spelt(adam.points[adam.chosen or 0])
    assert code == 0, said
    assert {
        float(trial.axes.as_dict()["learning_rate"])
        for trial in trials
        if trial.axes.as_dict()["optimizer"] == optimizer
    } == {rate}
    assert run.n_new == 0
    assert run.against == optimizer
    assert "Against adam(beta_1=" in text


def test_the_newest_search_counts(nnb: Callable[..., Result], folder: Path) -> None:
    """A search for the rate alone, later, puts the optimizer back to what it was asked for."""
    nnb(*TUNE)
    nnb("tune", "small.toml", "--optimizer", "adam,sgd", "--seeds", "8", "--quiet")
    nnb("run", "small.toml", "--optimizer", "adam,sgd", "--tuned", "--seeds", "8", "--quiet")

    _, trials = last(folder)
    assert {trial.axes.as_dict()["optimizer"] for trial in trials} == {"adam", "sgd"}


def test_where_no_point_works_there_is_nothing_to_use(nnb: Callable[..., Result], folder: Path) -> None:
    code, text, _ = nnb(
        "tune", "small.toml", "--optimizer", "adam,momentum", "--over", "all", "--seeds", "6", "--quiet"
    )
    refused, _, said = nnb("run", "small.toml", "--optimizer", "momentum", "--tuned", "--quiet")

    assert code == 0
    assert search_of(last(folder)[0], "momentum").chosen is None
    assert refused == 2
    assert "found no rate at which (only configuration) on small works" in said
    assert text


def test_the_same_search_again_trains_nothing(nnb: Callable[..., Result], folder: Path) -> None:
    nnb(*TUNE)
    first = last(folder)[0]
    nnb(*TUNE)
    again = last(folder)[0]

    assert (again.n_new, again.n_cached) == (0, len(first.trial_keys))
    assert again.tuning == first.tuning


def test_all_are_those_with_a_scale_and_a_value(nnb: Callable[..., Result], folder: Path) -> None:
    nnb("tune", "small.toml", "--optimizer", "adam,lion(weight_decay=0.01)", "--over", "all", "--quiet")
    run, _ = last(folder)

    assert [span.name for span in search_of(run, "adam").spans] == [
        "learning_rate",
        "beta_1",
        "beta_2",
        "epsilon",
    ]
    lion = search_of(run, "lion(weight_decay=0.01)")
    assert [span.name for span in lion.spans] == ["learning_rate", "beta_1", "beta_2", "weight_decay"]


def test_what_an_optimizer_cannot_be_searched_over_it_keeps(nnb: Callable[..., Result], folder: Path) -> None:
    """rmsprop's momentum is off: where another optimizer has one that is on, that one is searched."""
    arguments = ("tune", "small.toml", "--quiet", "--over", "momentum,rho", "--optimizer")
    assert nnb(*arguments, "nesterov,rmsprop")[0] == 0
    run, _ = last(folder)
    wrong, _, said = nnb(*arguments, "rmsprop,adam")

    assert [span.name for span in search_of(run, "nesterov").spans] == ["learning_rate", "momentum"]
    assert [span.name for span in search_of(run, "rmsprop").spans] == ["learning_rate", "rho"]
    assert wrong == 2
    assert "--over: momentum of rmsprop is 0.0, and a search goes around a value above 0." in said


def test_a_dry_run_says_what_it_would_do(nnb: Callable[..., Result]) -> None:
    code, text, _ = nnb(*TUNE, "--dry-run")

    assert code == 0
    assert text.startswith(
        "2 configurations: 32 settings on 3 tuning seeds each, 5 of them on 17 more, then the fresh seeds at"
    )
    assert f"{2 * (32 * 3 + 5 * 17) + 2 * 2 * 8} trials at least" in text


@pytest.mark.parametrize(
    ("over", "words"),
    [
        (
            "bta_1",
            "--over: no optimizer of this search has a hyper-parameter 'bta_1'. Did you mean 'beta_1'?",
        ),
        ("", "--over: name what is searched beside the learning rate, of: beta_1, beta_2, epsilon, all."),
        ("learning_rate", "--over: name what is searched beside the learning rate"),
    ],
)
def test_a_wrong_name_is_one_clear_line(nnb: Callable[..., Result], over: str, words: str) -> None:
    code, text, said = nnb("tune", "small.toml", "--optimizer", "adam,sgd", "--over", over)

    assert (code, text) == (2, "")
    assert words in said
    assert len(said.splitlines()) == 1


def test_a_search_too_narrow_for_its_points_is_refused(nnb: Callable[..., Result]) -> None:
    """Within a hundredth of a decade, three digits tell few rates apart."""
    code, _, said = nnb("tune", "small.toml", "--optimizer", "sgd", "--over", "all", "--decades", "0.01")

    assert code == 2
    assert "--decades 0.01: a search so narrow has" in said


def test_what_an_axis_sets_of_the_optimizer_stays_as_it_is(nnb: Callable[..., Result], folder: Path) -> None:
    """A weight decay of 0.02 makes adam adamw: every point has it, and it is not searched over as well."""
    command = ("tune", "small.toml", "--optimizer", "adam", "--weight-decay", "0.02", "--points", "6")
    code, _, said = nnb(*command, "--over", "all", "--quiet")
    run, _ = last(folder)
    refused, _, told = nnb(*command, "--over", "beta_1,weight_decay")

    assert (code, said, refused) == (0, "", 2)
    assert run.tuning is not None
    (found,) = run.tuning.searches
    assert [span.name for span in found.spans] == ["learning_rate", "beta_1", "beta_2", "epsilon"]
    assert all("weight_decay=0.02" in spelt(point)[0] for point in found.points)
    assert told.startswith("nnbench: --over weight_decay and --weight-decay contradict each other.")
