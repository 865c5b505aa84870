"""The Bayesian signed-rank test: against its sums written out, and closed cases."""

import math

import numpy as np
import pytest
from scipy import stats

from nnbench.statistics.estimation.signed_rank import N_DRAWS, Posterior, signed_rank_posterior
from tests.reference.signed_rank import signed_rank


def posterior(*differences: float, rope: float = 1.0) -> Posterior:
    return signed_rank_posterior(np.array(differences)[:, np.newaxis], rope=rope)[0]


def close(share: float, n: int = N_DRAWS) -> float:
    """Return four standard errors of a share of n draws."""
    return 4.0 * math.sqrt(max(share * (1.0 - share), 1.0 / n) / n)


@pytest.mark.parametrize(
    "differences",
    [
        [3.0, 0.5, -0.2, 1.8, -2.5, 0.1],
        [2.0, 2.5, 1.5, 0.3, 4.0, -0.5, 1.2],
        [0.2, -0.7, 0.1, 0.5, -0.1, 0.9, 3.0],
        [-4.0, -1.5, 0.5, -2.5, 1.0, -3.0],
    ],
)
def test_it_is_the_reference(differences: list[float]) -> None:
    """Within four standard errors of both simulations."""
    expected = signed_rank(differences, 1.0, 4_000, seed=1)

    found = posterior(*differences)

    for one, other in zip(expected, (found.better, found.equivalent, found.worse), strict=True):
        assert other == pytest.approx(one, abs=close(one, 4_000) + close(one))
    assert found.better + found.equivalent + found.worse == pytest.approx(1.0)


@pytest.mark.parametrize("n", [1, 2, 6, 15])
def test_all_cases_far_ahead_have_a_closed_form(n: int) -> None:
    """Only the pseudo-observation with itself is equivalent: better has more if w₀² < ½, w₀ ~ Beta(s, n)."""
    expected = stats.beta.cdf(math.sqrt(0.5), 0.5, n)

    found = posterior(*[10.0] * n)

    assert found.better == pytest.approx(expected, abs=close(expected))
    assert found.worse == 0.0
    assert posterior(*[-10.0] * n).worse == found.better


def test_two_cases_that_oppose_each_other_are_a_coin() -> None:
    """10 and −10: neither side is ahead, and their sum of 0 is equivalent."""
    found = posterior(10.0, -10.0)

    assert found.better == pytest.approx(found.worse, abs=0.02)


def test_differences_within_the_region_are_equivalent_for_certain() -> None:
    """Its edge included, whatever the last bit of a quotient says."""
    edge = (0.95 - 0.94) / 0.01
    assert edge > 1.0

    assert posterior(edge, -edge, edge, 0.3) == Posterior(0.0, 1.0, 0.0, 4)
    assert posterior(1.01, 1.01, 1.01).better > 0.5


def test_a_case_without_a_score_is_far_behind() -> None:
    assert posterior(-math.inf, 0.0, 0.0, 0.0) == posterior(-50.0, 0.0, 0.0, 0.0)
    assert posterior(-math.inf, math.inf, 0.0, 0.0).equivalent > 0.3


def test_a_comparison_does_not_depend_on_its_company() -> None:
    table = np.random.default_rng(0).normal(0, 2, size=(8, 5))

    together = signed_rank_posterior(table)

    assert together == [signed_rank_posterior(table[:, [i]])[0] for i in range(5)]
