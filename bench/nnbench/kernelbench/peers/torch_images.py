"""What PyTorch users run in the place of convolution and pooling: its operators on channels-last images.

The op's images lie as PyTorch's channels-last ones do, so that its tensors are views of them; kernels are
laid out likewise before the call. Where the two ends of a border differ, a convolution has ``pad`` before it,
as its users write it; a pooling that cannot say such a border has no peer.
"""

from math import prod
from typing import Any

from nnbench.kernelbench.peers.peer import Call, Peer, Prepared
from nnkit.tiling.convolution import Convolution
from nnkit.tiling.pooling import Pooling
from nnkit.tiling.window import Pair, Windows


def peers(torch: Any) -> dict[str, Peer]:
    """Return torch's function for every kind of op over images, by the op's name."""
    return {**_convolutions(torch), **_max_poolings(torch), **_average_poolings(torch)}


def _images(x: Any, size: Pair, channels: int) -> Any:
    return x.view(-1, *size, channels).permute(0, 3, 1, 2)


def _is_even(windows: Windows, *, ceil: bool = False) -> bool:
    """True where torch finds the same windows with as much border after the image as before it.

    With ``ceil``, the last window may reach beyond that.
    """
    axes = zip(windows.size, windows.origin, windows.spans, windows.strides, strict=True)
    room = [(size + 2 * border - span, stride) for size, border, span, stride in axes]
    return windows.output == tuple((-(-n // stride) if ceil else n // stride) + 1 for n, stride in room)


# -- convolution ---------------------------------------------------------------------------------------


def _convolutions(torch: Any) -> dict[str, Peer]:
    functional, backward = torch.nn.functional, torch.ops.aten.convolution_backward

    def kernel_of(w: Any, windows: Windows, filters: int) -> Any:
        kernel = w.view(*windows.window, -1, filters).permute(3, 2, 0, 1)
        return kernel.contiguous(memory_format=torch.channels_last)

    def conv2d(x: Any, w: Any, shape: Convolution, low: float, bias: Any = None) -> Call:
        windows, images = shape.windows, _images(x, shape.image, shape.channels)
        kernel, around = kernel_of(w, windows, shape.filters), _around(windows)
        how = windows.strides, _padding(windows), windows.dilation, shape.groups

        def call() -> Any:
            y = functional.conv2d(functional.pad(images, around) if around else images, kernel, bias, *how)
            return y.relu_() if low == 0 else y

        return call

    def conv2d_backward_kernel(x: Any, dy: Any, dw: Any, shape: Convolution, db: Any = None) -> Call:
        windows, images = shape.windows, _images(x, shape.image, shape.channels)
        around = _around(windows)
        padded = functional.pad(images, around) if around else images  # which the forward pass keeps
        pushed, like = _images(dy, windows.output, shape.filters), kernel_of(dw, windows, shape.filters)
        how = _how(windows, shape.groups)
        wanted = [False, True, db is not None]
        return lambda: backward(pushed, padded, like, [shape.filters], *how, wanted)[1 : 2 + wanted[2]]

    def conv2d_backward_input(x: Any, w: Any, shape: Convolution) -> Call:
        windows = _forward_windows(shape)
        pushed, kernel = _images(x, shape.image, shape.channels), kernel_of(w, windows, shape.channels)
        (height, width), (left, right, top, bottom) = windows.size, _around(windows) or (0, 0, 0, 0)
        like = x.new_empty(len(pushed), top + height + bottom, left + width + right, shape.filters)
        images, how = like.permute(0, 3, 1, 2), _how(windows, shape.groups)

        def call() -> Any:
            dx = backward(pushed, images, kernel, None, *how, [True, False, False])[0]
            return dx[:, :, top : top + height, left : left + width]

        return call

    return {
        "conv2d": Prepared(conv2d),
        "conv2d_backward_kernel": Prepared(conv2d_backward_kernel),
        "conv2d_backward_input": Prepared(conv2d_backward_input),
    }


def _around(windows: Windows) -> tuple[int, ...]:
    """Return what ``pad`` puts around the images, the last axis first; nothing where the operator can."""
    (top, bottom), (left, right) = windows.pads
    return () if _is_even(windows) else (left, right, top, bottom)


def _padding(windows: Windows) -> Pair:
    """Return the border that is left for the operator."""
    return windows.origin if _is_even(windows) else (0, 0)


def _how(windows: Windows, groups: int) -> tuple[Any, ...]:
    """Return the arguments of the operator of both gradients that tell of the convolution."""
    return windows.strides, _padding(windows), windows.dilation, False, (0, 0), groups


def _forward_windows(gradient: Convolution) -> Windows:
    """Return the windows of the convolution that ``gradient`` is the gradient of, for its input."""
    turned = gradient.windows
    pads = []
    axes = zip(turned.origin, turned.spans, turned.output, gradient.image, gradient.spread, strict=True)
    for origin, span, size, count, stride in axes:
        before = span - 1 - origin
        pads.append((before, max((count - 1) * stride + span - before - size, 0)))
    return Windows(turned.output, turned.window, gradient.spread, turned.dilation, (pads[0], pads[1]))


# -- pooling -------------------------------------------------------------------------------------------


def _window_arguments(windows: Windows) -> tuple[Any, ...] | None:
    """Return window, strides, padding and whether to round up; None where torch cannot say the border."""
    if any(2 * border > taps for border, taps in zip(windows.origin, windows.window, strict=True)):
        return None
    for ceil in (False, True):
        if _is_even(windows, ceil=ceil):
            return windows.window, windows.strides, windows.origin, ceil
    return None


def _max_poolings(torch: Any) -> dict[str, Peer]:
    functional, aten = torch.nn.functional, torch.ops.aten

    def forward(x: Any, shape: Pooling) -> Call | None:
        images, how = _images(x, shape.windows.size, shape.channels), _window_arguments(shape.windows)
        if how is None:
            return None
        window, strides, padding, ceil = how
        return lambda: functional.max_pool2d(images, window, strides, padding, ceil_mode=ceil)

    def backward(x: Any, dy: Any, shape: Pooling) -> Call | None:
        images, how = _images(x, shape.windows.size, shape.channels), _window_arguments(shape.windows)
        if how is None:
            return None
        window, strides, padding, ceil = how
        pushed = _images(dy, shape.windows.output, shape.channels)
        # The forward pass leaves the places of the largest values.
        _, places = functional.max_pool2d(
            images, window, strides, padding, ceil_mode=ceil, return_indices=True
        )
        how = window, strides, padding, (1, 1), ceil, places
        return lambda: aten.max_pool2d_with_indices_backward(pushed, images, *how)

    def backward_relu(x: Any, dy: Any, shape: Pooling) -> Call | None:
        images, pooling = _images(x, shape.windows.size, shape.channels), backward(x, dy, shape)
        if pooling is None:
            return None
        return lambda: aten.threshold_backward(pooling(), images, 0)

    return {
        "max_pooling2d": Prepared(forward),
        "max_pooling2d_backward": Prepared(backward),
        "max_pooling2d_backward_relu": Prepared(backward_relu),
    }


def _average_poolings(torch: Any) -> dict[str, Peer]:
    functional, aten = torch.nn.functional, torch.ops.aten

    def forward(x: Any, shape: Pooling) -> Call | None:
        images, how = _images(x, shape.windows.size, shape.channels), _window_arguments(shape.windows)
        if shape.is_global:
            return lambda: images.mean((2, 3))
        return None if how is None else lambda: functional.avg_pool2d(images, *how, count_include_pad=False)

    def backward(dy: Any, dx: Any, shape: Pooling) -> Call | None:
        like, how = _images(dx, shape.windows.size, shape.channels), _window_arguments(shape.windows)
        pushed = _images(dy, shape.windows.output, shape.channels)
        if shape.is_global:
            return lambda: pushed.expand_as(like) / prod(shape.windows.size)
        return None if how is None else lambda: aten.avg_pool2d_backward(pushed, like, *how, False, None)

    return {
        "average_pooling2d": Prepared(forward),
        "average_pooling2d_backward": Prepared(backward),
    }
