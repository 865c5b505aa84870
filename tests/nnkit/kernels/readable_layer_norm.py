"""Layer normalisation in readable kernels: the order of operations that the vector code follows to the bit.

The sum of a row goes by lanes: column j belongs to lane ``j % lanes.size``, and lanes are added up by halves.
"""

from nnkit.jit import kernel
from nnkit.simd import real, sqrt


@kernel
def _clear_lanes(lanes):
    for k in range(lanes.size):
        lanes[k] = real(lanes, 0.0)


@kernel
def _sum_lanes(lanes):
    """Return the sum of the lanes: halves added until one is left."""
    half = lanes.size // 2
    while half:
        for k in range(half):
            lanes[k] += lanes[k + half]
        half //= 2
    return lanes[0]


@kernel
def layer_norm_forward(x, gamma, beta, y, normal, scale, lanes, epsilon):
    """Normalise each row by its own mean and biased variance, then scale and shift each column.

    Formula     normal = (x - mean) / sqrt(variance + epsilon); y = gamma · normal + beta
    Shapes      x, y, normal: (rows, columns); gamma, beta: (columns,); scale: (rows,), which keeps
                1 / sqrt(variance + epsilon); lanes: as many values as a vector has
    Cost        two passes for the statistics: one pass loses digits where the mean is large
    Gradient    layer_norm_backward
    """
    rows, columns = x.shape
    share, guard = real(x, 1.0 / columns), real(x, epsilon)
    for i in range(rows):
        _clear_lanes(lanes)
        for j in range(columns):
            lanes[j % lanes.size] += x[i, j]
        mean = _sum_lanes(lanes) * share
        _clear_lanes(lanes)
        for j in range(columns):
            deviation = x[i, j] - mean
            lanes[j % lanes.size] += deviation * deviation
        scale[i] = real(x, 1.0) / sqrt(_sum_lanes(lanes) * share + guard)
        for j in range(columns):
            normal[i, j] = (x[i, j] - mean) * scale[i]
            y[i, j] = gamma[j] * normal[i, j] + beta[j]


@kernel
def layer_norm_backward(dy, normal, gamma, scale, dx, dgamma, dbeta, lanes):
    """Write the gradients of a layer normalisation.

    Formula     dbeta = Σ dy; dgamma = Σ dy · normal, over rows in order
                dx = scale · (g - mean(g) - normal · mean(g · normal)), g = gamma · dy, means over the row
    Shapes      dy, normal, dx: (rows, columns); others as in layer_norm_forward
    In place    allowed: dx may be dy
    """
    rows, columns = dy.shape
    share = real(dy, 1.0 / columns)
    for j in range(columns):
        dgamma[j] = real(dy, 0.0)
        dbeta[j] = real(dy, 0.0)
    for i in range(rows):
        _clear_lanes(lanes)
        for j in range(columns):
            lanes[j % lanes.size] += dy[i, j] * gamma[j]
        mean = _sum_lanes(lanes) * share
        _clear_lanes(lanes)
        for j in range(columns):
            lanes[j % lanes.size] += dy[i, j] * gamma[j] * normal[i, j]
        slope = _sum_lanes(lanes) * share
        for j in range(columns):
            dgamma[j] += dy[i, j] * normal[i, j]
            dbeta[j] += dy[i, j]
            gradient = dy[i, j] * gamma[j]
            dx[i, j] = scale[i] * ((gradient - mean) - normal[i, j] * slope)
