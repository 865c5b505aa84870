"""Batch normalisation over the last axis: train, test and backward."""

from nnkit.jit import kernel
from nnkit.simd import real, sqrt


@kernel
def batch_norm_train(x, gamma, beta, running_mean, running_variance, y, normal, scale, momentum, epsilon):
    """Normalise each column by its own mean and biased variance over the batch, then scale and shift.

    Formula     normal = (x - mean) / sqrt(variance + epsilon); y = gamma · normal + beta
                running <- momentum · running + (1 - momentum) · batch
    Shapes      x, y, normal: (rows, channels); all others: (channels,);
                scale keeps 1 / sqrt(variance + epsilon)
    Cost        two passes for the statistics: one pass loses digits where the mean is large
    Gradient    batch_norm_backward
    """
    rows, channels = x.shape
    keep = real(x, momentum)
    move = real(x, 1.0 - momentum)
    guard = real(x, epsilon)
    one = real(x, 1.0)
    share = one / real(x, rows)
    # y serves as scratch for the mean (row 0) until its rows are written at the end.
    for j in range(channels):
        normal[0, j] = x[0, j]
    for i in range(1, rows):
        for j in range(channels):
            normal[0, j] += x[i, j]
    for j in range(channels):
        y[0, j] = normal[0, j] * share
        running_mean[j] = keep * running_mean[j] + move * y[0, j]
    for j in range(channels):
        deviation = x[0, j] - y[0, j]
        scale[j] = deviation * deviation
    for i in range(1, rows):
        for j in range(channels):
            deviation = x[i, j] - y[0, j]
            scale[j] += deviation * deviation
    for j in range(channels):
        variance = scale[j] * share
        running_variance[j] = keep * running_variance[j] + move * variance
        scale[j] = one / sqrt(variance + guard)
    for i in range(rows - 1, -1, -1):
        for j in range(channels):
            normal[i, j] = (x[i, j] - y[0, j]) * scale[j]
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
def batch_norm_backward(dy, normal, gamma, scale, dx, dgamma, dbeta):
    """Write the gradients of a batch normalisation in training.

    Formula     dbeta = Σ dy; dgamma = Σ dy · normal
                dx = gamma · scale · (dy - (dbeta + normal · dgamma) / rows)
    Shapes      dy, normal, dx: (rows, channels); all others: (channels,)
    In place    allowed: dx may be dy
    """
    rows, channels = dy.shape
    share = real(dy, 1.0) / real(dy, rows)
    for j in range(channels):
        dbeta[j] = dy[0, j]
        dgamma[j] = dy[0, j] * normal[0, j]
    for i in range(1, rows):
        for j in range(channels):
            dbeta[j] += dy[i, j]
            dgamma[j] += dy[i, j] * normal[i, j]
    for i in range(rows):
        for j in range(channels):
            mean_part = (dbeta[j] + normal[i, j] * dgamma[j]) * share
            dx[i, j] = gamma[j] * scale[j] * (dy[i, j] - mean_part)
