"""Layers that only look at a value in another shape: no op, no copy."""

from dataclasses import dataclass
from math import prod

from nnkit.emitting.backward import Sweep
from nnkit.emitting.emitter import Emitter
from nnkit.entries import op_kind
from nnkit.errors import InvalidArgument
from nnkit.kernels.movement import copy
from nnkit.layers.base import Layer, layer
from nnkit.ops import Buffer, Op, Operand


def _copy_gradient(op: Op, sweep: Sweep) -> None:
    x = op.buffer("x")
    dy = sweep.gradient(op.buffer("y"))
    if sweep.wants(x):
        dx = sweep.new_gradient(x)
        sweep.emit(COPY, {"x": dy, "y": dx})
        sweep.arrive(x, dx)


COPY = op_kind("copy", copy, Operand("x", "in"), Operand("y", "out"), gradient=_copy_gradient, block=1)


def reshape(emitter: Emitter, x: Buffer, shape: tuple[int, ...], name: str) -> Buffer:
    """Return ``x`` with each sample in ``shape``."""
    if x.shape[1:] == shape:
        return x
    y = emitter.transient(name, (x.shape[0], *shape))
    emitter.emit(COPY, {"x": x, "y": y})
    return y


@layer(
    summary="Makes one row of values of every sample.",
    formula="y[b, :] = x[b, ...] in row-major order",
    source="Keras 3, keras.layers.Flatten",
)
@dataclass(frozen=True)
class Flatten(Layer):
    """Each sample as one row of values, last axis fastest."""

    keeps_range = True

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        return reshape(emitter, x, (prod(x.shape[1:]),), f"{name}/output")


@layer(
    summary="Gives every sample another shape.",
    formula="y[b, ...] = x[b, ...] in row-major order",
    source="Keras 3, keras.layers.Reshape",
)
@dataclass(frozen=True)
class Reshape(Layer):
    """Each sample in another shape of as many values; one size may be -1, and is what is left."""

    target_shape: tuple[int, ...]

    keeps_range = True

    def __post_init__(self) -> None:
        sizes = self.target_shape if isinstance(self.target_shape, tuple | list) else ()
        known = [size for size in sizes if size != -1]
        is_right = all(type(size) is int and size > 0 for size in known) and len(known) >= len(sizes) - 1
        if not sizes or not is_right:
            raise InvalidArgument(
                f"Reshape: target_shape must hold sizes of at least 1, and -1 at most once, found "
                f"{self.target_shape!r}."
            )

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        values, known = prod(x.shape[1:]), abs(prod(self.target_shape))
        shape = tuple(values // known if size == -1 else size for size in self.target_shape)
        if prod(shape) != values:
            raise InvalidArgument(
                f"{name}: {x.shape[1:]} has another number of values than {self.target_shape}."
            )
        return reshape(emitter, x, shape, f"{name}/output")
