"""Which rates a search tries: an even grid, beyond its ends, between neighbours; never one twice."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnbench.statistics.tuning.choice import Standing
from nnbench.studies.search.grid import (
    LEAST_RATE,
    MOST_RATE,
    MOST_ROUNDS,
    PER_ROUND,
    ROUNDS,
    Grid,
    first_grid,
)


def scores(search: Grid, optimum: float) -> list[Standing]:
    """Return a loss that is least at the optimum, a rate."""
    return [Standing(away := abs(math.log10(rate / optimum)), away) for rate in search.rates]


def searched(optimum: float, *, default: float = 0.01, rounds: int = MOST_ROUNDS) -> Grid:
    search = first_grid(default, n_points=13, decades=6.0)
    for _ in range(rounds):
        search = search.next_round(scores(search, optimum), "min")
    return search


def test_the_grid_is_even_and_has_the_default_in_its_middle() -> None:
    """13 points over 6 decades: two a decade, to the three digits that a rate is written with."""
    grid = first_grid(0.01, n_points=13, decades=6.0).first

    assert grid[6] == 0.01
    assert (grid[0], grid[-1]) == (1e-5, 10.0)
    np.testing.assert_allclose(np.diff(np.log10(grid)), 0.5, atol=1e-3)


def test_a_default_of_many_digits_stays_as_it_is() -> None:
    """Its trials must be the same as those of a run at the default."""
    assert first_grid(0.00123456789, n_points=3, decades=2.0).first == (0.000123, 0.00123456789, 0.0123)


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
    search = first_grid(default, n_points=n_points, decades=decades)

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

    steps = np.log10(np.sort([*search.first, *search.grown]))
    found = search.best(scores(search, optimum), "min")

    np.testing.assert_allclose(np.diff(steps), 0.5, atol=2e-3)
    assert (min(search.grown) < 1e-5) if way == "down" else (max(search.grown) > 10.0)
    assert found is not None
    assert 0 < found < len(search.rates) - 1
    assert abs(math.log10(search.rates[found] / optimum)) < 0.25


def test_an_optimum_out_of_reach_stays_an_edge() -> None:
    """The search is bounded, and what it found is no optimum."""
    search = searched(1e-30)

    found = search.best(scores(search, 1e-30), "min")

    assert found == 0
    assert len(search.grown) == MOST_ROUNDS * PER_ROUND


def test_on_a_plateau_the_loss_decides() -> None:
    """Every rate is as accurate as any other: what grows or is refined is where the loss is least."""
    search = first_grid(0.01, n_points=5, decades=4.0)
    upwards = [Standing(1.0, 1.0 / rate) for rate in search.rates]
    inside = [Standing(1.0, abs(math.log10(rate / 0.1))) for rate in search.rates]

    assert search.next_round(upwards, "max").grown == (10.0, 100.0)
    assert search.next_round(inside, "max").refined == (0.0316, 0.316)


def test_nothing_that_trains_looks_at_smaller_rates() -> None:
    """Every rate diverged."""
    search = first_grid(0.01, n_points=3, decades=2.0)
    lost = Standing(math.inf, math.inf)

    assert search.next_round([lost] * 3, "min").grown == (0.0001, 0.00001)


@pytest.mark.parametrize("n_points", [3, 4, 13])
def test_rates_that_all_tie_are_no_reason_to_leave_the_default(n_points: int) -> None:
    """The default is taken, or what is nearest to it, and no end is: the grid does not grow."""
    search = first_grid(0.01, n_points=n_points, decades=6.0)
    for _ in range(MOST_ROUNDS):
        search = search.next_round([Standing(0.5, 0.7)] * len(search.rates), "max")

    found = search.best([Standing(0.5, 0.7)] * len(search.rates), "max")

    assert found is not None
    assert abs(math.log10(search.rates[found] / 0.01)) <= (0.0 if n_points % 2 else 1.0)
    assert search.grown == ()
    assert 0 < found < len(search.rates) - 1


def test_a_tie_that_reaches_an_end_does_not_grow_the_grid() -> None:
    """The four lowest rates move no parameter: of them the one nearest to the default is taken."""
    search = first_grid(0.01, n_points=13, decades=6.0)
    standings = [Standing(0.9, 0.1)] * 4 + [Standing(0.2, 2.0)] * 9

    assert search.best(standings, "max") == 3
    assert search.next_round(standings, "max").grown == ()


@pytest.mark.parametrize(("optimum", "way"), [(1e-30, "low"), (1e30, "high")])
@pytest.mark.parametrize(("default", "decades"), [(0.01, 20.0), (1e-18, 20.0), (1e19, 6.0)])
def test_a_grid_ends_where_nothing_can_train(
    default: float, decades: float, optimum: float, way: str
) -> None:
    """Every round still costs the same, and all rates stay apart."""
    search = first_grid(default, n_points=3, decades=decades)
    for _ in range(MOST_ROUNDS):
        search = search.next_round(scores(search, optimum), "min")

    rates = search.rates
    assert len(set(rates)) == len(rates) == 3 + MOST_ROUNDS * PER_ROUND
    assert default in rates
    assert LEAST_RATE * 0.99 <= rates[0] < rates[-1] <= MOST_RATE * 1.01
    assert search.best(scores(search, optimum), "min") == (0 if way == "low" else len(rates) - 1)


def test_a_search_that_always_diverges_ends_there_too() -> None:
    """From a wide grid the smaller rates run out, and the rest of the budget goes between."""
    search = first_grid(0.001, n_points=3, decades=20.0)
    for _ in range(MOST_ROUNDS):
        search = search.next_round([Standing(math.inf, math.inf)] * len(search.rates), "min")

    assert search.rates[0] >= LEAST_RATE
    assert len(search.rates) == 3 + MOST_ROUNDS * PER_ROUND
