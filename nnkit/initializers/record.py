"""What an initializer is: a distribution whose numbers depend on the shape, and how a new array is drawn.

Every initializer is one of five distributions with one or two numbers that depend on the shape: `Initializer`
says which, so that a program can draw in place; `BoundInitializer` draws a new array. The ``…_normal``
of Glorot, He and LeCun are, as in Keras, normals cut at two standard deviations, widened before so that the
weights drawn have the deviation of the formula. One from a plug-in is a Python function instead.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnkit.errors import InvalidArgument, shown
from nnkit.kernels import draw
from nnkit.registry import Part, Value
from nnkit.rng import MAX_STREAMS

Shape = tuple[int, ...]
Parameters = Mapping[str, Value]
Distribution = Literal[
    "constant", "uniform", "normal", "truncated_normal", "orthogonal", "composed", "function"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Initializer(Part):
    """An initializer: a distribution, and ``spread(shape, parameters)``, its numbers for a shape.

    The numbers are (value,), (low, high), (mean, stddev), (mean, stddev before the cut), (gain,), or none
    where ``function(shape, rng, **parameters)`` draws, or ``compose(draws, shape, parameters)`` puts what it
    draws in places. With ``draws_bias`` the biases beside a kernel are drawn like it where they are zeros
    otherwise.
    """

    distribution: Distribution
    compose: "Callable[[Draws, Shape, Parameters], NDArray[np.float64]] | None" = None
    draws_bias: bool = False
    spread: Callable[[Shape, Parameters], tuple[float, ...]] = lambda shape, parameters: ()
    function: Callable[..., object] | None = None


@dataclass(frozen=True, slots=True)
class Draws:
    """Numbers from the counter-based generator, for one parameter of one trial."""

    seed: int
    stream: int

    def uniform(self, shape: Shape) -> NDArray[np.float64]:
        """Return numbers from 0 to 1. They are others than those that `normal` is made of."""
        out = np.empty(shape)
        draw.fill_uniform(out.reshape(-1), 0.0, 1.0, self.seed, self.stream + MAX_STREAMS // 2)
        return out

    def normal(self, shape: Shape) -> NDArray[np.float64]:
        """Return standard normal numbers."""
        out = np.empty(shape)
        draw.fill_normal(out.reshape(-1), 0.0, 1.0, self.seed, self.stream)
        return out

    def orthogonal(self, shape: tuple[int, int], gain: float) -> NDArray[np.float64]:
        """Return a matrix whose rows or columns, whichever are fewer, are orthonormal, times ``gain``."""
        out, scratch = np.empty(shape), np.empty((min(shape), max(shape)))
        draw.fill_orthogonal(out, scratch, gain, self.seed, self.stream)
        return out


@dataclass(frozen=True, slots=True)
class BoundInitializer:
    """An initializer with its hyper-parameters: call it with a shape."""

    record: Initializer
    parameters: dict[str, Value]

    @property
    def name(self) -> str:
        """The name by which it was chosen, without options."""
        return self.record.name

    def __call__(self, shape: Shape, seed: int = 0, dtype: str = "float32", stream: int = 0) -> NDArray[Any]:
        """Return new weights; the same seed and stream give the same, and float32 is float64 rounded."""
        _check_draw(seed, dtype, stream)
        shape = tuple(shape)  # a list will do
        if self.record.function is not None:
            return self._call(self.record.function, shape, dtype, _generator(seed, stream))
        if self.record.compose is not None:
            return self.record.compose(Draws(seed, stream), shape, self.parameters).astype(dtype)
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

    def _call(
        self, function: Callable[..., object], shape: Shape, dtype: str, rng: "np.random.Generator"
    ) -> NDArray[Any]:
        where = f"initializer {self.name!r}"
        found = function(shape, rng, **self.parameters)
        if not isinstance(found, np.ndarray) or found.dtype.kind not in "fiu":
            kind = f"an array of {found.dtype}" if isinstance(found, np.ndarray) else shown(found)
            raise InvalidArgument(f"{where}: it must return an array of numbers, found {kind}.")
        if found.shape != shape:
            raise InvalidArgument(f"{where}: it must return an array of shape {shape}, found {found.shape}.")
        with np.errstate(over="ignore"):
            weights = found.astype(dtype)
        if not np.isfinite(weights).all():
            wrong = weights[~np.isfinite(weights)][0]
            raise InvalidArgument(f"{where}: every weight must be finite in {dtype}, found {wrong}.")
        return weights


def _generator(seed: int, stream: int) -> "np.random.Generator":  # NumPy imports it at its first use
    """Return the generator of one parameter of one trial, whatever was drawn elsewhere before."""
    return np.random.Generator(np.random.PCG64([seed % 2**64, stream]))


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
