"""Intervals in closed form, and the choice of one for a median.

All return ``(low, high)``. Where the data cannot bound a quantity (one value, say) the bound is infinite:
an interval of no width would claim a precision that was not measured.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnbench.statistics.estimation.bootstrap import UNBOUNDED, Interval, as_sample
from nnbench.statistics.estimation.distributions import normal_quantile, t_quantile

_LARGEST_SQUARED = 1e150


def t_interval(values: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Return Student's interval of the mean.

    Fewer than two values, or one that is infinite, give the whole line; equal values an interval of no width.
    """
    sample = as_sample(values)
    n = sample.size
    if n < 2 or not np.isfinite(sample).all():
        return UNBOUNDED
    mean = float(sample.mean())
    # Equal values first: their mean may differ from them in the last bit, and then so does the spread from 0.
    if np.all(sample == sample[0]):
        return float(sample[0]), float(sample[0])
    reach = t_quantile(0.5 + 0.5 * confidence, n - 1) * standard_deviation(sample) / math.sqrt(n)
    return mean - reach, mean + reach


def standard_deviation(sample: NDArray[np.float64]) -> float:
    """Return the sample's standard deviation, over n − 1; the values are two or more, and finite."""
    # Squares of values beyond 1e150 are infinite: those are measured by the largest of them.
    size = float(np.abs(sample).max())
    unit = size if _LARGEST_SQUARED < size < math.inf else 1.0
    return unit * float((sample / unit).std(ddof=1))


def wilson_interval(successes: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Return Wilson's score interval of a share. Its bound is exactly 0 at 0 % and exactly 1 at 100 %.

    Source: Wilson (1927), J. Amer. Statist. Assoc. 22(158). No trial at all gives (0, 1).
    """
    if not 0 <= successes <= n:
        raise ValueError(f"successes must lie between 0 and n = {n}, not {successes!r}")
    if n == 0:
        return 0.0, 1.0
    z = normal_quantile(0.5 + 0.5 * confidence)
    share = successes / n
    centre = share + z * z / (2 * n)
    reach = z * math.sqrt(share * (1.0 - share) / n + z * z / (4 * n * n))
    shrink = 1.0 + z * z / n
    low = 0.0 if successes == 0 else (centre - reach) / shrink
    high = 1.0 if successes == n else (centre + reach) / shrink
    return low, high


def clopper_pearson_interval(successes: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Return the exact interval of a share: the shares under which so few, or so many, are not too unlikely.

    Source: Clopper and Pearson (1934), Biometrika 26(4). No trial at all gives (0, 1).
    """
    if not 0 <= successes <= n:
        raise ValueError(f"successes must lie between 0 and n = {n}, not {successes!r}")
    tail = 0.5 * (1.0 - confidence)
    low = 0.0 if successes == 0 else _share_where(lambda p: 1.0 - _at_most(successes - 1, n, p) >= tail)
    high = 1.0 if successes == n else _share_where(lambda p: _at_most(successes, n, p) < tail)
    return low, high


def _at_most(successes: int, n: int, share: float) -> float:
    """Return P(X <= successes) of a binomial X."""
    terms = (math.comb(n, k) * share**k * (1.0 - share) ** (n - k) for k in range(successes + 1))
    return math.fsum(terms)


def _share_where(holds: Callable[[float], bool]) -> float:
    """Return the smallest share from which on it holds, to the last bit."""
    low, high = 0.0, 1.0
    while (middle := 0.5 * (low + high)) not in (low, high):
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def order_statistic_interval(values: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Return the two order statistics that enclose the median with at least this confidence.

    It assumes nothing of the distribution, and infinities take part as values. The coverage is
    1 − 2 P(Binomial(n, ½) < k) for the k-th value from either end, so n values below six cannot reach 95 %:
    then the whole line is returned.
    """
    ordered = np.sort(as_sample(values))
    n = ordered.size
    rank = _outermost_rank(n, 0.5 * (1.0 - confidence))
    if rank == 0:
        return UNBOUNDED
    return float(ordered[rank - 1]), float(ordered[n - rank])


def median_interval(values: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Return an interval of the median: by order statistics where they reach the confidence, else Student's.

    Student's takes the distribution to be symmetric, which two to five values cannot contradict. With
    infinities among so few values the median cannot be bounded, and the whole line is returned.
    """
    sample = as_sample(values)
    if _outermost_rank(sample.size, 0.5 * (1.0 - confidence)) > 0:
        return order_statistic_interval(sample, confidence=confidence)
    return t_interval(sample, confidence=confidence)


def _outermost_rank(n: int, tail: float) -> int:
    """Return the largest k with P(Binomial(n, ½) < k) <= tail; 0 where not even the extremes reach it."""
    # Whole numbers, so that a tail that is met exactly counts as met, and no n overflows.
    allowed = math.floor(tail * 2**n) if n < 1000 else int(tail * 2.0**1000) << (n - 1000)
    below, rank, count = 0, 0, 1
    while rank < n and below + count <= allowed:
        below += count
        count = count * (n - rank) // (rank + 1)
        rank += 1
    return rank
