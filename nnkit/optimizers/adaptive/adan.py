"""Adan: Adam with Nesterov's look ahead made of the differences of gradients."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import above_zero
from nnkit.optimizers.adaptive.moments import added, gathered, root_gathered
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.optimizer import COMMON, NO_MOMENTUM, Optimizer, as_number, learning_rate, share_kept
from nnkit.registry import ClosedForm, Value
from nnkit.simd import fma, real, sqrt


@kernel
def adan_update(p, g, previous, m, d, v, learning_rate, step, beta_1, beta_2, beta_3, epsilon):
    """Step by the mean gradient and mean difference over the root of the mean square of what lies ahead.

    Shapes      p, g, previous, m, d, v: (n,); all but g in place
    Cost        1 root, 1 division and 18 operations, 44 bytes per float32 parameter
    """
    correction = root_gathered(beta_3, step)
    of_mean = real(p, learning_rate * correction / gathered(beta_1, step))
    of_change = real(p, learning_rate * correction * beta_2 / gathered(beta_2, step))
    offset = above_zero(p, epsilon * correction)
    keep_1, take_1 = real(p, beta_1), real(p, 1.0 - beta_1)
    keep_2, take_2 = real(p, beta_2), real(p, 1.0 - beta_2)
    keep_3, take_3 = real(p, beta_3), real(p, 1.0 - beta_3)
    is_first = step == 1
    for index in range(p.size):
        gradient = g[index]
        change = gradient - (gradient if is_first else previous[index])
        ahead = fma(keep_2, change, gradient)
        first = fma(keep_1, m[index], take_1 * gradient)
        trend = fma(keep_2, d[index], take_2 * change)
        second = fma(keep_3, v[index], take_3 * (ahead * ahead))
        previous[index] = gradient
        m[index] = first
        d[index] = trend
        v[index] = second
        p[index] -= fma(of_change, trend, of_mean * first) / (sqrt(second) + offset)


def _jump(p: Mapping[str, Value]) -> Array:
    """Return the way over gradients 1 and 3."""
    b1, b2, b3 = (as_number(p[n]) for n in ("beta_1", "beta_2", "beta_3"))
    rate, epsilon = as_number(p["learning_rate"]), as_number(p["epsilon"])
    mean = (b1 * (1 - b1) + (1 - b1) * 3) / (1 - b1**2)
    trend = (1 - b2) * 2 / (1 - b2**2)
    square = (b3 * (1 - b3) + (1 - b3) * (3 + b2 * 2) ** 2) / (1 - b3**2)
    steps = [1 / (1 + epsilon), (mean + b2 * trend) / (np.sqrt(square) + epsilon)]
    return rate * np.cumsum(steps)[:, None]


ADAN = Optimizer(
    name="adan",
    summary="Adam that looks ahead by the mean change of its gradients.",
    formula="m <- beta_1 * m + (1 - beta_1) * g;  d <- beta_2 * d + (1 - beta_2) * (g - g');"
    "  v <- beta_3 * v + (1 - beta_3) * (g + beta_2 * (g - g'))**2;  p <- p - learning_rate *"
    " (m / (1 - beta_1**t) + beta_2 * d / (1 - beta_2**t)) / (sqrt(v / (1 - beta_3**t)) + epsilon);  g' <- g",
    hyperparameters=(
        learning_rate(0.001),
        share_kept("beta_1", 0.98, "share of the mean gradient that is kept", NO_MOMENTUM),
        share_kept("beta_2", 0.92, "share of the mean change that is kept, and weight of the change"),
        share_kept("beta_3", 0.99, "share of the mean square that is kept"),
        added(1e-8),
        *COMMON,
    ),
    slot_names=("previous", "m", "d", "v"),
    kernel=adan_update,
    flops=22,
    closed_forms=(
        ClosedForm(
            "after g = 1 a gradient of 3 moves by learning_rate * (m + beta_2 * 2 / (1 + beta_2)) /"
            " (root + epsilon),"
            " m = (beta_1 + 3) / (1 + beta_1), root**2 = (beta_3 + (3 + 2 * beta_2)**2) / (1 + beta_3)",
            moved(lambda t: (1.0, 3.0)[t - 1], 2),
            _jump,
            {"epsilon": 0.01},
        ),
    ),
    source="Xie et al. (2022), arXiv:2208.06677, Algorithm 1; its package's shares that are kept, and a"
    " decay before the"
    " step (its no_prox)",
    aliases=("Adan",),
)
