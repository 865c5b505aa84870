"""Bootstrap intervals: BCa for one sample, stratified percentiles for many cases. Both are seeded.

Equal input gives equal output: the resamples come from Philox under a fixed key, never from a global state.
"""

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnbench.statistics.estimation.distributions import normal_cdf, normal_quantile, t_quantile

Interval = tuple[float, float]
UNBOUNDED: Interval = (-math.inf, math.inf)
N_RESAMPLES = 10_000


class Statistic(Protocol):
    """A statistic that works along an axis of an array, as ``np.mean`` and ``np.median`` do."""

    def __call__(self, values: NDArray[np.float64], /, *, axis: int) -> Any: ...


def resample_indices(n: int, *, n_resamples: int = N_RESAMPLES, seed: int = 0) -> NDArray[np.int64]:
    """Return ``n_resamples`` rows of ``n`` positions drawn with replacement."""
    return np.random.Generator(np.random.Philox(key=seed)).integers(0, n, (n_resamples, n))


def bca_interval(
    values: ArrayLike,
    *,
    statistic: Statistic = np.mean,
    confidence: float = 0.95,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
    expanded: bool = False,
) -> Interval:
    """Return the bias-corrected and accelerated bootstrap interval of a statistic of one sample.

    Source: Efron (1987), J. Amer. Statist. Assoc. 82(397). A resample of n values is spread as if its
    variance were divided by n and not by n - 1, and without Student's heavier tails, so the interval
    of a small sample is too short; ``expanded`` takes the levels that make up for both (Hesterberg 2015,
    The American Statistician 69(4), section 4). Values that are all equal give an interval of no
    width; fewer than two values, or one that is infinite, give the whole line, since neither the resamples
    nor the jackknife can bound the statistic then.
    """
    sample = as_sample(values)
    if sample.size < 2 or not np.isfinite(sample).all():
        return UNBOUNDED
    if np.all(sample == sample[0]):
        exactly = float(statistic(sample, axis=-1))
        return exactly, exactly
    indices = resample_indices(sample.size, n_resamples=n_resamples, seed=seed)
    resampled = np.asarray(statistic(sample[indices], axis=-1), dtype=np.float64)
    low, high = _bca_levels(sample, resampled, statistic, confidence, expanded)
    low_value, high_value = np.quantile(resampled, (low, high))
    return float(low_value), float(high_value)


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


def _bca_levels(
    sample: NDArray[np.float64],
    resampled: NDArray[np.float64],
    statistic: Statistic,
    confidence: float,
    expanded: bool,
) -> Interval:
    """Return the two levels at which the resampled distribution is read."""
    observed = statistic(sample, axis=-1)
    share_below = (np.mean(resampled < observed) + np.mean(resampled <= observed)) / 2.0
    # A share of 0 or 1 has no finite z; half a resample is the least that could have been seen.
    least = 0.5 / resampled.size
    bias = normal_quantile(min(max(float(share_below), least), 1.0 - least))
    acceleration = _acceleration(sample, statistic)

    def level(z: float) -> float:
        return normal_cdf(bias + (bias + z) / (1.0 - acceleration * (bias + z)))

    z = normal_quantile(0.5 + 0.5 * confidence)
    if expanded:
        n = sample.size
        z = math.sqrt(n / (n - 1)) * t_quantile(0.5 + 0.5 * confidence, n - 1)
    return level(-z), level(z)


def _acceleration(sample: NDArray[np.float64], statistic: Statistic) -> float:
    """Return the jackknife estimate of the acceleration: the skewness of the influence values over 6."""
    n = sample.size
    kept = np.broadcast_to(sample, (n, n))[~np.eye(n, dtype=bool)].reshape(n, n - 1)
    without_one = np.asarray(statistic(kept, axis=-1), dtype=np.float64)
    influence = without_one.mean() - without_one
    spread = float(np.sum(influence**2))
    return 0.0 if spread == 0.0 else float(np.sum(influence**3)) / (6.0 * spread**1.5)
