"""Layers that only look at a value in another shape: no op, no copy."""

from dataclasses import dataclass
from math import prod

from nnkit.compiler.backward import Sweep
from nnkit.compiler.emitter import Emitter
from nnkit.entries import op_kind
from nnkit.errors import InvalidArgument
from nnkit.kernels.movement import copy
from nnkit.layers.base import LAYERS, Layer, LayerRecord
from nnkit.ops import Buffer, Op, Operand


def _copy_gradient(op: Op, sweep: Sweep) -> None:
    x = op.buffer("x")
    dy = sweep.gradient(op.buffer("y"))
    assert dy is not None
    if sweep.wants(x):
        dx = sweep.new_gradient(x)
        sweep.emit(COPY, {"x": dy, "y": dx})
        sweep.arrive(x, dx)


COPY = op_kind("copy", copy, Operand("x", "in"), Operand("y", "out"), gradient=_copy_gradient)


def reshape(emitter: Emitter, x: Buffer, shape: tuple[int, ...], name: str) -> Buffer:
    """Return ``x`` with each sample in ``shape``."""
    if x.shape[1:] == shape:
        return x
    y = emitter.transient(name, (x.shape[0], *shape))
    emitter.emit(COPY, {"x": x, "y": y})
    return y


@dataclass(frozen=True)
class Flatten(Layer):
    """Each sample as one row of values, last axis fastest."""

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        return reshape(emitter, x, (prod(x.shape[1:]),), f"{name}/output")


@dataclass(frozen=True)
class Reshape(Layer):
    """Each sample in another shape of as many values."""

    target_shape: tuple[int, ...]

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        if prod(self.target_shape) != prod(x.shape[1:]):
            raise InvalidArgument(
                f"{name}: {x.shape[1:]} has another number of values than {self.target_shape}."
            )
        return reshape(emitter, x, tuple(self.target_shape), f"{name}/output")


Flatten.record = LAYERS.add(
    LayerRecord(
        name="Flatten",
        summary="Makes one row of values of every sample.",
        formula="y[b, :] = x[b, ...] in row-major order",
        source="Keras 3, keras.layers.Flatten",
        make=Flatten,
    )
)
Reshape.record = LAYERS.add(
    LayerRecord(
        name="Reshape",
        summary="Gives every sample another shape.",
        formula="y[b, ...] = x[b, ...] in row-major order",
        source="Keras 3, keras.layers.Reshape",
        make=Reshape,
    )
)
