"""What optimizers share that look at a whole tensor: scratch for its sums, and their kernels."""

from nnkit.jit import kernel
from nnkit.kernels.update import LANES, global_norm
from nnkit.optimizers.optimizer import Shaped
from nnkit.simd import double, sqrt

LANES_SCRATCH = Shaped(lambda sizes: (LANES,), "double")
VECTOR = Shaped(lambda sizes: (sizes.rows * sizes.columns,))
ONE = Shaped(lambda sizes: (1,))


@kernel
def root_mean_square(x, lanes):
    """Return the root of the mean square of ``x`` in float64.

    Shapes      x: (n,), n at least 1; lanes: (LANES,) float64 scratch
    """
    return global_norm(x, lanes) / sqrt(double(x.size))


@kernel
def trust_ratio(of_weights, of_step):
    """Return ``of_weights / of_step``, two norms; 1 where either is 0, so that zeros can move."""
    if of_weights == 0.0 or of_step == 0.0:
        return 1.0
    return of_weights / of_step
