"""AdaMod: Adam whose rates are bounded by their own running mean."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import above_zero
from nnkit.optimizers.adaptive.moments import added, gathered, mean_kept, root_gathered, square_kept
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.optimizer import COMMON, Optimizer, as_number, learning_rate, share_kept
from nnkit.registry import ClosedForm, Component, Value
from nnkit.simd import fma, real, sqrt


@kernel
def adamod_update(p, g, m, v, mean_rate, learning_rate, step, beta_1, beta_2, beta_3, epsilon):
    """Step by the mean gradient times the smaller of Adam's rate and that rate's running mean.

    Shapes      p, g, m, v, mean_rate: (n,); all but g in place
    Cost        1 root, 1 division and 14 operations, 36 bytes per float32 parameter
    """
    correction = root_gathered(beta_2, step)
    rate, filled = real(p, learning_rate * correction), real(p, 1.0 / gathered(beta_1, step))
    offset = above_zero(p, epsilon * correction)
    keep_1, take_1 = real(p, beta_1), real(p, 1.0 - beta_1)
    keep_2, take_2 = real(p, beta_2), real(p, 1.0 - beta_2)
    keep_3, take_3 = real(p, beta_3), real(p, 1.0 - beta_3)
    for index in range(p.size):
        gradient = g[index]
        first = fma(keep_1, m[index], take_1 * gradient)
        second = fma(keep_2, v[index], take_2 * (gradient * gradient))
        own = rate / (sqrt(second) + offset)
        usual = fma(keep_3, mean_rate[index], take_3 * own)
        m[index] = first
        v[index] = second
        mean_rate[index] = usual
        p[index] -= (usual if own > usual else own) * (filled * first)


def _constant(p: Mapping[str, Value]) -> Array:
    """Return the way over four gradients of 1: the mean rate is the smaller one."""
    b3 = as_number(p["beta_3"])
    steps = [1 - b3**t for t in range(1, 5)]
    return as_number(p["learning_rate"]) / (1 + as_number(p["epsilon"])) * np.cumsum(steps)[:, None]


def _jump(p: Mapping[str, Value]) -> Array:
    """Return the way over gradients 1 and 3: half of Adam's step, then all of it."""
    rate, b1, b2, epsilon = (as_number(p[n]) for n in ("learning_rate", "beta_1", "beta_2", "epsilon"))
    second = (b1 + 3) / (1 + b1) / (np.sqrt((b2 + 9) / (1 + b2)) + epsilon)
    return rate * np.cumsum([0.5 / (1 + epsilon), second])[:, None]


ADAMOD = Optimizer(
    name="adamod",
    summary="Adam whose rate of each parameter is no larger than that rate's running mean.",
    formula="m, v as Adam's;  r = learning_rate / (sqrt(v / (1 - beta_2**t)) + epsilon);"
    "  s <- beta_3 * s + (1 - beta_3) * r;  p <- p - min(r, s) * m / (1 - beta_1**t)",
    hyperparameters=(
        learning_rate(0.001),
        mean_kept(),
        square_kept(),
        share_kept("beta_3", 0.999, "share of the mean rate that is kept; 0: adam", Component("bound", 0.0)),
        added(1e-8),
        *COMMON,
    ),
    slot_names=("m", "v", "mean_rate"),
    kernel=adamod_update,
    flops=16,
    closed_forms=(
        ClosedForm(
            "step t on a gradient of 1 is learning_rate * (1 - beta_3**t) / (1 + epsilon): the mean"
            " rate starts from 0",
            moved(1.0, 4),
            _constant,
            {"epsilon": 0.01},
        ),
        ClosedForm(
            "after g = 1 a gradient of 3 meets a rate below its mean at beta_3 = 1/2: the step is Adam's,"
            " learning_rate * (beta_1 + 3) / (1 + beta_1) / (sqrt((beta_2 + 9) / (1 + beta_2)) + epsilon)",
            moved(lambda t: (1.0, 3.0)[t - 1], 2),
            _jump,
            {"epsilon": 0.01, "beta_3": 0.5},
        ),
    ),
    source="Ding et al. (2019), arXiv:1910.12249, Algorithm 1",
    aliases=("AdaMod",),
)
