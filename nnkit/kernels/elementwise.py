"""Loops over flat arrays with the scalar function left open: bind ``value`` or ``slope``.

``map_forward.bind(value=tanh)`` is the forward pass of tanh. A slope is a function of either the input
or the output of the activation; ``source`` is that array. The twins ``_with`` pass hyper-parameters on: bind
``typed`` to `TYPED` of how many there are.
"""

from nnkit.jit import kernel
from nnkit.kernels.loops import beyond, interleaved
from nnkit.simd import real

value = slope = typed = None  # the open names of these templates
# Interleaved loops take so many values at a time; the rest has a loop of its own, or all of it were scalar.
BLOCK = 64


@kernel
def _one(x, numbers):
    return (real(x, numbers[0]),)


@kernel
def _two(x, numbers):
    return real(x, numbers[0]), real(x, numbers[1])


@kernel
def _three(x, numbers):
    return real(x, numbers[0]), real(x, numbers[1]), real(x, numbers[2])


@kernel
def _four(x, numbers):
    return real(x, numbers[0]), real(x, numbers[1]), real(x, numbers[2]), real(x, numbers[3])


# Numbers in the type of an array, so that they widen nothing: numba has no loop that makes a tuple.
TYPED = {1: _one, 2: _two, 3: _three, 4: _four}


@kernel
def map_forward(x, y):
    """Write ``y = value(x)``.

    Shapes      x, y: (size,)
    In place    allowed: y may be x
    Gradient    map_backward
    """
    whole = x.size - x.size % BLOCK
    for i in range(whole):
        y[i] = real(x, value(x[i]))
    interleaved()
    x, y = beyond(x, whole), beyond(y, whole)
    for i in range(x.size):
        y[i] = real(x, value(x[i]))


@kernel
def map_forward_with(x, y, *numbers):
    """Write ``y = value(x, *numbers)``.

    Shapes      x, y: (size,)
    In place    allowed: y may be x
    Gradient    map_backward_with
    """
    given = typed(x, numbers)
    whole = x.size - x.size % BLOCK
    for i in range(whole):
        y[i] = real(x, value(x[i], *given))
    interleaved()
    x, y = beyond(x, whole), beyond(y, whole)
    for i in range(x.size):
        y[i] = real(x, value(x[i], *given))


@kernel
def map_backward(source, dy, dx):
    """Write ``dx = dy * slope(source)``.

    Shapes      source, dy, dx: (size,)
    In place    allowed: dx may be dy or source
    """
    whole = dy.size - dy.size % BLOCK
    for i in range(whole):
        dx[i] = dy[i] * real(dy, slope(source[i]))
    interleaved()
    source, dy, dx = beyond(source, whole), beyond(dy, whole), beyond(dx, whole)
    for i in range(dy.size):
        dx[i] = dy[i] * real(dy, slope(source[i]))


@kernel
def map_backward_with(source, dy, dx, *numbers):
    """Write ``dx = dy * slope(source, *numbers)``.

    Shapes      source, dy, dx: (size,)
    In place    allowed: dx may be dy or source
    """
    given = typed(dy, numbers)
    whole = dy.size - dy.size % BLOCK
    for i in range(whole):
        dx[i] = dy[i] * real(dy, slope(source[i], *given))
    interleaved()
    source, dy, dx = beyond(source, whole), beyond(dy, whole), beyond(dx, whole)
    for i in range(dy.size):
        dx[i] = dy[i] * real(dy, slope(source[i], *given))
