"""Powers, logarithms and cosines of float64 arrays from IEEE operations alone: the same bits everywhere.

NumPy's own ``**`` and ``cos`` differ in the last bit between CPUs and C libraries, and a learning rate that
differs in its last bit changes every digest. Importing this module imports no numba.

Accuracy    cosine 2 ulp; power relative 4e-16 * (2 + |exponent * log(base)|)
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# ln 2 in two parts: the first has so few bits that its products with small whole numbers are exact.
_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10


def power(base: Array | float, exponent: Array | float) -> Array:
    """Return ``base**exponent`` for a base of at least 0; 0 to the power 0 is 1."""
    base, exponent = np.broadcast_arrays(np.asarray(base, np.float64), np.asarray(exponent, np.float64))
    positive = base > 0.0
    high, low = _log(np.where(positive, base, 1.0))
    value = _exp(exponent * high, exponent * low)
    at_zero = np.where(exponent == 0.0, 1.0, np.where(exponent > 0.0, 0.0, np.inf))
    return np.where(exponent == 1.0, base, np.where(positive, value, at_zero))


def cosine_of_pi(x: Array | float) -> Array:
    """Return ``cos(pi * x)`` for x from 0 to 1."""
    x = np.asarray(x, np.float64)
    near_end = np.minimum(x, 1.0 - x)
    cosine = _cosine(np.pi * near_end)
    sine = _sine(np.pi * (0.5 - x))
    return np.where(np.abs(x - 0.5) <= 0.25, sine, np.where(x > 0.5, -cosine, cosine))


def _exp(high: Array, low: Array) -> Array:
    """Return ``exp(high + low)``; what is a multiple of ln 2 in ``high`` is taken off without rounding."""
    # Beyond these the result is infinite or 0 anyway, and the exponent would no longer fit its integer.
    whole = np.rint(np.clip(high + low, -800.0, 800.0) / (_LN2_HIGH + _LN2_LOW))
    rest = np.clip((high - whole * _LN2_HIGH) + (low - whole * _LN2_LOW), -1.0, 1.0)
    series = np.ones_like(rest)
    for n in range(14, 0, -1):
        series = 1.0 + rest * series / n
    with np.errstate(over="ignore", under="ignore"):
        return np.ldexp(series, whole.astype(np.int32))


def _log(x: Array) -> tuple[Array, Array]:
    """Return ``log(x)`` in two parts: the multiple of ln 2, rounded to few bits, and the rest."""
    significand, exponent = np.frexp(x)
    is_low = significand < 0.7071067811865476
    significand = np.where(is_low, 2.0 * significand, significand)
    exponent = exponent - is_low
    s = (significand - 1.0) / (significand + 1.0)
    series = np.zeros_like(s)
    for n in range(23, 2, -2):
        series = (series + 1.0 / n) * (s * s)
    return exponent * _LN2_HIGH, exponent * _LN2_LOW + (2.0 * s * series + 2.0 * s)


def _cosine(x: Array) -> Array:
    series = np.ones_like(x)
    for n in range(18, 0, -2):
        series = 1.0 - x * x * series / (n * (n - 1))
    return series


def _sine(x: Array) -> Array:
    series = np.ones_like(x)
    for n in range(19, 1, -2):
        series = 1.0 - x * x * series / (n * (n - 1))
    return x * series
