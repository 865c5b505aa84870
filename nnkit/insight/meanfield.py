"""Mean-field theory: what a wide net of random weights does to the variance of signals and gradients.

In a layer of many units the pre-activations are normal. With weights of variance ``gain**2 / fan_in`` and
activation phi, the variance q of one layer's pre-activations becomes

    gain**2 * E[phi(sqrt(q) z)**2] + bias_variance,    z standard normal,

in the next, and the mean square of the gradient is multiplied, on its way back between layers of equal
width, by the gradient factor

    chi = gain**2 * E[phi'(sqrt(q) z)**2].

Sources: Poole et al. (2016), arXiv:1606.05340; Schoenholz et al. (2017), arXiv:1611.01232.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nnkit.activations import BoundActivation
from nnkit.compiler.workbench import value_and_slope
from nnkit.errors import InvalidArgument
from nnkit.layers.activation import resolve_activation

Array = NDArray[np.float64]

HE_GAIN = math.sqrt(2.0)
# Beyond that many standard deviations the normal density is zero in float64.
_REACH = 38.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
_TOLERANCE = 1e-13
_MOST_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Moments:
    """Expectations over a normal pre-activation of mean 0."""

    mean: float  # of the activation
    square: float  # of its square
    slope_square: float  # of the square of its derivative


def moments(activation: str | BoundActivation, variance: float) -> Moments:
    """Return the moments of an activation of normal pre-activations with this variance."""
    if variance < 0.0 or math.isnan(variance):
        raise InvalidArgument(f"moments: the variance must be at least 0, found {variance!r}. Try 1.0.")
    if not math.isfinite(variance):
        return Moments(math.nan, math.inf, math.nan)
    return _moments(resolve_activation(activation), float(variance))


def next_variance(
    activation: str | BoundActivation, variance: float, *, gain: float, bias_variance: float = 0.0
) -> float:
    """Return the variance of the next layer's pre-activations."""
    return gain**2 * moments(activation, variance).square + bias_variance


def gradient_factor(activation: str | BoundActivation, variance: float, *, gain: float) -> float:
    """Return chi: above 1 gradients grow on their way back to the first layer, below 1 they vanish."""
    return gain**2 * moments(activation, variance).slope_square


def preserving_gain(activation: str | BoundActivation, variance: float = 1.0) -> float:
    """Return the gain that makes ``variance`` a fixed point of the variance map."""
    square = moments(activation, variance).square
    return math.sqrt(variance / square) if square > 0 else math.inf


def variance_after(
    activation: str | BoundActivation,
    n_layers: int,
    *,
    gain: float,
    variance: float = 1.0,
    bias_variance: float = 0.0,
) -> float:
    """Return the variance of the pre-activations ``n_layers`` further on."""
    if n_layers < 0:
        raise InvalidArgument(f"variance_after: n_layers must be at least 0, found {n_layers!r}.")
    for _ in range(n_layers):
        variance = next_variance(activation, variance, gain=gain, bias_variance=bias_variance)
    return variance


# -- integration --------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _moments(activation: BoundActivation, variance: float) -> Moments:
    """Integrate piece by piece, and halve a piece as long as its halves say something else than the whole."""
    scale = math.sqrt(variance)
    low, high = _panels(activation, scale)
    whole = _integrals(activation, scale, low, high)
    if not np.isfinite(whole).all():
        return Moments(math.inf, math.inf, math.inf)
    # What counts is the size of a moment, not of its part in one piece; a mean may be 0 by symmetry.
    size = np.abs(whole).sum(axis=1)
    size[0] = math.sqrt(size[1])
    total = np.zeros(3)
    for _ in range(_MOST_HALVINGS):
        middle = (low + high) / 2
        left = _integrals(activation, scale, low, middle)
        right = _integrals(activation, scale, middle, high)
        is_open = (np.abs(left + right - whole) > _TOLERANCE * size[:, None]).any(axis=0)
        total += (left + right)[:, ~is_open].sum(axis=1)
        whole = np.concatenate([left[:, is_open], right[:, is_open]], axis=1)
        low, high = (
            np.concatenate([low[is_open], middle[is_open]]),
            np.concatenate([middle[is_open], high[is_open]]),
        )
        if not low.size:
            break
    mean, square, slope_square = total + whole.sum(axis=1)
    return Moments(float(mean), float(square), float(slope_square))


def _panels(activation: BoundActivation, scale: float) -> tuple[Array, Array]:
    """Return the intervals to begin with, in standard deviations.

    Their ends hold every kink, and come closer towards the origin of the activation: where the scale is
    large, all that an activation does happens in a small part of the normal distribution.
    """
    ends = [np.arange(-_REACH, _REACH + 1.0, 2.0)]
    if scale > 0:
        kinks = np.array([0.0, *activation.kinks])
        powers = 2.0 ** np.arange(0, max(1, math.ceil(math.log2(1.0 + _REACH * scale))))
        ends += [kinks / scale, powers / scale, -powers / scale]
    edges = np.unique(np.concatenate(ends))
    edges = edges[np.abs(edges) <= _REACH]
    return edges[:-1], edges[1:]


def _integrals(activation: BoundActivation, scale: float, low: Array, high: Array) -> Array:
    """Return the three integrals over every interval, by Gauss-Legendre: an array of shape (3, intervals)."""
    half = (high - low)[:, None] / 2
    z = low[:, None] + half * (1.0 + _NODES)
    # The root of the density is shared out to both factors of a square, which would overflow before it.
    root = np.exp(-(z**2) / 4) / (2 * math.pi) ** 0.25
    with np.errstate(over="ignore", invalid="ignore"):
        value, slope = (array * root for array in value_and_slope(activation, scale * z))
        parts = np.stack([value * root, value**2, slope**2])
        sums: Array = (parts * (half * _WEIGHTS)).sum(axis=2)
    return sums
