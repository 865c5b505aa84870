"""What the shared seeds say of a pair: means, effects, the side they favour, and trials without a score."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nnbench.statistics.estimation.significance import sign_flip_p
from scipy import stats

from nnbench.statistics.comparing.pairs import compare, paired_differences

SCORES = st.floats(0.0, 1.0) | st.just(-math.inf)
PAIRS = st.lists(st.tuples(SCORES, SCORES), min_size=1, max_size=12)


def test_pair_by_hand() -> None:
    """Mean, spread, standardized effect and share ahead of four differences, one of them a tie."""
    pair = compare([0.5, 0.7, 0.9, 0.4], [0.4, 0.5, 0.9, 0.5], direction="max", noticeable=0.01)
    differences = np.array([0.1, 0.2, 0.0, -0.1])

    assert pair.n == pair.n_scored == 4
    assert pair.difference == pytest.approx(0.05)
    assert pair.sigma == pytest.approx(differences.std(ddof=1))
    assert pair.standardized == pytest.approx(0.05 / differences.std(ddof=1))
    assert pair.share_a_ahead == (2 + 0.5) / 4
    assert pair.interval == pytest.approx(
        stats.t.interval(0.95, 3, loc=0.05, scale=stats.sem(differences)), rel=1e-9
    )
    assert pair.p == sign_flip_p(differences)
    assert pair.favours_a == 1


def test_less_is_better_where_the_case_says_so() -> None:
    """With direction min a lower mean favours a; the difference keeps its sign."""
    pair = compare([1.0, 1.1, 0.9], [2.0, 2.2, 2.1], direction="min", noticeable=0.1)

    assert pair.difference == pytest.approx(-1.1)
    assert (pair.favours_a, pair.share_a_ahead) == (1, 1.0)


def test_level_sets_the_interval() -> None:
    """A level of 1 % goes with a 99 % interval."""
    a, b = np.random.default_rng(0).normal(size=(2, 8))
    expected = stats.t.interval(0.99, 7, loc=np.mean(a - b), scale=stats.sem(a - b))

    assert compare(a, b, direction="max", noticeable=0.1, level=0.01).interval == pytest.approx(expected)


def test_lost_scores_are_counted_and_never_filled_in() -> None:
    """The mean is over the pairs with both scores; the test and the share ahead take all pairs."""
    a = [0.8, 0.9, -math.inf, 0.7, -math.inf]
    b = [0.7, -math.inf, 0.6, 0.5, -math.inf]

    pair = compare(a, b, direction="max", noticeable=0.01)

    assert (pair.n, pair.n_scored, pair.n_only_a_scored, pair.n_only_b_scored) == (5, 2, 1, 1)
    assert pair.difference == pytest.approx(0.15)
    assert pair.share_a_ahead == (3 + 0.5) / 5
    assert pair.favours_a == 1
    assert not pair.is_within_noticeable


def test_a_side_that_never_scores_is_infinitely_behind() -> None:
    """With no pair to take a mean of, the difference is infinite, and nothing bounds it."""
    pair = compare([math.inf] * 6, [0.1] * 6, direction="min", noticeable=0.01)

    assert pair.difference == math.inf
    assert pair.interval == (-math.inf, math.inf)
    assert (pair.favours_a, pair.p) == (-1, 2 / 2**6)


def test_two_sides_that_never_score_are_level() -> None:
    """Neither is favoured; and it is not called equivalent, for nothing was measured."""
    pair = compare([-math.inf] * 8, [-math.inf] * 8, direction="max", noticeable=0.01)

    assert (pair.difference, pair.favours_a, pair.p, pair.n_scored) == (0.0, 0, 1.0, 0)
    assert not pair.is_within_noticeable


def test_equal_differences_have_no_spread() -> None:
    """A constant lead is infinitely many standard deviations; its interval is the lead itself."""
    pair = compare([0.75] * 12, [0.5] * 12, direction="max", noticeable=0.01)

    assert (pair.sigma, pair.standardized, pair.interval) == (0.0, math.inf, (0.25, 0.25))


@given(PAIRS, st.sampled_from(["max", "min"]))
def test_swapping_the_sides_mirrors_everything(rows: list[tuple[float, float]], direction: str) -> None:
    """b against a is a against b with every sign turned and the same p value."""
    sign = 1.0 if direction == "max" else -1.0
    a, b = ([sign * row[side] for row in rows] for side in (0, 1))

    ab = compare(a, b, direction=direction, noticeable=0.01)  # type: ignore[arg-type]
    ba = compare(b, a, direction=direction, noticeable=0.01)  # type: ignore[arg-type]

    assert (ba.p, ba.favours_a, ba.difference) == (ab.p, -ab.favours_a, -ab.difference)
    assert ba.share_a_ahead == pytest.approx(1.0 - ab.share_a_ahead)
    assert ba.interval == pytest.approx((-ab.interval[1], -ab.interval[0]), abs=1e-9)


@given(
    st.lists(st.tuples(st.integers(0, 64), st.integers(0, 64)), min_size=2, max_size=12), st.integers(-9, 9)
)
def test_a_common_shift_changes_nothing(rows: list[tuple[int, int]], shift: int) -> None:
    """Only differences matter. The scores are 64ths, so that the shift is exact."""
    a, b = np.array(rows).T / 64

    assert compare(a + shift, b + shift, direction="max", noticeable=0.1) == compare(
        a, b, direction="max", noticeable=0.1
    )


def test_the_best_infinity_is_refused() -> None:
    """Infinite accuracy is no missing score but a mistake in the direction."""
    with pytest.raises(ValueError, match="a score is inf, the best there is"):
        compare([math.inf], [0.5], direction="max", noticeable=0.1)


def test_unequal_lengths_are_refused() -> None:
    """Pairs by position need as many on either side."""
    with pytest.raises(ValueError, match="a has 2 and b has 3"):
        paired_differences([1.0, 2.0], [1.0, 2.0, 3.0])


def test_a_negative_noticeable_difference_is_refused() -> None:
    """A size cannot be negative, nor NaN."""
    with pytest.raises(ValueError, match="at least 0, not -1"):
        compare([1.0], [2.0], direction="max", noticeable=-1.0)
    with pytest.raises(ValueError, match="at least 0, not nan"):
        compare([1.0], [2.0], direction="max", noticeable=math.nan)
