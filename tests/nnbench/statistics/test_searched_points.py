"""What a search over several hyper-parameters says: the points, those near the best, and the gain."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from records_by_hand import facts, trial

from nnbench.records.trials import Axes, CaseFacts, Point, Search, Span, TrialRecord, Tuning
from nnbench.statistics.tuning.searched import (
    SearchedConfiguration,
    fresh_at_best,
    searched_configurations,
)

ASKED = Axes((("optimizer", "momentum"), ("activation", "relu"), ("learning_rate", "0.01")))
SETTINGS = (
    Axes((("optimizer", "momentum"), ("learning_rate", "0.01"))),
    Axes((("optimizer", "momentum(momentum=0.95)"), ("learning_rate", "0.1"))),
    Axes((("optimizer", "momentum(momentum=0.5)"), ("learning_rate", "0.001"))),
)
VALUES = ((0.01, 0.9), (0.1, 0.95), (0.001, 0.5))
POINTS = tuple(Point(each, values, "point") for each, values in zip(SETTINGS, VALUES, strict=True))
SEARCH = Search(
    case="digits",
    axes=ASKED,
    configuration="a-hash",
    spans=(Span("learning_rate", 0.0001, 1.0, 0.01), Span("momentum", 0.0, 0.99, 0.9)),
    points=POINTS,
    chosen=1,
)
TUNING = Tuning("points", tuning_seeds=(100, 101, 102), seeds=tuple(range(8)), searches=(SEARCH,))


def at_setting(place: int, seed: int, score: float | None, asked: Axes = ASKED) -> TrialRecord:
    """Return a trial at one of the settings; None: it diverged."""
    made = trial(seed=seed, accuracy=score or 0.0, status="finished" if score is not None else "diverged")
    where = replace(SEARCH, axes=asked).at(POINTS[place])
    return replace(made, axes=where, key=f"{where.values}-{seed}")


def tried(*scores: Sequence[float | None]) -> list[TrialRecord]:
    """Return the trials on tuning seeds, a list of scores for each point."""
    return [
        at_setting(place, seed, score)
        for place, own in enumerate(scores)
        for seed, score in zip(TUNING.tuning_seeds, own, strict=False)
    ]


def fresh(place: int, score: float) -> list[TrialRecord]:
    return [at_setting(place, seed, score + 0.001 * (seed % 3)) for seed in TUNING.seeds]


def only(
    trials: list[TrialRecord], tuning: Tuning = TUNING, case: CaseFacts | None = None
) -> SearchedConfiguration:
    (found,) = searched_configurations(tuning, trials, case or facts())
    return found


def test_every_point_has_its_median_quartiles_and_losses() -> None:
    """A diverged trial counts as the worst; quartiles are scores that were seen."""
    found = only(tried([0.90, 0.94, 0.91], [0.97, None, 0.96], [None, None, 0.5]))

    assert [point.values for point in found.points] == list(VALUES)
    assert [point.median for point in found.points] == [0.91, 0.96, -math.inf]
    assert [(point.low, point.high) for point in found.points][:2] == [(0.90, 0.94), (-math.inf, 0.97)]
    assert [(point.n, point.n_lost) for point in found.points] == [(3, 0), (3, 1), (3, 2)]


def test_a_point_without_a_trial_is_left_out() -> None:
    """The others keep their values."""
    found = only(tried([0.90, 0.91, 0.92], [], [0.5, 0.5, 0.5]))

    assert [point.values for point in found.points] == [VALUES[0], VALUES[2]]


@pytest.mark.parametrize(("second", "n_near"), [(0.95, 2), (0.9499, 1), (0.96, 2)])
def test_a_point_is_near_the_best_up_to_the_noticeable_difference(second: float, n_near: int) -> None:
    """The border belongs to it, though 0.96 - 0.95 is not 0.01 in binary."""
    found = only(tried([second] * 3, [0.96] * 3, [None] * 3))

    near = found.near_best(facts(noticeable=0.01))

    assert len(near) == n_near
    assert VALUES[1] in [point.values for point in near]


def test_where_less_is_better_the_best_is_the_least() -> None:
    """Of losses 0.09, 0.03 and 0.5 the second is best."""
    found = only(tried([0.91] * 3, [0.97] * 3, [0.5] * 3), case=facts(metric="loss", direction="min"))

    near = found.near_best(facts(metric="loss", direction="min", noticeable=0.01))

    assert [point.values for point in near] == [VALUES[1]]


def test_nothing_is_near_the_best_where_nothing_scored() -> None:
    """No point has a score, so no point is best."""
    found = only(tried([None] * 3, [None] * 3, [None] * 3))

    assert found.near_best(facts()) == ()


def test_the_gain_is_that_of_the_fresh_seeds() -> None:
    """Tuning seeds take no part in it, and regret is gain where more is better."""
    trials = tried([0.5] * 3, [0.99] * 3, [0.5] * 3) + fresh(0, 0.90) + fresh(1, 0.95)

    found = only(trials)

    assert found.gain is not None
    assert found.tuned is not None
    assert found.default is not None
    assert found.gain.verdict == "better"
    assert found.gain.n == 8
    assert found.gain.difference == pytest.approx(0.05)
    assert found.tuned.median > 0.95 > found.default.median
    assert found.default_regret("max")[0] == pytest.approx(0.05)


def test_regret_is_what_the_default_is_worse_by_where_less_is_better() -> None:
    """A loss of 0.10 against 0.05 is a regret of 0.05, and its interval is around it."""
    case = facts(metric="loss", direction="min")
    trials = tried([0.5] * 3, [0.9] * 3, [0.5] * 3) + fresh(0, 0.90) + fresh(1, 0.95)

    regret, (low, high) = only(trials, case=case).default_regret("min")

    assert regret == pytest.approx(0.05)
    assert low <= regret <= high


def test_a_default_that_is_best_has_no_gain_and_no_regret() -> None:
    """There is nothing to compare it with."""
    tuning = replace(TUNING, searches=(replace(SEARCH, chosen=0),))

    found = only(tried([0.97] * 3, [0.9] * 3, [0.5] * 3) + fresh(0, 0.97), tuning)

    assert found.search.is_default
    assert found.gain is None
    assert found.default_regret("max") == (0.0, (0.0, 0.0))
    assert found.tuned == found.default


def test_a_regret_that_was_not_compared_is_unknown() -> None:
    """Without fresh trials there is no number."""
    regret, interval = only(tried([0.9] * 3, [0.97] * 3, [0.5] * 3)).default_regret("max")

    assert math.isnan(regret)
    assert all(map(math.isnan, interval))


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [(1, ("high", "high")), (2, ("low", "low")), (0, (None, None)), (None, (None, None))],
)
def test_an_edge_has_a_side(chosen: int | None, expected: tuple[str | None, str | None]) -> None:
    """An edge is the least or the greatest value that was tried."""
    search = replace(SEARCH, chosen=chosen)

    assert (search.edge("learning_rate"), search.edge("momentum")) == expected
    assert search.edges == (("learning_rate", "momentum") if expected[0] else ())


def test_configurations_are_compared_under_the_name_they_were_asked_for() -> None:
    """The trials of the tuned setting, on fresh seeds only, carry the asked optimizer and the tuned rate."""
    trials = tried([0.9] * 3, [0.97] * 3, [0.5] * 3) + fresh(0, 0.90) + fresh(1, 0.95)

    found = fresh_at_best(TUNING, trials)

    assert sorted(each.seed for each in found) == list(range(8))
    assert {each.axes for each in found} == {ASKED.at("learning_rate", "0.1")}
    assert {each.final["accuracy"] for each in found} <= {0.95, 0.951, 0.952}


def test_a_search_that_chose_nothing_takes_no_part_in_the_comparison() -> None:
    """Its default has no score to be compared by."""
    tuning = replace(TUNING, searches=(replace(SEARCH, chosen=None),))

    assert fresh_at_best(tuning, fresh(0, 0.9)) == []


def test_another_case_is_left_alone() -> None:
    """A search of digits says nothing of iris."""
    assert searched_configurations(TUNING, tried([0.9] * 3), replace(facts(), name="iris")) == []
