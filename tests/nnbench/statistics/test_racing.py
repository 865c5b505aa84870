"""Races: who may leave and when, and how often a race calls equals different."""

import math

import numpy as np
import pytest
from nnbench.statistics.estimation.significance import pairs_to_reach, sign_flip_p
from numpy.typing import NDArray

from nnbench.records.trials import CaseRace
from nnbench.statistics.comparing.families import find_leader
from nnbench.statistics.comparing.racing import Design, design, fewest_seeds, losers, race_p, smallest_race_p

LEVEL = 0.05


def by_seed(table: NDArray[np.float64]) -> dict[int, dict[int, float]]:
    return {place: dict(enumerate(row.tolist())) for place, row in enumerate(table)}


def raced(scores: NDArray[np.float64], rule: Design) -> dict[int, int]:
    """Return after how many seeds each configuration left, for scores of (configurations, seeds)."""
    left: dict[int, int] = {}
    for n_seeds in rule.looks:
        field = {i: own for i, own in by_seed(scores[:, :n_seeds]).items() if i not in left}
        leader = find_leader(field, direction="max")
        for i in losers(field, leader, rule, direction="max", noticeable=0.01):
            left[i] = n_seeds
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


@pytest.mark.parametrize("k", [2, 3, 6, 20, 100, 300])
@pytest.mark.parametrize("n_seeds", [8, 12, 16, 24, 40, 100, 1000])
def test_looks_are_fixed_beforehand_and_every_one_of_them_can_decide(k: int, n_seeds: int) -> None:
    """They rise to the last seed, the first reaches the threshold, and all tests together spend the level."""
    rule = design(k, n_seeds, level=LEVEL)

    if n_seeds < fewest_seeds(k, level=LEVEL):
        assert rule is None
        return
    assert rule is not None
    assert rule.looks[-1] == n_seeds
    assert list(rule.looks) == sorted(set(rule.looks))
    assert len(rule.looks) >= 2
    assert all(smallest_race_p(look) <= rule.threshold for look in rule.looks)
    assert rule.threshold * len(rule.looks) * k * (k - 1) / 2 == pytest.approx(LEVEL)
    assert rule == design(k, n_seeds, level=LEVEL)


def test_a_design_for_many_seeds_looks_now_and_then() -> None:
    """Each look has about half as many seeds more than the one before."""
    rule = design(6, 1000, level=LEVEL)

    assert rule is not None
    growth = np.divide(rule.looks[1:], rule.looks[:-1])
    assert growth.max() < 1.6
    assert growth.min() > 1.3


def test_one_configuration_or_too_many_have_no_race() -> None:
    """Alone nobody can lose; with 24 signs at most, a thousand configurations cannot be told apart."""
    assert design(1, 1000, level=LEVEL) is None
    assert design(1000, 1000, level=LEVEL) is None


def test_the_record_of_a_race_has_its_rule() -> None:
    rule = design(6, 40, level=LEVEL)
    assert rule is not None

    race = CaseRace("digits", rule.level, rule.n_configurations, rule.looks)

    assert (race.n_tests, race.threshold) == (rule.n_tests, rule.threshold)


def test_the_hopeless_leave_at_the_first_look_and_the_close_ones_stay() -> None:
    """Worse on every seed leaves as soon as the test can tell; equal to the leader never does."""
    rule = design(3, 40, level=LEVEL)
    assert rule is not None
    noise = np.random.default_rng(0).normal(scale=0.01, size=40)
    scores = np.stack([0.9 + noise, 0.5 + noise, 0.9 + noise])

    assert raced(scores, rule) == {1: rule.looks[0]}


def test_a_configuration_leaves_exactly_at_its_threshold() -> None:
    """n seeds lost of n have p = 2 / 2^n: one more test in the family and it is not enough."""
    scores = by_seed(np.stack([np.ones(8), np.zeros(8)]))
    enough = Design(2, (8,) * 6, level=12 / 2**8)
    too_many = Design(2, (8,) * 7, level=12 / 2**8)

    (lost,) = losers(scores, 0, enough, direction="max", noticeable=0.01).values()

    assert (lost.p, lost.n, lost.difference, lost.favours_a) == (2 / 2**8, 8, -1.0, -1)
    assert losers(scores, 0, too_many, direction="max", noticeable=0.01) == {}


def test_losses_follow_the_direction_of_the_metric() -> None:
    """Where less is better the larger loss leaves, and nobody leaves for being better than the leader."""
    rule = Design(2, (8, 10), LEVEL)
    scores = by_seed(np.stack([np.ones(8), np.zeros(8)]))

    assert list(losers(scores, 1, rule, direction="min", noticeable=0.01)) == [0]
    assert losers(scores, 0, rule, direction="min", noticeable=0.01) == {}


def test_seeds_without_a_partner_make_no_pair_and_no_score_is_the_worst() -> None:
    """A configuration that always diverges leaves; one whose trials all failed has no evidence at all."""
    rule = Design(3, (12, 16), LEVEL)
    scores = {
        "leads": dict.fromkeys(range(12), 1.0),
        "diverges": dict.fromkeys(range(12), -math.inf),
        "fails": {},
    }

    lost = losers(scores, "leads", rule, direction="max", noticeable=0.01)

    assert list(lost) == ["diverges"]
    assert lost["diverges"].difference == -math.inf


def test_the_p_value_of_many_pairs_is_exact_and_near_the_drawn_one() -> None:
    """Blocks of neighbours: valid at any number of pairs, and about as sharp as all the signs alone."""
    rng = np.random.default_rng(3)
    for shift in (0.0, 0.2, 0.4):
        differences = rng.normal(shift, 1.0, 50)
        assert race_p(differences) == pytest.approx(sign_flip_p(differences), abs=0.12)
    assert race_p(np.ones(300)) == 2 / 2**24 == smallest_race_p(300)
    assert race_p(rng.normal(size=20)) <= 1.0


def test_p_values_of_blocks_keep_their_level() -> None:
    """Of 2,000 equal pairs with 40 seeds, 5 % (within three errors) fall below 5 %."""
    rows = np.random.default_rng(5).standard_t(3, size=(2000, 40))

    found = np.mean([race_p(row) <= 0.05 for row in rows])

    assert found == pytest.approx(0.05, abs=3 * math.sqrt(0.05 * 0.95 / 2000))


def test_an_infinite_difference_does_not_swallow_its_block() -> None:
    """30 seeds lost outright are as clear as signs can be; one lost and 29 won little is not."""
    assert race_p(np.full(30, -math.inf)) == smallest_race_p(30)
    assert race_p(np.array([-math.inf] + [0.1] * 29)) > 0.4
    assert race_p(np.array([-math.inf, math.inf] * 15)) == 1.0


@pytest.mark.parametrize(("k", "n_races"), [(2, 3000), (20, 1000)])
def test_identical_twins_rarely_leave_each_others_race(k: int, n_races: int) -> None:
    """Equals, with the discrete accuracies of digits: at most 5 % of the races lose anybody at any look."""
    rule = design(k, 40, level=LEVEL)
    assert rule is not None

    share = np.mean([bool(raced(scores, rule)) for scores in accuracies(n_races, k=k, seeds=40)])

    assert share <= LEVEL + 2 * math.sqrt(LEVEL * (1 - LEVEL) / n_races)


def test_the_same_race_at_the_full_level_every_time_would_lie() -> None:
    """The correction is needed: ten equals, tested at 5 % at every look, mostly lose somebody."""
    rule = design(10, 40, level=LEVEL)
    assert rule is not None
    careless = Design(2, rule.looks, LEVEL * len(rule.looks))  # as if there were one pair and one look

    share = np.mean([bool(raced(scores, careless)) for scores in accuracies(60, k=10, seeds=40)])

    assert share > 0.5


def test_the_best_seldom_leaves_a_race_and_the_worst_go_early() -> None:
    """One best, some close, many far: the far ones leave within half of the seeds, the best stays."""
    truth = np.array([0.96, 0.955, 0.955, 0.90, 0.88, 0.88, 0.85, 0.80, 0.70, 0.10])
    rule = design(len(truth), 40, level=LEVEL)
    assert rule is not None

    left = [raced(scores, rule) for scores in accuracies(100, k=len(truth), seeds=40, truth=truth)]

    assert sum(0 in each for each in left) <= 5
    assert np.mean([len(each.keys() & set(range(3, 10))) for each in left]) > 6.9
    assert np.median([n for each in left for i, n in each.items() if i >= 3]) == rule.looks[0]
    assert rule.looks[0] == pairs_to_reach(rule.threshold)
