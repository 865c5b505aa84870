"""The seeds that an undecided comparison is said to need, and the reason it gives."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nnbench.statistics.comparing.pairs import PairResult, compare
from nnbench.statistics.comparing.planning import (
    difference_for_seeds,
    reason_undecided,
    rounded_up,
    seeds_for_difference,
    seeds_for_either,
    seeds_needed,
)

FIRST = 0.032  # the level of a first look
OPEN = (-0.05, 0.05)
NOISE = [0.04, -0.05, 0.03, -0.02, 0.01, -0.04, 0.05, -0.01, 0.02, -0.02]


def pair_of(differences: list[float], *, noticeable: float = 0.01) -> PairResult:
    """Return the evidence in these differences of accuracies; an infinite one is a score lost by one side."""
    a = [0.0 if math.isinf(difference) and difference > 0 else difference for difference in differences]
    b = [-math.inf if math.isinf(difference) and difference > 0 else 0.0 for difference in differences]
    return compare(a, b, direction="max", noticeable=noticeable)


def no_larger_than(sigma: float, dof: int) -> float:
    """Return the spread that 80 % of samples with this one would not exceed, by the chi-square of scipy."""
    return float(sigma * math.sqrt(dof / stats.chi2.ppf(0.2, dof)))


def test_seeds_for_difference_is_the_formula() -> None:
    """2 (z + z)² σ² / δ² with the spread σ of one side is (z + z)² σ_d² / δ² with that of the differences.

    Half the square of the level's z comes on top, because σ is not known but measured.
    """
    sigma, delta = 0.02, 0.01
    z = stats.norm.ppf(0.975) + stats.norm.ppf(0.9)
    expected = math.ceil(2 * z**2 * sigma**2 / delta**2 + stats.norm.ppf(0.975) ** 2 / 2)

    assert seeds_for_difference(delta, math.sqrt(2) * sigma) == expected == 86
    assert seeds_for_difference(-delta, math.sqrt(2) * sigma) == 86


def test_that_many_seeds_have_the_power() -> None:
    """Of 400 simulated runs with the planned number of seeds, 90 % (± three errors) find the difference."""
    n = seeds_for_difference(0.6, 1.0)
    samples = np.random.default_rng(1).normal(loc=0.6, size=(400, n))

    found = np.mean(stats.ttest_1samp(samples, 0.0, axis=1).pvalue <= 0.05)

    assert n == 32
    assert found == pytest.approx(0.9, abs=0.05)


@pytest.mark.parametrize(("n", "family", "difference"), [(10, 1, 1.235), (10, 153, 2.822), (20, 153, 1.377)])
def test_the_difference_that_so_many_seeds_show_is_the_one_that_asks_for_them(
    n: int, family: int, difference: float
) -> None:
    """In units of σ, by hand: (2.144 + 1.282) / √(10 − 2.299) for one pair, (3.708 + 1.282) / … for 153."""
    found = difference_for_seeds(n, 1.0, level=FIRST / family)

    assert found == pytest.approx(difference, abs=0.001)
    assert seeds_for_difference(found * (1 + 1e-9), 1.0, level=FIRST / family) == n
    assert seeds_for_difference(found * (1 - 1e-9), 1.0, level=FIRST / family) == n + 1


def test_six_seeds_show_nothing_nine_times_in_ten_among_153_pairs() -> None:
    """z² / 2 alone is 6.9."""
    assert difference_for_seeds(6, 1.0, level=FIRST / 153) is None


def test_seeds_for_either_make_the_interval_no_wider_than_the_noticeable_difference() -> None:
    """Half a noticeable difference is as far as it may reach: (2 z σ / δ)² seeds, and z² / 2 for σ."""
    z = stats.norm.ppf(0.975)

    n = seeds_for_either(0.01, 0.02)

    assert n == math.ceil((4 * z) ** 2 + z**2 / 2) == 64
    assert 2 * stats.t.ppf(0.975, n - 1) * 0.02 / math.sqrt(n) == pytest.approx(0.01, rel=0.01)


@pytest.mark.parametrize("family", [1, 4, 153])
def test_noise_asks_for_what_decides_either_way(family: int) -> None:
    """The spread is taken as large as 80 % of such samples, and the level is shared by the family."""
    pair = pair_of(NOISE)

    seeds = seeds_needed(pair, OPEN, family=family)

    expected = seeds_for_either(0.01, no_larger_than(pair.sigma, 9), level=FIRST / family)
    assert seeds == pytest.approx(expected, rel=0.01)


def test_a_difference_that_is_not_near_0_asks_for_what_shows_it() -> None:
    """An interval that leaves out 0, at a later look or in a step: its end nearest to 0 is to be found."""
    pair = pair_of([0.05 + difference for difference in NOISE], noticeable=0.03)

    far = seeds_needed(pair, (0.02, 0.08), family=1)
    near = seeds_needed(pair, (0.01, 0.09), family=1)
    below = seeds_needed(pair, (-0.08, -0.02), family=1)

    sigma = no_larger_than(pair.sigma, 9)
    assert far == below == pytest.approx(seeds_for_difference(0.02, sigma, level=FIRST), abs=1)
    assert near == pytest.approx(seeds_for_either(0.03, sigma, level=FIRST), abs=1)


def test_without_a_noticeable_difference_the_one_that_was_seen_is_to_be_found() -> None:
    pair = pair_of([0.01 + difference for difference in NOISE], noticeable=0.0)

    seeds = seeds_needed(pair, OPEN, family=1)

    expected = seeds_for_difference(pair.difference, no_larger_than(pair.sigma, 9), level=FIRST)
    assert seeds == pytest.approx(expected, rel=0.01)


def test_seeds_on_which_nobody_scores_are_extra() -> None:
    """Where half of the seeds leave no pair of scores, twice as many are needed."""
    halved = compare(
        NOISE + [-math.inf] * 10, [0.0] * 10 + [-math.inf] * 10, direction="max", noticeable=0.01
    )

    whole = seeds_needed(pair_of(NOISE), OPEN, family=1)

    assert whole is not None
    assert seeds_needed(halved, OPEN, family=1) == 2 * whole


def test_lost_scores_ask_for_seeds_by_their_rate() -> None:
    """Two of eight lost on one side: at that rate the six losses a test needs take 24 seeds, power more."""
    pair = pair_of([-math.inf, -math.inf, 0.1, 0.1, 0.0, 0.1, 0.1, 0.0])
    z = stats.norm.ppf(1 - FIRST / 2)
    by_power = math.ceil(((z + stats.norm.ppf(0.9)) / 0.25) ** 2 * 0.25 * 0.75 + z**2 / 2)

    assert by_power == 38
    assert seeds_needed(pair, OPEN, family=1) == 38
    assert seeds_needed(pair_of([-math.inf] * 3), OPEN, family=1) == 6


@given(st.lists(st.floats(-0.1, 0.1), max_size=20), st.sampled_from([0.0, 0.001, 0.05]), st.integers(1, 200))
def test_nothing_is_promised_below_six_seeds(
    differences: list[float], noticeable: float, family: int
) -> None:
    seeds = seeds_needed(pair_of(differences, noticeable=noticeable), OPEN, family=family)

    assert seeds is None or seeds >= 6
    assert seeds is not None or len(differences) > 0


def test_no_number_where_none_is_honest() -> None:
    """Losses in balance, no scores at all, one pair, no size to look for, and more than a million: None."""
    nobody = compare([-math.inf] * 7, [-math.inf] * 7, direction="max", noticeable=0.01)

    assert seeds_needed(pair_of([math.inf, -math.inf] * 4), OPEN, family=1) is None
    assert seeds_needed(nobody, OPEN, family=1) is None
    assert seeds_needed(pair_of([0.1]), OPEN, family=1) is None
    assert seeds_needed(pair_of([0.0] * 8, noticeable=0.0), OPEN, family=1) is None
    assert seeds_needed(pair_of([1.0, -1.0] * 4, noticeable=1e-9), OPEN, family=1) is None


@pytest.mark.parametrize(
    ("differences", "level", "family", "reason"),
    [
        ([], FIRST, 1, "no seed in common"),
        ([0.1], FIRST, 1, "1 seed cannot decide anything: 6 would"),
        ([0.1] * 5, FIRST, 153, "5 seeds cannot decide anything: 6 would"),
        ([0.1] * 8, 0.005, 1, "8 seeds cannot decide anything: 9 would"),
        (NOISE, FIRST, 1, "no larger than chance makes it"),
        (NOISE, FIRST, 2, "no larger than chance makes it among 2 comparisons"),
        ([math.inf, -math.inf] * 4, FIRST, 1, "only one side left a score on 8 of 8 seeds"),
        ([*NOISE, math.inf], FIRST, 3, "only one side left a score on 1 of 11 seeds"),
    ],
)
def test_reasons(differences: list[float], level: float, family: int, reason: str) -> None:
    """Every undecided pair says what it lacks, in one clause."""
    assert reason_undecided(pair_of(differences), level=level, family=family) == reason


def test_reason_where_nobody_scored() -> None:
    """Two configurations that both always diverge are not compared by their differences."""
    nobody = compare([-math.inf] * 7, [-math.inf] * 7, direction="max", noticeable=0.01)

    assert reason_undecided(nobody, level=FIRST, family=1) == "neither left a score on any seed"


@pytest.mark.parametrize(("count", "rounded"), [(6, 6), (99, 99), (101, 110), (1_234, 1_300), (120, 120)])
def test_numbers_of_seeds_have_two_digits(count: int, rounded: int) -> None:
    assert rounded_up(count) == rounded
