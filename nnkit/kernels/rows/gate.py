"""Gates: the first half of every row times an activation of the second. Bind ``value`` and ``slope``."""

from nnkit.jit import kernel

value = slope = None  # the open names: an activation and its derivative, both functions of the input


@kernel
def gate_forward(x, y):
    """Write ``y[i, j] = x[i, j] * value(x[i, n + j])``.

    Shapes      x: (rows, 2 n); y: (rows, n)
    Gradient    gate_backward
    """
    rows, n = y.shape
    for i in range(rows):
        for j in range(n):
            y[i, j] = x[i, j] * value(x[i, n + j])


@kernel
def gate_backward(x, dy, dx):
    """Write ``dx[:, :n] = dy * value(second half)`` and ``dx[:, n:] = dy * first half * slope(second half)``.

    Shapes      x, dx: (rows, 2 n); dy: (rows, n)
    """
    rows, n = dy.shape
    for i in range(rows):
        for j in range(n):
            gate = x[i, n + j]
            dx[i, j] = dy[i, j] * value(gate)
            dx[i, n + j] = dy[i, j] * x[i, j] * slope(gate)
