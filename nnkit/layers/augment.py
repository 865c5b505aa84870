"""Augmentation: examples changed at random while training, left alone at test time."""

from dataclasses import dataclass
from math import isqrt

from nnkit.emitting.backward import Sweep
from nnkit.emitting.emitter import Emitter
from nnkit.entries import op_kind
from nnkit.errors import InvalidArgument
from nnkit.kernels.augment import add_noise, shift_images
from nnkit.layers.base import Layer, layer
from nnkit.layers.shape import COPY
from nnkit.ops import FIRST_ROW, KEY, STEP, Buffer, Op, Operand, Scalar
from nnkit.registry import Hyper

_DRAW = (
    Scalar("key", "integer", cell=KEY),
    Scalar("stream", "integer"),
    Scalar("step", "integer", cell=STEP),
    Scalar("first", "integer", cell=FIRST_ROW, is_scaled=True),
)


def _shift_gradient(op: Op, sweep: Sweep) -> None:
    x, dy = op.buffer("x"), sweep.gradient(op.buffer("y"))
    if sweep.wants(x):
        dx = sweep.new_gradient(x)
        sweep.emit(SHIFT, {"x": dy, "y": dx}, **{**op.scalars, "direction": -1})
        sweep.arrive(x, dx)


def _noise_gradient(op: Op, sweep: Sweep) -> None:
    x, dy = op.buffer("x"), sweep.gradient(op.buffer("y"))
    if sweep.wants(x):
        dx = sweep.new_gradient(x)
        sweep.emit(COPY, {"x": dy, "y": dx})
        sweep.arrive(x, dx)


SHIFT = op_kind(
    "shift_images",
    shift_images,
    Operand("x", "in"),
    Operand("y", "out"),
    *(Scalar(name, "integer") for name in ("pixels", "height", "width", "channels", "direction")),
    *_DRAW,
    gradient=_shift_gradient,
    block=1,
)
NOISE = op_kind(
    "add_noise",
    add_noise,
    Operand("x", "in"),
    Operand("y", "out"),
    Scalar("stddev", "double"),
    *_DRAW,
    flops=lambda shapes: 2 * shapes["x"][0],
    gradient=_noise_gradient,
    block=2,  # a block of Philox makes two normal numbers
)


def _stream(emitter: Emitter) -> int:
    return sum(op.kind in (SHIFT, NOISE) for op in emitter.ops)


def emit_noise(emitter: Emitter, x: Buffer, y: Buffer, stddev: float) -> None:
    """Emit ``y = x + stddev z``, with a stream of its own."""
    emitter.emit(NOISE, {"x": x, "y": y}, stddev=stddev, stream=_stream(emitter), first=-x.size)


@layer(
    summary="Moves every image a little while training, so that its place is not learned by heart.",
    formula="y[i, j] = x[i - a, j - b], 0 from outside; a, b uniform in -pixels ... pixels, fresh every step",
    source="LeCun et al. (1998), Proc. IEEE 86(11), section III: translated training images",
    hyperparameters=(Hyper("pixels", 1, "largest move", at_least=0, below=1000),),
)
@dataclass(frozen=True)
class RandomShift(Layer):
    """Moves images by up to ``pixels`` each way; a row of n * n values is taken for an image of n by n."""

    pixels: int = 1

    keeps_range = True

    def __post_init__(self) -> None:
        self.keep_checked("pixels")

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        height, width, channels = _image(x.shape[1:], name)
        if not emitter.training or self.pixels == 0:
            return x
        y = emitter.transient(f"{name}/output", x.shape)
        sizes = {"height": height, "width": width, "channels": channels}
        stream = _stream(emitter)
        emitter.emit(
            SHIFT, {"x": x, "y": y}, pixels=self.pixels, **sizes, direction=1, stream=stream, first=1
        )
        return y


@layer(
    summary="Adds normal noise while training, against over-fitting.",
    formula="y = x + stddev * z, z ~ N(0, 1), fresh every step; y = x at test time",
    source="Bishop (1995), Neural Computation 7(1); Keras 3, keras.layers.GaussianNoise",
    hyperparameters=(Hyper("stddev", 0.1, "standard deviation of the noise", at_least=0.0),),
)
@dataclass(frozen=True)
class GaussianNoise(Layer):
    """Adds noise of standard deviation ``stddev`` to every value."""

    stddev: float = 0.1

    def __post_init__(self) -> None:
        self.keep_checked("stddev")

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        if not emitter.training or self.stddev == 0:
            return x
        y = emitter.transient(f"{name}/output", x.shape)
        emit_noise(emitter, x, y, self.stddev)
        return y


def _image(shape: tuple[int, ...], name: str) -> tuple[int, int, int]:
    """Return height, width and channels of a sample."""
    if len(shape) == 3:
        return shape[0], shape[1], shape[2]
    side = isqrt(shape[0])
    if len(shape) != 1 or side * side != shape[0]:
        raise InvalidArgument(
            f"{name}: needs images (height, width, channels), or rows of n * n values, found {shape}. "
            "Put a Reshape in front, or leave it out."
        )
    return side, side, 1
