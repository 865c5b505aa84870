"""The seeds that an undecided comparison is said to need, and the reason it gives."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nnbench.statistics.estimation.significance import pairs_to_reach
from scipy import stats

from nnbench.statistics.comparing.pairs import PairResult, compare
from nnbench.statistics.comparing.planning import reason_undecided, seeds_for_difference, seeds_needed


def pair_of(differences: list[float], *, noticeable: float = 0.01) -> PairResult:
    """Return the evidence in these differences of accuracies; an infinite one is a score lost by one side."""
    a = [0.0 if math.isinf(difference) and difference > 0 else difference for difference in differences]
    b = [-math.inf if math.isinf(difference) and difference > 0 else 0.0 for difference in differences]
    return compare(a, b, direction="max", noticeable=noticeable)


def test_seeds_for_difference_is_the_formula() -> None:
    """2 (z + z)² σ² / δ² with the spread σ of one side is (z + z)² σ_d² / δ² with that of the differences.

    Half the square of the level's z comes on top, because σ is not known but measured.
    """
    sigma, delta = 0.02, 0.01
    z = stats.norm.ppf(0.975) + stats.norm.ppf(0.9)
    expected = math.ceil(2 * z**2 * sigma**2 / delta**2 + stats.norm.ppf(0.975) ** 2 / 2)

    assert seeds_for_difference(delta, math.sqrt(2) * sigma) == expected == 86


def test_that_many_seeds_have_the_power() -> None:
    """Of 400 simulated runs with the planned number of seeds, 90 % (± three errors) find the difference."""
    n = seeds_for_difference(0.6, 1.0)
    samples = np.random.default_rng(1).normal(loc=0.6, size=(400, n))

    found = np.mean(stats.ttest_1samp(samples, 0.0, axis=1).pvalue <= 0.05)

    assert n == 32
    assert found == pytest.approx(0.9, abs=0.05)


@given(
    st.lists(st.floats(-0.1, 0.1), min_size=1, max_size=20),
    st.sampled_from([0.0, 0.001, 0.05]),
    st.integers(1, 200),
)
def test_seeds_needed_are_always_more_than_there_are(
    differences: list[float], noticeable: float, family: int
) -> None:
    """The number is above the present one and at least what the test needs in its family."""
    seeds = seeds_needed(pair_of(differences, noticeable=noticeable), level=0.05, family=family)

    assert seeds is None or seeds >= max(len(differences) + 1, pairs_to_reach(0.05, family))


def test_noise_asks_for_seeds_by_its_spread() -> None:
    """Ten noisy pairs: the number is that of the noticeable difference at the family's level."""
    pair = pair_of([0.04, -0.05, 0.03, -0.02, 0.01, -0.04, 0.05, -0.01, 0.02, -0.02])

    assert seeds_needed(pair, level=0.05, family=1) == seeds_for_difference(0.01, pair.sigma)
    assert seeds_needed(pair, level=0.05, family=4) == seeds_for_difference(0.01, pair.sigma, level=0.0125)


def test_a_difference_between_nothing_and_noticeable_asks_for_the_wider_margin() -> None:
    """With seeds enough for the noticeable difference, what is left is 0 from d, or d from noticeable."""
    pair = pair_of([0.0045 + 0.009 * (-1) ** i for i in range(24)])
    margin = 0.01 - pair.difference

    assert seeds_for_difference(0.01, pair.sigma) <= 24
    assert seeds_needed(pair, level=0.05, family=1) == seeds_for_difference(margin, pair.sigma) == 32


def test_seeds_on_which_nobody_scores_are_extra() -> None:
    """Where half of the seeds leave no pair of scores, twice as many are needed."""
    a = [0.04, -0.05, 0.03, -0.02, 0.01] + [-math.inf] * 5
    b = [0.0] * 5 + [-math.inf] * 5

    halved = compare(a, b, direction="max", noticeable=0.01)

    assert seeds_needed(halved, level=0.05, family=1) == 2 * seeds_for_difference(0.01, halved.sigma)


def test_lost_scores_ask_for_seeds_by_their_rate() -> None:
    """Two of eight lost on one side: at that rate the six losses a test needs take 24 seeds, power more."""
    pair = pair_of([-math.inf, -math.inf, 0.1, 0.1, 0.0, 0.1, 0.1, 0.0])
    by_power = seeds_for_difference(0.25, math.sqrt(0.25 * 0.75))

    assert seeds_needed(pair, level=0.05, family=1) == max(24, by_power)


def test_no_number_where_none_is_honest() -> None:
    """Losses in balance, no scores at all, and no difference without a size to look for: None."""
    nobody = compare([-math.inf] * 7, [-math.inf] * 7, direction="max", noticeable=0.01)

    assert seeds_needed(pair_of([math.inf, -math.inf] * 4), level=0.05, family=1) is None
    assert seeds_needed(nobody, level=0.05, family=1) is None
    assert seeds_needed(pair_of([0.0] * 8, noticeable=0.0), level=0.05, family=1) is None
    assert seeds_needed(pair_of([1.0, -1.0] * 4, noticeable=1e-9), level=0.05, family=1) is None


@pytest.mark.parametrize(
    ("differences", "family", "reason"),
    [
        ([], 1, "no seed in common"),
        ([0.1], 1, "1 pair cannot reach 5 % (needs 6)"),
        ([0.1] * 5, 1, "5 pairs cannot reach 5 % (needs 6)"),
        ([0.1] * 5, 153, "5 pairs cannot reach 5 % (needs 13 with 153 comparisons)"),
        ([0.1] * 10, 153, "with 153 comparisons 10 seeds cannot reach 5 %; 13 would"),
        ([0.04, -0.05, 0.02] * 3, 1, "difference smaller than the noise; about 180 seeds would tell"),
        (
            [0.02, 0.03] * 3 + [-0.01],
            2,
            "significant alone, not among 2 comparisons; about 28 seeds would tell",
        ),
        ([0.01, 0.05, -0.02], 1, "3 pairs cannot reach 5 % (needs 6); about 140 seeds would tell"),
        ([math.inf, -math.inf] * 4, 1, "only one side left a score on 8 of 8 seeds"),
    ],
)
def test_reasons(differences: list[float], family: int, reason: str) -> None:
    """Every undecided pair says what it lacks, in one clause."""
    assert reason_undecided(pair_of(differences), level=0.05, family=family) == reason


def test_reason_where_nobody_scored() -> None:
    """Two configurations that both always diverge are not compared by their differences."""
    nobody = compare([-math.inf] * 7, [-math.inf] * 7, direction="max", noticeable=0.01)

    assert reason_undecided(nobody, level=0.05, family=1) == "neither left a score on any seed"


def test_reason_where_drawn_patterns_are_too_coarse() -> None:
    """A family too large for the drawn patterns is told to shrink."""
    reason = reason_undecided(pair_of([0.1] * 40), level=0.05, family=19_900)

    assert reason.endswith("with 19900 comparisons; name one configuration to compare against")
