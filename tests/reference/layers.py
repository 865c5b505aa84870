"""Layers as pairs of functions: ``thing_forward`` and ``thing_backward``, the gradient of ``y`` being ``dy``.

Convolution, pooling and normalisation stand in modules of their own and are offered here too.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tests.reference.convolution import (
    conv1d_backward,
    conv1d_forward,
    conv2d_backward,
    conv2d_forward,
)
from tests.reference.normalization import (
    batch_moments,
    batch_normalization_eval_backward,
    batch_normalization_eval_forward,
    batch_normalization_train_backward,
    batch_normalization_train_forward,
    layer_normalization_backward,
    layer_normalization_forward,
    update_running,
)
from tests.reference.pooling import (
    average_pooling1d_backward,
    average_pooling1d_forward,
    average_pooling2d_backward,
    average_pooling2d_forward,
    global_average_pooling_backward,
    global_average_pooling_forward,
    global_max_pooling_backward,
    global_max_pooling_forward,
    max_pooling1d_backward,
    max_pooling1d_forward,
    max_pooling2d_backward,
    max_pooling2d_forward,
)

Array = NDArray[np.float64]

__all__ = [
    "average_pooling1d_backward",
    "average_pooling1d_forward",
    "average_pooling2d_backward",
    "average_pooling2d_forward",
    "batch_moments",
    "batch_normalization_eval_backward",
    "batch_normalization_eval_forward",
    "batch_normalization_train_backward",
    "batch_normalization_train_forward",
    "conv1d_backward",
    "conv1d_forward",
    "conv2d_backward",
    "conv2d_forward",
    "dense_backward",
    "dense_forward",
    "dropout_backward",
    "dropout_forward",
    "flatten_backward",
    "flatten_forward",
    "global_average_pooling_backward",
    "global_average_pooling_forward",
    "global_max_pooling_backward",
    "global_max_pooling_forward",
    "layer_normalization_backward",
    "layer_normalization_forward",
    "max_pooling1d_backward",
    "max_pooling1d_forward",
    "max_pooling2d_backward",
    "max_pooling2d_forward",
    "maxout_backward",
    "maxout_forward",
    "prelu_backward",
    "prelu_forward",
    "residual_backward",
    "residual_forward",
    "update_running",
]


def dense_forward(x: Array, kernel: Array, bias: Array | None = None) -> Array:
    """y = x kernel + bias, over the last axis: x (..., in), kernel (in, out), bias (out,)."""
    y: Array = x @ kernel
    return y if bias is None else y + bias


def dense_backward(x: Array, kernel: Array, dy: Array) -> tuple[Array, Array, Array]:
    """Return (dx, dkernel, dbias)."""
    rows, drows = x.reshape(-1, x.shape[-1]), dy.reshape(-1, dy.shape[-1])
    return dy @ kernel.T, rows.T @ drows, drows.sum(axis=0)


def flatten_forward(x: Array) -> Array:
    return x.reshape(x.shape[0], -1)


def flatten_backward(x: Array, dy: Array) -> Array:
    return dy.reshape(x.shape)


def dropout_forward(x: Array, mask: Array, rate: float) -> Array:
    """Keep what ``mask`` marks with 1 and scale it by 1 / (1 - rate), so that the mean stays."""
    return x * mask / (1 - rate)


def dropout_backward(dy: Array, mask: Array, rate: float) -> Array:
    return dy * mask / (1 - rate)


def prelu_forward(x: Array, alpha: Array) -> Array:
    """x for x > 0, alpha x elsewhere. ``alpha`` broadcasts against an example: (c,), (1, 1, c), (h, w, c)."""
    return np.where(x > 0, x, alpha * x)


def prelu_backward(x: Array, alpha: Array, dy: Array) -> tuple[Array, Array]:
    """Return (dx, dalpha)."""
    dx = dy * np.where(x > 0, 1.0, alpha)
    return dx, _sum_to(np.where(x > 0, 0.0, x) * dy, alpha.shape)


def maxout_forward(x: Array, kernel: Array, bias: Array) -> Array:
    """Take the largest of several dense pieces: kernel (in, units, pieces), bias (units, pieces)."""
    result: Array = _pieces(x, kernel, bias).max(axis=-1)
    return result


def maxout_backward(x: Array, kernel: Array, bias: Array, dy: Array) -> tuple[Array, Array, Array]:
    """Return (dx, dkernel, dbias). Of equal pieces the first one gets the gradient."""
    winner = _pieces(x, kernel, bias).argmax(axis=-1)
    dpieces = (np.arange(kernel.shape[2]) == winner[..., None]) * dy[..., None]
    dx = np.einsum("bup,iup->bi", dpieces, kernel)
    dkernel = np.einsum("bi,bup->iup", x, dpieces)
    return dx, dkernel, dpieces.sum(axis=0)


def residual_forward(x: Array, inner_forward: Callable[[Array], Array]) -> Array:
    """y = x + inner(x)"""
    return x + inner_forward(x)


def residual_backward(dy: Array, inner_backward: Callable[[Array], Array]) -> Array:
    """dx = dy + inner's own dx; ``inner_backward`` maps the gradient of its output to that of its input."""
    return dy + inner_backward(dy)


def _pieces(x: Array, kernel: Array, bias: Array) -> Array:
    result: Array = np.einsum("bi,iup->bup", x, kernel) + bias
    return result


def _sum_to(gradient: Array, shape: tuple[int, ...]) -> Array:
    """Sum over the axes along which an array of ``shape`` was broadcast."""
    summed = gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
    stretched = tuple(axis for axis, size in enumerate(shape) if size == 1)
    result: Array = summed.sum(axis=stretched, keepdims=True)
    return result
