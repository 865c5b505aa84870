"""Convolutions over images and sequences, and their gradient rules."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import prod

from nnkit.activations import BoundActivation
from nnkit.emitting.backward import Sweep
from nnkit.emitting.emitter import Emitter, Penalty
from nnkit.errors import InvalidArgument
from nnkit.initializers import BoundInitializer
from nnkit.kernels.images.conv import backward_kernel_entry, forward_entry
from nnkit.layers.activation import emit_activation, resolve_activation
from nnkit.layers.base import Layer, layer
from nnkit.layers.draw import emit_draw, emit_draw_bias, resolve_initializer
from nnkit.layers.window import (
    Padding,
    Size,
    checked_padding,
    checked_size,
    image_shape,
    image_size,
    windows_over,
)
from nnkit.ops import GOES_ON, Argument, Buffer, Op, Operand, OpKind, Scalar
from nnkit.registry import Hyper
from nnkit.tiling.convolution import Convolution, GradientPlan
from nnkit.tiling.phases import ForwardPlan

_NO_FLOOR = float("-inf")
Gradient = Callable[[Op, Sweep], None]
MOST_TAPS = 10_000  # of a kernel: its machine code lists them


@cache
def forward_kind(shape: Convolution, *, has_bias: bool) -> OpKind:
    """Return the op kind of a convolution of this shape; of the gradient for an input, if it is turned."""
    if shape.turned:
        return kind_of("conv2d_backward_input", shape, has_bias=has_bias)

    def gradient(op: Op, sweep: Sweep) -> None:
        _emit_gradient(op, sweep, shape, has_bias=has_bias)

    return kind_of("conv2d", shape, has_bias=has_bias, gradient=gradient)


def kind_of(name: str, shape: Convolution, *, has_bias: bool, gradient: Gradient | None = None) -> OpKind:
    """Return an op kind that computes the convolution of this shape, and has this gradient rule."""
    bias = (Operand("bias", "in"),) if has_bias else ()
    arguments: tuple[Argument, ...] = (
        Operand("x", "in"),
        Operand("w", "in"),
        *bias,
        Operand("y", "out"),
        Operand("padded", "scratch"),
        Operand("packed", "scratch"),
        Scalar("low"),
    )
    n_outputs = shape.windows.output[0] * shape.windows.output[1] * shape.filters
    return OpKind(
        name,
        forward_entry(name, shape, arguments, is_gradient=shape.turned and gradient is None),
        arguments,
        flops=lambda shapes: shapes["y"][0] // n_outputs * shape.flops,
        gradient=gradient,
        shape=shape,
        block=1,
        relu_into="y",
    )


@cache
def backward_kernel_kind(shape: Convolution, *, has_bias: bool) -> OpKind:
    """Return the op kind of the gradients for kernel and bias."""
    bias = (Operand("db", "out"),) if has_bias else ()
    arguments: tuple[Argument, ...] = (
        Operand("x", "in"),
        Operand("dy", "in"),
        Operand("dw", "out"),
        *bias,
        Operand("padded", "scratch"),
        Operand("sums", "scratch"),
        # 1 where dw and db hold the sums of earlier rows of the batch, which these rows are added to.
        Scalar("goes_on", "integer", cell=GOES_ON),
    )
    n_outputs = shape.windows.output[0] * shape.windows.output[1] * shape.filters
    return OpKind(
        "conv2d_backward_kernel",
        backward_kernel_entry("conv2d_backward_kernel", shape, arguments),
        arguments,
        flops=lambda shapes: shapes["dy"][0] // n_outputs * shape.flops,
        shape=shape,
        block=GradientPlan(shape, lanes=16).images,  # the same for any number of lanes
    )


def emit_convolution(
    emitter: Emitter | Sweep,
    shape: Convolution,
    x: Buffer,
    w: Buffer,
    bias: Buffer | None,
    y: Buffer,
    kind: OpKind | None = None,
) -> None:
    """Emit the convolution of ``x`` into ``y`` with its scratch buffers; ``kind`` if not the usual one."""
    plan = ForwardPlan(shape, emitter.graph.lanes)
    views = {
        "x": x,
        "w": w,
        "y": y,
        "padded": emitter.transient(f"{y.name} padded", (plan.plain_size + plan.woven_size,)),
        "packed": emitter.transient(f"{y.name} kernel", (plan.packed_size,)),
    }
    if bias is not None:
        views["bias"] = bias
    emitter.emit(kind or forward_kind(shape, has_bias=bias is not None), views, low=_NO_FLOOR)


def emit_kernel_gradient(
    sweep: Sweep, shape: Convolution, x: Buffer, dy: Buffer, w: Buffer, bias: Buffer | None
) -> None:
    """Emit the gradients for kernel and bias of a convolution of ``x``, given that of its output."""
    plan = GradientPlan(shape, sweep.graph.lanes)
    views = {
        "x": x,
        "dy": dy,
        "dw": sweep.parameter_gradient(w),
        "padded": sweep.transient(f"d {w.name} padded", (plan.padded_size,)),
        "sums": sweep.transient(f"d {w.name} sums", (plan.sums_size,)),
    }
    if bias is not None:
        views["db"] = sweep.parameter_gradient(bias)
    sweep.emit(backward_kernel_kind(shape, has_bias=bias is not None), views)


def _emit_gradient(op: Op, sweep: Sweep, shape: Convolution, *, has_bias: bool) -> None:
    x, w = op.buffer("x"), op.buffer("w")
    dy = sweep.gradient(op.buffer("y"))
    emit_kernel_gradient(sweep, shape, x, dy, w, op.buffer("bias") if has_bias else None)
    if sweep.wants(x):
        dx = sweep.new_gradient(x)
        emit_convolution(sweep, shape.gradient(), dy, w, None, dx)
        sweep.arrive(x, dx)


_HYPERPARAMETERS = (
    Hyper("filters", 32, "number of output channels", at_least=1, integer=True),
    Hyper("groups", 1, "parts of the channels that do not see each other", at_least=1, integer=True),
    Hyper("l1", default=0.0, at_least=0.0, summary="strength of the L1 penalty of the kernel"),
    Hyper("l2", default=0.0, at_least=0.0, summary="strength of the L2 penalty of the kernel"),
)


@layer(
    summary="Weighs the pixels around every output pixel, with the same weights everywhere.",
    formula="y[i, j, o] = activation(bias[o] + sum_rsc x[i S + r D, j S + s D, c] kernel[r, s, c, o])",
    source="LeCun et al. (1989), Neural Computation 1(4); arguments of keras.layers.Conv2D",
    hyperparameters=_HYPERPARAMETERS,
)
@dataclass(frozen=True)
class Conv2D(Layer):
    """A convolution over images.

    Formula     y[b, i, j, o] = activation(bias[o] + Σ x[b, i·S + r·D, j·S + s·D, c] · kernel[r, s, c, o])
    Shapes      x: (batch, height, width, channels); kernel: (height, width, channels / groups, filters)
    """

    filters: int
    kernel_size: Size
    strides: Size = 1
    padding: Padding = "valid"
    dilation_rate: Size = 1
    groups: int = 1
    activation: str | BoundActivation = "linear"
    use_bias: bool = True
    kernel_initializer: str | BoundInitializer = "glorot_uniform"
    bias_initializer: str | BoundInitializer = "zeros"
    kernel_l1: float = 0.0
    kernel_l2: float = 0.0

    _n_axes = 2

    def __post_init__(self) -> None:
        name = self.record.name
        self.keep_checked("filters", "groups", l1="kernel_l1", l2="kernel_l2")
        for argument in ("kernel_size", "strides", "dilation_rate"):
            checked_size(getattr(self, argument), argument, name, self._n_axes)
        checked_padding(self.padding, name, self._n_axes)
        if prod(checked_size(self.kernel_size, "kernel_size", name, self._n_axes)) > MOST_TAPS:
            raise InvalidArgument(
                f"{name}: kernel_size must cover at most {MOST_TAPS} pixels, found {self.kernel_size!r}."
            )
        if self.filters % self.groups:
            raise InvalidArgument(
                f"{name}: filters must be a multiple of groups, found {self.filters} and {self.groups}."
            )
        resolve_activation(self.activation)
        resolve_initializer(self.kernel_initializer)
        resolve_initializer(self.bias_initializer)

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        shape = self._shape(x, name)
        n_axes = self._n_axes
        kernel_shape = (*shape.windows.window[2 - n_axes :], shape.group_channels, self.filters)
        is_new = emitter.is_new(f"{name}/kernel")
        w = emitter.parameter(f"{name}/kernel", kernel_shape, penalty=Penalty(self.kernel_l1, self.kernel_l2))
        b = emitter.parameter(f"{name}/bias", (self.filters,)) if self.use_bias else None
        if is_new:
            emit_draw(emitter, w, self.kernel_initializer)
            if b is not None:
                emit_draw_bias(emitter, b, self.bias_initializer, self.kernel_initializer, w.shape)
        y = emitter.transient(
            f"{name}/output", image_shape(x.shape[0], shape.windows.output, self.filters, n_axes)
        )
        emit_convolution(emitter, shape, x, w, b, y)
        return emit_activation(emitter, y, self.activation, name)

    def _shape(self, x: Buffer, name: str) -> Convolution:
        n_axes = self._n_axes
        size, channels = image_size(x.shape, n_axes, name)
        if channels % self.groups:
            raise InvalidArgument(
                f"{name}: {channels} input channels cannot be split into {self.groups} groups."
            )
        windows = windows_over(
            size,
            checked_size(self.kernel_size, "kernel_size", name, n_axes),
            strides=checked_size(self.strides, "strides", name, n_axes),
            padding=checked_padding(self.padding, name, n_axes),
            dilation=checked_size(self.dilation_rate, "dilation_rate", name, n_axes),
            where=name,
        )
        return Convolution(windows, channels, self.filters, self.groups)


@layer(
    summary="Conv2D along one axis.",
    formula="y[t, o] = activation(bias[o] + sum_sc x[t S + s D, c] kernel[s, c, o])",
    source="Waibel et al. (1989), IEEE TASSP 37(3); arguments of keras.layers.Conv1D",
    hyperparameters=_HYPERPARAMETERS,
)
@dataclass(frozen=True)
class Conv1D(Conv2D):
    """A convolution over sequences.

    Formula     y[b, t, o] = activation(bias[o] + Σ x[b, t·S + s·D, c] · kernel[s, c, o])
    Shapes      x: (batch, steps, channels); kernel: (steps, channels / groups, filters)
    """

    _n_axes = 1
