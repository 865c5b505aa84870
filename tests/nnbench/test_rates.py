"""Which rates a search tries: an even grid, beyond its ends, between neighbours; never one twice."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nnbench.studies.search.rates import MOST_ROUNDS, PER_ROUND, ROUNDS, Search, Standing, first_rates


def scores(search: Search, optimum: float) -> dict[float, Standing]:
    """Return a loss that is least at the optimum, a rate."""
    return {rate: Standing(away := abs(math.log10(rate / optimum)), away) for rate in search.rates}


def searched(optimum: float, *, default: float = 0.01, rounds: int = MOST_ROUNDS) -> Search:
    search = first_rates(default, n_points=13, decades=6.0)
    for _ in range(rounds):
        search = search.next_round(scores(search, optimum), "min")
    return search


def test_the_grid_is_even_and_has_the_default_in_its_middle() -> None:
    """13 points over 6 decades: two a decade, to the three digits that a rate is written with."""
    grid = first_rates(0.01, n_points=13, decades=6.0).grid

    assert grid[6] == 0.01
    assert (grid[0], grid[-1]) == (1e-5, 10.0)
    np.testing.assert_allclose(np.diff(np.log10(grid)), 0.5, atol=1e-3)


def test_a_default_of_many_digits_stays_as_it_is() -> None:
    """Its trials must be the same as those of a run at the default."""
    assert first_rates(0.00123456789, n_points=3, decades=2.0).grid == (0.000123, 0.00123456789, 0.0123)


@given(
    default=st.floats(1e-6, 10.0),
    n_points=st.integers(3, 41),
    decades=st.floats(0.5, 12.0),
    optimum=st.floats(-12.0, 6.0),
)
def test_every_search_gets_the_same_number_of_distinct_rates(
    default: float, n_points: int, decades: float, optimum: float
) -> None:
    """Wherever the best rate lies, a round costs the same."""
    search = first_rates(default, n_points=n_points, decades=decades)

    for n_rounds in range(1, MOST_ROUNDS + 1):
        search = search.next_round(scores(search, 10.0**optimum), "min")
        rates = search.rates
        assert len(rates) == n_points + n_rounds * PER_ROUND
        assert all(low < high for low, high in pairwise(rates))
        assert rates[0] > 0.0


@pytest.mark.parametrize("optimum", [0.0023, 0.01, 0.7])
def test_refining_closes_in_on_the_optimum(optimum: float) -> None:
    """After two rounds the best rate seen is at most an eighth of a decade away: a quarter of a step."""
    search = searched(optimum, rounds=ROUNDS)

    assert search.grown == ()
    assert min(abs(math.log10(rate / optimum)) for rate in search.rates) <= 0.125 + 1e-3


@pytest.mark.parametrize(("optimum", "way"), [(1e-7, "down"), (300.0, "up")])
def test_the_grid_grows_by_whole_steps_until_the_optimum_is_inside(optimum: float, way: str) -> None:
    search = searched(optimum)

    steps = np.log10(np.sort([*search.grid, *search.grown]))
    found = search.best(scores(search, optimum), "min")

    np.testing.assert_allclose(np.diff(steps), 0.5, atol=2e-3)
    assert (min(search.grown) < 1e-5) if way == "down" else (max(search.grown) > 10.0)
    assert found is not None
    assert found.edge is None
    assert abs(math.log10(search.rates[found.index] / optimum)) < 0.25


def test_an_optimum_out_of_reach_stays_an_edge() -> None:
    """The search is bounded, and what it found is no optimum."""
    search = searched(1e-30)

    found = search.best(scores(search, 1e-30), "min")

    assert found is not None
    assert found.edge == "low"
    assert len(search.grown) == MOST_ROUNDS * PER_ROUND


def test_on_a_plateau_the_loss_decides() -> None:
    """Every rate is as accurate as any other: what grows or is refined is where the loss is least."""
    search = first_rates(0.01, n_points=5, decades=4.0)
    upwards = {rate: Standing(1.0, 1.0 / rate) for rate in search.rates}
    inside = {rate: Standing(1.0, abs(math.log10(rate / 0.1))) for rate in search.rates}

    assert search.next_round(upwards, "max").grown == (10.0, 100.0)
    assert search.next_round(inside, "max").refined == (0.0316, 0.316)


def test_nothing_that_trains_looks_at_smaller_rates() -> None:
    """Every rate diverged."""
    search = first_rates(0.01, n_points=3, decades=2.0)
    lost = Standing(math.inf, math.inf)

    assert search.next_round(dict.fromkeys(search.rates, lost), "min").grown == (0.0001, 0.00001)
