"""Races: who may leave and when, and that neither equals nor the best do."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from nnbench.records.trials import CaseRace
from nnbench.statistics.comparing.looks import fewest_to_race
from nnbench.statistics.comparing.racing import Design, design, losers

LEVEL = 0.05


def by_seed(table: NDArray[np.float64]) -> dict[int, dict[int, float]]:
    return {place: dict(enumerate(row.tolist())) for place, row in enumerate(table)}


def raced(scores: NDArray[np.float64], rule: Design) -> dict[int, int]:
    """Return after how many seeds each configuration left, for scores of (configurations, seeds)."""
    left: dict[int, int] = {}
    for n_seeds in rule.looks:
        field = {i: own for i, own in by_seed(scores[:, :n_seeds]).items() if i not in left}
        for row in losers(field, rule, direction="max", noticeable=0.0):
            left[row.a] = n_seeds
    return left


def accuracies(
    n: int, *, k: int, seeds: int, truth: float | NDArray[np.float64] = 0.95
) -> list[NDArray[np.float64]]:
    """Return ``n`` tables of accuracies as 450 validation images give them: some seeds are hard for all."""
    rng = np.random.default_rng(7)
    hard = 0.01 * rng.normal(size=(n, 1, seeds))
    own = 0.004 * rng.normal(size=(n, k, seeds))
    chances = np.clip(np.reshape(truth, (1, -1, 1)) + hard + own, 0.0, 1.0)
    return list(rng.binomial(450, chances) / 450.0)


@pytest.mark.parametrize("k", [2, 20, 300])
@pytest.mark.parametrize("n_seeds", [7, 8, 12, 16, 24, 40, 100, 1000])
def test_looks_are_fixed_beforehand_and_every_one_of_them_can_decide(k: int, n_seeds: int) -> None:
    """They rise to the last seed, the first reaches the threshold, and all looks together spend the level."""
    rule = design(k, n_seeds, level=LEVEL)

    if n_seeds < fewest_to_race():
        assert rule is None
        return
    assert rule is not None
    assert rule.looks[-1] == n_seeds
    assert list(rule.looks) == sorted(set(rule.looks))
    assert len(rule.looks) >= 2
    assert 2 / 2 ** rule.looks[0] <= rule.threshold < 2 / 2 ** (rule.looks[0] - 1)
    assert rule.threshold * len(rule.looks) == pytest.approx(LEVEL)
    assert rule.n_configurations == k


def test_a_design_for_many_seeds_looks_now_and_then() -> None:
    """Each look has about half as many seeds more than the one before."""
    rule = design(6, 1000, level=LEVEL)

    assert rule is not None
    growth = np.divide(rule.looks[1:], rule.looks[:-1])
    assert growth.max() < 1.6
    assert growth.min() > 1.3


def test_looks_by_hand() -> None:
    """40 seeds: from 8 on by a factor of (40 / 8)^(1/4) = 1.495; any number of configurations may race."""
    rule = design(2, 40, level=LEVEL)

    assert rule is not None
    assert rule.looks == (8, 12, 18, 27, 40)
    assert design(1000, 40, level=LEVEL) == Design(1000, rule.looks, LEVEL)
    assert design(1, 1000, level=LEVEL) is None


def test_the_record_of_a_race_has_its_rule() -> None:
    rule = design(6, 40, level=LEVEL)
    assert rule is not None

    race = CaseRace("digits", rule.level, rule.n_configurations, rule.looks)

    assert race.threshold == rule.threshold


def test_the_hopeless_leave_at_the_first_look_and_the_close_ones_stay() -> None:
    """Worse on every seed leaves as soon as the test can tell; equal to the leader never does."""
    rule = design(3, 40, level=LEVEL)
    assert rule is not None
    noise = np.random.default_rng(0).normal(scale=0.01, size=40)
    scores = np.stack([0.9 + noise, 0.5 + noise, 0.9 + noise])

    assert raced(scores, rule) == {1: rule.looks[0]}


def test_a_configuration_leaves_exactly_at_its_threshold() -> None:
    """n seeds lost of n have p = 2 / 2^n: one more look in the race and it is not enough."""
    scores = by_seed(np.stack([np.ones(8), np.zeros(8)]))
    enough = Design(2, (8,) * 6, level=12 / 2**8)
    too_many = Design(2, (8,) * 7, level=12 / 2**8)

    (lost,) = losers(scores, enough, direction="max", noticeable=0.01)

    assert (lost.a, lost.b, lost.decision.p, lost.pair.n) == (1, 0, 2 / 2**8, 8)
    assert (lost.pair.difference, lost.decision.verdict) == (-1.0, "worse")
    assert losers(scores, too_many, direction="max", noticeable=0.01) == []


def test_losses_follow_the_direction_of_the_metric() -> None:
    """Where less is better the larger loss leaves, and a trifle is no reason to leave."""
    rule = Design(2, (8, 10), LEVEL)
    scores = by_seed(np.stack([np.ones(8), np.zeros(8)]))

    assert [row.a for row in losers(scores, rule, direction="min", noticeable=0.01)] == [0]
    assert losers(scores, rule, direction="min", noticeable=1.5) == []


def test_no_score_is_the_worst_and_no_trial_no_evidence() -> None:
    """A configuration that always diverges leaves; one whose trials all failed has lost nothing yet."""
    rule = Design(3, (12, 16), LEVEL)
    scores = {
        "leads": dict.fromkeys(range(12), 1.0),
        "diverges": dict.fromkeys(range(12), -math.inf),
        "fails": {},
    }

    (lost,) = losers(scores, rule, direction="max", noticeable=0.01)

    assert (lost.a, lost.b, lost.pair.difference) == ("diverges", "leads", -math.inf)


@pytest.mark.parametrize(("k", "n_races"), [(2, 200), (8, 60)])
def test_identical_twins_rarely_leave_each_others_race(k: int, n_races: int) -> None:
    """Equals, with the discrete accuracies of digits: at most 5 % of the races lose anybody at any look."""
    rule = design(k, 20, level=LEVEL)
    assert rule is not None

    share = np.mean([bool(raced(scores, rule)) for scores in accuracies(n_races, k=k, seeds=20)])

    assert share <= LEVEL + 2 * math.sqrt(LEVEL * (1 - LEVEL) / n_races)


def test_the_best_seldom_leaves_a_race_and_the_worst_go_early() -> None:
    """One best, some close, many far: the far ones leave at the first look or the second, the best stays."""
    truth = np.array([0.96, 0.955, 0.955, 0.90, 0.88, 0.88, 0.85, 0.80, 0.70, 0.10])
    rule = design(len(truth), 20, level=LEVEL)
    assert rule is not None

    left = [raced(scores, rule) for scores in accuracies(40, k=len(truth), seeds=20, truth=truth)]

    assert sum(0 in each for each in left) <= 2
    assert np.mean([len(each.keys() & set(range(3, 10))) for each in left]) > 6.9
    assert np.median([n for each in left for i, n in each.items() if i >= 3]) == rule.looks[0]
