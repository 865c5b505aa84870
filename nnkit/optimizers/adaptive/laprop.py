"""LaProp: the mean of divided gradients, where Adam divides the mean."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import above_zero
from nnkit.optimizers.adaptive.moments import added, gathered, mean_kept, root_gathered, square_kept
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.optimizer import COMMON, Optimizer, as_number, learning_rate
from nnkit.registry import ClosedForm, Value
from nnkit.simd import fma, real, sqrt


@kernel
def laprop_update(p, g, m, v, learning_rate, step, beta_1, beta_2, epsilon):
    """Step by the mean of gradients over the root of the mean square of their day.

    Shapes      p, g, m, v: (n,); all but g in place
    Cost        1 root, 1 division and 10 operations, 28 bytes per float32 parameter
    """
    correction = root_gathered(beta_2, step)
    rate = real(p, learning_rate / gathered(beta_1, step))
    offset = above_zero(p, epsilon * correction)
    keep_1, take_1 = real(p, beta_1), real(p, (1.0 - beta_1) * correction)
    keep_2, take_2 = real(p, beta_2), real(p, 1.0 - beta_2)
    for index in range(p.size):
        gradient = g[index]
        second = fma(keep_2, v[index], take_2 * (gradient * gradient))
        first = fma(keep_1, m[index], take_1 * gradient / (sqrt(second) + offset))
        m[index] = first
        v[index] = second
        p[index] = fma(-rate, first, p[index])


def _jump(p: Mapping[str, Value]) -> Array:
    """Return the way over gradients 1 and 3: the first keeps the root of its day."""
    rate, b1, b2, epsilon = (as_number(p[n]) for n in ("learning_rate", "beta_1", "beta_2", "epsilon"))
    first = 1 / (1 + epsilon)
    second = 3 / (np.sqrt((b2 * (1 - b2) + (1 - b2) * 9) / (1 - b2**2)) + epsilon)
    steps = [first, (b1 * (1 - b1) * first + (1 - b1) * second) / (1 - b1**2)]
    return rate * np.cumsum(steps)[:, None]


LAPROP = Optimizer(
    name="laprop",
    summary="Divides every gradient by the root of the mean square of its day, and steps by their mean.",
    formula="v <- beta_2 * v + (1 - beta_2) * g**2;"
    "  m <- beta_1 * m + (1 - beta_1) * g / (sqrt(v / (1 - beta_2**t)) + epsilon);"
    "  p <- p - learning_rate * m / (1 - beta_1**t)",
    hyperparameters=(learning_rate(0.0004), mean_kept(), square_kept(), added(1e-15), *COMMON),
    slot_names=("m", "v"),
    kernel=laprop_update,
    flops=12,
    closed_forms=(
        ClosedForm(
            "after g = 1 a gradient of 3 moves by learning_rate * (beta_1 * u_1 + u_2) / (1 + beta_1), where"
            " u = g / (sqrt(v / (1 - beta_2**t)) + epsilon) of its own step",
            moved(lambda t: (1.0, 3.0)[t - 1], 2),
            _jump,
            {"epsilon": 0.01},
        ),
    ),
    source="Ziyin, Wang and Ueda (2020), arXiv:2002.04839, Algorithm 1; defaults of its package, which"
    " has the rate of"
    " each day in the mean",
    aliases=("LaProp",),
)
