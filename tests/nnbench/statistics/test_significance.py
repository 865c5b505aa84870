"""The sign-flip test: against enumeration and scipy, with infinities, its reach, and Holm's correction."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nnbench.statistics.estimation.significance import (
    EXACT_PAIRS,
    N_DRAWS,
    holm,
    leaning,
    pairs_to_reach,
    sign_flip_p,
    sign_flip_p_by_length,
    sign_flip_p_values,
    smallest_p,
)


def enumerated_p(differences: list[int]) -> float:
    """Return the p value by listing every sign pattern, in whole numbers, where ties are exact."""
    observed = abs(sum(differences))
    sums = [
        abs(sum(sign * value for sign, value in zip(signs, differences, strict=True)))
        for signs in itertools.product((-1, 1), repeat=len(differences))
    ]
    return sum(total >= observed for total in sums) / len(sums)


@given(st.lists(st.integers(-6, 6), min_size=1, max_size=9))
def test_every_sign_pattern_is_counted(differences: list[int]) -> None:
    """The p value is that of the full list, ties included, though tenths are not exact in binary."""
    assert sign_flip_p([value / 10 for value in differences]) == enumerated_p(differences)


@pytest.mark.parametrize("n", [6, 11, 14])
def test_p_is_scipys(n: int) -> None:
    """The exact p value is that of scipy's permutation test."""
    sample = np.random.default_rng(n).normal(loc=0.4, size=n)
    expected = stats.permutation_test(
        (sample,), np.sum, permutation_type="samples", n_resamples=math.inf
    ).pvalue

    assert sign_flip_p(sample) == pytest.approx(expected, rel=1e-12)


def test_drawn_patterns_estimate_the_exact_p() -> None:
    """Beyond the exact range the drawn p lies within four binomial errors of the normal limit's exact one."""
    sample = np.random.default_rng(8).normal(loc=0.25, size=EXACT_PAIRS)
    exact = sign_flip_p(sample)

    drawn = sign_flip_p([*sample, 0.0])  # a zero changes no sum, and pushes the count over the border

    assert drawn == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / N_DRAWS))


def test_drawn_p_is_never_zero() -> None:
    """The observed pattern counts as one of the drawn: (k + 1) / (m + 1)."""
    assert sign_flip_p(np.ones(EXACT_PAIRS + 10), n_draws=999) == 1 / 1000
    assert smallest_p(EXACT_PAIRS + 10) == 1 / (N_DRAWS + 1)


def test_drawn_p_does_not_depend_on_its_company() -> None:
    """A row tested alone and among others has the same p value."""
    rows = np.random.default_rng(2).normal(size=(3, 30))

    together = sign_flip_p_values(rows, n_draws=9999)

    assert together.tolist() == [sign_flip_p(row, n_draws=9999) for row in rows]


def test_rows_of_different_lengths_are_tested_each_by_itself() -> None:
    """Grouping by length leaves every p value in its place."""
    rng = np.random.default_rng(4)
    rows = [rng.normal(loc=0.5, size=n) for n in (7, 9, 7, 0, 12)]

    assert sign_flip_p_by_length(rows).tolist() == [sign_flip_p(row) for row in rows]


def test_no_pairs_and_balanced_pairs_have_p_one() -> None:
    """Nothing, zeros, and sums that cancel are as far from significant as can be."""
    assert sign_flip_p([]) == 1.0
    assert sign_flip_p([0.0] * 8) == 1.0
    assert sign_flip_p([0.3, -0.1, -0.2, 0.1, -0.1]) == 1.0


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=12))
def test_sign_and_unit_do_not_matter(differences: list[float]) -> None:
    """The other side's p value is the same, and so is that of the differences in another unit."""
    p = sign_flip_p(differences)

    assert sign_flip_p([-value for value in differences]) == p
    assert sign_flip_p([4.0 * value for value in differences]) == p


def test_an_infinite_difference_outweighs_the_finite_ones() -> None:
    """The p value is the limit of a growing penalty, and one penalty alone cannot be significant."""
    finite = [-0.01, -0.02, -0.01, -0.03, -0.02, -0.01, -0.02]

    assert sign_flip_p([*finite, math.inf]) == sign_flip_p([*finite, 1e6]) == 1.0
    assert sign_flip_p([math.inf] * 7) == 2 / 2**7
    assert leaning([*finite, math.inf]) == 1
    assert leaning([math.inf, -math.inf, -0.1]) == -1


@given(st.lists(st.sampled_from([-math.inf, math.inf, -3.0, -1.0, 0.0, 2.0]), min_size=1, max_size=8))
def test_infinities_are_a_limit(differences: list[float]) -> None:
    """Any penalty above the sum of the rest gives the p value that infinity gives."""
    penalized = [math.copysign(1000.0, value) if math.isinf(value) else value for value in differences]

    assert sign_flip_p(differences) == sign_flip_p(penalized)


def test_one_huge_difference_does_not_make_the_others_ties() -> None:
    """A loss of 1e8 on one seed leaves the small differences on the others their say."""
    assert sign_flip_p([1e8, 0.1, 0.2, 0.1, 0.3, 0.2]) == 2 / 2**6


def test_nan_is_refused() -> None:
    """A NaN difference has no sign to flip."""
    with pytest.raises(ValueError, match="NaN"):
        sign_flip_p([1.0, math.nan])


@pytest.mark.parametrize(("family", "pairs"), [(1, 6), (17, 10), (153, 13)])
def test_pairs_to_reach(family: int, pairs: int) -> None:
    """With that many pairs the smallest p value is within the level; with one fewer it is not."""
    assert pairs_to_reach(0.05, family) == pairs
    assert smallest_p(pairs) * family <= 0.05 < smallest_p(pairs - 1) * family


def test_pairs_to_reach_a_level_exactly() -> None:
    """A smallest p equal to the level reaches it."""
    assert pairs_to_reach(2 / 2**7) == 7


def test_holm_by_hand() -> None:
    """Holm's own arithmetic: times 4, 3, 2, 1 in order of size, never falling, never above 1."""
    found = holm([0.01, 0.04, 0.03, 0.005])

    assert found == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]).tolist() == [1.0, 1.0]
    assert holm([]).size == 0


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20))
def test_holm_decides_as_the_step_down_procedure(p_values: list[float]) -> None:
    """Adjusted p <= level where stepping through the sorted p values rejects."""
    adjusted = holm(p_values)
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    rejected = [False] * len(p_values)
    for step, i in enumerate(order):
        if p_values[i] * (len(p_values) - step) > 0.05:
            break
        rejected[i] = True

    assert [bool(p <= 0.05) for p in adjusted] == rejected


@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=20))
def test_holm_keeps_order_and_never_helps(p_values: list[float]) -> None:
    """Adjusted p values are at least the raw ones, and sort as they do."""
    adjusted = holm(p_values)

    assert np.all(adjusted >= np.asarray(p_values))
    assert np.all(np.diff(adjusted[np.argsort(p_values, kind="stable")]) >= 0.0)
