"""Batch normalisation in readable kernels: the order of operations that the vector code follows to the bit.

Sums of columns go by partial sums: row i belongs to the sum ``i % len(sums)``, and these are added in order.
"""

from nnkit.jit import kernel
from nnkit.simd import real, sqrt


@kernel
def _add_rows(sums, j):
    """Return column j of the partial sums, added in order."""
    total = sums[0, j]
    for k in range(1, sums.shape[0]):
        total += sums[k, j]
    return total


@kernel
def batch_norm_train(
    x, gamma, beta, running_mean, running_variance, y, normal, scale, sums, momentum, epsilon
):
    """Normalise each column by its own mean and biased variance over the batch, then scale and shift.

    Formula     normal = (x - mean) / sqrt(variance + epsilon); y = gamma · normal + beta
                running <- momentum · running + (1 - momentum) · batch
    Shapes      x, y, normal: (rows, channels); sums: (partial sums, channels); all others: (channels,);
                scale keeps 1 / sqrt(variance + epsilon)
    Cost        two passes for the statistics: one pass loses digits where the mean is large
    Gradient    batch_norm_backward
    """
    rows, channels = x.shape
    keep, move = real(x, momentum), real(x, 1.0 - momentum)
    one, guard = real(x, 1.0), real(x, epsilon)
    share = one / real(x, rows)
    for j in range(channels):
        for k in range(sums.shape[0]):
            sums[k, j] = real(x, 0.0)
        for i in range(rows):
            sums[i % sums.shape[0], j] += x[i, j]
        mean = _add_rows(sums, j) * share
        running_mean[j] = keep * running_mean[j] + move * mean
        for k in range(sums.shape[0]):
            sums[k, j] = real(x, 0.0)
        for i in range(rows):
            deviation = x[i, j] - mean
            sums[i % sums.shape[0], j] += deviation * deviation
        variance = _add_rows(sums, j) * share
        running_variance[j] = keep * running_variance[j] + move * variance
        scale[j] = one / sqrt(variance + guard)
        for i in range(rows):
            normal[i, j] = (x[i, j] - mean) * scale[j]
            y[i, j] = gamma[j] * normal[i, j] + beta[j]


@kernel
def batch_norm_test(x, gamma, beta, running_mean, running_variance, y, epsilon):
    """Normalise each column by its running statistics, then scale and shift.

    Shapes      x, y: (rows, channels); all others: (channels,)
    In place    allowed: y may be x
    """
    rows, channels = x.shape
    guard = real(x, epsilon)
    one = real(x, 1.0)
    for i in range(rows):
        for j in range(channels):
            scale = one / sqrt(running_variance[j] + guard)
            y[i, j] = gamma[j] * ((x[i, j] - running_mean[j]) * scale) + beta[j]


@kernel
def batch_norm_backward(dy, normal, gamma, scale, dx, dgamma, dbeta, sums):
    """Write the gradients of a batch normalisation in training.

    Formula     dbeta = Σ dy; dgamma = Σ dy · normal
                dx = gamma · scale · (dy - (dbeta + normal · dgamma) / rows)
    Shapes      dy, normal, dx: (rows, channels); sums: (partial sums, channels); all others: (channels,)
    In place    allowed: dx may be dy
    """
    rows, channels = dy.shape
    share = real(dy, 1.0) / real(dy, rows)
    for j in range(channels):
        for k in range(sums.shape[0]):
            sums[k, j] = real(dy, 0.0)
        for i in range(rows):
            sums[i % sums.shape[0], j] += dy[i, j]
        dbeta[j] = _add_rows(sums, j)
        for k in range(sums.shape[0]):
            sums[k, j] = real(dy, 0.0)
        for i in range(rows):
            sums[i % sums.shape[0], j] += dy[i, j] * normal[i, j]
        dgamma[j] = _add_rows(sums, j)
    for i in range(rows):
        for j in range(channels):
            mean_part = (dbeta[j] + normal[i, j] * dgamma[j]) * share
            dx[i, j] = (gamma[j] * scale[j]) * (dy[i, j] - mean_part)
