"""What a grid of learning rates says: basin, excess, and which rate is the best."""

import math
from functools import partial

import numpy as np
import pytest

from nnbench.statistics.tuning.sensitivity import (
    Sensitivity,
    best_index,
    distances,
    intervals_over_seeds,
    sensitivity,
)

RATES = np.geomspace(1e-4, 1.0, 9)  # two a decade


def of_bowl(tolerance: float = 0.5, *, optimum: float = -2.0) -> Sensitivity:
    """Return the sensitivity of |log10 η − optimum|, whose basin is 2 · tolerance decades wide."""
    return sensitivity(
        RATES, np.abs(np.log10(RATES) - optimum), direction="min", untrained=1.5, tolerance=tolerance
    )


@pytest.mark.parametrize("tolerance", [0.25, 0.5, 0.7])
def test_basin_of_a_bowl(tolerance: float) -> None:
    """On straight sides the width is exact between grid points too."""
    found = of_bowl(tolerance)

    assert found.basin_width_decades == pytest.approx(2 * tolerance)
    assert found.basin == pytest.approx((10 ** (-2 - tolerance), 10 ** (-2 + tolerance)))
    assert not found.is_basin_open


def test_mean_excess_is_cut_at_the_untrained_value() -> None:
    """(0, ½, ½, 1, 1, 1½ four times) / 9, the last pair cut from 2 to 1½."""
    assert of_bowl().mean_excess == pytest.approx((2 * 0.5 + 2 * 1.0 + 4 * 1.5) / 9)


@pytest.mark.parametrize("optimum", [-4.0, 0.0])
def test_an_optimum_on_the_edge_has_an_open_basin(optimum: float) -> None:
    """At either end of the grid."""
    found = of_bowl(optimum=optimum)

    assert found.is_basin_open
    assert found.basin_width_decades == pytest.approx(0.5)


def test_a_basin_can_run_off_the_grid_from_its_middle() -> None:
    """The best rate lies inside, but every rate is within the tolerance: the width is a lower bound."""
    found = of_bowl(tolerance=3.0)

    assert found.is_basin_open
    assert found.basin_width_decades == pytest.approx(4.0)


def test_a_second_basin_does_not_widen_the_first() -> None:
    """Only what is connected with the best rate counts."""
    found = sensitivity(
        [1e-3, 1e-2, 1e-1, 1.0], [0.0, 9.0, 0.1, 9.0], direction="min", untrained=9.0, tolerance=0.9
    )

    assert found.basin_width_decades == pytest.approx(0.1)


def test_divergence_ends_the_basin_at_the_last_rate_inside() -> None:
    """The line to an infinite value leaves the bar at once, and the excess there is that of no training."""
    found = sensitivity(
        [1e-3, 1e-2, 1e-1], [0.5, 0.2, math.inf], direction="min", untrained=1.0, tolerance=0.3
    )

    assert found.basin_width_decades == pytest.approx(1.0)
    assert found.mean_excess == pytest.approx((0.3 + 0.0 + 0.8) / 3)


def test_more_is_better_for_accuracy() -> None:
    """With direction max the same numbers turned around give the same sensitivity."""
    found = sensitivity(
        [1e-3, 1e-2, 1e-1], [0.5, 0.8, -math.inf], direction="max", untrained=0.1, tolerance=0.3
    )

    assert found.basin_width_decades == pytest.approx(1.0)
    assert found.mean_excess == pytest.approx((0.3 + 0.0 + 0.7) / 3)


@pytest.mark.parametrize(
    ("rates", "values", "message"),
    [
        ([0.1, 0.01], [1.0, 1.0], "increase"),
        ([0.0, 0.1], [1.0, 1.0], "above 0"),
        ([0.1], [1.0, 1.0], "one value per rate"),
        ([0.1, 1.0], [math.nan, 1.0], "NaN"),
        ([0.1, 1.0], [math.inf, math.inf], "no rate of the grid gave a score"),
    ],
)
def test_bad_grids_are_refused(rates: list[float], values: list[float], message: str) -> None:
    """Each mistake has its own message."""
    with pytest.raises(ValueError, match=message):
        sensitivity(rates, values, direction="min", untrained=1.0, tolerance=0.1)


@pytest.mark.parametrize(
    ("values", "losses", "index"),
    [
        ([3.0, 1.0, 2.0, 3.0, 3.0], None, 1),
        ([3.0, 1.0, 1.0, 1.0, 3.0], None, 2),  # the default, of several
        ([1.0, 1.0, 3.0, 3.0, 1.0], None, 1),  # what is nearest to it
        ([3.0, 1.0, 1.0, 1.0, 3.0], [0.0, 9.0, 9.0, 8.0, 0.0], 3),  # the least loss, of those alone
        ([1.0] * 5, [3.0, 2.0, 3.0, 3.0, 2.0], 1),
        ([1.0] * 5, [2.0] * 5, 2),
        ([5.0, 4.0, 3.0, 2.0, 1.0], None, 4),
        ([1.0, *[math.inf] * 4], None, 0),
    ],
)
def test_of_equally_good_rates_the_loss_chooses_and_then_the_default(
    values: list[float], losses: list[float] | None, index: int
) -> None:
    """The default is in the middle of the grid."""
    away = distances(np.geomspace(1e-4, 1.0, 5), 1e-2)

    assert best_index(values, direction="min", losses=losses, away=away) == index


def test_without_a_default_it_is_the_first_of_several() -> None:
    """Of points in several dimensions the default is the first."""
    assert best_index([0.5, 0.7, 0.7], direction="max", losses=[1.0, 2.0, 2.0]) == 1


def test_the_basin_is_that_of_the_rate_that_was_chosen() -> None:
    """Of two equally good rates with a bad one between them, the loss chooses the second."""
    found = sensitivity(
        [1e-4, 1e-3, 1e-2, 1e-1, 1.0],
        [0.1, 0.9, 0.1, 0.9, 0.1],
        direction="max",
        untrained=0.1,
        tolerance=0.2,
        losses=[9.0, 2.0, 9.0, 1.0, 9.0],
    )

    assert found.basin == pytest.approx((10**-1.25, 10**-0.75))


def test_rates_close_to_the_best_do_not_make_the_mean_excess_small() -> None:
    """The refined rates sharpen the basin; the excess is averaged over the even grid alone."""
    decades = np.array([-4.0, -3.0, -2.25, -2.0, -1.75, -1.0, 0.0])
    values = np.abs(decades + 2.0)
    even = [True, True, False, True, False, True, True]

    found = sensitivity(10.0**decades, values, direction="min", untrained=9.0, tolerance=0.25, even=even)

    assert found.mean_excess == pytest.approx((2 + 1 + 0 + 1 + 2) / 5)
    assert found.basin_width_decades == pytest.approx(0.5)


def _intervals(scores: np.ndarray) -> tuple[tuple[float, float], tuple[float, float]]:
    measure = partial(sensitivity, [1e-3, 1e-2, 1e-1], direction="min", untrained=9.0, tolerance=0.5)
    return intervals_over_seeds(measure, scores)


def test_seeds_that_agree_leave_no_doubt() -> None:
    """Three equal columns: the intervals have no width, at the value of one of them."""
    basin, excess = _intervals(np.repeat([[1.0], [0.0], [1.0]], 3, axis=1))

    assert basin == pytest.approx((1.0, 1.0))
    assert excess == pytest.approx((2 / 3, 2 / 3))


def test_seeds_that_differ_widen_the_intervals() -> None:
    """The basin of one seed is a decade wide, that of the others two: both ends are drawn."""
    basin, excess = _intervals(np.array([[1.0, 0.5, 0.5], [0.0, 0.0, 0.0], [1.0, 0.5, 0.5]]))

    assert basin == pytest.approx((1.0, 2.0))
    assert excess == pytest.approx((1 / 3, 2 / 3))


def test_one_seed_bounds_nothing() -> None:
    basin, excess = _intervals(np.array([[1.0], [0.0], [1.0]]))

    assert np.isnan([*basin, *excess]).all()
