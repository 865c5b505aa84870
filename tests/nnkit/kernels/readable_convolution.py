"""Convolution in readable kernels: the order of operations that the vector code follows to the bit.

Images are (batch, height, width, channels), kernels (height, width, channels / groups, filters).
"""

from nnkit.jit import kernel
from nnkit.simd import fma, real


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
