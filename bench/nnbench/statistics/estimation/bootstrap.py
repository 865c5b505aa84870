"""Bootstrap intervals: stratified percentiles for many cases. They are seeded.

Equal input gives equal output: the resamples come from Philox under a fixed key, never from a global state.
"""

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Interval = tuple[float, float]
UNBOUNDED: Interval = (-math.inf, math.inf)
N_RESAMPLES = 10_000


class Statistic(Protocol):
    """A statistic that works along an axis of an array, as ``np.mean`` and ``np.median`` do."""

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
    pooled = np.concatenate(
        [
            sample[resample_indices(sample.size, n_resamples=n_resamples, seed=seed + position)]
            for position, sample in enumerate(samples)
        ],
        axis=1,
    )
    return percentile_interval(statistic(pooled, axis=-1), confidence=confidence)


def percentile_interval(resampled: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Return the central share of resampled values, by nearest rank."""
    # No interpolation between ranks: between -inf and a number it would give NaN.
    tail = 0.5 * (1.0 - confidence)
    low, high = np.quantile(np.asarray(resampled), (tail, 1.0 - tail), method="inverted_cdf")
    return float(low), float(high)


def interquartile_mean(values: ArrayLike, *, axis: int = -1) -> Any:
    """Return the mean of what is left after a quarter of the values (rounded down) is cut from each end."""
    ordered = np.sort(np.asarray(values, dtype=np.float64), axis=axis)
    n = ordered.shape[axis]
    cut = n // 4
    return np.mean(np.take(ordered, np.arange(cut, n - cut), axis=axis), axis=axis)


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
