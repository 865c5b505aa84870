"""PReLU in readable kernels: the order of operations that the vector code follows to the bit."""

from nnkit.jit import kernel
from nnkit.simd import real


@kernel
def prelu_forward(x, alpha, y):
    """Write ``y = x`` where ``x > 0`` and ``y = alpha · x`` elsewhere.

    Shapes      x, y: (rows, channels); alpha: (channels,)
    In place    allowed: y may be x
    Cost        1 multiply per value
    Gradient    prelu_backward
    """
    rows, channels = x.shape
    for i in range(rows):
        for j in range(channels):
            below = alpha[j] * x[i, j]
            y[i, j] = x[i, j] if x[i, j] > real(x, 0.0) else below


@kernel
def prelu_backward(dy, x, alpha, dx, dalpha, sums):
    """Write the gradients of a PReLU; rows go by partial sums, as in a batch normalisation.

    Formula     dx = dy where x > 0, dy · alpha elsewhere; dalpha = Σ dy · x over x <= 0
    Shapes      dy, x, dx: (rows, channels); alpha, dalpha: (channels,); sums: (partial sums, channels)
    In place    allowed: dx may be dy
    """
    rows, channels = x.shape
    zero = real(x, 0.0)
    for j in range(channels):
        for k in range(sums.shape[0]):
            sums[k, j] = zero
        for i in range(rows):
            sums[i % sums.shape[0], j] += dy[i, j] * (zero if x[i, j] > zero else x[i, j])
        dalpha[j] = sums[0, j]
        for k in range(1, sums.shape[0]):
            dalpha[j] += sums[k, j]
    for i in range(rows):
        for j in range(channels):
            dx[i, j] = dy[i, j] * (real(x, 1.0) if x[i, j] > zero else alpha[j])
