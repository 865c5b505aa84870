"""Is the head slower than the base by more than a margin? Pairs of processes, on the scale of the logarithm.

x_i = log(head_i / base_i) of pair i; Student's t over the pairs. "Slower" is called where the mean lies above
log(1 + margin) at the level of the look, shared out over a family as Holm does (1979, Scand. J. Statist.
6(2)); "not slower" where the 95 % interval lies below it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nnbench.statistics.estimation.bootstrap import as_sample
from nnbench.statistics.estimation.distributions import t_quantile, t_two_sided_p
from nnbench.statistics.estimation.intervals import t_interval


@dataclass(frozen=True, slots=True)
class DuetLook:
    """What pairs of log ratios say."""

    n: int
    ratio: float  # head ÷ base, the geometric mean
    interval: tuple[float, float]  # of the ratio, 95 %
    p_above_one: float  # of "slower at all", one-sided
    p_slower: float  # of "slower by more than the margin", one-sided
    p_faster: float
    sd: float  # of the log ratio between pairs


def look_at_duets(log_ratios: ArrayLike, *, margin: float) -> DuetLook:
    """Judge pairs by the logarithms of their ratios; ``margin`` is a share of the ratio, 0.03 say."""
    sample = as_sample(log_ratios)
    low, high = t_interval(sample)
    limit = math.log1p(margin)
    return DuetLook(
        n=int(sample.size),
        ratio=math.exp(float(sample.mean())),
        interval=(math.exp(low), _exp(high)),
        p_above_one=_p_above(sample, 0.0),
        p_slower=_p_above(sample, limit),
        p_faster=_p_above(-sample, limit),
        sd=float(sample.std(ddof=1)) if sample.size > 1 else math.inf,
    )


def smallest_visible(sd: float, n: int, margin: float, *, level: float) -> float:
    """Return what n pairs call half of the time: (1 + margin) exp(t(1 − level; n − 1) sd / sqrt(n)) − 1."""
    if n < 2 or not math.isfinite(sd):
        return math.inf
    return math.expm1(math.log1p(margin) + t_quantile(1.0 - level, n - 1) * sd / math.sqrt(n))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p values of a family, adjusted by Holm's step-down procedure, in the order given."""
    order = np.argsort(p_values, kind="stable")
    adjusted = [0.0] * len(p_values)
    so_far = 0.0
    for place, index in enumerate(order):
        so_far = max(so_far, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = so_far
    return adjusted


def _p_above(sample: "np.typing.NDArray[np.float64]", limit: float) -> float:
    """Return the p value of "the mean lies above the limit" against "not above"."""
    if sample.size < 2:
        return 1.0
    excess, sd = float(sample.mean()) - limit, float(sample.std(ddof=1))
    if sd == 0.0:
        return 0.0 if excess > 0.0 else 1.0
    half = 0.5 * t_two_sided_p(excess / sd * math.sqrt(sample.size), sample.size - 1)
    return half if excess > 0.0 else 1.0 - half


def _exp(value: float) -> float:
    return math.exp(value) if value < 700.0 else math.inf
