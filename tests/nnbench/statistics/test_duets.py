"""Pairs of times against SciPy's t test, and Holm's procedure against its definition."""

import math

import numpy as np
import pytest
from scipy import stats

from nnbench.statistics.comparing.duets import holm, look_at_duets, smallest_visible

RATIOS = np.log([1.04, 1.07, 1.01, 1.09, 1.05, 1.06, 1.02, 1.08])


def test_a_look_is_students_t_on_logarithms() -> None:
    look = look_at_duets(RATIOS, margin=0.03)

    above = stats.ttest_1samp(RATIOS, math.log(1.03), alternative="greater")
    below = stats.ttest_1samp(-RATIOS, math.log(1.03), alternative="greater")
    interval = stats.ttest_1samp(RATIOS, 0.0).confidence_interval(0.95)
    assert look.p_slower == pytest.approx(above.pvalue, rel=1e-9)
    assert look.p_faster == pytest.approx(below.pvalue, rel=1e-9)
    assert look.p_above_one == pytest.approx(stats.ttest_1samp(RATIOS, 0.0, alternative="greater").pvalue)
    assert look.interval == pytest.approx((math.exp(interval.low), math.exp(interval.high)), rel=1e-9)
    assert look.ratio == pytest.approx(stats.gmean(np.exp(RATIOS)), rel=1e-12)


@pytest.mark.parametrize(("shift", "p"), [(0.1, 0.0), (0.01, 1.0)])
def test_pairs_that_do_not_scatter_are_decided_by_their_value(shift: float, p: float) -> None:
    assert look_at_duets([shift] * 4, margin=0.03).p_slower == p


def test_one_pair_says_nothing() -> None:
    look = look_at_duets([0.5], margin=0.03)

    assert (look.p_slower, look.interval) == (1.0, (0.0, math.inf))


def test_the_smallest_visible_slow_down_is_called_half_of_the_time() -> None:
    n, level, sd = 12, 0.01, 0.02
    effect = math.log1p(smallest_visible(sd, n, 0.03, level=level))
    draws = np.random.default_rng(3).normal(effect, sd, (4000, n))

    called = stats.ttest_1samp(draws, math.log(1.03), axis=1, alternative="greater").pvalue <= level

    # The standard error of 4,000 draws is 0.008; the median of t differs from its shift by a little more.
    assert called.mean() == pytest.approx(0.5, abs=0.03)


def test_holm_steps_down() -> None:
    p = [0.01, 0.04, 0.03, 0.005]

    # Sorted: 4 × 0.005, 3 × 0.01, 2 × 0.03, and no smaller than the one before: max(0.06, 0.04).
    assert holm(p) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_of_one_is_the_p_value() -> None:
    assert holm([0.2]) == [0.2]
