"""Pooling by a norm: powers, their mean over each window, and the root of it."""

from dataclasses import dataclass
from math import prod
from typing import ClassVar, Literal

from nnkit.emitting.backward import Sweep
from nnkit.emitting.emitter import Emitter
from nnkit.entries import op_kind
from nnkit.kernels import power
from nnkit.layers.base import layer
from nnkit.layers.pooling import MaxPooling2D
from nnkit.layers.window import checked_size
from nnkit.ops import Buffer, Op, Operand, Scalar
from nnkit.registry import Hyper
from nnkit.tiling.pooling import Pooling
from nnkit.tiling.window import Windows

_IN, _OUT, _ORDER = Operand("x", "in"), Operand("y", "out"), Scalar("order", "integer")
_GRADIENTS = (Operand("dy", "in"), Operand("dx", "out"))


def _powers_gradient(op: Op, sweep: Sweep) -> None:
    x, dy = op.buffer("x"), sweep.gradient(op.buffer("y"))
    if sweep.wants(x):
        dx = sweep.new_gradient(x)
        sweep.emit(_POWERS_BACKWARD, {"x": x, "dy": dy, "dx": dx}, order=op.scalars["order"])
        sweep.arrive(x, dx)


def _roots_gradient(op: Op, sweep: Sweep) -> None:
    x, y = op.buffer("x"), op.buffer("y")
    if sweep.wants(x):
        dx = sweep.new_gradient(x)
        views = {"x": x, "y": y, "dy": sweep.gradient(y), "dx": dx}
        sweep.emit(_ROOTS_BACKWARD, views, order=op.scalars["order"])
        sweep.arrive(x, dx)


_POWERS = op_kind(
    "powers",
    power.powers,
    *(_IN, _OUT, _ORDER),
    flops=lambda shapes: 2 * shapes["x"][0],
    gradient=_powers_gradient,
    block=1,
)
_POWERS_BACKWARD = op_kind(
    "powers_backward", power.powers_backward, _IN, *_GRADIENTS, _ORDER, flops=lambda s: 4 * s["x"][0], block=1
)
_ROOTS = op_kind(
    "roots",
    power.roots,
    *(_IN, _OUT, Scalar("factor", "double"), _ORDER),
    flops=lambda shapes: 2 * shapes["x"][0],
    gradient=_roots_gradient,
    block=1,
)
_ROOTS_BACKWARD = op_kind(
    "roots_backward",
    power.roots_backward,
    *(_IN, Operand("y", "in"), *_GRADIENTS, _ORDER),
    flops=lambda shapes: 3 * shapes["x"][0],
    block=1,
)
_NORM_TYPE = Hyper("norm_type", 2, "the power p", at_least=1, at_most=8, integer=True)


@layer(
    summary="Takes a norm of every window: sums of powers, and the root of them.",
    formula="y[i, j, c] = (sum over r, s of |x[i S + r, j S + s, c]|**p)**(1/p), p = norm_type",
    source="Sermanet, Chintala and LeCun (2012), arXiv:1204.3968; torch.nn.LPPool2d",
    hyperparameters=(_NORM_TYPE,),
    aliases=("LPPool2d", "LpPool2D"),
)
@dataclass(frozen=True)
class LpPooling2D(MaxPooling2D):
    """The p-norm of every window, as ONNX's LpPool has it; padding adds nothing.

    ``norm_type`` is p: 1 sums, 2 is the length, and more come near the largest. PyTorch lacks the absolute
    values where p is odd. Where a whole window is 0 its gradient is 0.
    """

    norm_type: int = 2

    keeps_range = False
    _kind: ClassVar[Literal["max", "average"]] = "average"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.keep_checked("norm_type")

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        raised = emitter.transient(f"{name}/powers", x.shape)
        emitter.emit(_POWERS, {"x": x, "y": raised}, order=self.norm_type)
        mean = super().emit(emitter, raised, f"{name}/mean")
        y = emitter.transient(f"{name}/output", mean.shape)
        taps = prod(checked_size(self.pool_size, "pool_size", name, self._n_axes))
        emitter.emit(_ROOTS, {"x": mean, "y": y}, factor=taps, order=self.norm_type)
        return y

    def _pooling(self, windows: Windows, channels: int) -> Pooling:
        return Pooling(self._kind, windows, channels, counts_padding=not windows.is_inside)


@layer(
    summary="LpPooling2D along one axis.",
    formula="y[t, c] = (sum over s of |x[t S + s, c]|**p)**(1/p), p = norm_type",
    source="Sermanet, Chintala and LeCun (2012), arXiv:1204.3968; torch.nn.LPPool1d",
    hyperparameters=(_NORM_TYPE,),
    aliases=("LPPool1d", "LpPool1D"),
)
@dataclass(frozen=True)
class LpPooling1D(LpPooling2D):
    """`LpPooling2D` along one axis."""

    _n_axes: ClassVar[int] = 1
