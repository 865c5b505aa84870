"""Convolutions taken apart: each channel by itself, and then all channels of one pixel."""

from dataclasses import dataclass
from math import prod

from nnkit.activations import BoundActivation
from nnkit.emitting.emitter import Emitter, Penalty
from nnkit.errors import InvalidArgument
from nnkit.initializers import BoundInitializer
from nnkit.layers.activation import emit_activation, resolve_activation
from nnkit.layers.base import Layer, layer
from nnkit.layers.convolution import MOST_TAPS, Conv2D, emit_convolution
from nnkit.layers.draw import emit_draw, resolve_initializer
from nnkit.layers.window import Padding, Size, checked_padding, checked_size, image_size, windows_over
from nnkit.ops import Buffer
from nnkit.registry import Hyper
from nnkit.tiling.convolution import Convolution

_MULTIPLIER = Hyper("depth_multiplier", 1, "outputs of every channel", at_least=1, integer=True)
_PENALTIES = (
    Hyper("l1", default=0.0, at_least=0.0, summary="strength of the L1 penalty of the kernels"),
    Hyper("l2", default=0.0, at_least=0.0, summary="strength of the L2 penalty of the kernels"),
)


@layer(
    summary="Conv2D of every channel by itself.",
    formula="y[i, j, c M + m] = activation(bias + sum_rs x[i S + r D, j S + s D, c] kernel[r, s, c, m])",
    source="Howard et al. (2017), arXiv:1704.04861; keras.layers.DepthwiseConv2D",
    hyperparameters=(_MULTIPLIER, *_PENALTIES),
)
@dataclass(frozen=True)
class DepthwiseConv2D(Layer):
    """A convolution that does not mix channels: a Conv2D with as many groups as channels.

    Shapes      x: (batch, height, width, channels); kernel: (height, width, channels, depth_multiplier)
    """

    kernel_size: Size
    strides: Size = 1
    padding: Padding = "valid"
    depth_multiplier: int = 1
    dilation_rate: Size = 1
    activation: str | BoundActivation = "linear"
    use_bias: bool = True
    depthwise_initializer: str | BoundInitializer = "glorot_uniform"
    bias_initializer: str | BoundInitializer = "zeros"
    kernel_l1: float = 0.0
    kernel_l2: float = 0.0

    def __post_init__(self) -> None:
        name = self.record.name
        self.keep_checked("depth_multiplier", l1="kernel_l1", l2="kernel_l2")
        for argument in ("kernel_size", "strides", "dilation_rate"):
            checked_size(getattr(self, argument), argument, name, 2)
        checked_padding(self.padding, name, 2)
        if prod(checked_size(self.kernel_size, "kernel_size", name, 2)) > MOST_TAPS:
            raise InvalidArgument(
                f"{name}: kernel_size must cover at most {MOST_TAPS} pixels, found {self.kernel_size!r}."
            )
        resolve_activation(self.activation)
        resolve_initializer(self.depthwise_initializer)
        resolve_initializer(self.bias_initializer)

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        size, channels = image_size(x.shape, 2, name)
        window, strides, dilation = (
            checked_size(getattr(self, argument), argument, name, 2)
            for argument in ("kernel_size", "strides", "dilation_rate")
        )
        padding = checked_padding(self.padding, name, 2)
        windows = windows_over(size, window, strides=strides, padding=padding, dilation=dilation, where=name)
        shape = Convolution(windows, channels, channels * self.depth_multiplier, channels)
        is_new = emitter.is_new(f"{name}/kernel")
        penalty = Penalty(self.kernel_l1, self.kernel_l2)
        w = emitter.parameter(f"{name}/kernel", (*window, channels, self.depth_multiplier), penalty=penalty)
        b = emitter.parameter(f"{name}/bias", (shape.filters,)) if self.use_bias else None
        if is_new:
            emit_draw(emitter, w, self.depthwise_initializer)
            if b is not None:
                emit_draw(emitter, b, self.bias_initializer)
        y = emitter.transient(f"{name}/output", (x.shape[0], *windows.output, shape.filters))
        emit_convolution(emitter, shape, x, w, b, y)
        return emit_activation(emitter, y, self.activation, name)


@layer(
    summary="Conv2D in two steps: every channel by itself, then all channels of each pixel.",
    formula="y = Conv2D(filters, 1)(DepthwiseConv2D(kernel_size)(x))",
    source="Chollet (2017), CVPR, arXiv:1610.02357; keras.layers.SeparableConv2D",
    hyperparameters=(
        Hyper("filters", 32, "number of output channels", at_least=1, integer=True),
        _MULTIPLIER,
        *_PENALTIES,
    ),
)
@dataclass(frozen=True)
class SeparableConv2D(Layer):
    """A `DepthwiseConv2D` without bias, and a `Conv2D` of one pixel behind it."""

    filters: int
    kernel_size: Size
    strides: Size = 1
    padding: Padding = "valid"
    dilation_rate: Size = 1
    depth_multiplier: int = 1
    activation: str | BoundActivation = "linear"
    use_bias: bool = True
    depthwise_initializer: str | BoundInitializer = "glorot_uniform"
    pointwise_initializer: str | BoundInitializer = "glorot_uniform"
    bias_initializer: str | BoundInitializer = "zeros"
    kernel_l1: float = 0.0
    kernel_l2: float = 0.0

    def __post_init__(self) -> None:
        self.keep_checked("filters", "depth_multiplier", l1="kernel_l1", l2="kernel_l2")
        self.steps()

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        depthwise, pointwise = self.steps()
        return pointwise.emit(emitter, depthwise.emit(emitter, x, f"{name}/depthwise"), f"{name}/pointwise")

    def steps(self) -> tuple[DepthwiseConv2D, Conv2D]:
        """Return the two layers that this one is."""
        depthwise = DepthwiseConv2D(
            self.kernel_size,
            self.strides,
            self.padding,
            self.depth_multiplier,
            self.dilation_rate,
            use_bias=False,
            depthwise_initializer=self.depthwise_initializer,
            kernel_l1=self.kernel_l1,
            kernel_l2=self.kernel_l2,
        )
        pointwise = Conv2D(
            self.filters,
            1,
            activation=self.activation,
            use_bias=self.use_bias,
            kernel_initializer=self.pointwise_initializer,
            bias_initializer=self.bias_initializer,
            kernel_l1=self.kernel_l1,
            kernel_l2=self.kernel_l2,
        )
        return depthwise, pointwise
