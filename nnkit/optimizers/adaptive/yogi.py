"""Yogi: Adam whose mean square moves by no more than this gradient's own."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import above_zero
from nnkit.optimizers.adaptive.moments import added, gathered, mean_kept, root_gathered, square_kept
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.descent.signum import sign_of
from nnkit.optimizers.optimizer import COMMON, Optimizer, as_number, learning_rate
from nnkit.registry import ClosedForm, Component, Hyper, Value
from nnkit.simd import fma, real, sqrt


@kernel
def yogi_update(p, g, m, v, learning_rate, step, beta_1, beta_2, epsilon, bias_correction):
    """Step by the mean gradient over the root of a square that gradients add to or take from.

    Shapes      p, g, m, v: (n,); all but g in place
    Cost        1 root, 1 division and 11 operations, 28 bytes per float32 parameter
    """
    corrects = bias_correction != 0.0
    correction = root_gathered(beta_2, step) if corrects else 1.0
    rate = real(p, learning_rate * correction / (gathered(beta_1, step) if corrects else 1.0))
    offset = above_zero(p, epsilon * correction)
    keep_1, take_1, take_2 = real(p, beta_1), real(p, 1.0 - beta_1), real(p, 1.0 - beta_2)
    for index in range(p.size):
        gradient = g[index]
        square = gradient * gradient
        first = fma(keep_1, m[index], take_1 * gradient)
        second = fma(-take_2 * sign_of(v[index] - square), square, v[index])
        m[index] = first
        v[index] = second
        p[index] -= rate * first / (sqrt(second) + offset)


def _up_and_down(p: Mapping[str, Value]) -> Array:
    """Return the way over gradients 1, 1, 0.01: the square rises twice, and falls by almost nothing."""
    b1, b2, start = (as_number(p[n]) for n in ("beta_1", "beta_2", "initial_accumulator_value"))
    v = start + np.array([1 - b2, 2 * (1 - b2), 2 * (1 - b2) - (1 - b2) * 1e-4])
    filled = 1 - b2 ** np.arange(1, 4)
    third = (1 - b1) * (b1**2 + b1 + 0.01) / (1 - b1**3)
    steps = np.array([1.0, 1.0, third]) / (np.sqrt(v / filled) + as_number(p["epsilon"]))
    return as_number(p["learning_rate"]) * np.cumsum(steps)[:, None]


YOGI = Optimizer(
    name="yogi",
    summary="Adam whose mean square rises as Adam's but falls slowly: gradients add to it or take from it.",
    formula="m <- beta_1 * m + (1 - beta_1) * g;  v <- v - (1 - beta_2) * sign(v - g**2) * g**2;"
    "  p <- p - learning_rate * m / (1 - beta_1**t) / (sqrt(v / (1 - beta_2**t)) + epsilon)",
    hyperparameters=(
        learning_rate(0.01),
        mean_kept(),
        square_kept(),
        added(1e-3),
        Hyper("initial_accumulator_value", 1e-6, "start of v; m starts from 0", at_least=0.0),
        Hyper(
            "bias_correction", True, "false: as in the paper", component=Component("bias correction", False)
        ),
        *COMMON,
    ),
    slot_names=("m", "v"),
    slot_start=(0.0, "initial_accumulator_value"),
    kernel=yogi_update,
    flops=14,
    closed_forms=(
        ClosedForm(
            "gradients 1, 1, 0.01 give v = start + 1 - beta_2, start + 2 * (1 - beta_2), and less (1 -"
            " beta_2) * 1e-4:"
            " Adam's would fall by the share 1 - beta_2",
            moved(lambda t: (1.0, 1.0, 0.01)[t - 1], 3),
            _up_and_down,
        ),
    ),
    source="Zaheer et al. (2018), NeurIPS 31, Adaptive methods for nonconvex optimization; bias"
    " correction and defaults of"
    " optax, which starts m from initial_accumulator_value too",
    aliases=("Yogi",),
)
