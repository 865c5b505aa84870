"""QHAdam: Adam with a share of this gradient in both of its means."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import above_zero
from nnkit.optimizers.adaptive.moments import added, gathered, mean_kept, square_kept
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.optimizer import COMMON, Optimizer, as_number, learning_rate
from nnkit.registry import ClosedForm, Component, Hyper, Value
from nnkit.simd import fma, real, sqrt


@kernel
def qhadam_update(p, g, m, v, learning_rate, step, beta_1, beta_2, nu_1, nu_2, epsilon):
    """Step by a share of the mean gradient over the root of a share of the mean square.

    Shapes      p, g, m, v: (n,); all but g in place
    Cost        1 root, 1 division and 14 operations, 28 bytes per float32 parameter
    """
    of_mean = real(p, learning_rate * nu_1 / gathered(beta_1, step))
    of_now = real(p, learning_rate * (1.0 - nu_1))
    of_means, of_square = real(p, nu_2 / gathered(beta_2, step)), real(p, 1.0 - nu_2)
    offset = above_zero(p, epsilon)
    keep_1, take_1 = real(p, beta_1), real(p, 1.0 - beta_1)
    keep_2, take_2 = real(p, beta_2), real(p, 1.0 - beta_2)
    for index in range(p.size):
        gradient = g[index]
        square = gradient * gradient
        first = fma(keep_1, m[index], take_1 * gradient)
        second = fma(keep_2, v[index], take_2 * square)
        m[index] = first
        v[index] = second
        root = sqrt(fma(of_means, second, of_square * square))
        p[index] -= fma(of_mean, first, of_now * gradient) / (root + offset)


def described(parameters: Mapping[str, Value]) -> tuple[str, dict[str, Value]] | None:
    """Return Adam where both shares are whole."""
    if parameters["nu_1"] != 1.0 or parameters["nu_2"] != 1.0:
        return None
    return "adam", {name: value for name, value in parameters.items() if name not in ("nu_1", "nu_2")}


def _jump(p: Mapping[str, Value]) -> Array:
    """Return the way over gradients 1 and 3."""
    b1, b2, nu_1, nu_2 = (as_number(p[n]) for n in ("beta_1", "beta_2", "nu_1", "nu_2"))
    rate, epsilon = as_number(p["learning_rate"]), as_number(p["epsilon"])
    above = (1 - nu_1) * 3 + nu_1 * (b1 + 3) / (1 + b1)
    below = (1 - nu_2) * 9 + nu_2 * (b2 + 9) / (1 + b2)
    steps = [1 / (1 + epsilon), above / (np.sqrt(below) + epsilon)]
    return rate * np.cumsum(steps)[:, None]


QHADAM = Optimizer(
    name="qhadam",
    summary="Adam that puts a share of this gradient beside its mean, and of its square beside their mean.",
    formula="m, v as Adam's;  p <- p - learning_rate * ((1 - nu_1) * g + nu_1 * m / (1 - beta_1**t))"
    " / (sqrt((1 - nu_2) * g**2 + nu_2 * v / (1 - beta_2**t)) + epsilon)",
    hyperparameters=(
        learning_rate(0.001),
        mean_kept(0.995),
        square_kept(),
        Hyper(
            "nu_1", 0.7, "share of the mean gradient in the step", at_least=0.0, at_most=1.0,
            component=Component("mean gradient", 0.0),
        ),
        Hyper("nu_2", 1.0, "share of the mean square in the division", at_least=0.0, at_most=1.0),
        added(1e-8),
        *COMMON,
    ),
    slot_names=("m", "v"),
    kernel=qhadam_update,
    flops=17,
    becomes=described,
    closed_forms=(
        ClosedForm(
            "after g = 1 a gradient of 3 moves by learning_rate * ((1 - nu_1) * 3 + nu_1 * (beta_1 + 3)"
            " / (1 + beta_1))"
            " over sqrt((1 - nu_2) * 9 + nu_2 * (beta_2 + 9) / (1 + beta_2)) + epsilon",
            moved(lambda t: (1.0, 3.0)[t - 1], 2),
            _jump,
            {"epsilon": 0.01, "nu_2": 0.8},
        ),
    ),
    source="Ma and Yarats (2019), arXiv:1810.06801, section 4 and its rule of thumb",
    aliases=("QHAdam",),
)  # fmt: skip
