"""Performance profiles over many cases, and the score that is their area.

Source: Dolan and Moré (2002), Math. Program. 91. Costs are steps (or seconds) to target; a trial that never
reached it costs infinity. Ratios are to the best of the set compared, so the set belongs beside every number:
adding a member moves everyone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnbench.statistics.estimation.bootstrap import Interval, percentile_interval, resample_counts

R_MAX = 4.0
_N_RESAMPLES = 1_000


@dataclass(frozen=True, slots=True)
class PerformanceProfile:
    """One configuration's share of cases within a factor of the best, and the area under it."""

    factors: NDArray[np.float64]
    share: NDArray[np.float64]  # of cases with ratio <= factor
    low: NDArray[np.float64]  # pointwise bootstrap band over seeds
    high: NDArray[np.float64]
    score: float
    score_interval: Interval
    n_cases: int


def performance_ratios(costs: ArrayLike) -> NDArray[np.float64]:
    """Return each cost over the least of its case; (cases, configurations, …) in and out.

    A case that no configuration solved has infinite ratios throughout, and no best.
    """
    table = np.asarray(costs, dtype=np.float64)
    if not np.all(table > 0.0):
        raise ValueError("a cost must be above 0, and infinite where the target was never reached")
    best = table.min(axis=1, keepdims=True)
    # inf / inf would be NaN; dividing by 1 keeps the infinity.
    return np.asarray(table / np.where(np.isinf(best), 1.0, best), dtype=np.float64)


def profile_scores(ratios: ArrayLike, *, r_max: float = R_MAX) -> NDArray[np.float64]:
    """Return the mean over cases of max(0, (r_max − r) / (r_max − 1)).

    This is the area under the profile between 1 and r_max over its width, exactly: each case's step from 0 to
    1 at r adds r_max − r. Best at every case scores 1.
    """
    table = np.asarray(ratios, dtype=np.float64)
    return np.asarray(np.maximum(0.0, (r_max - table) / (r_max - 1.0)).mean(axis=0), dtype=np.float64)


def performance_profiles(
    costs: Sequence[ArrayLike], *, r_max: float = R_MAX, n_factors: int = 49
) -> list[PerformanceProfile]:
    """Return the profile of every configuration, from one (configurations, seeds) table of costs per case.

    A configuration's cost in a case is the median over its seeds. The bands come from drawing seeds again
    within each case; a seed is drawn for all configurations at once, since they share split and batches.
    With one seed everywhere nothing bounds a share, and the bands are 0 to 1.
    """
    tables = [np.asarray(table, dtype=np.float64) for table in costs]
    _check_same_height(tables)
    factors = np.linspace(1.0, r_max, n_factors)
    ratios = performance_ratios(np.stack([np.median(table, axis=1) for table in tables]))
    drawn = performance_ratios(
        np.stack([_drawn_medians(table, seed=position) for position, table in enumerate(tables)])
    )
    is_bounded = any(table.shape[1] > 1 for table in tables)
    return [
        _profile(ratios[:, i], drawn[:, i], factors, is_bounded=is_bounded) for i in range(ratios.shape[1])
    ]


def _profile(
    ratios: NDArray[np.float64],
    drawn: NDArray[np.float64],
    factors: NDArray[np.float64],
    *,
    is_bounded: bool,
) -> PerformanceProfile:
    """Return the profile of one configuration from its ratios (cases) and drawn ratios (cases, resamples)."""
    share, drawn_share, r_max = _shares(ratios, factors), _shares(drawn, factors), float(factors[-1])
    low, high = pointwise_band(drawn_share, is_bounded=is_bounded)
    interval = percentile_interval(profile_scores(drawn, r_max=r_max))
    return PerformanceProfile(
        factors=factors,
        share=share,
        low=low,
        high=high,
        score=float(profile_scores(ratios, r_max=r_max)),
        score_interval=interval if is_bounded else (0.0, 1.0),
        n_cases=ratios.size,
    )


def pointwise_band(drawn: NDArray[np.float64], *, is_bounded: bool) -> NDArray[np.float64]:
    """Return the two rows between which 95 % of the drawn shares (resamples first) lie at each place."""
    if not is_bounded:
        return np.repeat([[0.0], [1.0]], drawn.shape[1], axis=1)
    return np.asarray(np.quantile(drawn, (0.025, 0.975), axis=0, method="inverted_cdf"))


def _check_same_height(tables: Sequence[NDArray[np.float64]]) -> None:
    heights = sorted({table.shape[0] for table in tables})
    if len(heights) != 1:
        raise ValueError(f"every case must have the same configurations, but they number {heights}")


def _drawn_medians(table: NDArray[np.float64], *, seed: int) -> NDArray[np.float64]:
    """Return the medians over drawn seeds: (configurations, resamples)."""
    counts = resample_counts(table.shape[1], n_resamples=_N_RESAMPLES, seed=seed)
    return np.stack([_weighted_medians(row, counts) for row in table])


def _weighted_medians(
    row: NDArray[np.float64], counts: NDArray[np.unsignedinteger[Any]]
) -> NDArray[np.float64]:
    """Return the medians of the values under the columns of counts, which add up to their number."""
    order = np.argsort(row)
    levels, first = np.unique(row[order], return_index=True)
    up_to = np.cumsum(np.add.reduceat(counts[order], first, axis=0, dtype=np.uint32), axis=0, dtype=np.uint32)
    low, high = ((up_to <= middle).sum(axis=0) for middle in ((row.size - 1) // 2, row.size // 2))
    return np.asarray(0.5 * (levels[low] + levels[high]))


def _shares(ratios: NDArray[np.float64], factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of cases (first axis) within each factor, which becomes the last axis."""
    return np.asarray((ratios[..., np.newaxis] <= factors).mean(axis=0), dtype=np.float64)
