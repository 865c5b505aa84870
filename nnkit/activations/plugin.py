"""Activations from outside: two Python functions, tried out before they are taken."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit.activations.record import Activation, BoundActivation
from nnkit.errors import InvalidArgument
from nnkit.jit import Kernel, explained

Array = NDArray[np.float64]

# Where values must be finite and slopes right: close by, where a net computes, and some places further out.
_POINTS = np.concatenate([np.linspace(-8.0, 8.0, 321), [0.0, 1e-3, -1e-3, 15.0, -15.0, 30.0, -30.0]])
# A slope may pass at any of these distances: at the first the rounding of values is small, at the last a
# steep function is still straight.
_DISTANCES = (1e-4, 1e-6, 1e-8)
_CLOSE = 1e-4  # of the difference quotients; 1 % is a mistake


def activation_of(
    name: str,
    *,
    value: Callable[..., Any],
    slope: Callable[..., Any],
    summary: str,
    formula: str,
    source: str,
) -> Activation:
    """Return the record of an activation, or say which of its two functions cannot be used and why."""
    where = f"activation {name!r}"
    part = Activation(
        name=name,
        summary=summary,
        formula=formula,
        source=source,
        value=_scalar_kernel(value, f"{where}, value"),
        slope=_scalar_kernel(slope, f"{where}, slope"),
        slope_of="input",
    )
    bound = BoundActivation(part, {})
    for dtype in (np.float32, np.float64):
        points = _POINTS.astype(dtype)
        with explained(f"{where}, value", part.value), np.errstate(all="ignore"):
            values = bound(points)
        with explained(f"{where}, slope", part.slope), np.errstate(all="ignore"):
            slopes = bound.gradient(points)
    _check_finite(f"{where}, value", values)
    _check_finite(f"{where}, slope", slopes)
    _check_slope(where, bound, slopes)
    return part


def _scalar_kernel(function: object, where: str) -> Kernel:
    if isinstance(function, Kernel):
        return function
    plain = getattr(function, "py_func", function)  # of a function that numba compiled already
    if not callable(plain):
        raise InvalidArgument(f"{where}: expected a function of one number, found {function!r}.")
    return Kernel(plain)


def _check_finite(where: str, found: Array) -> None:
    wrong = np.flatnonzero(~np.isfinite(found))
    if wrong.size:
        raise InvalidArgument(
            f"{where}: it must be finite, but is {found[wrong[0]]:g} at x = {_POINTS[wrong[0]]:g}."
        )


def _check_slope(where: str, value: Callable[[Array], Array], slopes: Array) -> None:
    """Raise InvalidArgument unless every slope lies between the difference quotients on both sides.

    So a kink may have the slope of either side, or one between them.
    """
    y, reach = value(_POINTS), np.maximum(1.0, np.abs(_POINTS))
    size = np.maximum(np.abs(y), min(1.0, np.abs(y).max()))
    right = np.zeros(len(_POINTS), dtype=bool)
    for distance in _DISTANCES:
        above, below = _POINTS + distance * reach, _POINTS - distance * reach
        rises = (value(above) - y) / (above - _POINTS), (y - value(below)) / (_POINTS - below)
        low, high = np.minimum(*rises), np.maximum(*rises)
        rounding = 64 * np.finfo(np.float64).eps * size / (distance * reach)
        slack = _CLOSE * np.maximum(np.abs(low), np.abs(high)) + rounding
        right |= (slopes >= low - slack) & (slopes <= high + slack)
    wrong = np.flatnonzero(~right)
    if wrong.size:
        x = _POINTS[wrong[0]]
        step = 1e-6 * max(1.0, abs(x))
        rise = np.diff(value(np.array([x - step, x + step]))).item() / (2 * step)
        raise InvalidArgument(
            f"{where}: its slope at x = {x:g} is {slopes[wrong[0]]:.6g}, but its value rises by {rise:.6g}"
            " there. The slope must be the derivative of the value, as a function of the input x."
        )
