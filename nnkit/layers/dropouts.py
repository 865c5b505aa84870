"""Kinds of dropout: of whole channels, by normal factors, and one that keeps mean and variance."""

from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

from nnkit.emitting.backward import Sweep
from nnkit.emitting.emitter import Emitter
from nnkit.entries import op_kind
from nnkit.kernels.movement import multiply_channels, replace_dropped
from nnkit.layers.augment import emit_noise
from nnkit.layers.base import layer
from nnkit.layers.draw import fill_kind
from nnkit.layers.dropout import MULTIPLY, Dropout, emit_mask
from nnkit.layers.window import image_size
from nnkit.ops import Buffer, Op, Operand, Scalar, flat
from nnkit.registry import Hyper

_RATE = Hyper("rate", default=0.5, at_least=0.0, below=1.0, tune="linear")
# What SELU tends to far below 0: -scale * alpha.
_SELU_FLOOR = -1.0507009873554804934193349852946 * 1.6732632423543772848170429916717


def _channels_gradient(op: Op, sweep: Sweep) -> None:
    x, dy = op.buffer("x"), sweep.gradient(op.buffer("y"))
    if sweep.wants(x):
        dx = sweep.new_gradient(x)
        sweep.emit(_MULTIPLY_CHANNELS, {"x": dy, "z": op.buffer("z"), "y": dx})
        sweep.arrive(x, dx)


def _replace_gradient(op: Op, sweep: Sweep) -> None:
    x, dy = op.buffer("x"), sweep.gradient(op.buffer("y"))
    if sweep.wants(x):
        dx = sweep.new_gradient(x)
        views = {"x": dy, "mask": op.buffer("mask"), "y": dx}
        sweep.emit(_REPLACE, views, factor=op.scalars["factor"], shift=0.0, dropped=0.0)
        sweep.arrive(x, dx)


_MULTIPLY_CHANNELS = op_kind(
    "multiply_channels",
    multiply_channels,
    *(Operand("x", "in", rank=2), Operand("z", "in", rank=2), Operand("y", "out", rank=2)),
    flops=lambda shapes: shapes["x"][0] * shapes["x"][1],
    gradient=_channels_gradient,
    block=1,
)
_REPLACE = op_kind(
    "replace_dropped",
    replace_dropped,
    *(Operand("x", "in"), Operand("mask", "in"), Operand("y", "out")),
    *(Scalar(name, "double") for name in ("factor", "shift", "dropped")),
    flops=lambda shapes: 2 * shapes["x"][0],
    gradient=_replace_gradient,
    block=1,
)


@layer(
    summary="Drops whole channels while training: neighbouring pixels are alike.",
    formula="y[i, j, c] = x[i, j, c] * mask[c] / (1 - rate), mask fresh for every sample and step",
    source="Tompson et al. (2015), CVPR, arXiv:1411.4280; keras.layers.SpatialDropout2D",
    hyperparameters=(_RATE,),
    aliases=("Dropout2d",),
)
@dataclass(frozen=True)
class SpatialDropout2D(Dropout):
    """Drops a share ``rate`` of each sample's channels and scales the others by 1 / (1 - rate)."""

    _n_axes: ClassVar[int] = 2

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        _, channels = image_size(x.shape, self._n_axes, name)
        if not emitter.training or self.rate == 0:
            return x
        mask = emit_mask(emitter, (x.shape[0], channels), name, self.rate)
        y = emitter.transient(f"{name}/output", x.shape)
        emitter.emit(_MULTIPLY_CHANNELS, {"x": x, "z": mask, "y": y})
        return y


@layer(
    summary="Drops whole channels of sequences while training.",
    formula="y[t, c] = x[t, c] * mask[c] / (1 - rate), mask fresh for every sample and step",
    source="Tompson et al. (2015), CVPR, arXiv:1411.4280; keras.layers.SpatialDropout1D",
    hyperparameters=(_RATE,),
    aliases=("Dropout1d",),
)
@dataclass(frozen=True)
class SpatialDropout1D(SpatialDropout2D):
    """`SpatialDropout2D` along one axis."""

    _n_axes: ClassVar[int] = 1


@layer(
    summary="Multiplies by normal noise of mean 1 while training, with the variance of dropout.",
    formula="y = x * (1 + sqrt(rate / (1 - rate)) * z), z ~ N(0, 1), fresh every step; y = x at test time",
    source="Srivastava et al. (2014), JMLR 15, section 10; keras.layers.GaussianDropout",
    hyperparameters=(_RATE,),
)
@dataclass(frozen=True)
class GaussianDropout(Dropout):
    """Multiplies every value by a normal number of mean 1 and variance rate / (1 - rate)."""

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        if not emitter.training or self.rate == 0:
            return x
        ones = emitter.transient(f"{name}/ones", x.shape)
        factors = emitter.transient(f"{name}/factors", x.shape)
        emitter.emit(fill_kind("constant"), {"out": flat(ones)}, value=1.0)
        emit_noise(emitter, ones, factors, sqrt(self.rate / (1.0 - self.rate)))
        y = emitter.transient(f"{name}/output", x.shape)
        emitter.emit(MULTIPLY, {"x": x, "z": factors, "y": y})
        return y


@layer(
    summary="Sets values to SELU's floor while training, and keeps mean 0 and variance 1.",
    formula="y = a (x mask + f (1 - mask) - rate f), f = -1.7581, a = ((1 - rate)(1 + rate f**2))**-0.5",
    source="Klambauer et al. (2017), arXiv:1706.02515; keras.layers.AlphaDropout",
    hyperparameters=(_RATE,),
)
@dataclass(frozen=True)
class AlphaDropout(Dropout):
    """Dropout for SELU: what has mean 0 and variance 1 has them afterwards too."""

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        if not emitter.training or self.rate == 0:
            return x
        mask = emit_mask(emitter, x.shape, name, self.rate)
        factor = 1.0 / sqrt((1.0 - self.rate) * (1.0 + self.rate * _SELU_FLOOR**2))
        shift = -factor * self.rate * _SELU_FLOOR
        y = emitter.transient(f"{name}/output", x.shape)
        scalars = {"factor": factor, "shift": shift, "dropped": factor * _SELU_FLOOR + shift}
        emitter.emit(_REPLACE, {"x": x, "mask": mask, "y": y}, **scalars)
        return y
