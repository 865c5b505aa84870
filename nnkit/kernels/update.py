"""What happens to the gradients before an optimizer sees them: penalties and clipping.

Sums are float64, in `LANES` lanes: element i is added to lane i mod LANES, then the lanes are added in
index order. The bits do not depend on the width of a vector, and a loop over the lanes runs in vectors.
"""

from nnkit.jit import kernel
from nnkit.simd import double, fabs, fma, lanes_of, real, sqrt

LANES = 64


@kernel
def decay_weights(p, learning_rate, weight_decay):
    """Leave of every weight the share ``1 - learning_rate * weight_decay``.

    Shapes      p: (n,), in place
    """
    kept = real(p, 1.0 - learning_rate * weight_decay)
    for index in range(p.size):
        p[index] *= kept


@kernel
def smallest_normal(like):
    """Return the smallest normal number of an array's type; the driver takes what is smaller for 0."""
    return real(like, 2.0**-126) if lanes_of(like) == 16 else real(like, 2.0**-1022)


@kernel
def above_zero(like, value):
    """Return a number above 0 in an array's type: one that is too small for it does not become 0."""
    least, given = smallest_normal(like), real(like, value)
    return given if given > least else least


@kernel
def clear_lanes(lanes):
    """Write 0 to every lane."""
    for lane in range(LANES):
        lanes[lane] = 0.0


@kernel
def sum_lanes(lanes):
    """Return the sum of the lanes, in index order."""
    total = 0.0
    for lane in range(LANES):
        total += lanes[lane]
    return total


@kernel
def clip_by_value(g, limit):
    """Move what lies outside [-limit, limit] to the nearer end; NaN stays.

    Shapes      g: (n,), in place
    """
    high, low = real(g, limit), real(g, -limit)
    for index in range(g.size):
        g[index] = high if g[index] > high else (low if g[index] < low else g[index])


@kernel
def global_norm(g, lanes):
    """Return the Euclidean length of ``g`` in float64.

    Shapes      g: (n,); lanes: (LANES,) float64 scratch
    """
    clear_lanes(lanes)
    n_rows = g.size // LANES
    for row in range(n_rows):
        for lane in range(LANES):
            value = double(g[LANES * row + lane])
            lanes[lane] += value * value
    for lane in range(g.size - LANES * n_rows):
        value = double(g[LANES * n_rows + lane])
        lanes[lane] += value * value
    return sqrt(sum_lanes(lanes))


@kernel
def clip_by_global_norm(g, lanes, limit):
    """Scale ``g`` by ``limit / norm`` where its Euclidean length, the norm, is above ``limit``.

    NaN in a gradient leaves it as it is, and infinity makes it NaN throughout, as in TensorFlow.

    Shapes      g: (n,), in place; lanes: (LANES,) float64 scratch
    """
    norm = global_norm(g, lanes)
    if norm > limit:
        # Without the difference, NaN where the norm is infinite, a blown-up gradient would become zero.
        scale = real(g, limit / norm + (norm - norm))
        for index in range(g.size):
            g[index] *= scale


@kernel
def penalty(value, l1, l2):
    """Return what one float64 weight adds to the penalty."""
    return fma(l2, value * value, l1 * fabs(value))


@kernel
def regularize(p, g, totals, lanes, l1, l2):
    """Add the penalty ``l1 * sum |p| + l2 * sum p**2`` to ``totals[0]`` and its gradient to ``g``.

    Shapes      p, g: (n,), g in place; totals: (1,) float64, in place; lanes: (LANES,) float64 scratch
    """
    # NaN has no sign, and needs none: the second term carries it.
    slope, curvature, zero = real(p, l1), real(p, 2.0 * l2), real(p, 0.0)
    for index in range(p.size):
        value = p[index]
        push = slope if value > zero else (-slope if value < zero else zero)
        g[index] += fma(curvature, value, push)
    clear_lanes(lanes)
    n_rows = p.size // LANES
    for row in range(n_rows):
        for lane in range(LANES):
            lanes[lane] += penalty(double(p[LANES * row + lane]), l1, l2)
    for lane in range(p.size - LANES * n_rows):
        lanes[lane] += penalty(double(p[LANES * n_rows + lane]), l1, l2)
    totals[0] += sum_lanes(lanes)


@kernel
def take_into_mean(x, mean, index):
    """Take ``x``, the ``index``-th from 0, into the mean of all so far.

    Shapes      x, mean: (n,); mean in place
    """
    weight = real(x, 1.0 / (index + 1))
    for i in range(x.size):
        mean[i] = x[i] if index == 0 else mean[i] + weight * (x[i] - mean[i])
