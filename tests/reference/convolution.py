"""Convolution, window by window. Images are (batch, height, width, channels), as in Keras.

Kernels are (height, width, in / groups, out). With groups, output channels are split evenly and in
order: group g reads input channels [g in/groups, (g + 1) in/groups) only.
"""

import numpy as np
from numpy.typing import NDArray

from tests.reference.windows import Layout, Padding, Pair, lay_out

Array = NDArray[np.float64]


def conv2d_forward(
    x: Array,
    kernel: Array,
    bias: Array | None = None,
    *,
    strides: Pair = 1,
    padding: Padding = "valid",
    dilation_rate: Pair = 1,
    groups: int = 1,
) -> Array:
    """y[b, i, j, o] = bias[o] + sum over r, s, c of x[b, i S + r D, j S + s D, c] kernel[r, s, c, o]"""
    layout = _layout(x, kernel, strides, padding, dilation_rate)
    padded = _pad(x, layout)
    y = np.zeros((x.shape[0], layout.height, layout.width, kernel.shape[3]))
    for window in layout.windows:
        patch = padded[:, window.rows, window.columns, :]
        for inputs, outputs in _groups(x.shape[3], kernel.shape[3], groups):
            y[:, window.row, window.column, outputs] = np.einsum(
                "brsc,rsco->bo", patch[..., inputs], kernel[..., outputs]
            )
    return y if bias is None else y + bias


def conv2d_backward(
    x: Array,
    kernel: Array,
    dy: Array,
    *,
    strides: Pair = 1,
    padding: Padding = "valid",
    dilation_rate: Pair = 1,
    groups: int = 1,
) -> tuple[Array, Array, Array]:
    """Return (dx, dkernel, dbias): each window gives back along the taps through which it was read."""
    layout = _layout(x, kernel, strides, padding, dilation_rate)
    padded = _pad(x, layout)
    dpadded, dkernel = np.zeros_like(padded), np.zeros_like(kernel)
    for window in layout.windows:
        patch = padded[:, window.rows, window.columns, :]
        dpatch = np.zeros_like(patch)
        for inputs, outputs in _groups(x.shape[3], kernel.shape[3], groups):
            dwindow = dy[:, window.row, window.column, outputs]
            dpatch[..., inputs] = np.einsum("bo,rsco->brsc", dwindow, kernel[..., outputs])
            dkernel[..., outputs] += np.einsum("brsc,bo->rsco", patch[..., inputs], dwindow)
        dpadded[:, window.rows, window.columns, :] += dpatch
    return unpad(dpadded, layout, x), dkernel, dy.sum(axis=(0, 1, 2))


def conv1d_forward(
    x: Array,
    kernel: Array,
    bias: Array | None = None,
    *,
    strides: int = 1,
    padding: str | int | tuple[int, int] = "valid",
    dilation_rate: int = 1,
    groups: int = 1,
) -> Array:
    """The two-dimensional case with height 1: x (batch, steps, channels), kernel (taps, in / groups, out)."""
    y = conv2d_forward(
        x[:, None],
        kernel[None],
        bias,
        strides=(1, strides),
        padding=flat_padding(padding),
        dilation_rate=(1, dilation_rate),
        groups=groups,
    )
    return y[:, 0]


def conv1d_backward(
    x: Array,
    kernel: Array,
    dy: Array,
    *,
    strides: int = 1,
    padding: str | int | tuple[int, int] = "valid",
    dilation_rate: int = 1,
    groups: int = 1,
) -> tuple[Array, Array, Array]:
    """Return (dx, dkernel, dbias)."""
    dx, dkernel, dbias = conv2d_backward(
        x[:, None],
        kernel[None],
        dy[:, None],
        strides=(1, strides),
        padding=flat_padding(padding),
        dilation_rate=(1, dilation_rate),
        groups=groups,
    )
    return dx[:, 0], dkernel[0], dbias


def conv2d_transpose_forward(
    x: Array, kernel: Array, bias: Array, size: tuple[int, int], *, strides: Pair, padding: Padding
) -> Array:
    """Every pixel adds its multiple of the kernel to a window of an image of ``size``.

    kernel (height, width, out, in); the windows lie where those of a convolution over the image would.
    """
    layout = lay_out(size, (kernel.shape[0], kernel.shape[1]), strides, padding, 1)
    image = np.zeros((x.shape[0], *size, kernel.shape[2]))
    padded = _pad(image, layout)
    for window in layout.windows:
        spread = np.einsum("bc,rsoc->brso", x[:, window.row, window.column], kernel)
        padded[:, window.rows, window.columns, :] += spread
    return unpad(padded, layout, image) + bias


def flat_padding(padding: str | int | tuple[int, int]) -> Padding:
    """Turn a padding along the steps into one along the width, with none along the height."""
    if isinstance(padding, str):
        return padding
    ends = (padding, padding) if isinstance(padding, int) else padding
    return (0, 0), ends


def unpad(dpadded: Array, layout: Layout, x: Array) -> Array:
    """Cut the padding off again: what would flow into it is lost."""
    top, left = layout.pads[0][0], layout.pads[1][0]
    return dpadded[:, top : top + x.shape[1], left : left + x.shape[2], :]


def _layout(x: Array, kernel: Array, strides: Pair, padding: Padding, dilation_rate: Pair) -> Layout:
    return lay_out(
        (x.shape[1], x.shape[2]), (kernel.shape[0], kernel.shape[1]), strides, padding, dilation_rate
    )


def _pad(x: Array, layout: Layout) -> Array:
    return np.pad(x, ((0, 0), *layout.pads, (0, 0)))


def _groups(n_in: int, n_out: int, groups: int) -> list[tuple[slice, slice]]:
    """Return the input and the output channels of each group."""
    a, b = n_in // groups, n_out // groups
    return [(slice(g * a, (g + 1) * a), slice(g * b, (g + 1) * b)) for g in range(groups)]
