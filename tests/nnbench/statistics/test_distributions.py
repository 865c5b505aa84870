"""The quantiles and tails agree with scipy's."""

import math

import numpy as np
import pytest
from scipy import stats

from nnbench.statistics.estimation.distributions import (
    normal_cdf,
    normal_quantile,
    studentized_range_quantile,
    t_quantile,
)


@pytest.mark.parametrize("x", [-37.0, -8.0, -1.0, 0.0, 0.3, 5.0])
def test_normal_cdf_keeps_its_lower_tail(x: float) -> None:
    """The lower tail is right to 1e-13 of itself, not of 1."""
    assert normal_cdf(x) == pytest.approx(stats.norm.cdf(x), rel=1e-13)


@pytest.mark.parametrize("probability", [1e-12, 0.025, 0.5, 0.9, 0.975, 1.0 - 1e-9])
def test_normal_quantile(probability: float) -> None:
    """The normal quantile agrees with scipy's."""
    assert normal_quantile(probability) == pytest.approx(stats.norm.ppf(probability), rel=1e-12, abs=1e-15)


def test_normal_quantile_is_infinite_at_the_ends() -> None:
    """0 and 1 are reached nowhere on the line."""
    assert normal_quantile(0.0) == -math.inf
    assert normal_quantile(1.0) == math.inf


@pytest.mark.parametrize("dof", [1, 2, 3, 4, 9, 30, 31, 299, 300, 301, 5000])
@pytest.mark.parametrize("probability", [0.001, 0.025, 0.5, 0.9, 0.975, 0.9999])
def test_t_quantile(probability: float, dof: int) -> None:
    """Finite sum and expansion both agree with scipy's Student quantile, on either side of the switch."""
    assert t_quantile(probability, dof) == pytest.approx(stats.t.ppf(probability, dof), rel=1e-10, abs=1e-15)


@pytest.mark.parametrize("n_groups", [2, 3, 10, 50])
def test_studentized_range_quantile(n_groups: int) -> None:
    """The quantile of the range agrees with scipy's, whose integration is good to about 1e-8."""
    expected = stats.studentized_range.ppf(0.95, n_groups, np.inf)

    assert studentized_range_quantile(0.95, n_groups) == pytest.approx(expected, rel=1e-7)


def test_range_of_two_is_a_normal_difference() -> None:
    """The range of two normals is |Z| √2, a closed form."""
    expected = math.sqrt(2.0) * stats.norm.ppf(0.975)

    assert studentized_range_quantile(0.95, 2) == pytest.approx(expected, rel=1e-12)
