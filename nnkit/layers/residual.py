"""Residual: layers whose outputs are added to their inputs."""

from dataclasses import dataclass

from nnkit.emitting.backward import Sweep
from nnkit.emitting.emitter import Emitter
from nnkit.entries import make_entry
from nnkit.errors import InvalidArgument
from nnkit.kernels.movement import add
from nnkit.layers.base import Layer, emit_stack, layer
from nnkit.layers.shape import COPY
from nnkit.ops import Argument, Buffer, Op, Operand, OpKind, Scalar

_NO_FLOOR = float("-inf")


def _add_gradient(op: Op, sweep: Sweep) -> None:
    dy = sweep.gradient(op.buffer("y"))
    x, z = op.buffer("x"), op.buffer("z")
    if sweep.wants(x):
        # A copy, because more shares of the gradient of x are still to be added to it, and not to that of z.
        dx = sweep.new_gradient(x)
        sweep.emit(COPY, {"x": dy, "y": dx})
        sweep.arrive(x, dx)
    if sweep.wants(z):
        sweep.arrive(z, dy)


_ARGUMENTS: tuple[Argument, ...] = (
    Operand("x", "in"),
    Operand("z", "in"),
    Operand("y", "out"),
    Scalar("low"),
)
ADD = OpKind(
    "add",
    make_entry("add", add, _ARGUMENTS),
    _ARGUMENTS,
    lambda shapes: shapes["x"][0],
    _add_gradient,
    block=1,
    relu_into="y",
)


@layer(
    summary="Adds what its layers make of the input to the input.",
    formula="y = x + layers(x)",
    source="He, Zhang, Ren and Sun (2016), CVPR, arXiv:1512.03385",
)
@dataclass(frozen=True)
class Residual(Layer):
    """``y = x + layers(x)``; the layers must keep the shape."""

    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.layers, list | tuple) or not all(
            isinstance(one, Layer) for one in self.layers
        ):
            raise InvalidArgument(f"Residual: needs a list of layers, found {self.layers!r}.")
        if not self.layers:
            raise InvalidArgument("Residual: needs at least one layer, found none.")
        # As a tuple: layers are compared and hashed by their arguments.
        object.__setattr__(self, "layers", tuple(self.layers))

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        z = emit_stack(emitter, x, self.layers, f"{name}/")
        if z.shape != x.shape:
            raise InvalidArgument(
                f"{name}: its layers must keep the shape, to be added to their input, "
                f"but turn {x.shape[1:]} into {z.shape[1:]}."
            )
        y = emitter.transient(f"{name}/output", x.shape)
        emitter.emit(ADD, {"x": x, "z": z, "y": y}, low=_NO_FLOOR)
        return y
