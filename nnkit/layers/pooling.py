"""Pooling layers over windows and over whole images, and their gradient rules."""

from dataclasses import dataclass, replace
from functools import cache
from math import prod
from typing import ClassVar, Literal

from nnkit.emitting.backward import Sweep
from nnkit.emitting.emitter import Emitter
from nnkit.errors import InvalidArgument
from nnkit.kernels.images.pool import backward_entry, forward_entry
from nnkit.layers.base import Layer, layer
from nnkit.layers.window import (
    Padding,
    Size,
    checked_padding,
    checked_size,
    image_shape,
    image_size,
    windows_over,
)
from nnkit.ops import Argument, Buffer, Op, Operand, OpKind
from nnkit.tiling.pooling import Pooling
from nnkit.tiling.window import Windows

_PADDED = Operand("padded", "scratch")


@cache
def forward_kind(shape: Pooling) -> OpKind:
    """Return the op kind of a pooling of this shape."""
    name = f"{shape.kind}_pooling2d"
    arguments: tuple[Argument, ...] = (Operand("x", "in"), Operand("y", "out"), _PADDED)
    taps = prod(shape.windows.window)

    def gradient(op: Op, sweep: Sweep) -> None:
        _emit_gradient(op, sweep, shape)

    return OpKind(
        name,
        forward_entry(name, shape, arguments),
        arguments,
        flops=lambda shapes: shapes["y"][0] * taps,
        gradient=gradient,
        shape=shape,
        block=1,
    )


@cache
def backward_kind(shape: Pooling) -> OpKind:
    """Return the op kind of the gradient of a pooling; one that passes a ReLU before it too, if so asked."""
    name = f"{shape.kind}_pooling2d_backward" + ("_relu" if shape.through_relu else "")
    seen = (Operand("x", "in"), Operand("y", "in")) if shape.kind == "max" else ()
    arguments: tuple[Argument, ...] = (
        *seen,
        Operand("dy", "in"),
        Operand("dx", "out"),
        _PADDED,
        Operand("dpadded", "scratch"),
    )

    def through_relu(op: Op, relu: Op) -> Op | None:
        # Only where the values that were pooled are those that the ReLU made.
        if relu.buffer("source") is not op.buffer("x"):
            return None
        gated = backward_kind(replace(shape, through_relu=True))
        return Op(gated, {**op.views, "dx": relu.views["dx"]}, op.scalars)

    return OpKind(
        name,
        backward_entry(name, shape, arguments),
        arguments,
        flops=lambda shapes: shapes["dx"][0],
        shape=shape,
        block=1,
        through_relu=through_relu if shape.kind == "max" and not shape.through_relu else None,
    )


def _emit_gradient(op: Op, sweep: Sweep, shape: Pooling) -> None:
    x, y = op.buffer("x"), op.buffer("y")
    dy = sweep.gradient(y)
    if not sweep.wants(x):
        return
    dx = sweep.new_gradient(x)
    size = (shape.padded_size,)
    views = {"dy": dy, "dx": dx, "dpadded": sweep.transient(f"{dx.name} padded", size)}
    if shape.kind == "max":
        views |= {"x": x, "y": y}
    views["padded"] = sweep.transient(f"{x.name} padded", size if shape.kind == "max" else (0,))
    sweep.emit(backward_kind(shape), views)
    sweep.arrive(x, dx)


def emit_pooling(emitter: Emitter, x: Buffer, shape: Pooling, y: Buffer, name: str) -> None:
    views = {"x": x, "y": y, "padded": emitter.transient(f"{name}/padded", (shape.padded_size,))}
    emitter.emit(forward_kind(shape), views)


@layer(
    summary="Keeps the largest value of every window, of equal ones the first.",
    formula="y[i, j, c] = max over r, s of x[i S + r, j S + s, c]",
    source="Riesenhuber and Poggio (1999), Nature Neuroscience 2(11); arguments of keras.layers.MaxPooling2D",
)
@dataclass(frozen=True)
class MaxPooling2D(Layer):
    """The largest value of every window; ``strides`` are the window's size unless given."""

    pool_size: Size = 2
    strides: Size | None = None
    padding: Padding = "valid"
    dilation_rate: Size = 1

    keeps_range = True
    _kind: ClassVar[Literal["max", "average"]] = "max"
    _n_axes: ClassVar[int] = 2

    def __post_init__(self) -> None:
        name = self.record.name
        checked_size(self.pool_size, "pool_size", name, self._n_axes)
        if self.strides is not None:
            checked_size(self.strides, "strides", name, self._n_axes)
        checked_padding(self.padding, name, self._n_axes)
        checked_size(self.dilation_rate, "dilation_rate", name, self._n_axes)

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        size, channels = image_size(x.shape, self._n_axes, name)
        windows = self._windows(size, name)
        y_shape = image_shape(x.shape[0], windows.output, channels, self._n_axes)
        y = emitter.transient(f"{name}/output", y_shape)
        emit_pooling(emitter, x, self._pooling(windows, channels), y, name)
        return y

    def _pooling(self, windows: Windows, channels: int) -> Pooling:
        return Pooling(self._kind, windows, channels)

    def _windows(self, size: tuple[int, int], name: str) -> Windows:
        window = checked_size(self.pool_size, "pool_size", name, self._n_axes)
        strides = self.pool_size if self.strides is None else self.strides
        windows = windows_over(
            size,
            window,
            strides=checked_size(strides, "strides", name, self._n_axes),
            padding=checked_padding(self.padding, name, self._n_axes),
            dilation=checked_size(self.dilation_rate, "dilation_rate", name, self._n_axes),
            where=name,
        )
        # A window of padding alone has no largest value and no mean.
        if not (windows.all_see_the_image(0) and windows.all_see_the_image(1)):
            raise InvalidArgument(
                f"{name}: padding must be smaller than the window, "
                f"found {self.padding!r} for a window of {self.pool_size!r}."
            )
        return windows


@layer(
    summary="MaxPooling2D along one axis.",
    formula="y[t, c] = max over s of x[t S + s, c]",
    source="Collobert et al. (2011), JMLR 12; arguments of keras.layers.MaxPooling1D",
)
@dataclass(frozen=True)
class MaxPooling1D(MaxPooling2D):
    """`MaxPooling2D` along one axis."""

    _n_axes: ClassVar[int] = 1


@layer(
    summary="Takes the mean of every window; padding does not count.",
    formula="y[i, j, c] = mean over r, s of x[i S + r, j S + s, c]",
    source="LeCun et al. (1998), Proceedings of the IEEE 86(11); arguments of keras.layers.AveragePooling2D",
)
@dataclass(frozen=True)
class AveragePooling2D(MaxPooling2D):
    """The mean of every window over its pixels inside the image.

    With ``count_include_pad``, PyTorch's default, padding counts as zeros: the sum over the window's size.
    """

    count_include_pad: bool = False

    _kind: ClassVar[Literal["max", "average"]] = "average"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.count_include_pad, bool):
            raise InvalidArgument(f"{self.record.name}: count_include_pad must be True or False.")

    def _pooling(self, windows: Windows, channels: int) -> Pooling:
        counts = self.count_include_pad and not windows.is_inside
        return Pooling(self._kind, windows, channels, counts_padding=counts)


@layer(
    summary="AveragePooling2D along one axis.",
    formula="y[t, c] = mean over s of x[t S + s, c]",
    source="Waibel et al. (1989), IEEE TASSP 37(3); arguments of keras.layers.AveragePooling1D",
)
@dataclass(frozen=True)
class AveragePooling1D(AveragePooling2D):
    """`AveragePooling2D` along one axis."""

    _n_axes: ClassVar[int] = 1


@layer(
    summary="Takes the mean of every channel.",
    formula="y[c] = mean over i, j of x[i, j, c]",
    source="Lin, Chen and Yan (2014), Network in network, arXiv:1312.4400",
)
@dataclass(frozen=True)
class GlobalAveragePooling2D(Layer):
    """The mean of every channel over the whole image."""

    keeps_range = True
    _kind: ClassVar[Literal["max", "average"]] = "average"
    _n_axes: ClassVar[int] = 2

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        size, channels = image_size(x.shape, self._n_axes, name)
        y = emitter.transient(f"{name}/output", (x.shape[0], channels))
        emit_pooling(emitter, x, Pooling(self._kind, Windows(size, size, size), channels), y, name)
        return y


@layer(
    summary="Keeps the largest value of every channel.",
    formula="y[c] = max over i, j of x[i, j, c]",
    source="Oquab et al. (2015), CVPR; keras.layers.GlobalMaxPooling2D",
)
@dataclass(frozen=True)
class GlobalMaxPooling2D(GlobalAveragePooling2D):
    """The largest value of every channel in the whole image."""

    _kind: ClassVar[Literal["max", "average"]] = "max"


@layer(
    summary="Takes the mean of every channel of a sequence.",
    formula="y[c] = mean over t of x[t, c]",
    source="Lin, Chen and Yan (2014), arXiv:1312.4400; keras.layers.GlobalAveragePooling1D",
)
@dataclass(frozen=True)
class GlobalAveragePooling1D(GlobalAveragePooling2D):
    """The mean of every channel over all steps."""

    _n_axes: ClassVar[int] = 1


@layer(
    summary="Keeps the largest value of every channel of a sequence.",
    formula="y[c] = max over t of x[t, c]",
    source="Collobert et al. (2011), JMLR 12; keras.layers.GlobalMaxPooling1D",
)
@dataclass(frozen=True)
class GlobalMaxPooling1D(GlobalMaxPooling2D):
    """The largest value of every channel over all steps."""

    _n_axes: ClassVar[int] = 1
