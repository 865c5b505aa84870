"""Is the head worse than the base by more than a margin? Pairs by seed, looks that were fixed beforehand.

The differences are head minus base, turned so that more is better. Up to 14 pairs the test flips signs, all
of them, which takes nothing for granted but symmetry; beyond, it is Student's t on a scale on which the
metric has no end (the logit of a share, the logarithm of a loss). "Worse by more than the margin" is called
at 1 % in all, spent over the looks as O'Brien and Fleming do (Lan and DeMets 1983, Biometrika 70(3)) and
added up by Bonferroni's inequality; "not worse" is the lower end of the 95 % interval above the margin. With
six pairs no sign flip has less than 1/64, so that a first look can say "not worse", or go on.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nnbench.statistics.estimation.distributions import (
    normal_cdf,
    normal_quantile,
    t_quantile,
    t_two_sided_p,
)

LEVEL = 0.01  # of "worse", one-sided, over all looks
CONFIDENCE = 0.95
MOST_FLIPPED = 14  # pairs: 16,384 sign flips
Called = Literal["worse", "not_worse", "better", "cannot_tell"]
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Look:
    """What the pairs so far say. ``difference`` and ``interval`` are head − base in the metric's unit."""

    called: Called
    n: int
    difference: float
    interval: tuple[float, float]
    p_worse: float  # of "worse by more than the margin"
    mde: float  # the smallest worsening that as many such pairs would have shown, in the metric's unit
    correlation: float  # of base and head over the seeds; NaN where one of them does not vary


def spent(level: float, looks: Sequence[int]) -> list[float]:
    """Return the share of the level for each look: alpha(t) = 2 (1 − Phi(z_{1−level/2} / sqrt(t)))."""
    z = normal_quantile(1.0 - level / 2.0)
    upto = [2.0 * (1.0 - normal_cdf(z / math.sqrt(look / looks[-1]))) for look in looks]
    return [now - before for now, before in zip(upto, [0.0, *upto[:-1]], strict=True)]


def look_at(
    base: Sequence[float], head: Sequence[float], *, margin: float, is_better_higher: bool, level: float
) -> Look:
    """Judge pairs of finite metrics; ``level`` is what this look may spend on "worse"."""
    a, b = np.asarray(base, dtype=np.float64), np.asarray(head, dtype=np.float64)
    sign = 1.0 if is_better_higher else -1.0
    to_scale, back = _scale(a, b) if a.size > MOST_FLIPPED else (_as_it_is, _as_it_is)
    centre = float(a.mean())
    differences = sign * (to_scale(b) - to_scale(a))
    limit = abs(_one(to_scale, centre) - _margin_end(to_scale, centre, sign * margin))
    low, high = _interval(differences)
    se = float(differences.std(ddof=1)) / math.sqrt(a.size)
    p_worse = _p_below(differences, -limit)
    if p_worse <= level:
        called: Called = "worse"
    elif low > limit:
        called = "better"
    else:
        called = "not_worse" if low > -limit else "cannot_tell"
    reach = limit + (t_quantile(1.0 - level, a.size - 1) if 0.0 < level < 0.5 else math.inf) * se

    def in_unit(shift: float) -> float:
        return _one(back, _one(to_scale, centre) + sign * shift) - centre

    ends = sorted((in_unit(low), in_unit(high)))
    return Look(
        called,
        int(a.size),
        in_unit(float(differences.mean())),
        (ends[0], ends[1]),
        p_worse,
        abs(in_unit(-reach)),
        _correlation(a, b),
    )


def _margin_end(to_scale: Callable[[Array], Array], centre: float, margin: float) -> float:
    """Return the value a margin below the centre (above it, of a loss), as far as the scale reaches."""
    worse = _one(to_scale, centre - margin)
    # A margin wider than the share itself has no logit: then it is as far on the other side.
    return worse if math.isfinite(worse) else 2.0 * _one(to_scale, centre) - _one(to_scale, centre + margin)


def _scale(a: Array, b: Array) -> tuple[Callable[[Array], Array], Callable[[Array], Array]]:
    both = np.concatenate([a, b])
    if np.all((both > 0.0) & (both < 1.0)):
        return _logit, _share
    if np.all(both > 0.0):
        return np.log, np.exp
    return _as_it_is, _as_it_is


def _as_it_is(values: Array) -> Array:
    return values


def _logit(values: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(values / (1.0 - values))


def _share(values: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-values))


def _one(function: Callable[[Array], Array], value: float) -> float:
    return float(function(np.array([value]))[0])


def _p_below(differences: Array, limit: float) -> float:
    """Return the p value of "the mean lies below the limit" against "not below"."""
    shifted = differences - limit
    if differences.size <= MOST_FLIPPED:
        return _flipped_p(shifted)
    deviation = float(shifted.std(ddof=1))
    if deviation == 0.0:
        return 0.0 if shifted[0] < 0.0 else 1.0
    t = float(shifted.mean()) / deviation * math.sqrt(shifted.size)
    half = 0.5 * t_two_sided_p(t, shifted.size - 1)
    return half if t < 0.0 else 1.0 - half


def _flipped_p(shifted: Array) -> float:
    """Return the share of all sign flips whose sum is at most the observed one."""
    sums = _flipped_sums(np.abs(shifted))
    slack = 1e-12 * float(np.abs(shifted).sum())  # equal sums differ by rounding
    return float(np.mean(sums <= float(shifted.sum()) + slack))


def _flipped_sums(sizes: Array) -> Array:
    sums = np.zeros(1)
    for size in sizes:
        sums = np.concatenate([sums - size, sums + size])
    return sums


def _interval(differences: Array) -> tuple[float, float]:
    """Return the 95 % interval of the mean: all limits that the test rejects on neither side."""
    n, tail = differences.size, 0.5 * (1.0 - CONFIDENCE)
    if n > MOST_FLIPPED:
        reach = t_quantile(1.0 - tail, n - 1) * float(differences.std(ddof=1)) / math.sqrt(n)
        return float(differences.mean()) - reach, float(differences.mean()) + reach
    if 0.5**n > tail:
        return -math.inf, math.inf
    return -_end(-differences, tail), _end(differences, tail)


def _end(differences: Array, tail: float) -> float:
    """Return the smallest limit that "below the limit" is accepted for, to 1e-6 of the spread."""
    low, high = float(differences.min()), float(differences.max())
    high += 1e-9 * max(1e-12, high - low)
    if _p_below(differences, high) > tail:
        return high
    for _ in range(20):
        middle = 0.5 * (low + high)
        if _p_below(differences, middle) <= tail:
            high = middle
        else:
            low = middle
    return high


def _correlation(a: Array, b: Array) -> float:
    if a.size < 3 or a.std() == 0.0 or b.std() == 0.0:
        return math.nan
    return float(np.corrcoef(a, b)[0, 1])
