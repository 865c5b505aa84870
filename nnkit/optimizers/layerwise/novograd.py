"""NovoGrad: gradients of length 1 for each tensor, summed."""

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import above_zero, global_norm
from nnkit.optimizers.closed_form import after_each, moved
from nnkit.optimizers.layerwise.norms import LANES_SCRATCH, ONE
from nnkit.optimizers.optimizer import (
    CLIPPING,
    NO_DECAY,
    NO_EPSILON,
    NO_MOMENTUM,
    Optimizer,
    as_number,
    learning_rate,
    share_kept,
)
from nnkit.registry import ClosedForm, Hyper
from nnkit.simd import double, fma, real, sqrt


@kernel
def novograd_update(p, g, m, v, lanes, learning_rate, step, beta_1, beta_2, epsilon, weight_decay, averaging):
    """Step along a sum of gradients, each over the root of the tensor's mean squared norm.

    Shapes      p, g, m: (n,); v: (1,); p, m and v in place; lanes: (LANES,) float64
    Cost        8 operations, 24 bytes per float32 parameter
    """
    norm = global_norm(g, lanes)
    if step == 1:
        v[0] = real(p, norm * norm)
    else:
        v[0] = real(p, beta_2 * double(v[0]) + (1.0 - beta_2) * (norm * norm))
    scale = sqrt(v[0]) + above_zero(p, epsilon)
    # The first moment is the first direction whole, averaging or not.
    take = real(p, 1.0 - beta_1 if averaging != 0.0 and step > 1 else 1.0)
    keep, rate, decay = real(p, beta_1), real(p, learning_rate), real(p, weight_decay)
    for index in range(p.size):
        m[index] = fma(keep, m[index], take * fma(decay, p[index], g[index] / scale))
        p[index] -= rate * m[index]


_SLOPE = np.array([3.0, 4.0])

NOVOGRAD = Optimizer(
    name="novograd",
    summary="Momentum over gradients that are divided by the running norm of their tensor.",
    formula="v <- beta_2 * v + (1 - beta_2) * ‖g‖**2, at first ‖g‖**2;"
    "  m <- beta_1 * m + g / (sqrt(v) + epsilon) + weight_decay * p;  p <- p - learning_rate * m",
    hyperparameters=(
        learning_rate(0.01),
        share_kept("beta_1", 0.95, "share of the sum of directions that is kept", NO_MOMENTUM),
        share_kept("beta_2", 0.98, "share of the mean squared norm that is kept"),
        Hyper("epsilon", 1e-8, above=0.0, tune="log", component=NO_EPSILON),
        Hyper("weight_decay", 0.0, "within the direction", at_least=0.0, tune="log", component=NO_DECAY),
        Hyper("averaging", False, "m is a mean from the second step on: its news count 1 - beta_1"),
        *CLIPPING,
    ),
    over="tensor",
    slot_names=("m", "v"),
    scratch=("lanes",),
    shaped={"v": ONE, "lanes": LANES_SCRATCH},
    kernel=novograd_update,
    flops=8,
    closed_forms=(
        ClosedForm(
            "a constant gradient g moves learning_rate * (1 - beta_1**t) / (1 - beta_1) * g / ‖g‖ at step t",
            moved(lambda t: _SLOPE, 4, start=np.zeros(2)),
            lambda p: (
                np.cumsum(after_each(4, lambda t: (1.0 - as_number(p["beta_1"]) ** t) * _SLOPE / 5.0), axis=0)
                * as_number(p["learning_rate"])
                / (1.0 - as_number(p["beta_1"]))
            ),
            {"epsilon": 1e-30},
        ),
        ClosedForm(
            "without momentum a gradient half as long moves 0.5 / sqrt(beta_2 + (1 - beta_2) / 4)",
            moved(lambda t: _SLOPE / t, 2, start=np.zeros(2)),
            lambda p: (
                as_number(p["learning_rate"])
                * np.outer([1.0, 1.0 + 0.5 / np.sqrt(0.25 + 0.75 * as_number(p["beta_2"]))], _SLOPE / 5.0)
            ),
            {"epsilon": 1e-30, "beta_1": 0.0},
        ),
    ),
    source="Ginsburg et al. (2019), arXiv:1905.11286, Algorithm 1",
    aliases=("NovoGrad",),
)
