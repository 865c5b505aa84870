"""AdaBound: Adam whose rates are bounded ever closer, until it is gradient descent."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import above_zero
from nnkit.optimizers.adaptive.moments import added, gathered, mean_kept, root_gathered, square_kept
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.optimizer import COMMON, Optimizer, as_number, learning_rate
from nnkit.registry import ClosedForm, Hyper, Value
from nnkit.simd import fma, real, sqrt


@kernel
def adabound_update(p, g, m, v, learning_rate, step, base_rate, beta_1, beta_2, final_rate, gamma, epsilon):
    """Step by the mean gradient times Adam's rate within two bounds that meet at the final rate.

    Shapes      p, g, m, v: (n,); all but g in place
    Cost        1 root, 1 division and 11 operations, 28 bytes per float32 parameter
    """
    correction = root_gathered(beta_2, step)
    filled = gathered(beta_1, step)
    rate, offset = real(p, learning_rate * correction / filled), above_zero(p, epsilon)
    last = final_rate * learning_rate / base_rate
    low = real(p, last * (1.0 - 1.0 / (gamma * step + 1.0)))
    high = real(p, last * (1.0 + 1.0 / (gamma * step)))
    keep_1, take_1 = real(p, beta_1), real(p, 1.0 - beta_1)
    keep_2, take_2 = real(p, beta_2), real(p, 1.0 - beta_2)
    for index in range(p.size):
        gradient = g[index]
        first = fma(keep_1, m[index], take_1 * gradient)
        second = fma(keep_2, v[index], take_2 * (gradient * gradient))
        m[index] = first
        v[index] = second
        own = rate / (sqrt(second) + offset)
        own = low if own < low else (high if own > high else own)
        p[index] = fma(-own, first, p[index])


def _three_sizes(p: Mapping[str, Value]) -> Array:
    """Return the way after one gradient of 10, 1 and 0.001: at the lower bound, between, at the upper one."""
    rate, b1, b2, epsilon = (as_number(p[n]) for n in ("learning_rate", "beta_1", "beta_2", "epsilon"))
    last, gamma, g = as_number(p["final_rate"]), as_number(p["gamma"]), np.array([10.0, 1.0, 0.001])
    own = rate * np.sqrt(1 - b2) / (1 - b1) / (np.sqrt(1 - b2) * g + epsilon)
    return (np.clip(own, last * (1 - 1 / (gamma + 1)), last * (1 + 1 / gamma)) * (1 - b1) * g)[None]


ADABOUND = Optimizer(
    name="adabound",
    summary="Adam whose rates are bounded ever closer by one final rate: gradient descent in the end.",
    formula="m, v as Adam's;  r = learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t) / (sqrt(v) +"
    " epsilon);"
    "  f = final_rate * learning_rate / (its first value);"
    "  p <- p - clip(r, f * (1 - 1 / (gamma * t + 1)), f * (1 + 1 / (gamma * t))) * m",
    hyperparameters=(
        learning_rate(0.001),
        mean_kept(),
        square_kept(),
        Hyper("final_rate", 0.1, "that of gradient descent in the end", above=0.0, tune="log"),
        Hyper("gamma", 0.001, "how fast the bounds close: by half at step 1 / gamma", above=0.0, tune="log"),
        added(1e-8, "beside the root that is not corrected"),
        *COMMON,
    ),
    slot_names=("m", "v"),
    kernel=adabound_update,
    flops=15,
    closed_forms=(
        ClosedForm(
            "gradients 10, 1, 0.001 move by (1 - beta_1) * g times, of Adam's rate, the lower bound,"
            " itself, and the"
            " upper bound",
            moved(lambda t: np.array([10.0, 1.0, 0.001]), 1, start=np.zeros(3)),
            _three_sizes,
            {"gamma": 1.0, "final_rate": 0.01, "learning_rate": 0.001},
        ),
    ),
    source="Luo et al. (2019), arXiv:1902.09843, Algorithm 2; as in its package, with Adam's correction",
    aliases=("AdaBound",),
)
