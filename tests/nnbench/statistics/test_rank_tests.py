"""Friedman's test and the critical difference: against scipy, a list of all arrangements, and print."""

import math
from itertools import permutations, product

import numpy as np
import pytest
from scipy import stats

from nnbench.statistics.suite.ranks import critical_difference, friedman, ranks


def test_ranks_share_ties_and_put_the_missing_last() -> None:
    """Equal scores share the mean of their places; a configuration without a score is last."""
    found = ranks([[0.9, 0.8, 0.9, -math.inf]], direction="max")

    assert found.tolist() == [[1.5, 3.0, 1.5, 4.0]]


def table_of(n_cases: int, n_configurations: int, *, digits: int = 6, seed: int = 0) -> np.ndarray:
    """Return scores of configurations that get better from column to column."""
    effects = 0.4 * np.arange(n_configurations)
    drawn = np.random.default_rng(seed).normal(effects, size=(n_cases, n_configurations))
    return np.asarray(np.round(drawn, digits))


def listed_p(table: np.ndarray) -> float:
    """Return the share of all arrangements with at least this spread of the average ranks, one by one."""
    ranked = stats.rankdata(table, axis=1)
    spread = ranked.mean(axis=0).var()
    found = [
        np.mean(rows, axis=0).var() >= spread - 1e-12
        for rows in product(*(list(permutations(row)) for row in ranked))
    ]
    return float(np.mean(found))


@pytest.mark.parametrize("digits", [1, 6], ids=["ties", "no-ties"])
def test_friedmans_statistic_is_scipys(digits: int) -> None:
    """Corrected for ties; the average ranks too."""
    table = table_of(12, 4, digits=digits)

    found = friedman(table, direction="min")

    assert found.statistic == pytest.approx(stats.friedmanchisquare(*table.T).statistic, rel=1e-12)
    np.testing.assert_allclose(found.average_ranks, stats.rankdata(table, axis=1).mean(axis=0), rtol=1e-14)


@pytest.mark.parametrize("shape", [(1, 3), (2, 2), (2, 4), (3, 3), (3, 4), (6, 2), (5, 3)])
@pytest.mark.parametrize("digits", [0, 6], ids=["ties", "no-ties"])
def test_friedmans_p_is_that_of_all_arrangements(shape: tuple[int, int], digits: int) -> None:
    table = table_of(*shape, digits=digits, seed=3)

    found = friedman(table, direction="min")

    assert found.is_exact
    assert found.p == pytest.approx(listed_p(table), rel=1e-12)


def test_too_many_arrangements_are_drawn() -> None:
    """Ten configurations: the p of the limit, which 12 cases are near to, and the same at every call."""
    table = np.random.default_rng(4).normal(0.1 * np.arange(10), size=(12, 10))

    found = friedman(table, direction="min")

    expected = stats.friedmanchisquare(*table.T).pvalue
    assert not found.is_exact
    assert found.p == pytest.approx(expected, abs=0.03)
    assert found.p == friedman(table, direction="min").p
    assert friedman(np.tile(np.arange(9.0), (8, 1)), direction="min").p == 1 / 10_000


@pytest.mark.parametrize("shape", [(2, 4), (3, 3), (3, 4)])
def test_equal_configurations_are_called_different_in_one_of_twenty_at_most(shape: tuple[int, int]) -> None:
    """Of 2,000 tables each; the chi-square limit called up to 12 %."""
    tables = np.random.default_rng(5).normal(size=(2_000, *shape))

    share = np.mean([friedman(table, direction="max").p <= 0.05 for table in tables])

    assert share <= 0.055


def test_pairs_are_told_apart_from_six_cases_on() -> None:
    assert friedman(table_of(5, 3), direction="max").critical_difference is None
    assert friedman(table_of(6, 3), direction="max").critical_difference == critical_difference(3, 6)


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
