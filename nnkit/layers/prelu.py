"""PReLU: a ReLU whose slope below 0 is learned."""

from dataclasses import dataclass
from functools import cache

from nnkit.emitting.backward import Sweep
from nnkit.emitting.emitter import Emitter
from nnkit.initializers import BoundInitializer
from nnkit.kernels.rows.prelu import prelu_entry
from nnkit.layers.base import Layer, layer
from nnkit.layers.draw import emit_draw, resolve_initializer
from nnkit.layers.normalization import columns_over
from nnkit.ops import Argument, Buffer, Op, Operand, OpKind

_COLUMNS = Operand("columns", "scratch")


@cache
def forward_kind(channels: int) -> OpKind:
    """Return the op kind of a PReLU."""
    arguments: tuple[Argument, ...] = (
        Operand("x", "in", rank=2),
        Operand("alpha", "in"),
        Operand("y", "out", rank=2),
        _COLUMNS,
    )
    entry = prelu_entry("forward", channels, arguments)
    return OpKind("prelu", entry, arguments, lambda s: s["x"][0] * s["x"][1], _gradient, block=1)


@cache
def backward_kind(channels: int) -> OpKind:
    """Return the op kind of the gradients of a PReLU."""
    arguments: tuple[Argument, ...] = (
        Operand("dy", "in", rank=2),
        Operand("x", "in", rank=2),
        Operand("alpha", "in"),
        Operand("dx", "out", rank=2),
        Operand("dalpha", "out"),
        _COLUMNS,
    )
    entry = prelu_entry("backward", channels, arguments)
    return OpKind("prelu_backward", entry, arguments, lambda s: 3 * s["dy"][0] * s["dy"][1])


def _gradient(op: Op, sweep: Sweep) -> None:
    x, alpha = op.buffer("x"), op.buffer("alpha")
    dy = sweep.gradient(op.buffer("y"))
    # dx is computed even where nobody wants it: alpha's gradient comes from the same op.
    dx = sweep.new_gradient(x)
    views = {"dy": dy, "x": x, "alpha": alpha, "dx": dx, "dalpha": sweep.parameter_gradient(alpha)}
    sweep.emit(backward_kind(alpha.size), views | {"columns": columns_over(sweep, x)})
    if sweep.wants(x):
        sweep.arrive(x, dx)


@layer(
    summary="A ReLU that learns its slope below 0, one per channel.",
    formula="y = x if x > 0 else alpha * x",
    source="He et al. (2015), arXiv:1502.01852, who start at 0.25; 0 is the start of keras.layers.PReLU",
)
@dataclass(frozen=True)
class PReLU(Layer):
    """``y = x`` where x > 0 and ``alpha · x`` elsewhere, with one learned alpha per channel."""

    alpha_initializer: str | BoundInitializer = "zeros"

    def __post_init__(self) -> None:
        resolve_initializer(self.alpha_initializer)

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        is_new = emitter.is_new(f"{name}/alpha")
        alpha = emitter.parameter(f"{name}/alpha", (x.shape[-1],))
        if is_new:
            emit_draw(emitter, alpha, self.alpha_initializer)
        y = emitter.transient(f"{name}/output", x.shape)
        emitter.emit(
            forward_kind(alpha.size), {"x": x, "alpha": alpha, "y": y, "columns": columns_over(emitter, x)}
        )
        return y
