"""The scalar functions of activations in straight or square pieces: a value and a slope each.

As in `nnkit.kernels.activation`: at an edge both are those of the left piece, and NaN stays NaN.
"""

from nnkit.jit import kernel
from nnkit.kernels.activation import relu
from nnkit.simd import copysign, fabs, real


@kernel
def step(x):
    below = real(x, 0.0) if x <= real(x, 0.0) else x
    return real(x, 1.0) if x > real(x, 0.0) else below


@kernel
def sign(x):
    below = real(x, -1.0) if x < real(x, 0.0) else x
    return real(x, 1.0) if x > real(x, 0.0) else below


@kernel
def no_slope(y):
    return real(y, 0.0)


@kernel
def threshold(x, edge, below):
    return below if x <= edge else x


@kernel
def above_edge(x, edge):
    """Return the slope of what passes above ``edge`` alone."""
    return real(x, 1.0) if x > edge else real(x, 0.0)


@kernel
def threshold_slope(x, edge, below):
    return above_edge(x, edge)


@kernel
def thresholded_relu(x, edge):
    return threshold(x, edge, real(x, 0.0))


@kernel
def hard_shrink(x, edge):
    return real(x, 0.0) if fabs(x) <= edge else x


@kernel
def shrink_slope(x, edge):
    return above_edge(fabs(x), edge)


@kernel
def soft_shrink(x, edge):
    far = copysign(fabs(x) - edge, x)
    return real(x, 0.0) if fabs(x) <= edge else far


@kernel
def square_relu(x):
    y = relu(x)
    return y * y


@kernel
def square_relu_slope(x):
    y = relu(x)
    return y + y


@kernel
def sparse_plus(x):
    """Return 0 up to -1, ``(x + 1)**2 / 4`` between, and x from 1 on."""
    near = real(x, 0.5) * x + real(x, 0.5)
    y = x if fabs(x) >= real(x, 1.0) else near * near
    return real(x, 0.0) if x <= real(x, -1.0) else y


@kernel
def sparse_sigmoid(x):
    """Return 0 up to -1, ``(x + 1) / 2`` between, and 1 from 1 on: the slope of `sparse_plus`."""
    y = real(x, 0.5) * x + real(x, 0.5)
    y = real(x, 0.0) if x <= real(x, -1.0) else y
    return real(x, 1.0) if x >= real(x, 1.0) else y


@kernel
def sparse_sigmoid_slope(x):
    inside = real(x, 0.5) if x > real(x, -1.0) else real(x, 0.0)
    return inside if x < real(x, 1.0) else real(x, 0.0)
