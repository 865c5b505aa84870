"""Friedman's test and the critical difference: against scipy and published numbers."""

import math

import numpy as np
import pytest
from scipy import stats

from nnbench.statistics.suite.ranks import critical_difference, friedman, ranks


def test_ranks_share_ties_and_put_the_missing_last() -> None:
    """Equal scores share the mean of their places; a configuration without a score is last."""
    found = ranks([[0.9, 0.8, 0.9, -math.inf]], direction="max")

    assert found.tolist() == [[1.5, 3.0, 1.5, 4.0]]


@pytest.mark.parametrize("digits", [1, 6], ids=["ties", "no-ties"])
def test_friedman_is_scipys(digits: int) -> None:
    """Statistic and p value agree with scipy's, corrected for ties."""
    table = np.round(np.random.default_rng(0).normal([0.0, 0.2, 0.4, 0.8], size=(12, 4)), digits)
    expected = stats.friedmanchisquare(*table.T)

    found = friedman(table, direction="min")

    assert found.statistic == pytest.approx(expected.statistic, rel=1e-12)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-10)
    np.testing.assert_allclose(found.average_ranks, stats.rankdata(table, axis=1).mean(axis=0), rtol=1e-14)


def test_friedman_of_ties_everywhere_sees_nothing() -> None:
    """Configurations that never differ have equal ranks and p = 1."""
    found = friedman(np.ones((5, 3)), direction="max")

    assert (found.statistic, found.p, found.average_ranks) == (0.0, 1.0, (2.0, 2.0, 2.0))


@pytest.mark.parametrize(("k", "q"), [(2, 1.960), (3, 2.343), (5, 2.728), (10, 3.164)])
def test_critical_difference_is_nemenyis(k: int, q: int) -> None:
    """q at 5 % as printed in table 5a of Demšar (2006), to its three digits."""
    expected = q * math.sqrt(k * (k + 1) / (6 * 14))

    assert critical_difference(k, 14) == pytest.approx(expected, rel=3e-4)


def test_friedman_refuses_one_configuration() -> None:
    """Ranks among one say nothing."""
    with pytest.raises(ValueError, match="2 configurations"):
        friedman(np.ones((4, 1)), direction="max")


def test_ranks_refuse_nan() -> None:
    """NaN has no rank."""
    with pytest.raises(ValueError, match="NaN"):
        ranks([[math.nan, 1.0]], direction="max")
