"""Softmax, its logarithm, and sparsemax: functions of whole rows, and what passes back through them.

Rows are shifted by their largest value first, so that nothing overflows; sums are taken in order, in float64.
"""

from nnkit.jit import kernel
from nnkit.kernels.scalar import exp, log
from nnkit.simd import double, real


@kernel
def _largest(x, i):
    """Return the largest value of a row; NaN where it holds one."""
    top = x[i, 0]
    for j in range(1, x.shape[1]):
        top = x[i, j] if x[i, j] > top or x[i, j] != x[i, j] else top
    return top


@kernel
def _sum_of_powers(x, i, y):
    """Write the powers of a row, of which the largest is 1, and return their sum."""
    top, total = _largest(x, i), 0.0
    # In loops of their own, because the sum's order keeps the one that has it from being vector code.
    for j in range(x.shape[1]):
        # Of infinities, each has an equal share.
        y[i, j] = exp(x[i, j] - top if x[i, j] != top else real(x, 0.0))
    for j in range(x.shape[1]):
        total += double(y[i, j])
    return total


@kernel
def softmax_forward(x, y):
    """Write ``y[i, j] = exp(x[i, j]) / sum over k of exp(x[i, k])``.

    Shapes      x, y: (rows, n)
    Gradient    softmax_backward
    """
    for i in range(x.shape[0]):
        share = real(x, 1.0 / _sum_of_powers(x, i, y))
        for j in range(x.shape[1]):
            y[i, j] *= share


@kernel
def softmax_backward(y, dy, dx):
    """Write ``dx = y * (dy - sum over k of y[k] dy[k])``.

    Shapes      y, dy, dx: (rows, n)
    """
    for i in range(y.shape[0]):
        total = 0.0
        for j in range(y.shape[1]):
            total += double(y[i, j]) * double(dy[i, j])
        mean = real(y, total)
        for j in range(y.shape[1]):
            dx[i, j] = y[i, j] * (dy[i, j] - mean)


@kernel
def log_softmax_forward(x, y):
    """Write ``y[i, j] = x[i, j] - log(sum over k of exp(x[i, k]))``.

    Shapes      x, y: (rows, n)
    Gradient    log_softmax_backward
    """
    for i in range(x.shape[0]):
        top = _largest(x, i)
        rest = real(x, log(_sum_of_powers(x, i, y)))
        for j in range(x.shape[1]):
            y[i, j] = (x[i, j] - top if x[i, j] != top else real(x, 0.0)) - rest


@kernel
def log_softmax_backward(y, dy, dx):
    """Write ``dx = dy - exp(y) * sum over k of dy[k]``.

    Shapes      y, dy, dx: (rows, n)
    """
    for i in range(y.shape[0]):
        total = 0.0
        for j in range(y.shape[1]):
            total += double(dy[i, j])
        whole = real(y, total)
        for j in range(y.shape[1]):
            dx[i, j] = dy[i, j] - exp(y[i, j]) * whole


@kernel
def _edge_of(x, i, top):
    """Return the edge below a row's largest value: what lies above it, less the edge, sums to 1.

    Michelot (1986): all that is in sets the edge, what is below it drops out, and so on, at most n times.
    """
    n = x.shape[1]
    edge, size = -1.0, 0
    while True:
        total, count = 0.0, 0
        for j in range(n):
            z = double(x[i, j]) - double(top) if x[i, j] != top else 0.0
            if z > edge:
                total += z
                count += 1
        if count == size or count == 0:
            return edge
        edge, size = (total - 1.0) / count, count


@kernel
def sparsemax_forward(x, y):
    """Write the point of the simplex that is nearest to each row: ``y = max(x - edge, 0)`` with sum 1.

    Shapes      x, y: (rows, n)
    Gradient    sparsemax_backward
    """
    for i in range(x.shape[0]):
        top = _largest(x, i)
        edge = _edge_of(x, i, top)
        for j in range(x.shape[1]):
            z = double(x[i, j]) - double(top) if x[i, j] != top else 0.0
            y[i, j] = real(x, 0.0 if z <= edge else z - edge)


@kernel
def sparsemax_backward(y, dy, dx):
    """Write ``dx = dy - mean of dy over the support``, and 0 where y is 0.

    Shapes      y, dy, dx: (rows, n)
    """
    for i in range(y.shape[0]):
        total, count = 0.0, 0
        for j in range(y.shape[1]):
            inside = y[i, j] > real(y, 0.0)
            total += double(dy[i, j]) if inside else 0.0
            count += 1 if inside else 0
        mean = real(y, total / (count if count > 0 else 1))
        for j in range(y.shape[1]):
            dx[i, j] = dy[i, j] - mean if y[i, j] > real(y, 0.0) else real(y, 0.0)
