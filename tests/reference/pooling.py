"""Pooling, window by window: images (batch, height, width, channels), sequences (batch, steps, channels)."""

import math

import numpy as np
from numpy.typing import NDArray

from tests.reference.convolution import flat_padding, unpad
from tests.reference.windows import Layout, Padding, Pair, lay_out

Array = NDArray[np.float64]


def max_pooling2d_forward(
    x: Array,
    pool_size: Pair,
    *,
    strides: Pair | None = None,
    padding: Padding = "valid",
    dilation_rate: Pair = 1,
) -> Array:
    """Take the largest value of each window. Padding is minus infinity, so it never wins."""
    layout = _layout(x, pool_size, strides, padding, dilation_rate)
    padded = _pad(x, layout, -np.inf)
    y = np.full((x.shape[0], layout.height, layout.width, x.shape[3]), np.nan)
    for window in layout.windows:
        y[:, window.row, window.column] = padded[:, window.rows, window.columns].max(axis=(1, 2))
    return y


def max_pooling2d_backward(
    x: Array, dy: Array, pool_size: Pair, *, strides: Pair | None = None, padding: Padding = "valid"
) -> Array:
    """Route the gradient to the largest value; of equal ones, to the first in reading order."""
    layout = _layout(x, pool_size, strides, padding)
    padded = _pad(x, layout, -np.inf)
    dpadded = np.zeros_like(padded)
    for window in layout.windows:
        patch = padded[:, window.rows, window.columns]
        batch, height, width, channels = patch.shape
        cells = patch.reshape(batch, height * width, channels)
        winner = cells.argmax(axis=1)[:, None, :]
        routed = np.arange(height * width)[None, :, None] == winner
        share = routed * dy[:, window.row, window.column][:, None, :]
        dpadded[:, window.rows, window.columns] += share.reshape(patch.shape)
    return unpad(dpadded, layout, x)


def average_pooling2d_forward(
    x: Array,
    pool_size: Pair,
    *,
    strides: Pair | None = None,
    padding: Padding = "valid",
    count_padding: bool = False,
    dilation_rate: Pair = 1,
) -> Array:
    """Take the mean of each window, over the cells inside the image only (Keras) or over all (Caffe)."""
    layout = _layout(x, pool_size, strides, padding, dilation_rate)
    padded, counted = _pad(x, layout, 0.0), _counted(x, layout, count_padding)
    y = np.full((x.shape[0], layout.height, layout.width, x.shape[3]), np.nan)
    for window in layout.windows:
        total = padded[:, window.rows, window.columns].sum(axis=(1, 2))
        y[:, window.row, window.column] = total / counted[:, window.rows, window.columns].sum(axis=(1, 2))
    return y


def average_pooling2d_backward(
    x: Array,
    dy: Array,
    pool_size: Pair,
    *,
    strides: Pair | None = None,
    padding: Padding = "valid",
    count_padding: bool = False,
) -> Array:
    """Spread the gradient of a window evenly over the cells that were counted."""
    layout = _layout(x, pool_size, strides, padding)
    counted = _counted(x, layout, count_padding)
    dpadded = np.zeros((x.shape[0], *counted.shape[1:3], x.shape[3]))
    for window in layout.windows:
        n_cells = counted[:, window.rows, window.columns].sum(axis=(1, 2))
        share = dy[:, window.row, window.column] / n_cells
        dpadded[:, window.rows, window.columns] += share[:, None, None, :]
    return unpad(dpadded, layout, x)


def max_pooling1d_forward(
    x: Array, pool_size: int, *, strides: int | None = None, padding: str | int | tuple[int, int] = "valid"
) -> Array:
    """The two-dimensional case with height 1."""
    y = max_pooling2d_forward(
        x[:, None], (1, pool_size), strides=(1, strides or pool_size), padding=flat_padding(padding)
    )
    return y[:, 0]


def max_pooling1d_backward(
    x: Array,
    dy: Array,
    pool_size: int,
    *,
    strides: int | None = None,
    padding: str | int | tuple[int, int] = "valid",
) -> Array:
    dx = max_pooling2d_backward(
        x[:, None],
        dy[:, None],
        (1, pool_size),
        strides=(1, strides or pool_size),
        padding=flat_padding(padding),
    )
    return dx[:, 0]


def average_pooling1d_forward(
    x: Array,
    pool_size: int,
    *,
    strides: int | None = None,
    padding: str | int | tuple[int, int] = "valid",
    count_padding: bool = False,
) -> Array:
    """The two-dimensional case with height 1."""
    y = average_pooling2d_forward(
        x[:, None],
        (1, pool_size),
        strides=(1, strides or pool_size),
        padding=flat_padding(padding),
        count_padding=count_padding,
    )
    return y[:, 0]


def average_pooling1d_backward(
    x: Array,
    dy: Array,
    pool_size: int,
    *,
    strides: int | None = None,
    padding: str | int | tuple[int, int] = "valid",
    count_padding: bool = False,
) -> Array:
    dx = average_pooling2d_backward(
        x[:, None],
        dy[:, None],
        (1, pool_size),
        strides=(1, strides or pool_size),
        padding=flat_padding(padding),
        count_padding=count_padding,
    )
    return dx[:, 0]


def global_average_pooling_forward(x: Array) -> Array:
    """Take the mean over every axis between batch and channels."""
    result: Array = x.mean(axis=_middle(x))
    return result


def global_average_pooling_backward(x: Array, dy: Array) -> Array:
    n_cells = math.prod(x.shape[1:-1])
    return np.ones_like(x) * np.expand_dims(dy, _middle(x)) / n_cells


def global_max_pooling_forward(x: Array) -> Array:
    """Take the largest value over every axis between batch and channels."""
    result: Array = x.max(axis=_middle(x))
    return result


def global_max_pooling_backward(x: Array, dy: Array) -> Array:
    """Route to the largest value; of equal ones, to the first in reading order."""
    cells = x.reshape(x.shape[0], -1, x.shape[-1])
    routed = np.arange(cells.shape[1])[None, :, None] == cells.argmax(axis=1)[:, None, :]
    result: Array = (routed * dy[:, None, :]).reshape(x.shape)
    return result


def _middle(x: Array) -> tuple[int, ...]:
    return tuple(range(1, x.ndim - 1))


def _layout(
    x: Array, pool_size: Pair, strides: Pair | None, padding: Padding, dilation_rate: Pair = 1
) -> Layout:
    strides = pool_size if strides is None else strides
    return lay_out((x.shape[1], x.shape[2]), pool_size, strides, padding, dilation_rate)


def _pad(x: Array, layout: Layout, value: float) -> Array:
    return np.pad(x, ((0, 0), *layout.pads, (0, 0)), constant_values=value)


def _counted(x: Array, layout: Layout, count_padding: bool) -> Array:
    """Return 1 for each cell that counts in a mean, 0 for each that does not: (1, height, width, 1)."""
    return _pad(np.ones((1, x.shape[1], x.shape[2], 1)), layout, 1.0 if count_padding else 0.0)
