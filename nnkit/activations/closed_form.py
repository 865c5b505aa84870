"""What activations are measured by where values, slopes or averages are known by hand.

Every measure takes whatever has the two methods of `BoundActivation`: ``a(x)`` and ``a.gradient(x)``.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnkit.registry import ClosedForm, Value

Array = NDArray[np.float64]

# Panels between multiples of 1/2, where kinks may lie; the normal density is 1e-31 at the ends.
_EDGES = np.arange(-12.0, 12.5, 0.5)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)


def values(claim: str, x: ArrayLike, expected: Any, /, **options: Value) -> ClosedForm:
    """Return the closed form that values at ``x`` are ``expected``."""
    return ClosedForm(claim, lambda a: np.asarray(a(np.asarray(x, np.float64))), expected, options)


def slopes(claim: str, x: ArrayLike, expected: Any, /, **options: Value) -> ClosedForm:
    """Return the closed form that derivatives at ``x`` are ``expected``."""
    return ClosedForm(claim, lambda a: np.asarray(a.gradient(np.asarray(x, np.float64))), expected, options)


def both(claim: str, x: ArrayLike, expected: Any, slope: Any, /, **options: Value) -> ClosedForm:
    """Return the closed form of values and derivatives at ``x``, in this order."""
    points = np.asarray(x, np.float64)
    return ClosedForm(
        claim,
        lambda a: np.stack([a(points), a.gradient(points)]),
        (lambda p: np.stack([expected(p), slope(p)])) if callable(expected) else np.array([expected, slope]),
        options,
    )


def identity(claim: str, difference: Callable[[Any, Array], ArrayLike], /, **options: Value) -> ClosedForm:
    """Return the closed form that ``difference(a, x)`` is 0 at numbers of both signs, beside their size."""
    x = np.concatenate([np.geomspace(0.01, 6.0, 7), -np.geomspace(0.013, 5.0, 7), [0.5, -0.5, 1.25, -1.25]])
    size = 1.0 + np.abs(x)
    return ClosedForm(
        claim, lambda a: 1.0 + np.asarray(difference(a, x)) / size, np.ones(len(x)), options, 1e-13
    )


def averages(
    claim: str, mean: float | None, square: float, slope_square: float, /, **options: Value
) -> ClosedForm:
    """Return the closed form of E f, E f**2 and E f'**2 for a standard normal input; None: not held."""
    skipped = int(mean is None)
    expected = np.array([0.0 if mean is None else mean, square, slope_square])[skipped:]
    return ClosedForm(claim, lambda a: normal_averages(a)[skipped:], expected, options, 1e-11)


def gain(value: float, chi: float, /, **options: Value) -> ClosedForm:
    """Return the closed form of the gain that keeps variance 1, and of chi there, to ten digits."""

    def measure(activation: Any) -> Array:
        _, square, slope_square = normal_averages(activation)
        return np.array([square**-0.5, slope_square / square])

    claim = f"the gain that keeps variance 1 is {value:.6g}, with chi = {chi:.5g}"
    return ClosedForm(claim, measure, np.array([value, chi]), options, 1e-9)


def normal_averages(activation: Any) -> Array:
    """Return E f, E f**2 and E f'**2 for a standard normal input, by Gauss-Legendre in panels."""
    half = (_EDGES[1:] - _EDGES[:-1])[:, None] / 2
    z = _EDGES[:-1, None] + half * (1.0 + _NODES)
    weights = half * _WEIGHTS * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    f, slope = activation(z), activation.gradient(z)
    return np.array([np.sum(weights * each) for each in (f, f**2, slope**2)])
