"""What a curve over the evaluated steps says: area, steps to target, and the middle of many curves."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnbench.records.trials import Direction
from nnbench.statistics.estimation.bootstrap import interquartile_mean

_MOST_BESIDE = 3  # evaluations on either side of that which reaches the target, for its slope


@dataclass(frozen=True, slots=True)
class CurveBand:
    """The median curve over seeds, and the quartiles around it."""

    steps: NDArray[np.float64]
    low: NDArray[np.float64]
    median: NDArray[np.float64]
    high: NDArray[np.float64]
    n: int


def area_in_log_steps(steps: ArrayLike, values: ArrayLike) -> float:
    """Return the mean of the curve over the logarithm of the step, by the trapezoid rule.

    In units of the metric: ∫ value d(log step) / ∫ d(log step). Early steps weigh as much as late ones,
    decade by decade. An evaluation at step 0 has no logarithm and is left out; one point alone is its own
    mean.
    """
    at, value = _as_curve(steps, values)
    at, value = at[at > 0.0], value[at > 0.0]
    if at.size == 0:
        raise ValueError("the curve has no evaluation after step 0, so it has no area")
    if at.size == 1:
        return float(value[0])
    width = np.diff(np.log(at))
    return float(np.sum(0.5 * (value[1:] + value[:-1]) * width) / np.sum(width))


def steps_to_target(steps: ArrayLike, values: ArrayLike, target: float, *, direction: Direction) -> float:
    """Return the first evaluated step whose value reaches the target; infinity if none does.

    Nothing is interpolated: between two evaluations the value is unknown.
    """
    at, value = _as_curve(steps, values)
    place = first_to_reach(value, target, direction=direction)
    return math.inf if place is None else float(at[place])


def first_to_reach(values: NDArray[np.float64], target: float, *, direction: Direction) -> int | None:
    """Return the place of the first value that reaches the target, or None."""
    has_reached = _reaches(values, target, direction)
    place = int(has_reached.argmax()) if has_reached.size else 0
    return place if has_reached.size and has_reached[place] else None


def is_kept(values: ArrayLike, target: float, *, direction: Direction) -> bool:
    """Return whether the curve stands at the target at its end: reached and still there."""
    value = np.asarray(values, dtype=np.float64)
    return bool(value.size) and bool(_reaches(value[-1:], target, direction)[0])


def exchange_rate(
    steps: ArrayLike, curves: Sequence[ArrayLike], target: float, *, direction: Direction
) -> float | None:
    """Return how much of the metric a step is worth near the target: the size of the curve's slope there.

    The curve is the interquartile mean over the seeds, which a stuck seed does not bend, nor the steps in
    which an accuracy on few examples moves. Its slope is that of least squares over the evaluation that first
    reaches the target and up to three on either side, equally many. None: it never gets there, or does not
    get better there.
    """
    at, middle = _as_curve(steps, interquartile_mean(np.asarray(curves, dtype=np.float64), axis=0))
    first = first_to_reach(middle, target, direction=direction)
    if at.size < 2 or first is None:
        return None
    half = max(1, min(_MOST_BESIDE, first, at.size - 1 - first))
    near = slice(max(0, first - half), first + half + 1)
    distance = at[near] - at[near].mean()
    # Less a value of its own, so that a flat curve has a slope of 0 and not of a last bit.
    slope = float(distance @ (middle[near] - middle[first])) / float(distance @ distance)
    gain = slope if direction == "max" else -slope
    return gain if gain > 0.0 else None


def curve_band(steps: ArrayLike, curves: Sequence[ArrayLike], *, direction: Direction) -> CurveBand:
    """Return the median and the quartiles of the curves at every step.

    A curve that ends early or is not finite somewhere belongs to a trial that diverged; from there on it
    takes part as the worst value. The quartiles are values of the curves themselves, rounded outwards:
    between a number and infinity there is nothing to interpolate.
    """
    at = np.asarray(steps, dtype=np.float64)
    worst = -math.inf if direction == "max" else math.inf
    table = np.full((len(curves), at.size), worst)
    for row, curve in zip(table, curves, strict=True):
        value = np.asarray(curve, dtype=np.float64)
        if value.size > at.size:
            raise ValueError(f"a curve has {value.size} values for {at.size} steps")
        n_finite = value.size if np.isfinite(value).all() else int(np.argmin(np.isfinite(value)))
        row[:n_finite] = value[:n_finite]
    return CurveBand(
        steps=at,
        low=np.quantile(table, 0.25, axis=0, method="lower"),
        median=np.median(table, axis=0),
        high=np.quantile(table, 0.75, axis=0, method="higher"),
        n=len(curves),
    )


def _as_curve(steps: ArrayLike, values: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    at, value = np.asarray(steps, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if at.shape != value.shape or at.ndim != 1:
        raise ValueError(f"a curve needs one value per step, not {value.shape} values for {at.shape} steps")
    if np.any(np.diff(at) <= 0.0):
        raise ValueError("the evaluated steps must increase from one to the next")
    return at, value


def _reaches(values: NDArray[np.float64], target: float, direction: Direction) -> NDArray[np.bool_]:
    # NaN compares false either way: a value that is not a number reaches nothing.
    return values >= target if direction == "max" else values <= target
