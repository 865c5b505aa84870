"""Bootstrap intervals: stratified percentiles for many cases. They are seeded.

Equal input gives equal output: the resamples come from Philox under a fixed key, never from a global state.
"""

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Interval = tuple[float, float]
UNBOUNDED: Interval = (-math.inf, math.inf)
N_RESAMPLES = 10_000
_AT_ONCE = 2**18  # values drawn again at once: they stay in the cache, and 1,000 seeds of ten cases in memory


class Statistic(Protocol):
    """A statistic along an axis of an array, as ``np.mean``; along the last one the values are sorted."""

    def __call__(self, values: NDArray[np.float64], /, *, axis: int) -> Any: ...


def resample_indices(n: int, *, n_resamples: int = N_RESAMPLES, seed: int = 0) -> NDArray[np.int64]:
    """Return ``n_resamples`` rows of ``n`` positions drawn with replacement."""
    return np.random.Generator(np.random.Philox(key=seed)).integers(0, n, (n_resamples, n))


def stratified_interval(
    strata: Sequence[ArrayLike],
    *,
    statistic: Statistic,
    confidence: float = 0.95,
    n_resamples: int = 2_000,
    seed: int = 0,
) -> Interval:
    """Return the percentile interval of a statistic of the pooled values, resampled within each stratum.

    A stratum is one case: its seeds are exchangeable among themselves and not with those of another case
    (Agarwal et al. 2021, NeurIPS 34). Infinities take part. One value in every stratum gives the whole line.
    """
    samples = [as_sample(stratum) for stratum in strata]
    if all(sample.size < 2 for sample in samples):
        return UNBOUNDED
    resampled = [statistic(rows, axis=-1) for rows in _resampled(samples, n_resamples, seed)]
    return percentile_interval(np.concatenate(resampled), confidence=confidence)


def _resampled(
    samples: Sequence[NDArray[np.float64]], n_resamples: int, seed: int
) -> Iterator[NDArray[np.float64]]:
    """Yield resamples of the pooled values, some rows at once and each row sorted.

    What was drawn of each value says how often it stands in a row, so that nothing has to be sorted again.
    """
    pooled = np.concatenate(samples)
    order = np.argsort(pooled)
    levels, first = np.unique(pooled[order], return_index=True)
    drawn = [
        resample_counts(sample.size, n_resamples=n_resamples, seed=seed + position)
        for position, sample in enumerate(samples)
    ]
    step = max(1, _AT_ONCE // pooled.size)
    for start in range(0, n_resamples, step):
        counts = np.concatenate([of_sample[:, start : start + step] for of_sample in drawn])[order]
        counts = np.add.reduceat(counts, first, axis=0, dtype=np.intp).T
        yield np.repeat(np.tile(levels, len(counts)), counts.ravel()).reshape(len(counts), pooled.size)


@lru_cache(maxsize=64)  # every configuration is drawn again in the same way
def resample_counts(n: int, *, n_resamples: int, seed: int) -> NDArray[np.unsignedinteger[Any]]:
    """Return how often ``resample_indices`` draws each of n positions (rows) in each resample (columns)."""
    places = resample_indices(n, n_resamples=n_resamples, seed=seed)
    places += n * np.arange(n_resamples)[:, np.newaxis]
    return packed(np.bincount(places.ravel(), minlength=n_resamples * n).reshape(n_resamples, n))


def packed(counts: NDArray[np.int64]) -> NDArray[np.unsignedinteger[Any]]:
    """Return counts (resamples, n) as (n, resamples), read-only and in as few bytes as they need."""
    small = np.ascontiguousarray(counts.T, dtype=np.min_scalar_type(counts.max(initial=0)))
    small.setflags(write=False)
    return small


def percentile_interval(resampled: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Return the central share of resampled values, by nearest rank."""
    # No interpolation between ranks: between -inf and a number it would give NaN.
    tail = 0.5 * (1.0 - confidence)
    low, high = np.quantile(np.asarray(resampled), (tail, 1.0 - tail), method="inverted_cdf")
    return float(low), float(high)


def interquartile_mean(values: ArrayLike, *, axis: int = -1) -> Any:
    """Return the mean of what is left after a quarter of the values (rounded down) is cut from each end."""
    ordered = np.sort(np.asarray(values, dtype=np.float64), axis=axis)
    return middle_mean(np.moveaxis(ordered, axis, -1))


def middle_mean(ordered: NDArray[np.float64], /, *, axis: int = -1) -> Any:
    """Return the interquartile mean of values that are sorted along the last axis."""
    n = ordered.shape[axis]
    cut = n // 4
    return np.mean(ordered[..., cut : n - cut], axis=axis)


def as_sample(values: ArrayLike) -> NDArray[np.float64]:
    """Return the values as a float64 vector; infinities are values, NaN is a mistake."""
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1:
        raise ValueError(f"a sample is one row of numbers, but its shape is {sample.shape}")
    if np.isnan(sample).any():
        raise ValueError(
            f"value {int(np.argmax(np.isnan(sample)))} of the sample is NaN. Give a trial without a score"
            " the worst value: -inf where more is better, inf where less is."
        )
    return sample
