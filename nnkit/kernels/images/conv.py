"""Convolution: readable kernels, and the entries made for one shape that compute the same bits.

The kernels are the oracle of the vector code, which follows the same order of operations. Images are
(batch, height, width, channels), kernels (height, width, channels / groups, filters).
"""

from nnkit.assembly import AssembledEntry
from nnkit.jit import kernel
from nnkit.ops import Argument
from nnkit.simd import fma, real
from nnkit.tiling.convolution import Convolution


def forward_entry(name: str, shape: Convolution, arguments: tuple[Argument, ...]) -> AssembledEntry:
    """Return the entry of a convolution of this shape."""

    def build(symbol, dtype):
        # Imported here: building needs llvmlite's IR layer, running from the cache does not.
        from nnkit.kernels.images.conv_tiles import build_forward

        return build_forward(shape, symbol, dtype, arguments)

    return AssembledEntry(name, f"{name}_{shape.label}_{len(arguments)}", build)


def backward_kernel_entry(name: str, shape: Convolution, arguments: tuple[Argument, ...]) -> AssembledEntry:
    """Return the entry of the gradients for kernel and bias of a convolution of this shape."""

    def build(symbol, dtype):
        from nnkit.kernels.images.conv_gradient_tiles import build_backward_kernel

        return build_backward_kernel(shape, symbol, dtype, arguments)

    return AssembledEntry(name, f"{name}_{shape.label}_{len(arguments)}", build)


@kernel
def conv2d_forward(x, w, bias, y, strides, dilation, origin, low):
    """Write ``y = max(bias + Σ x · w, low)``: one chain over kernel rows, columns and channels.

    Shapes      x: (batch, height, width, channels); w: (rows, columns, channels / groups, filters);
                bias: (filters,); y: (batch, height, width, filters); strides, dilation, origin: pairs,
                origin the place of the image in its padded twin
    Cost        2 FLOP per tap, channel and output value
    Gradient    conv2d_backward_kernel; for x this kernel, with the kernel turned
    """
    batch, height, width, channels = x.shape
    rows, columns, group_channels, filters = w.shape
    group_filters = filters // (channels // group_channels)
    zero = real(x, 0.0)
    for b in range(batch):
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                for o in range(filters):
                    first = o // group_filters * group_channels
                    total = bias[o]
                    for r in range(rows):
                        for s in range(columns):
                            down = i * strides[0] + r * dilation[0] - origin[0]
                            across = j * strides[1] + s * dilation[1] - origin[1]
                            inside = 0 <= down < height and 0 <= across < width
                            for c in range(group_channels):
                                value = x[b, down, across, first + c] if inside else zero
                                total = fma(value, w[r, s, c, o], total)
                    y[b, i, j, o] = real(y, low) if total < real(y, low) else total


@kernel
def conv2d_backward_kernel(x, dy, dw, db, strides, dilation, origin, images):
    """Write ``dw = Σ x · dy`` and ``db = Σ dy``: chains over the pixels of ``images`` images, then their sum.

    Shapes      as in conv2d_forward
    """
    batch, height, width, channels = x.shape
    rows, columns, group_channels, filters = dw.shape
    group_filters = filters // (channels // group_channels)
    zero = real(x, 0.0)
    for o in range(filters):
        first = o // group_filters * group_channels
        db[o] = zero
        for start in range(0, batch, images):
            total = zero
            for b in range(start, min(start + images, batch)):
                for i in range(dy.shape[1]):
                    for j in range(dy.shape[2]):
                        total += dy[b, i, j, o]
            db[o] += total
        for r in range(rows):
            for s in range(columns):
                for c in range(group_channels):
                    dw[r, s, c, o] = zero
                    for start in range(0, batch, images):
                        total = zero
                        for b in range(start, min(start + images, batch)):
                            for i in range(dy.shape[1]):
                                for j in range(dy.shape[2]):
                                    down = i * strides[0] + r * dilation[0] - origin[0]
                                    across = j * strides[1] + s * dilation[1] - origin[1]
                                    inside = 0 <= down < height and 0 <= across < width
                                    value = x[b, down, across, first + c] if inside else zero
                                    total = fma(value, dy[b, i, j, o], total)
                        dw[r, s, c, o] += total
