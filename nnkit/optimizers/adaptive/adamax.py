"""Adamax: Adam with the largest of the fading gradients in place of the root of their mean square."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import above_zero
from nnkit.optimizers.adaptive.moments import added, gathered, mean_kept, square_kept
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.optimizer import COMMON, Optimizer, Variant, as_number, learning_rate
from nnkit.registry import ClosedForm, Hyper, Value
from nnkit.simd import fabs, fma, real


@kernel
def adamax_update(p, g, m, u, learning_rate, step, beta_1, beta_2, epsilon, epsilon_in_maximum):
    """Step by the mean gradient over the largest fading gradient.

    Shapes      p, g, m, u: (n,); all but g in place
    Cost        1 division and 8 operations, 28 bytes per float32 parameter
    """
    rate = real(p, learning_rate / gathered(beta_1, step))
    keep_1, take_1, keep_2 = real(p, beta_1), real(p, 1.0 - beta_1), real(p, beta_2)
    guard, zero = above_zero(p, epsilon), real(p, 0.0)
    inside = guard if epsilon_in_maximum != 0.0 else zero
    outside = zero if epsilon_in_maximum != 0.0 else guard
    for index in range(p.size):
        gradient = g[index]
        first = fma(keep_1, m[index], take_1 * gradient)
        old, new = keep_2 * u[index], fabs(gradient) + inside
        largest = old if old > new else new
        m[index] = first
        u[index] = largest
        p[index] -= rate * first / (largest + outside)


def _second(p: Mapping[str, Value]) -> Array:
    """Return the way after gradients 1 and 0.1: the first is still the largest, a fading one."""
    rate, b1, b2, epsilon = (as_number(p[name]) for name in ("learning_rate", "beta_1", "beta_2", "epsilon"))
    first = 1.0 / (1.0 + epsilon)
    second = (b1 * (1 - b1) + (1 - b1) * 0.1) / (1 - b1**2) / (b2 * (1.0 + epsilon))
    return rate * np.array([[first], [first + second]])


ADAMAX = Optimizer(
    name="adamax",
    summary="Mean gradient over the largest gradient so far, which fades: Adam in the infinity norm.",
    formula="m <- beta_1 * m + (1 - beta_1) * g;  u <- max(beta_2 * u, |g| + epsilon);"
    "  p <- p - learning_rate * m / (1 - beta_1**t) / u",
    hyperparameters=(
        learning_rate(0.002),
        mean_kept(),
        square_kept(),
        added(1e-8, "none in the paper; 1e-7 in Keras"),
        Hyper(
            "epsilon_in_maximum",
            True,
            "false: Keras's place, u + epsilon; a unit that had one gradient of 1 and then none goes on"
            " dividing by 1 + epsilon, fading",
        ),
        *COMMON,
    ),
    slot_names=("m", "u"),
    kernel=adamax_update,
    flops=10,
    closed_forms=(
        ClosedForm(
            "after g = 1 a gradient of 0.1 moves by learning_rate * (1 - beta_1) * (beta_1 + 0.1) / (1"
            " - beta_1**2)"
            " over beta_2 * (1 + epsilon): the first is still the largest",
            moved(lambda t: (1.0, 0.1)[t - 1], 2),
            _second,
            {"epsilon": 0.01, "beta_2": 0.8},
        ),
    ),
    variants=(
        Variant("PyTorch", {"epsilon_in_maximum": True}, "epsilon beside the gradient, inside the maximum"),
        Variant("Keras", {"epsilon_in_maximum": False}, "epsilon beside the maximum"),
    ),
    source="Kingma and Ba (2015), arXiv:1412.6980, Algorithm 2; epsilon as in PyTorch",
    aliases=("Adamax",),
)
