"""Loops over flat arrays with the scalar function left open: bind ``value`` or ``slope``.

``map_forward.bind(value=tanh)`` is the forward pass of tanh. A slope is a function of either the input
or the output of the activation; ``source`` is that array. The ``_1`` twins pass one hyper-parameter on.
"""

from nnkit.jit import kernel
from nnkit.simd import real

value = slope = None  # the open names of these templates


@kernel
def map_forward(x, y):
    """Write ``y = value(x)``.

    Shapes      x, y: (size,)
    In place    allowed: y may be x
    Gradient    map_backward
    """
    for i in range(x.size):
        y[i] = real(x, value(x[i]))


@kernel
def map_forward_1(x, y, alpha):
    """Write ``y = value(x, alpha)``.

    Shapes      x, y: (size,)
    In place    allowed: y may be x
    Gradient    map_backward_1
    """
    a = real(x, alpha)
    for i in range(x.size):
        y[i] = real(x, value(x[i], a))


@kernel
def map_backward(source, dy, dx):
    """Write ``dx = dy * slope(source)``.

    Shapes      source, dy, dx: (size,)
    In place    allowed: dx may be dy or source
    """
    for i in range(dy.size):
        dx[i] = dy[i] * real(dy, slope(source[i]))


@kernel
def map_backward_1(source, dy, dx, alpha):
    """Write ``dx = dy * slope(source, alpha)``.

    Shapes      source, dy, dx: (size,)
    In place    allowed: dx may be dy or source
    """
    a = real(dy, alpha)
    for i in range(dy.size):
        dx[i] = dy[i] * real(dy, slope(source[i], a))
