"""Where a path ended, and why."""

from dataclasses import dataclass

import numpy as np

from nnbench.records.descent import End
from nnbench.reporting.digits import number
from nnkit.functions import Function, Vector

_SHARE = 1 / 200  # of the picture's width: nearer than this, two points are one on it
_FLAT = 1e-9  # an eigenvalue this small beside the largest says nothing of its sign


@dataclass(frozen=True, slots=True)
class Ending:
    """The word, the reason, and the step from which on the path stays at its end; None: it never does."""

    end: End
    why: str
    settled: int | None


def nearness(function: Function, start: Vector) -> float:
    """Return how near counts as there: a two-hundredth of the picture's width, or of the way to go."""
    if function.domain is not None:
        return (function.domain[1] - function.domain[0]) * _SHARE
    return float(np.linalg.norm(function.minima()[0] - start)) * _SHARE


def ending(function: Function, points: Vector, values: Vector, n_asked: int) -> Ending:
    """Return how a path ended.

    It arrived where Newton's step, an estimate of how far the nearest stationary point is, and its own last
    step are both shorter than ``nearness``. The Hessian's eigenvalues say what kind of point that is.
    """
    near, last = nearness(function, points[0]), points[-1]
    n = len(points) - 1
    if n < n_asked or not np.isfinite(values[-1]):
        return Ending("diverged", f"left the finite numbers at step {n + 1}", None)
    if _runs_away(values, points):
        return Ending("diverged", f"climbs: {number(values[-1])} from {number(values[0])} at the start", None)
    if _falls_forever(function, points):
        return Ending("diverged", "falls without end: this function has no minimum", None)
    with np.errstate(all="ignore"):
        gradient, hessian = function.gradient(last), function.curvature(last)
        step = np.linalg.pinv(hessian, rcond=_FLAT, hermitian=True) @ gradient
    slope = float(np.linalg.norm(gradient))
    moved = float(np.linalg.norm(points[-1] - points[-2])) if n else 0.0
    is_there = float(np.linalg.norm(step)) <= near and moved <= near
    # Where the curvature is 0 in the gradient's direction, Newton's step says nothing.
    if not is_there or slope > float(np.linalg.norm(hessian)) * near:
        return Ending("running", _still_running(function, last, slope, moved, near), None)
    return _arrived(function, points, float(values[-1]), hessian, slope)


def _arrived(function: Function, points: Vector, value: float, hessian: Vector, slope: float) -> Ending:
    near, last = nearness(function, points[0]), points[-1]
    settled = _settled(points, near)
    lowest, highest = (float(each) for each in np.linalg.eigvalsh(hessian)[[0, -1]])
    flat = f"gradient {number(slope)}"
    distances = np.linalg.norm(function.minima() - last, axis=1)
    if distances.size and distances.min() <= 2 * near:
        return Ending("converged", f"{number(float(distances.min()))} from the minimum", settled)
    if lowest < -_FLAT * max(abs(highest), 1.0) or _is_listed_saddle(function, last, near):
        return Ending("saddle", f"{flat}, curvature {number(lowest)} along one axis", settled)
    if distances.size:
        above = value - float(function.value(function.minima()[0]))
        return Ending("local_minimum", f"{flat}; {number(above)} above the least value", settled)
    return Ending("converged", f"{flat}, curvatures from {number(lowest)}", settled)


def _is_listed_saddle(function: Function, point: Vector, near: float) -> bool:
    """Return whether a point is at a known saddle whose Hessian need not show it, as the monkey's."""
    others = function.others()
    close = [other for other in others if np.linalg.norm(other - point) <= 2 * near]
    return any(np.linalg.eigvalsh(function.curvature(other))[0] <= 0 for other in close)


def _runs_away(values: Vector, points: Vector) -> bool:
    """Return whether it is higher than at its start, and still climbing away from there."""
    half = len(values) // 2
    if len(values) < 4 or values[-1] <= values[0]:
        return False
    away = np.linalg.norm(points - points[0], axis=1)
    return bool(values[half:].max() > values[:half].max() and away[half:].max() > away[:half].max())


def _falls_forever(function: Function, points: Vector) -> bool:
    if len(function.minima()) or function.domain is None:
        return False
    left, right, bottom, top = function.domain
    x, y = points[-1]
    wide, high = right - left, top - bottom
    return not (left - wide <= x <= right + wide and bottom - high <= y <= top + high)


def _settled(points: Vector, near: float) -> int:
    """Return the step from which on the path stays near its last point."""
    away = np.flatnonzero(np.linalg.norm(points - points[-1], axis=1) > 2 * near)
    return int(away[-1]) + 1 if away.size else 0


def _still_running(function: Function, point: Vector, slope: float, moved: float, near: float) -> str:
    distances = np.linalg.norm(function.minima() - point, axis=1)
    place = f"{number(float(distances.min()))} from the minimum, " if distances.size else ""
    if moved > near:
        return f"{place}and still moves by {number(moved)} a step"
    return f"{place}gradient {number(slope)}, a step is {number(moved)}"
