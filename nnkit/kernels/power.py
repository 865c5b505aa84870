"""Whole powers and their roots, value by value."""

from nnkit.jit import kernel
from nnkit.kernels.scalar_double import exp_double, log_double
from nnkit.simd import double, fabs, real, sqrt


@kernel
def whole_power(x, order):
    """Return ``x ** order`` for a whole ``order`` of at least 0: one product after the other."""
    power = real(x, 1.0)
    for _ in range(order):
        power *= x
    return power


@kernel
def powers(x, y, order):
    """Write ``y = |x| ** order``.

    Shapes      x, y: (size,)
    In place    allowed: y may be x
    Gradient    powers_backward
    """
    for i in range(x.size):
        y[i] = whole_power(fabs(x[i]), order)


@kernel
def powers_backward(x, dy, dx, order):
    """Write ``dx = dy * order * |x| ** (order - 1) * sign(x)``; 0 where x is 0.

    Shapes      x, dy, dx: (size,)
    In place    allowed: dx may be dy
    """
    zero = real(x, 0.0)
    for i in range(x.size):
        slope = real(x, order) * whole_power(fabs(x[i]), order - 1)
        dx[i] = dy[i] * (-slope if x[i] < zero else (slope if x[i] > zero else zero * x[i]))


@kernel
def roots(x, y, factor, order):
    """Write ``y = (factor * x) ** (1 / order)``, in float64 beyond the square root.

    Shapes      x, y: (size,), x of at least 0
    Gradient    roots_backward
    """
    for i in range(x.size):
        value = factor * double(x[i])
        if order == 2:
            value = sqrt(value)
        elif order > 2 and value > 0.0:
            value = exp_double(log_double(value) / order)
        y[i] = real(x, value)


@kernel
def roots_backward(x, y, dy, dx, order):
    """Write ``dx = dy * y / (order * x)``, and 0 where x is 0.

    Shapes      x, y, dy, dx: (size,)
    """
    zero = real(x, 0.0)
    for i in range(x.size):
        dx[i] = zero if x[i] == zero else dy[i] * (y[i] / (real(x, order) * x[i]))
