"""What these optimizers share: sums over all parameters, and the place that they started from."""

from nnkit.jit import kernel
from nnkit.kernels.update import LANES, clear_lanes, sum_lanes
from nnkit.optimizers.optimizer import Shaped
from nnkit.simd import copy_values, double, fabs, sqrt

LANES_SCRATCH = Shaped(lambda sizes: (LANES,), "double")
ONE = Shaped(lambda sizes: (1,))


@kernel
def remember_start(p, start, step):
    """Copy the parameters of the first step: until then they may still be set.

    Shapes      p, start: (n,)
    """
    if step == 1:
        copy_values(p, 0, start, 0, p.size)


@kernel
def distance(p, start, lanes):
    """Return ``‖p - start‖`` in float64.

    Shapes      p, start: (n,); lanes: (LANES,) float64 scratch
    """
    clear_lanes(lanes)
    for index in range(p.size):
        difference = double(p[index]) - double(start[index])
        lanes[index % LANES] += difference * difference
    return sqrt(sum_lanes(lanes))


@kernel
def progress(g, p, start, lanes):
    """Return ``g · (start - p)`` in float64.

    Shapes      g, p, start: (n,); lanes: (LANES,) float64 scratch
    """
    clear_lanes(lanes)
    for index in range(p.size):
        lanes[index % LANES] += double(g[index]) * (double(start[index]) - double(p[index]))
    return sum_lanes(lanes)


@kernel
def sum_of_sizes(x, lanes):
    """Return the sum of ``|x|`` in float64.

    Shapes      x: (n,); lanes: (LANES,) float64 scratch
    """
    clear_lanes(lanes)
    for index in range(x.size):
        lanes[index % LANES] += fabs(double(x[index]))
    return sum_lanes(lanes)
