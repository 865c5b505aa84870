"""What drawn weights must look like: the distribution of every initializer, as Keras defines it."""

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Array = NDArray[np.float64]

# The standard deviation of a standard normal variable cut at two: what Keras divides by.
TRUNCATED_STDDEV = 0.87962566103423978

# name: (scale, which fan, distribution)
VARIANCE_SCALING: dict[str, tuple[float, str, str]] = {
    "glorot_uniform": (1.0, "average", "uniform"),
    "glorot_normal": (1.0, "average", "truncated_normal"),
    "he_uniform": (2.0, "in", "uniform"),
    "he_normal": (2.0, "in", "truncated_normal"),
    "lecun_uniform": (1.0, "in", "uniform"),
    "torch_uniform": (1 / 3, "in", "uniform"),
    "lecun_normal": (1.0, "in", "truncated_normal"),
    "variance_scaling": (1.0, "in", "truncated_normal"),
}


class Distribution(NamedTuple):
    """A distribution symmetric about ``mean``: its parameter, its true deviation and its support."""

    kind: Literal["constant", "uniform", "normal", "truncated_normal"]
    mean: float
    stddev: float  # of the values drawn
    minimum: float
    maximum: float

    def cdf(self, x: Array) -> Array:
        """Return P(value <= x), for a Kolmogorov-Smirnov test of drawn values."""
        if self.kind == "constant":
            return np.where(x >= self.mean, 1.0, 0.0)
        if self.kind == "uniform":
            return np.clip((x - self.minimum) / (self.maximum - self.minimum), 0.0, 1.0)
        if self.kind == "normal":
            result: Array = ndtr((x - self.mean) / self.stddev)
            return result
        below = float(ndtr(-2.0))
        sigma = self.stddev / TRUNCATED_STDDEV
        above: Array = ndtr((x - self.mean) / sigma) - below
        return np.clip(above / (1 - 2 * below), 0.0, 1.0)


def compute_fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return (fan in, fan out). A convolution's fans count the receptive field: height * width * channels."""
    if len(shape) < 2:
        size = shape[0] if shape else 1
        return size, size
    field = math.prod(shape[:-2])
    return field * shape[-2], field * shape[-1]


def constant(value: float) -> Distribution:
    return Distribution("constant", value, 0.0, value, value)


def random_uniform(minval: float = -0.05, maxval: float = 0.05) -> Distribution:
    stddev = (maxval - minval) / math.sqrt(12)
    return Distribution("uniform", (minval + maxval) / 2, stddev, minval, maxval)


def random_normal(mean: float = 0.0, stddev: float = 0.05) -> Distribution:
    return Distribution("normal", mean, stddev, -math.inf, math.inf)


def truncated_normal(mean: float = 0.0, stddev: float = 0.05) -> Distribution:
    """``stddev`` is that of the normal before it is cut at two of them, so the draws have 0.88 of it."""
    cut = 2 * stddev
    return Distribution("truncated_normal", mean, stddev * TRUNCATED_STDDEV, mean - cut, mean + cut)


def variance_scaling(name: str, shape: tuple[int, ...]) -> Distribution:
    """Return the distribution of ``glorot_...``, ``he_...`` or ``lecun_...``: variance scale / fan."""
    scale, which, kind = VARIANCE_SCALING[name]
    fan_in, fan_out = compute_fans(shape)
    fan = fan_in if which == "in" else (fan_in + fan_out) / 2
    if kind == "uniform":
        limit = math.sqrt(3 * scale / fan)
        return random_uniform(-limit, limit)
    # Keras widens the normal first, so that the cut brings it back to the wanted deviation.
    return truncated_normal(0.0, math.sqrt(scale / fan) / TRUNCATED_STDDEV)


def he_normal_out(shape: tuple[int, ...]) -> Distribution:
    return random_normal(0.0, math.sqrt(2 / compute_fans(shape)[1]))


def torch_default(shape: tuple[int, ...]) -> Distribution:
    limit = 1 / math.sqrt(compute_fans(shape)[0])
    return random_uniform(-limit, limit)


def siren(shape: tuple[int, ...]) -> Distribution:
    limit = math.sqrt(6 / compute_fans(shape)[0]) / 30
    return random_uniform(-limit, limit)


def depth_scaled(shape: tuple[int, ...]) -> Distribution:
    return random_normal(0.0, 0.02 / math.sqrt(2 * 8))


def fixup(shape: tuple[int, ...]) -> Distribution:
    return random_normal(0.0, math.sqrt(2 / compute_fans(shape)[0]) / math.sqrt(8))


def mup(shape: tuple[int, ...]) -> Distribution:
    return random_normal(0.0, 1 / math.sqrt(compute_fans(shape)[0]))


def mup_output(shape: tuple[int, ...]) -> Distribution:
    return random_normal(0.0, 1 / compute_fans(shape)[0])


def spectral(shape: tuple[int, ...]) -> Distribution:
    """Yang, Simon and Bernstein (2023): a normal matrix (inputs, outputs) of about that spectral norm."""
    inputs, outputs = math.prod(shape[:-1]), shape[-1]
    return random_normal(0.0, min(1.0, math.sqrt(outputs / inputs)) / math.sqrt(inputs))


def expected(name: str, shape: tuple[int, ...]) -> Distribution:
    """Return the distribution of the initializer ``name`` with its default hyper-parameters."""
    fixed = {
        "zeros": constant(0.0),
        "ones": constant(1.0),
        "constant": constant(0.0),
        "random_uniform": random_uniform(),
        "random_normal": random_normal(),
        "truncated_normal": truncated_normal(),
    }
    if name in VARIANCE_SCALING:
        return variance_scaling(name, shape)
    found: Distribution = fixed[name] if name in fixed else globals()[name](shape)
    return found


def orthogonality_error(weights: Array, gain: float = 1.0) -> float:
    """Return how far rows or columns, whichever are fewer, are from orthogonal with length ``gain``.

    A kernel of more than two axes is the matrix (all but the last, last), as in Keras.
    """
    matrix = weights.reshape(-1, weights.shape[-1])
    gram = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
    return float(np.max(np.abs(gram - gain**2 * np.eye(gram.shape[0]))))
