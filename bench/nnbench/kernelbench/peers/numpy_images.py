"""What NumPy users write in the place of convolution and pooling: windows as views, taps as slices.

``shape`` is the op's own record of its windows. Its views of the operands are made before the call, the
border around the images in it.
"""

from collections.abc import Callable, Iterator
from functools import reduce
from itertools import product
from math import inf, prod
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from nnbench.kernelbench.peers.peer import Call, Peer, Prepared
from nnkit.tiling.convolution import Convolution
from nnkit.tiling.pooling import Pooling
from nnkit.tiling.window import Pair, Windows

Array: TypeAlias = NDArray[Any]
Product: TypeAlias = Callable[[Array, Array], Array]


def _framed(images: Array, windows: Windows, border: float, *, spread: Pair = (1, 1)) -> Array:
    """Return the images with their borders, and with zeros between pixels that are spread."""
    if windows.is_inside and spread == (1, 1):
        return images
    ((top, bottom), (left, right)), (height, width) = windows.pads, windows.size
    top, left = max(top, 0), max(left, 0)
    size = top + height + max(bottom, 0), left + width + max(right, 0)
    frame = np.full((len(images), *size, images.shape[3]), border, images.dtype)
    frame[:, top : top + height : spread[0], left : left + width : spread[1]] = images
    return frame


# -- convolution ---------------------------------------------------------------------------------------


def _windows(images: Array, shape: Convolution) -> Array:
    """Return the windows as (batch, rows, columns, channels, taps down, taps across)."""
    windows = shape.windows
    frame = _framed(images, windows, 0.0, spread=shape.spread)
    everywhere = sliding_window_view(frame, windows.spans, axis=(1, 2))
    # The gradient of a border that is wider than the windows has a border below zero: pixels are cut off.
    first, second = (max(-origin, 0) for origin in windows.origin)
    (down, across), (rows, columns), (along, aside) = windows.strides, windows.output, windows.dilation
    chosen = everywhere[:, first : first + rows * down : down, second : second + columns * across : across]
    return chosen[..., ::along, ::aside]


def _by_group(groups: int, product_of: Product, left: Array, right: Array) -> Array:
    """Return the groups' products side by side: of axis 3 on the left, of the last on the right."""
    if groups == 1:
        return product_of(left, right)
    parts = zip(np.split(left, groups, axis=3), np.split(right, groups, axis=-1), strict=True)
    return np.concatenate([product_of(*part) for part in parts], axis=-1)


def _conv2d(x: Array, w: Array, shape: Convolution, low: float, bias: Array | None = None) -> Call:
    images = x.reshape(-1, *shape.image, shape.channels)
    kernel = w.reshape(*shape.windows.window, shape.group_channels, shape.filters)

    def product_of(windows: Array, weights: Array) -> Array:
        return np.tensordot(windows, weights, axes=((3, 4, 5), (2, 0, 1)))

    def call() -> Array:
        y = _by_group(shape.groups, product_of, _windows(images, shape), kernel)
        if bias is not None:
            y += bias
        return np.maximum(y, 0, out=y) if low == 0 else y

    return call


def _conv2d_backward_input(x: Array, w: Array, shape: Convolution) -> Call:
    """The gradient is a convolution too: of the spread gradient, with the kernel turned."""
    gradients = x.reshape(-1, *shape.image, shape.channels)
    kernel = w.reshape(*shape.windows.window, shape.group_filters, shape.channels)[::-1, ::-1]

    def product_of(windows: Array, weights: Array) -> Array:
        return np.tensordot(windows, weights, axes=((3, 4, 5), (3, 0, 1)))

    return lambda: _by_group(shape.groups, product_of, _windows(gradients, shape), kernel)


def _conv2d_backward_kernel(x: Array, dy: Array, shape: Convolution, db: Array | None = None) -> Call:
    images = x.reshape(-1, *shape.image, shape.channels)
    gradients = dy.reshape(-1, *shape.windows.output, shape.filters)

    def product_of(windows: Array, pushed: Array) -> Array:
        dw = np.tensordot(windows, pushed, axes=((0, 1, 2), (0, 1, 2)))
        return dw.transpose(1, 2, 0, 3)

    def call() -> tuple[Array, ...]:
        dw = _by_group(shape.groups, product_of, _windows(images, shape), gradients)
        return (dw,) if db is None else (dw, gradients.sum(axis=(0, 1, 2)))

    return call


# -- pooling -------------------------------------------------------------------------------------------


def _taps(frame: Array, windows: Windows) -> Iterator[Array]:
    """Yield, tap by tap, the pixels that are this tap of a window: views of the frame.

    A reduction over axes of a few values each, as of ``sliding_window_view``, takes many times as long.
    """
    (down, across), (rows, columns) = windows.strides, windows.output
    for r, s in product(*map(range, windows.window)):
        yield frame[:, r : r + rows * down : down, s : s + columns * across : across]


def _pooled(y: Array, shape: Pooling) -> Array:
    return y.reshape(-1, *shape.windows.output, shape.channels)


def _images(x: Array, shape: Pooling) -> Array:
    return x.reshape(-1, *shape.windows.size, shape.channels)


def _max_pooling2d(x: Array, shape: Pooling) -> Call:
    images = _images(x, shape)
    if shape.is_global:
        return lambda: images.max(axis=(1, 2))
    return lambda: reduce(np.maximum, _taps(_framed(images, shape.windows, -inf), shape.windows))


def _max_pooling2d_backward(x: Array, y: Array, dy: Array, shape: Pooling) -> Call:
    windows, images = shape.windows, _images(x, shape)
    largest, pushed = _pooled(y, shape), _pooled(dy, shape)

    def call() -> Array:
        frame = _framed(images, windows, -inf)
        gradient = np.zeros_like(frame)
        pending = pushed.copy()
        # A window's gradient goes to the first of its largest values.
        for pixels, into in zip(_taps(frame, windows), _taps(gradient, windows), strict=True):
            part = np.multiply(pending, pixels == largest, out=into if windows.is_apart else None)
            if not windows.is_apart:
                into += part
            pending -= part
        return _inside(gradient, windows)

    def whole() -> Array:
        rows = images.reshape(len(images), -1, shape.channels)
        gradient = np.zeros_like(rows)
        np.put_along_axis(gradient, rows.argmax(axis=1, keepdims=True), pushed.reshape(len(rows), 1, -1), 1)
        return gradient

    return whole if shape.is_global else call


def _max_pooling2d_backward_relu(x: Array, y: Array, dy: Array, shape: Pooling) -> Call:
    images, pooling = _images(x, shape), _max_pooling2d_backward(x, y, dy, shape)

    def call() -> Array:
        gradient: Array = pooling().reshape(images.shape)
        gradient *= images > 0
        return gradient

    return call


def _counts(shape: Pooling, dtype: Any) -> Array:
    """Return how many pixels of the image every window has."""
    ones = np.ones((1, *shape.windows.size, 1), dtype)
    counts: Array = reduce(np.add, _taps(_framed(ones, shape.windows, 0.0), shape.windows))
    return counts


def _average_pooling2d(x: Array, shape: Pooling) -> Call:
    images, counts = _images(x, shape), _counts(shape, x.dtype)
    if shape.is_global:
        return lambda: images.mean(axis=(1, 2))
    return lambda: reduce(np.add, _taps(_framed(images, shape.windows, 0.0), shape.windows)) / counts


def _average_pooling2d_backward(dy: Array, shape: Pooling) -> Call:
    windows, pushed, counts = shape.windows, _pooled(dy, shape), _counts(shape, dy.dtype)
    (top, bottom), (left, right) = windows.pads
    height, width = windows.size
    size = top + height + bottom, left + width + right

    def call() -> Array:
        share = pushed / counts
        gradient = np.zeros((len(share), *size, shape.channels), share.dtype)
        for into in _taps(gradient, windows):
            into += share
        return _inside(gradient, windows)

    def whole() -> Array:
        return np.repeat(pushed[:, 0] / prod(windows.size), prod(windows.size), axis=1)

    return whole if shape.is_global else call


def _inside(frame: Array, windows: Windows) -> Array:
    """Return the images without their borders."""
    (top, left), (height, width) = windows.origin, windows.size
    return frame[:, top : top + height, left : left + width]


PEERS: dict[str, Peer] = {
    "conv2d": Prepared(_conv2d),
    "conv2d_backward_input": Prepared(_conv2d_backward_input),
    "conv2d_backward_kernel": Prepared(_conv2d_backward_kernel),
    "max_pooling2d": Prepared(_max_pooling2d),
    "max_pooling2d_backward": Prepared(_max_pooling2d_backward),
    "max_pooling2d_backward_relu": Prepared(_max_pooling2d_backward_relu),
    "average_pooling2d": Prepared(_average_pooling2d),
    "average_pooling2d_backward": Prepared(_average_pooling2d_backward),
}
