"""Transposed convolutions: the gradient of a convolution for its input, as a layer.

No kernel of its own: forward is a convolution's backward pass for its input, and its gradients are the
convolution itself and the convolution's gradient for its kernel.
"""

from dataclasses import dataclass
from functools import cache

from nnkit.emitting.backward import Sweep
from nnkit.emitting.emitter import Emitter, Penalty
from nnkit.errors import InvalidArgument
from nnkit.layers.activation import emit_activation
from nnkit.layers.base import layer
from nnkit.layers.convolution import Conv2D, emit_convolution, emit_kernel_gradient, kind_of
from nnkit.layers.dense import COLUMN_SUM
from nnkit.layers.draw import emit_draw
from nnkit.layers.window import checked_padding, checked_size, image_shape, image_size
from nnkit.ops import Buffer, Op, OpKind, rows_of
from nnkit.registry import Hyper
from nnkit.tiling.convolution import Convolution
from nnkit.tiling.window import Pair, Windows, same_pads

_HYPERPARAMETERS = (
    Hyper("filters", 32, "number of output channels", at_least=1, integer=True),
    Hyper("groups", 1, "parts of the channels that do not see each other", at_least=1, integer=True),
    Hyper("l1", default=0.0, at_least=0.0, summary="strength of the L1 penalty of the kernel"),
    Hyper("l2", default=0.0, at_least=0.0, summary="strength of the L2 penalty of the kernel"),
)


@cache
def transposed_kind(shape: Convolution, *, has_bias: bool) -> OpKind:
    """Return the op kind of the transpose of the convolution of this shape."""

    def gradient(op: Op, sweep: Sweep) -> None:
        x, w = op.buffer("x"), op.buffer("w")
        dy = sweep.gradient(op.buffer("y"))
        emit_kernel_gradient(sweep, shape, dy, x, w, None)
        if has_bias:
            db = sweep.parameter_gradient(op.buffer("bias"))
            sweep.emit(COLUMN_SUM, {"x": rows_of(dy, shape.channels), "y": db})
        if sweep.wants(x):
            dx = sweep.new_gradient(x)
            emit_convolution(sweep, shape, dy, w, None, dx)
            sweep.arrive(x, dx)

    return kind_of("conv2d_transpose", shape.gradient(), has_bias=has_bias, gradient=gradient)


@layer(
    summary="Spreads every pixel over a window of a larger image: the transpose of Conv2D.",
    formula="y[i S + r D, j S + s D, o] += x[i, j, c] kernel[r, s, o, c], then + bias[o] and activation",
    source="Zeiler et al. (2010), CVPR; Dumoulin and Visin, arXiv:1603.07285; keras.layers.Conv2DTranspose",
    hyperparameters=_HYPERPARAMETERS,
    aliases=("ConvTranspose2D", "Convolution2DTranspose"),
)
@dataclass(frozen=True)
class Conv2DTranspose(Conv2D):
    """A transposed convolution over images.

    Formula     y = activation(bias + the gradient for its input of the Conv2D with this kernel, given x)
    Shapes      x: (batch, height, width, channels); kernel: (height, width, filters / groups, channels)
    Sizes       'valid': n·S + max(span − S, 0); 'same': n·S; padding in numbers p, as in PyTorch:
                (n − 1)·S + span − p before − p behind + output_padding
    """

    output_padding: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        name, lost = self.record.name, self.output_padding
        if isinstance(lost, bool) or not isinstance(lost, int) or lost < 0:
            raise InvalidArgument(
                f"{name}: output_padding must be a whole number of at least 0, found {lost!r}."
            )
        strides = checked_size(self.strides, "strides", name, self._n_axes)
        if lost and (isinstance(self.padding, str) or lost >= min(strides[2 - self._n_axes :])):
            raise InvalidArgument(
                f"{name}: output_padding must be below the strides, and goes with a padding in numbers: "
                f"found {lost}, strides {self.strides!r} and padding {self.padding!r}."
            )

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        shape, n_axes = self._transposed(x, name), self._n_axes
        is_new = emitter.is_new(f"{name}/kernel")
        kernel_shape = (*shape.windows.window[2 - n_axes :], shape.group_channels, shape.filters)
        w = emitter.parameter(f"{name}/kernel", kernel_shape, penalty=Penalty(self.kernel_l1, self.kernel_l2))
        b = emitter.parameter(f"{name}/bias", (self.filters,)) if self.use_bias else None
        if is_new:
            emit_draw(emitter, w, self.kernel_initializer)
            if b is not None:
                emit_draw(emitter, b, self.bias_initializer)
        y_shape = image_shape(x.shape[0], shape.windows.size, self.filters, n_axes)
        y = emitter.transient(f"{name}/output", y_shape)
        kind = transposed_kind(shape, has_bias=b is not None)
        emit_convolution(emitter, shape.gradient(), x, w, b, y, kind)
        return emit_activation(emitter, y, self.activation, name)

    def _transposed(self, x: Buffer, name: str) -> Convolution:
        """Return the convolution whose input is this layer's output."""
        size, channels = image_size(x.shape, self._n_axes, name)
        if channels % self.groups:
            raise InvalidArgument(
                f"{name}: {channels} input channels cannot be split into {self.groups} groups."
            )
        window, strides, dilation = (
            checked_size(getattr(self, argument), argument, name, self._n_axes)
            for argument in ("kernel_size", "strides", "dilation_rate")
        )
        padding = checked_padding(self.padding, name, self._n_axes)
        spans = Windows(size, window, strides, dilation).spans
        made, pads = self._made(size, spans, strides, padding)
        windows = Windows(made, window, strides, dilation, pads)
        if min(made) < 1 or windows.output != size:
            raise InvalidArgument(
                f"{name}: padding {self.padding!r} leaves nothing of an output made of {size[0]} x {size[1]} "
                f"by a window of {spans[0]} x {spans[1]}. Try padding='same'."
            )
        return Convolution(windows, self.filters, channels, self.groups)

    def _made(
        self, size: Pair, spans: Pair, strides: Pair, padding: str | tuple[Pair, Pair]
    ) -> tuple[Pair, tuple[Pair, Pair]]:
        """Return the size of the output, and how a convolution over it would be padded."""
        axes = tuple(zip(size, spans, strides, strict=True))
        if padding == "same":
            made = (size[0] * strides[0], size[1] * strides[1])
            return made, same_pads(made, spans, strides)
        if isinstance(padding, str):
            high, wide = (length * stride + max(span - stride, 0) for length, span, stride in axes)
            return (high, wide), ((0, 0), (0, 0))
        more = (0, self.output_padding) if self._n_axes == 1 else (self.output_padding, self.output_padding)
        high, wide = (
            (length - 1) * stride + span - sum(pads) + extra
            for (length, span, stride), pads, extra in zip(axes, padding, more, strict=True)
        )
        return (high, wide), padding


@layer(
    summary="Conv2DTranspose along one axis.",
    formula="y[t S + s D, o] += x[t, c] kernel[s, o, c], then + bias[o] and activation",
    source="Dumoulin and Visin (2016), arXiv:1603.07285; keras.layers.Conv1DTranspose",
    hyperparameters=_HYPERPARAMETERS,
    aliases=("ConvTranspose1D", "Convolution1DTranspose"),
)
@dataclass(frozen=True)
class Conv1DTranspose(Conv2DTranspose):
    """A transposed convolution over sequences; kernel: (steps, filters / groups, channels)."""

    _n_axes = 1
