"""What the shared seeds show of a pair: mean, spread, share ahead, and trials without a score."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnbench.statistics.comparing.pairs import compare
from nnbench.statistics.estimation.intervals import standard_deviation, t_interval

SCORES = st.floats(0.0, 1.0) | st.just(-math.inf)
PAIRS = st.lists(st.tuples(SCORES, SCORES), min_size=1, max_size=12)


def test_pair_by_hand() -> None:
    """Mean, spread, standard error and share ahead of four differences, one of them a tie."""
    pair = compare([0.5, 0.7, 0.9, 0.4], [0.4, 0.5, 0.9, 0.5], direction="max", noticeable=0.01)
    differences = np.array([0.1, 0.2, 0.0, -0.1])

    assert pair.n == pair.n_scored == 4
    assert pair.difference == pytest.approx(0.05)
    assert pair.sigma == pytest.approx(differences.std(ddof=1))
    assert pair.standard_error == pytest.approx(differences.std(ddof=1) / 2)
    assert pair.share_a_ahead == (2 + 0.5) / 4
    assert not pair.is_one_sided


def test_less_is_better_where_the_case_says_so() -> None:
    """With direction min a lower score is ahead; the difference keeps its sign."""
    pair = compare([1.0, 1.1, 0.9], [2.0, 2.2, 2.1], direction="min", noticeable=0.1)

    assert pair.difference == pytest.approx(-1.1)
    assert pair.share_a_ahead == 1.0


def test_lost_scores_are_counted_and_never_filled_in() -> None:
    """The mean is over the pairs with both scores; the share ahead takes all pairs."""
    a = [0.8, 0.9, -math.inf, 0.7, -math.inf]
    b = [0.7, -math.inf, 0.6, 0.5, -math.inf]

    pair = compare(a, b, direction="max", noticeable=0.01)

    assert (pair.n, pair.n_scored, pair.n_only_a_scored, pair.n_only_b_scored) == (5, 2, 1, 1)
    assert pair.difference == pytest.approx(0.15)
    assert pair.share_a_ahead == (3 + 0.5) / 5
    assert pair.is_one_sided


def test_a_side_that_never_scores_is_infinitely_behind() -> None:
    """With no pair to take a mean of, the difference is infinite, and so is its error."""
    pair = compare([math.inf] * 6, [0.1] * 6, direction="min", noticeable=0.01)

    assert (pair.difference, pair.share_a_ahead) == (math.inf, 0.0)
    assert (pair.n_only_a_scored, pair.n_only_b_scored, pair.standard_error) == (0, 6, math.inf)


def test_two_sides_that_never_score_are_level() -> None:
    pair = compare([-math.inf] * 8, [-math.inf] * 8, direction="max", noticeable=0.01)

    assert (pair.difference, pair.share_a_ahead, pair.n, pair.n_scored) == (0.0, 0.5, 8, 0)
    assert not pair.is_one_sided


def test_equal_differences_have_no_spread() -> None:
    """A constant lead has no error, and its mean is the lead itself though tenths are not exact."""
    pair = compare([0.7] * 12, [0.6] * 12, direction="max", noticeable=0.01)

    assert (pair.difference, pair.sigma, pair.standard_error) == (0.7 - 0.6, 0.0, 0.0)


@given(PAIRS, st.sampled_from(["max", "min"]))
def test_swapping_the_sides_mirrors_everything(rows: list[tuple[float, float]], direction: str) -> None:
    """b against a is a against b with every sign turned and the same spread."""
    sign = 1.0 if direction == "max" else -1.0
    a, b = ([sign * row[side] for row in rows] for side in (0, 1))

    ab = compare(a, b, direction=direction, noticeable=0.01)  # type: ignore[arg-type]
    ba = compare(b, a, direction=direction, noticeable=0.01)  # type: ignore[arg-type]

    assert (ba.n_scored, ba.sigma, ba.difference) == (ab.n_scored, ab.sigma, -ab.difference)
    assert (ba.n_only_a_scored, ba.n_only_b_scored) == (ab.n_only_b_scored, ab.n_only_a_scored)
    assert ba.share_a_ahead == pytest.approx(1.0 - ab.share_a_ahead)


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
        compare([1.0, 2.0], [1.0, 2.0, 3.0], direction="max", noticeable=0.1)


def test_a_negative_noticeable_difference_is_refused() -> None:
    """A size cannot be negative, nor NaN."""
    with pytest.raises(ValueError, match="at least 0, not -1"):
        compare([1.0], [2.0], direction="max", noticeable=-1.0)
    with pytest.raises(ValueError, match="at least 0, not nan"):
        compare([1.0], [2.0], direction="max", noticeable=math.nan)


def test_values_whose_squares_are_infinite_have_a_spread() -> None:
    values = np.array([1e200, 3e200, 2e200])

    assert standard_deviation(values) == pytest.approx(1e200)
    low, high = t_interval(values)
    assert (low + high) / 2 == pytest.approx(2e200)
    assert high - low == pytest.approx(2 * 4.302652729911275 * 1e200 / math.sqrt(3))
