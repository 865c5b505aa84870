"""The closed-form intervals: against scipy's, on degenerate samples, and by coverage."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nnbench.statistics.estimation.bootstrap import UNBOUNDED
from nnbench.statistics.estimation.intervals import (
    clopper_pearson_interval,
    median_interval,
    order_statistic_interval,
    t_interval,
    wilson_interval,
)


@pytest.mark.parametrize("n", [2, 3, 5, 9, 40])
def test_t_interval_is_scipys(n: int) -> None:
    """Student's interval of the mean agrees with scipy's."""
    sample = np.random.default_rng(n).normal(loc=3.0, size=n)
    expected = stats.t.interval(0.95, n - 1, loc=sample.mean(), scale=stats.sem(sample))

    assert t_interval(sample) == pytest.approx(expected, rel=1e-12)


def test_t_interval_on_degenerate_samples() -> None:
    """One value or an infinite one: the whole line. Equal values: no width, exactly."""
    assert t_interval([1.0]) == UNBOUNDED
    assert t_interval([1.0, -math.inf, 2.0]) == UNBOUNDED
    assert t_interval([0.1] * 7) == (0.1, 0.1)


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (1, 1), (0, 10), (10, 10), (3, 10), (999, 1000)])
def test_wilson_interval_is_scipys(successes: int, n: int) -> None:
    """Wilson's interval agrees with scipy's, 0 % and 100 % included."""
    expected = stats.binomtest(successes, n).proportion_ci(0.95, method="wilson")

    assert wilson_interval(successes, n) == pytest.approx((expected.low, expected.high), rel=1e-12, abs=1e-15)


def test_wilson_interval_touches_its_ends_exactly() -> None:
    """0 of n starts at exactly 0 and n of n ends at exactly 1; without trials nothing is known."""
    assert wilson_interval(0, 7)[0] == 0.0
    assert wilson_interval(7, 7)[1] == 1.0
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_wilson_interval_refuses_more_successes_than_trials() -> None:
    """3 of 2 is a mistake of the caller."""
    with pytest.raises(ValueError, match="between 0 and n = 2, not 3"):
        wilson_interval(3, 2)


@pytest.mark.parametrize("n", [5, 6, 8, 9, 20, 101])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_order_statistics_are_those_of_the_binomial(n: int, confidence: float) -> None:
    """The k-th value from either end, with k the largest whose binomial tails fit outside the confidence."""
    ranks = [k for k in range(1, n // 2 + 1) if 2 * stats.binom.cdf(k - 1, n, 0.5) <= 1 - confidence]
    expected = (ranks[-1], n + 1 - ranks[-1]) if ranks else UNBOUNDED

    assert order_statistic_interval(np.arange(1.0, n + 1), confidence=confidence) == expected


def test_order_statistics_of_many_values() -> None:
    """Counts beyond the range of a float are no obstacle."""
    low, high = order_statistic_interval(np.arange(3000.0))

    assert (low, high) == (stats.binom.ppf(0.025, 3000, 0.5) - 1, 3000 - stats.binom.ppf(0.025, 3000, 0.5))


def test_order_statistics_hold_infinities() -> None:
    """Trials that never reached their target stand at the end of the order, as values."""
    values = [10.0, 20.0, 30.0, 40.0, 50.0, math.inf, math.inf, math.inf, math.inf]

    assert order_statistic_interval(values) == (20.0, math.inf)
    assert order_statistic_interval([math.inf] * 8) == (math.inf, math.inf)


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=30))
def test_median_interval_holds_the_median(values: list[int]) -> None:
    """Whatever the values and their number, the interval encloses the median it is printed beside."""
    low, high = median_interval(values)
    slack = 1e-9 * max(map(abs, values))

    assert low - slack <= np.median(values) <= high + slack


def test_median_interval_of_few_values_is_students() -> None:
    """Five values cannot reach 95 % by ranks; with an infinity among them nothing bounds the median."""
    sample = [1.0, 2.0, 4.0, 5.0, 7.0]

    assert median_interval(sample) == t_interval(sample)
    assert median_interval([*sample, 9.0]) == (1.0, 9.0)
    assert median_interval([1.0, 2.0, -math.inf]) == UNBOUNDED


@pytest.mark.parametrize("n", [5, 12])
def test_median_interval_covers(n: int) -> None:
    """Of 1000 intervals at 95 %, at least 93.6 % (two binomial errors) hold the true median."""
    samples = np.random.default_rng(11).normal(size=(1000, n))
    intervals = np.array([median_interval(sample) for sample in samples])

    covered = np.mean((intervals[:, 0] <= 0.0) & (intervals[:, 1] >= 0.0))

    assert covered >= 0.936


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (1, 1), (0, 40), (40, 40), (3, 10), (7, 1000)])
def test_clopper_pearson_interval_is_scipys(successes: int, n: int) -> None:
    """The exact interval agrees with scipy's, 0 % and 100 % included."""
    expected = stats.binomtest(successes, n).proportion_ci(0.95, method="exact")

    assert clopper_pearson_interval(successes, n) == pytest.approx((expected.low, expected.high), rel=1e-9)
