"""Pooling in readable kernels: the order of operations that the vector code follows to the bit.

Images are (batch, height, width, channels).
"""

from nnkit.jit import kernel
from nnkit.simd import real


@kernel
def max_pooling2d_forward(x, y, window, strides, origin):
    """Write the largest value of every window; padding never wins, NaN does.

    Shapes      x, y: (batch, height, width, channels); window, strides, origin: pairs
    Cost        no arithmetic, 1 comparison per tap
    Gradient    max_pooling2d_backward
    """
    batch, height, width, channels = x.shape
    for b in range(batch):
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                top, left = i * strides[0] - origin[0], j * strides[1] - origin[1]
                for c in range(channels):
                    best = real(x, -float("inf"))
                    for r in range(max(0, top), min(height, top + window[0])):
                        for s in range(max(0, left), min(width, left + window[1])):
                            value = x[b, r, s, c]
                            best = best if best > value or best != best else value
                    y[b, i, j, c] = best


@kernel
def max_pooling2d_backward(x, y, dy, dx, window, strides, origin):
    """Add every window's gradient to the first of its largest values, windows in reading order.

    Shapes      as in max_pooling2d_forward
    """
    batch, height, width, channels = x.shape
    for b in range(batch):
        for r in range(height):
            for s in range(width):
                for c in range(channels):
                    dx[b, r, s, c] = real(x, 0.0)
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                top, left = i * strides[0] - origin[0], j * strides[1] - origin[1]
                for c in range(channels):
                    sought = True
                    for r in range(max(0, top), min(height, top + window[0])):
                        for s in range(max(0, left), min(width, left + window[1])):
                            unequal = x[b, r, s, c] < y[b, i, j, c] or x[b, r, s, c] > y[b, i, j, c]
                            if sought and not unequal:
                                dx[b, r, s, c] += dy[b, i, j, c]
                                sought = False


@kernel
def average_pooling2d_forward(x, y, sums, window, strides, origin):
    """Write the mean of every window over its pixels inside the image.

    Column s of a window is added to the sum ``s % len(sums)`` in reading order, then these in order.

    Shapes      as in max_pooling2d_forward
    Cost        1 FLOP per tap
    Gradient    average_pooling2d_backward
    """
    batch, height, width, channels = x.shape
    for b in range(batch):
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                top, left = i * strides[0] - origin[0], j * strides[1] - origin[1]
                bottom, right = min(height, top + window[0]), min(width, left + window[1])
                count = (bottom - max(0, top)) * (right - max(0, left))
                for c in range(channels):
                    for partial in range(sums.size):
                        sums[partial] = real(x, 0.0)
                    for r in range(max(0, top), bottom):
                        for s in range(max(0, left), right):
                            sums[(s - left) % sums.size] += x[b, r, s, c]
                    total = sums[0]
                    for partial in range(1, sums.size):
                        total += sums[partial]
                    y[b, i, j, c] = total / real(x, count)


@kernel
def average_pooling2d_backward(dy, dx, window, strides, origin):
    """Add to every pixel of a window its share of the gradient, windows in reading order.

    Shapes      as in max_pooling2d_forward
    """
    batch, height, width, channels = dx.shape
    for b in range(batch):
        for r in range(height):
            for s in range(width):
                for c in range(channels):
                    dx[b, r, s, c] = real(dy, 0.0)
        for i in range(dy.shape[1]):
            for j in range(dy.shape[2]):
                top, left = i * strides[0] - origin[0], j * strides[1] - origin[1]
                bottom, right = min(height, top + window[0]), min(width, left + window[1])
                count = (bottom - max(0, top)) * (right - max(0, left))
                for c in range(channels):
                    share = dy[b, i, j, c] / real(dy, count)
                    for r in range(max(0, top), bottom):
                        for s in range(max(0, left), right):
                            dx[b, r, s, c] += share
