"""Kernels that move, add and multiply values without any mathematics of their own."""

from nnkit.jit import kernel
from nnkit.simd import copy_values, real


@kernel
def gather_rows(data, order, out):
    """Write ``out[i] = data[order[i]]``, whole samples.

    Shapes      data: flat, samples of as many values as a row of out; order: (batch,); out: (batch, values)
    """
    rows, values = out.shape
    for i in range(rows):
        copy_values(data, order[i] * values, out, i * values, values)


@kernel
def accumulate(x, y):
    """Write ``y = y + x``, for a value with several consumers.

    Shapes      x, y: (values,)
    """
    for i in range(x.shape[0]):
        y[i] += x[i]


@kernel
def add(x, z, y, low):
    """Write ``y = max(x + z, low)``.

    Shapes      x, z, y: (values,)
    In place    allowed: y may be x or z
    """
    for i in range(x.shape[0]):
        total = x[i] + z[i]
        y[i] = low if total < low else total


@kernel
def multiply(x, z, y):
    """Write ``y = x · z``, value by value.

    Shapes      x, z, y: (values,)
    In place    allowed: y may be x
    """
    for i in range(x.shape[0]):
        y[i] = x[i] * z[i]


@kernel
def copy(x, y):
    """Write ``y = x``.

    Shapes      x, y: (values,)
    """
    for i in range(x.shape[0]):
        y[i] = x[i]


@kernel
def multiply_channels(x, z, y):
    """Write ``y[i, c] = x[i, c] * z[sample of i, c]``: every sample has a factor for each channel.

    Shapes      x, y: (samples * pixels, channels); z: (samples, channels)
    In place    allowed: y may be x
    """
    rows, channels = x.shape
    pixels = rows // z.shape[0]
    for i in range(rows):
        for c in range(channels):
            y[i, c] = x[i, c] * z[i // pixels, c]


@kernel
def replace_dropped(x, mask, y, factor, shift, dropped):
    """Write ``y = factor * x + shift`` where the mask is not 0, and ``dropped`` where it is.

    Shapes      x, mask, y: (values,)
    In place    allowed: y may be x
    """
    slope, offset, instead = real(x, factor), real(x, shift), real(x, dropped)
    for i in range(x.shape[0]):
        y[i] = slope * x[i] + offset if mask[i] != real(x, 0.0) else instead
