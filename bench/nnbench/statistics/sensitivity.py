"""How a configuration bears a learning rate that is not its best: basin width, mean excess, regret, edge."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnbench.records import Direction


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What a grid of learning rates says of one configuration."""

    best_rate: float
    best: float  # f*, in units of the metric
    is_edge: bool  # the best rate is an end of the grid: no optimum was seen, the grid must grow
    basin_width_decades: float  # around the best rate, where f is within the tolerance of f*
    is_basin_open: bool  # the basin runs off the grid, so its width is a lower bound
    mean_excess: float  # mean over the grid of min(f, f0) − f*, counted so that more is worse
    default_regret: float | None  # f(default) − f*, counted so that more is worse; None without a default
    n_rates: int


def sensitivity(
    rates: ArrayLike,
    values: ArrayLike,
    *,
    direction: Direction,
    untrained: float,
    tolerance: float,
    default: float | None = None,
) -> Sensitivity:
    """Return the sensitivity to the learning rate from values f on a grid, evenly spaced in its logarithm.

    ``values`` are medians over seeds, infinite in the bad direction where a rate diverged. ``untrained`` is
    f0, the value of a model that learnt nothing: no rate counts as worse, or one divergence would drown the
    mean. ``default`` is the value at the default rate. ``tolerance`` is in units of the metric; the case's
    noticeable difference is a good one.
    """
    rate = np.asarray(rates, dtype=np.float64)
    sign = -1.0 if direction == "max" else 1.0
    cost = sign * np.asarray(values, dtype=np.float64)
    _check_grid(rate, cost)
    best = int(np.argmin(cost))
    lowest = float(cost[best])
    bar = lowest + tolerance
    decades = np.log10(rate)
    left, is_open_left = _basin_edge(decades[best::-1], cost[best::-1], bar)
    right, is_open_right = _basin_edge(decades[best:], cost[best:], bar)
    return Sensitivity(
        best_rate=float(rate[best]),
        best=sign * lowest,
        is_edge=best in (0, rate.size - 1),
        basin_width_decades=right - left,
        is_basin_open=is_open_left or is_open_right,
        mean_excess=float(np.mean(np.minimum(cost, max(lowest, sign * untrained)) - lowest)),
        default_regret=None if default is None else sign * default - lowest,
        n_rates=rate.size,
    )


def _check_grid(rate: NDArray[np.float64], cost: NDArray[np.float64]) -> None:
    if rate.ndim != 1 or rate.shape != cost.shape or rate.size == 0:
        raise ValueError(f"a grid needs one value per rate, not {cost.shape} values for {rate.shape} rates")
    if not (rate[0] > 0.0 and np.all(np.diff(rate) > 0.0)):
        raise ValueError(f"the rates of a grid must be above 0 and increase, but they are {rate.tolist()}")
    if np.isnan(cost).any():
        raise ValueError("a value is NaN. A rate that diverged has the worst value: inf, or -inf for max")
    if not math.isfinite(cost.min()):
        raise ValueError("no rate of the grid gave a score, so there is no best one. Extend it downwards.")


def _basin_edge(decades: NDArray[np.float64], cost: NDArray[np.float64], bar: float) -> tuple[float, bool]:
    """Return where the cost first exceeds the bar on the way from the best rate, and whether it never does.

    Between the last rate inside and the first outside the cost is taken as a line in the logarithm of the
    rate. Towards an infinite cost that line leaves the bar at the last rate inside.
    """
    outside = np.flatnonzero(cost > bar)
    if outside.size == 0:
        return float(decades[-1]), True
    first = int(outside[0])
    inside = first - 1
    way = (bar - cost[inside]) / (cost[first] - cost[inside])
    return float(decades[inside] + way * (decades[first] - decades[inside])), False
