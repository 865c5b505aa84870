"""The dense layer: y = x·W + b, and its gradient rule."""

from collections.abc import Mapping
from dataclasses import dataclass

from nnkit.activations import BoundActivation
from nnkit.emitting.backward import Sweep
from nnkit.emitting.emitter import Emitter, Penalty
from nnkit.entries import make_entry, op_kind
from nnkit.errors import InvalidArgument
from nnkit.initializers import BoundInitializer
from nnkit.kernels.products.matmul import column_sum, matmul_in_blocks
from nnkit.layers.activation import emit_activation, resolve_activation
from nnkit.layers.base import Layer, layer
from nnkit.layers.draw import emit_draw, emit_draw_bias, resolve_initializer
from nnkit.ops import GOES_ON, Buffer, Op, Operand, OpKind, Scalar, View, flat, in_batch, rows_of
from nnkit.registry import Hyper
from nnkit.tiling.matmul import FROM_C, FROM_START, FROM_ZERO, Product

_NO_FLOOR = float("-inf")

_ARGUMENTS = (
    Operand("a", "in"),
    Operand("b", "in", rank=2),
    Operand("start", "in"),
    Operand("c", "out", rank=2),
    Operand("panel", "scratch"),
    Scalar("a_row", "integer"),
    Scalar("a_step", "integer"),
    Scalar("way", "integer"),
    Scalar("begin", "integer"),
    Scalar("goes_on", "integer", cell=GOES_ON),
    Scalar("low"),
)
# One entry for all three products of a dense layer: numba compiles the tile dispatch once.
_MATMUL = make_entry("matmul", matmul_in_blocks, _ARGUMENTS)


def _matmul_flops(shapes: Mapping[str, tuple[int, ...]]) -> int:
    rows, columns = shapes["c"]
    first, second = shapes["b"]
    # b is (depth, columns) or (columns, depth): its size over the columns is the depth either way.
    return 2 * rows * columns * (first * second // columns)


def _dense_gradient(op: Op, sweep: Sweep) -> None:
    x, w, y = op.buffer("a"), op.buffer("b"), op.buffer("c")
    dy = sweep.gradient(y)
    features, units = op.views["b"].shape
    dw = sweep.parameter_gradient(w)
    emit_matmul(
        sweep, DENSE_BACKWARD_KERNEL, x, rows_of(dy, units), dw, a_row=1, a_step=features, begin=FROM_C
    )
    if op.scalars["begin"] == FROM_START:
        bias_gradient = sweep.parameter_gradient(op.buffer("start"))
        sweep.emit(COLUMN_SUM, {"x": rows_of(dy, units), "y": bias_gradient})
    if sweep.wants(x):
        dx = sweep.new_gradient(x)
        emit_matmul(
            sweep, DENSE_BACKWARD_INPUT, dy, rows_of(w, units), dx, a_row=units, a_step=1, turned=True
        )
        sweep.arrive(x, dx)


DENSE = OpKind("dense", _MATMUL, _ARGUMENTS, _matmul_flops, _dense_gradient, block=1, relu_into="c")
DENSE_BACKWARD_KERNEL = OpKind("dense_backward_kernel", _MATMUL, _ARGUMENTS, _matmul_flops, block=1)
DENSE_BACKWARD_INPUT = OpKind("dense_backward_input", _MATMUL, _ARGUMENTS, _matmul_flops, block=1)
COLUMN_SUM = op_kind(
    "column_sum",
    column_sum,
    Operand("x", "in", rank=2),
    Operand("y", "out"),
    Scalar("goes_on", "integer", cell=GOES_ON),
    flops=lambda shapes: shapes["x"][0] * shapes["x"][1],
    block=1,
)


def emit_matmul(
    emitter: Emitter | Sweep,
    kind: OpKind,
    a: Buffer,
    b: View,
    c: Buffer,
    *,
    a_row: int,
    a_step: int,
    turned: bool = False,
    start: Buffer | None = None,
    begin: int | None = None,
) -> None:
    """Emit ``C = start + A·B``, or ``A·Bᵀ`` where b is ``turned``; without ``start`` the sums begin at 0.

    With ``begin=FROM_C`` they go on from C, from the second block of a batch on.
    """
    batch = emitter.graph.batch_size
    height, width = in_batch(b.shape, batch)
    columns, depth = (height, width) if turned else (width, height)
    product = Product(
        rows=in_batch(rows_of(c, columns).shape, batch)[0],
        columns=columns,
        depth=depth,
        is_a_turned=a_step != 1,
        is_b_turned=turned,
        has_start=start is not None,
    )
    panel = emitter.transient(f"{c.name} panel", (product.panel_size(emitter.graph.lanes, product.way),))
    views: dict[str, Buffer | View] = {
        "a": flat(a),
        "b": b,
        # Where sums begin at 0 the operand is not read, and any vector will do.
        "start": flat(start or c),
        "c": rows_of(c, columns),
        "panel": panel,
    }
    emitter.emit(
        kind,
        views,
        a_row=a_row,
        a_step=a_step,
        way=product.way,
        begin=(FROM_ZERO if start is None else FROM_START) if begin is None else begin,
        low=_NO_FLOOR,
    )


@layer(
    summary="Every output is a weighted sum of all inputs.",
    formula="y = activation(x . kernel + bias)",
    source="Keras 3, keras.layers.Dense",
    hyperparameters=(
        Hyper("units", 32, "number of outputs", at_least=1, integer=True),
        Hyper("l1", default=0.0, at_least=0.0, summary="strength of the L1 penalty of the kernel"),
        Hyper("l2", default=0.0, at_least=0.0, summary="strength of the L2 penalty of the kernel"),
    ),
)
@dataclass(frozen=True)
class Dense(Layer):
    """A fully connected layer over the last axis.

    Formula     y = activation(x·kernel + bias)
    Shapes      x: (batch, …, features); kernel: (features, units); y: (batch, …, units)
    """

    units: int
    activation: str | BoundActivation = "linear"
    use_bias: bool = True
    kernel_initializer: str | BoundInitializer = "glorot_uniform"
    bias_initializer: str | BoundInitializer = "zeros"
    kernel_l1: float = 0.0
    kernel_l2: float = 0.0

    def __post_init__(self) -> None:
        self.keep_checked("units", l1="kernel_l1", l2="kernel_l2")
        resolve_activation(self.activation)
        resolve_initializer(self.kernel_initializer)
        resolve_initializer(self.bias_initializer)

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        if len(x.shape) < 2:
            raise InvalidArgument(f"{name}: needs at least one feature, found input of shape {x.shape[1:]}.")
        features = x.shape[-1]
        kernel, bias = f"{name}/kernel", f"{name}/bias"
        is_new = emitter.is_new(kernel)
        penalty = Penalty(self.kernel_l1, self.kernel_l2)
        w = emitter.parameter(kernel, (features, self.units), penalty=penalty)
        b = emitter.parameter(bias, (self.units,)) if self.use_bias else None
        if is_new:
            emit_draw(emitter, w, self.kernel_initializer)
            if b is not None:
                emit_draw_bias(emitter, b, self.bias_initializer, self.kernel_initializer, w.shape)
        y = emitter.transient(f"{name}/output", (*x.shape[:-1], self.units))
        emit_matmul(emitter, DENSE, x, rows_of(w, self.units), y, a_row=features, a_step=1, start=b)
        return emit_activation(emitter, y, self.activation, name)
