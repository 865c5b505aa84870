"""How a configuration bears a learning rate that is not its best: basin width and mean excess."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnbench.records.trials import Direction
from nnbench.statistics.estimation.bootstrap import Interval, percentile_interval, resample_indices

_UNKNOWN: Interval = (math.nan, math.nan)
_N_RESAMPLES = 1_000


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What a grid of learning rates says of one configuration."""

    basin_width_decades: float  # around the best rate, where f is within the tolerance of f*
    basin: Interval  # the rates at its ends
    is_basin_open: bool  # the basin runs off the grid, so its width is a lower bound
    mean_excess: float  # mean over the grid of min(f, f0) − f*, counted so that more is worse


def sensitivity(
    rates: ArrayLike,
    values: ArrayLike,
    *,
    direction: Direction,
    untrained: float,
    tolerance: float,
    default: float | None = None,
    even: ArrayLike | None = None,
    losses: ArrayLike | None = None,
) -> Sensitivity:
    """Return the sensitivity to the learning rate from values f on a grid, evenly spaced in its logarithm.

    ``values`` are means over seeds, infinite in the bad direction where nothing scored. ``untrained`` is
    f0, the value of a model that learnt nothing: no rate counts as worse, or one divergence would drown the
    mean. ``tolerance`` is in units of the metric; the case's noticeable difference is a good one. ``even``
    marks the even grid where ``rates`` has others too: those say more of the basin, and would make the mean
    excess small. ``losses`` choose among equal values, and then it is the rate nearest to ``default``.
    """
    rate = np.asarray(rates, dtype=np.float64)
    sign = -1.0 if direction == "max" else 1.0
    cost = sign * np.asarray(values, dtype=np.float64)
    _check_grid(rate, cost)
    best = best_index(values, direction=direction, losses=losses, away=distances(rate, default))
    lowest = float(cost[best])
    bar = lowest + tolerance
    counted = cost if even is None else cost[np.asarray(even, dtype=np.bool_)]
    decades = np.log10(rate)
    left, is_open_left = _basin_edge(decades[best::-1], cost[best::-1], bar)
    right, is_open_right = _basin_edge(decades[best:], cost[best:], bar)
    return Sensitivity(
        basin_width_decades=right - left,
        basin=(10.0**left, 10.0**right),
        is_basin_open=is_open_left or is_open_right,
        mean_excess=float(np.mean(np.minimum(counted, max(lowest, sign * untrained)) - lowest)),
    )


def best_index(
    values: ArrayLike,
    *,
    direction: Direction,
    losses: ArrayLike | None = None,
    away: ArrayLike | None = None,
) -> int:
    """Return where the best value is: of several the one with the least loss, then the least ``away``.

    Accuracies tie often, and a classifier may stay as accurate at any rate however large, while its loss
    explodes. Where losses tie as well the rates are as good as each other, and an end of them is no better
    than the default: ``away`` says how far each is from that. Without any difference it is the first.
    """
    cost = (-1.0 if direction == "max" else 1.0) * np.asarray(values, dtype=np.float64)
    ties = [np.zeros_like(cost) if each is None else np.asarray(each) for each in (away, losses)]
    return int(np.lexsort((*ties, cost))[0])


def distances(rates: ArrayLike, default: float | None) -> NDArray[np.float64] | None:
    """Return how many decades each rate is away from the default; None without a default."""
    if default is None:
        return None
    return np.abs(np.log10(np.asarray(rates, dtype=np.float64)) - math.log10(default))


def intervals_over_seeds(
    measure: Callable[[ArrayLike], Sensitivity],
    scores: ArrayLike,
    *,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[Interval, Interval]:
    """Return intervals of the basin width and of the mean excess, from a (rates, seeds) table of scores.

    ``measure`` is ``sensitivity`` of the means. The seeds are drawn again, each for all rates at once. A
    confidence of 1 gives the range of all draws, which is what few seeds allow. One seed bounds neither.
    """
    table = np.asarray(scores, dtype=np.float64)
    n_seeds = table.shape[1]
    if n_seeds < 2:
        return _UNKNOWN, _UNKNOWN
    # Few seeds can be drawn in few ways: each way is computed once, and counted.
    drawn = np.sort(resample_indices(n_seeds, n_resamples=_N_RESAMPLES, seed=seed), axis=1)
    ways, times = np.unique(drawn, axis=0, return_counts=True)
    found = [measure(values) for values in table[:, ways].mean(axis=2).T]
    widths = np.repeat([each.basin_width_decades for each in found], times)
    excesses = np.repeat([each.mean_excess for each in found], times)
    return (
        percentile_interval(widths, confidence=confidence),
        percentile_interval(excesses, confidence=confidence),
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
