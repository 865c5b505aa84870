"""Initial weights. Names, formulas and defaults are Keras's; PyTorch's names are aliases.

Every initializer is one of five distributions with one or two numbers that depend on the shape: `Initializer`
says which, so that a program can draw in place; `BoundInitializer` draws a new array. The ``…_normal``
of Glorot, He and LeCun are, as in Keras, normals cut at two standard deviations, widened before so that the
weights drawn have the deviation of the formula.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnkit.errors import InvalidArgument
from nnkit.kernels import draw
from nnkit.registry import Hyper, Part, Registry, Value
from nnkit.rng import MAX_STREAMS

Shape = tuple[int, ...]
Parameters = Mapping[str, Value]
Distribution = Literal["constant", "uniform", "normal", "truncated_normal", "orthogonal"]

# The standard deviation of a standard normal variable cut at -2 and 2; scipy.stats.truncnorm.std(-2, 2).
TRUNCATED_STDDEV = 0.87962566103423978


@dataclass(frozen=True, slots=True, kw_only=True)
class Initializer(Part):
    """An initializer: a distribution, and ``spread(shape, parameters)``, its numbers for a shape.

    The numbers are (value,), (low, high), (mean, stddev), (mean, stddev before the cut) or (gain,).
    """

    distribution: Distribution
    spread: Callable[[Shape, Parameters], tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class BoundInitializer:
    """An initializer with its hyper-parameters: call it with a shape."""

    record: Initializer
    parameters: dict[str, Value]

    @property
    def name(self) -> str:
        return self.record.name

    def __call__(self, shape: Shape, seed: int = 0, dtype: str = "float32", stream: int = 0) -> NDArray[Any]:
        """Return new weights; the same seed and stream give the same, and float32 is float64 rounded."""
        _check_draw(seed, dtype, stream)
        shape = tuple(shape)  # a list will do
        numbers = self.record.spread(shape, self.parameters)
        out: NDArray[Any] = np.full(shape, np.nan, dtype)
        if self.record.distribution == "orthogonal":
            matrix = out.reshape(matrix_shape(shape))
            scratch = np.full((min(matrix.shape), max(matrix.shape)), np.nan)
            draw.fill_orthogonal(matrix, scratch, *numbers, seed, stream)
        elif self.record.distribution == "constant":
            draw.fill_constant(out.reshape(-1), *numbers)
        else:
            fill = {
                "uniform": draw.fill_uniform,
                "normal": draw.fill_normal,
                "truncated_normal": draw.fill_truncated_normal,
            }[self.record.distribution]
            fill(out.reshape(-1), *numbers, seed, stream)
        return out


def _check_draw(seed: int, dtype: str, stream: int) -> None:
    if not -(2**63) <= seed < 2**63:
        raise InvalidArgument(f"seed must fit 64 bits, found {seed!r}. Try 0.")
    if not 0 <= stream < MAX_STREAMS:
        raise InvalidArgument(f"stream must be at least 0 and below {MAX_STREAMS}, found {stream!r}. Try 0.")
    if dtype not in ("float32", "float64"):
        raise InvalidArgument(f"dtype must be 'float32' or 'float64', found {dtype!r}. Try 'float32'.")


def compute_fans(shape: Shape) -> tuple[int, int]:
    """Return (fan in, fan out): of a dense kernel (in, out) its sides, of a convolution's (height, width,
    in / groups, out) its channels times the receptive field, of a vector its length twice."""
    if len(shape) < 2:
        size = shape[0] if shape else 1
        return size, size
    field = math.prod(shape[:-2])
    return field * shape[-2], field * shape[-1]


def matrix_shape(shape: Shape) -> tuple[int, int]:
    """Return the matrix that an orthogonal kernel is: all axes but the last, by the last."""
    if len(shape) < 2 or 0 in shape:
        raise InvalidArgument(
            f"orthogonal needs a shape of two axes or more, none of them 0, found {shape!r}."
        )
    return math.prod(shape[:-1]), shape[-1]


def _fan(mode: str, shape: Shape) -> float:
    fan_in, fan_out = compute_fans(shape)
    return max(1.0, fan_in if mode == "in" else (fan_in + fan_out) / 2)


def _scaled_limit(scale: float, mode: str, shape: Shape, parameters: Parameters) -> tuple[float, ...]:
    limit = math.sqrt(3.0 * scale / _fan(mode, shape))
    return -limit, limit


def _scaled_stddev(scale: float, mode: str, shape: Shape, parameters: Parameters) -> tuple[float, ...]:
    return 0.0, math.sqrt(scale / _fan(mode, shape)) / TRUNCATED_STDDEV


def _fixed(number: float, shape: Shape, parameters: Parameters) -> tuple[float, ...]:
    return (number,)


def _named(names: tuple[str, ...], shape: Shape, parameters: Parameters) -> tuple[float, ...]:
    """Return the hyper-parameters called ``names``, whatever the shape."""
    return tuple(float(parameters[name] or 0.0) for name in names)


def _interval(shape: Shape, parameters: Parameters) -> tuple[float, ...]:
    low, high = _named(("minval", "maxval"), shape, parameters)
    if low > high:
        raise InvalidArgument(f"random_uniform: minval must be at most maxval, found {low!r} and {high!r}.")
    return low, high


def _gain(shape: Shape, parameters: Parameters) -> tuple[float, ...]:
    matrix_shape(shape)
    return _named(("gain",), shape, parameters)


_MEAN = Hyper("mean", 0.0, "centre of the draws")
_STDDEV = Hyper("stddev", 0.05, "standard deviation", at_least=0.0)
_KERAS = "Keras 3, keras.initializers."
_GLOROT = "Glorot and Bengio (2010), AISTATS, PMLR 9:249-256"
_HE = "He et al. (2015), Delving deep into rectifiers, arXiv:1502.01852"
_LECUN = "LeCun et al. (1998), Efficient BackProp; Klambauer et al. (2017), arXiv:1706.02515"

INITIALIZERS: Registry[Initializer] = Registry("initializer")


def _add(
    name: str,
    distribution: Distribution,
    spread: Callable[[Shape, Parameters], tuple[float, ...]],
    *hyperparameters: Hyper,
    summary: str,
    formula: str,
    source: str,
    aliases: tuple[str, ...] = (),
) -> None:
    INITIALIZERS.add(
        Initializer(
            name=name,
            summary=summary,
            formula=formula,
            source=source,
            hyperparameters=hyperparameters,
            aliases=aliases,
            distribution=distribution,
            spread=spread,
        )
    )


_add(
    "zeros",
    "constant",
    partial(_fixed, 0.0),
    summary="All zero: the usual bias; as a kernel it keeps all units alike.",
    formula="w = 0",
    source=_KERAS + "Zeros",
)
_add(
    "ones",
    "constant",
    partial(_fixed, 1.0),
    summary="All one: the usual scale of a normalisation.",
    formula="w = 1",
    source=_KERAS + "Ones",
)
_add(
    "constant",
    "constant",
    partial(_named, ("value",)),
    Hyper("value", 0.0, "the value everywhere"),
    summary="One value everywhere.",
    formula="w = value",
    source=_KERAS + "Constant",
)
_add(
    "random_uniform",
    "uniform",
    _interval,
    Hyper("minval", -0.05, "lower end"),
    Hyper("maxval", 0.05, "upper end"),
    summary="Uniform in an interval, whatever the layer's size.",
    formula="w ~ U(minval, maxval)",
    source=_KERAS + "RandomUniform",
    aliases=("uniform",),
)
_add(
    "random_normal",
    "normal",
    partial(_named, ("mean", "stddev")),
    _MEAN,
    _STDDEV,
    summary="Normal, whatever the layer's size.",
    formula="w ~ N(mean, stddev**2)",
    source=_KERAS + "RandomNormal",
    aliases=("normal",),
)
_add(
    "truncated_normal",
    "truncated_normal",
    partial(_named, ("mean", "stddev")),
    _MEAN,
    _STDDEV,
    summary="Normal, cut at two standard deviations: the draws have 0.88 of stddev.",
    formula="w ~ N(mean, stddev**2) within mean -+ 2 * stddev",
    source=_KERAS + "TruncatedNormal",
)
_add(
    "glorot_uniform",
    "uniform",
    partial(_scaled_limit, 1.0, "average"),
    summary="Uniform, made for sigmoid and tanh: signals keep their variance forwards and backwards.",
    formula="w ~ U(-a, a), a = sqrt(6 / (fan_in + fan_out))",
    source=_GLOROT,
    aliases=("xavier_uniform",),
)
_add(
    "glorot_normal",
    "truncated_normal",
    partial(_scaled_stddev, 1.0, "average"),
    summary="Normal, made for sigmoid and tanh: signals keep their variance forwards and backwards.",
    formula="w ~ cut N, standard deviation of w sqrt(2 / (fan_in + fan_out))",
    source=_GLOROT,
    aliases=("xavier_normal",),
)
_add(
    "he_uniform",
    "uniform",
    partial(_scaled_limit, 2.0, "in"),
    summary="Uniform, made for ReLU, which loses half the variance of its input.",
    formula="w ~ U(-a, a), a = sqrt(6 / fan_in)",
    source=_HE,
    aliases=("kaiming_uniform",),
)
_add(
    "he_normal",
    "truncated_normal",
    partial(_scaled_stddev, 2.0, "in"),
    summary="Normal, made for ReLU, which loses half the variance of its input.",
    formula="w ~ cut N, standard deviation of w sqrt(2 / fan_in)",
    source=_HE,
    aliases=("kaiming_normal",),
)
_add(
    "lecun_uniform",
    "uniform",
    partial(_scaled_limit, 1.0, "in"),
    summary="Uniform, made for units whose slope at 0 is 1.",
    formula="w ~ U(-a, a), a = sqrt(3 / fan_in)",
    source=_LECUN,
)
_add(
    "lecun_normal",
    "truncated_normal",
    partial(_scaled_stddev, 1.0, "in"),
    summary="Normal, made for units whose slope at 0 is 1, and for SELU.",
    formula="w ~ cut N, standard deviation of w sqrt(1 / fan_in)",
    source=_LECUN,
)
_add(
    "orthogonal",
    "orthogonal",
    _gain,
    Hyper("gain", 1.0, "factor on the orthonormal matrix"),
    summary="Rows or columns, whichever are fewer, at right angles and of length gain.",
    formula="w = gain * Q of the normal draw Z = Q R, R's diagonal positive",
    source="Saxe, McClelland and Ganguli (2014), arXiv:1312.6120",
)


def get(name: str, **hyperparameters: Value) -> BoundInitializer:
    """Return the initializer called ``name`` with the given hyper-parameters."""
    chosen = record(name)
    return BoundInitializer(chosen, chosen.resolve(hyperparameters))


def record(name: str) -> Initializer:
    return INITIALIZERS.record(name)


def names() -> tuple[str, ...]:
    return INITIALIZERS.names()
