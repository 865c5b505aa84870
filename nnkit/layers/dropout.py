"""Dropout: a fresh mask every step while training, nothing at test time."""

from dataclasses import dataclass
from math import prod

from nnkit.emitting.backward import Sweep
from nnkit.emitting.emitter import Emitter
from nnkit.entries import op_kind
from nnkit.kernels.movement import multiply
from nnkit.layers.base import Layer, layer
from nnkit.ops import FIRST_ROW, KEY, STEP, Buffer, Op, Operand, Scalar
from nnkit.registry import Hyper
from nnkit.rng import dropout_mask

# Words are drawn a few thousand at a time: enough for long vectors, and they stay in the L1 cache.
_WORDS = 4096


def _multiply_gradient(op: Op, sweep: Sweep) -> None:
    x = op.buffer("x")
    dy = sweep.gradient(op.buffer("y"))
    if sweep.wants(x):
        dx = sweep.new_gradient(x)
        sweep.emit(MULTIPLY, {"x": dy, "z": op.buffer("z"), "y": dx})
        sweep.arrive(x, dx)


DROPOUT_MASK = op_kind(
    "dropout_mask",
    dropout_mask,
    Operand("mask", "out"),
    Operand("words", "scratch", type="uint32"),
    Scalar("rate", "double"),
    Scalar("key", "integer", cell=KEY),
    Scalar("stream", "integer"),
    Scalar("step", "integer", cell=STEP),
    Scalar("first", "integer", cell=FIRST_ROW, is_scaled=True),
    block=4,  # a block of Philox has four words
)
MULTIPLY = op_kind(
    "multiply",
    multiply,
    Operand("x", "in"),
    Operand("z", "in"),
    Operand("y", "out"),
    flops=lambda shapes: shapes["x"][0],
    gradient=_multiply_gradient,
    block=1,
)


def emit_mask(emitter: Emitter, shape: tuple[int, ...], name: str, rate: float) -> Buffer:
    """Emit the draw of a mask, 0 or 1 / (1 - rate), and return it; every mask of a model has its stream."""
    mask = emitter.transient(f"{name}/mask", shape)
    words = emitter.transient(f"{name}/words", (_WORDS,), type="uint32")
    stream = sum(op.kind is DROPOUT_MASK for op in emitter.ops)
    emitter.emit(DROPOUT_MASK, {"mask": mask, "words": words}, rate=rate, stream=stream, first=-prod(shape))
    return mask


@layer(
    summary="Drops random values while training, against over-fitting.",
    formula="y = x * mask / (1 - rate), mask fresh every step; y = x at test time",
    source="Srivastava et al. (2014), JMLR 15; inverted as in keras.layers.Dropout",
    hyperparameters=(Hyper("rate", default=0.5, at_least=0.0, below=1.0, tune="linear"),),
)
@dataclass(frozen=True)
class Dropout(Layer):
    """Drops a share ``rate`` of the values and scales the others by 1 / (1 - rate)."""

    rate: float

    keeps_range = True

    def __post_init__(self) -> None:
        self.keep_checked("rate")

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        if not emitter.training or self.rate == 0:
            return x
        mask = emit_mask(emitter, x.shape, name, self.rate)
        y = emitter.transient(f"{name}/output", x.shape)
        emitter.emit(MULTIPLY, {"x": x, "z": mask, "y": y})
        return y
