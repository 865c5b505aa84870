"""AdaBelief: Adam that divides by how far gradients are from their mean, not from zero."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import above_zero
from nnkit.optimizers.adaptive.moments import added, gathered, root_gathered, square_kept
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.optimizer import COMMON, Optimizer, as_number, learning_rate, share_kept
from nnkit.registry import ClosedForm, Value
from nnkit.simd import fma, real, sqrt


@kernel
def adabelief_update(p, g, m, s, learning_rate, step, beta_1, beta_2, epsilon):
    """Step by the mean gradient over the root of the mean squared surprise.

    Shapes      p, g, m, s: (n,); all but g in place
    Cost        1 root, 1 division and 12 operations, 28 bytes per float32 parameter
    """
    correction = root_gathered(beta_2, step)
    rate = real(p, learning_rate * correction / gathered(beta_1, step))
    guard, offset = above_zero(p, epsilon), above_zero(p, epsilon * correction)
    keep_1, take_1 = real(p, beta_1), real(p, 1.0 - beta_1)
    keep_2, take_2 = real(p, beta_2), real(p, 1.0 - beta_2)
    for index in range(p.size):
        gradient = g[index]
        first = fma(keep_1, m[index], take_1 * gradient)
        surprise = gradient - first
        second = fma(keep_2, s[index], take_2 * (surprise * surprise)) + guard
        m[index] = first
        s[index] = second
        p[index] -= rate * first / (sqrt(second) + offset)


def _two_steps(p: Mapping[str, Value]) -> Array:
    """Return the way after one and two gradients of 1."""
    rate, b1, b2, epsilon = (as_number(p[name]) for name in ("learning_rate", "beta_1", "beta_2", "epsilon"))
    s_1 = (1 - b2) * b1**2 + epsilon
    s_2 = b2 * s_1 + (1 - b2) * b1**4 + epsilon
    steps = [1 / (np.sqrt(s_1 / (1 - b2)) + epsilon), 1 / (np.sqrt(s_2 / (1 - b2**2)) + epsilon)]
    return rate * np.cumsum(steps)[:, None]


ADABELIEF = Optimizer(
    name="adabelief",
    summary="Mean gradient over the root of its mean squared error as a forecast of the gradient.",
    formula="m <- beta_1 * m + (1 - beta_1) * g;  s <- beta_2 * s + (1 - beta_2) * (g - m)**2 + epsilon;"
    "  p <- p - learning_rate * m / (1 - beta_1**t) / (sqrt(s / (1 - beta_2**t)) + epsilon)",
    hyperparameters=(
        learning_rate(0.001),
        share_kept("beta_1", 0.9, "share of the mean gradient that is kept"),
        square_kept(),
        added(1e-16, "added to every mean square, and to the root; 1e-8 in the paper's table"),
        *COMMON,
    ),
    slot_names=("m", "s"),
    kernel=adabelief_update,
    flops=14,
    closed_forms=(
        ClosedForm(
            "the first step on g is learning_rate / beta_1 as epsilon vanishes, the second has"
            " s = beta_2 * s_1 + (1 - beta_2) * beta_1**4 * g**2 + epsilon",
            moved(1.0, 2),
            _two_steps,
            {"epsilon": 1e-3},
        ),
    ),
    source="Zhuang et al. (2020), arXiv:2010.07468, Algorithm 2; defaults of its authors' package and"
    " of optax",
    aliases=("AdaBelief",),
)
