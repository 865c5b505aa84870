"""RAdam: Adam that leaves out the division while it knows too little of the gradients' size."""

from collections.abc import Mapping
from math import sqrt as root

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import above_zero
from nnkit.optimizers.adaptive.adam import integer_power
from nnkit.optimizers.adaptive.moments import added, gathered, mean_kept, root_gathered, square_kept
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.optimizer import COMMON, Optimizer, Variant, as_number, learning_rate
from nnkit.registry import ClosedForm, Hyper, Value
from nnkit.simd import fma, real, sqrt


@kernel
def radam_update(p, g, m, v, learning_rate, step, beta_1, beta_2, epsilon, threshold):
    """Step by the mean gradient; over the root of the mean square where that is known well enough.

    Shapes      p, g, m, v: (n,); all but g in place
    Cost        1 root, 1 division and 10 operations, 28 bytes per float32 parameter
    """
    longest = 2.0 / (1.0 - beta_2) - 1.0
    faded = integer_power(beta_2, step)
    length = longest - 2.0 * step * faded / (1.0 - faded)
    divides = length > threshold
    above = (length - 4.0) * (length - 2.0) * longest
    below = (longest - 4.0) * (longest - 2.0) * length
    share = sqrt(above / below) * root_gathered(beta_2, step) if divides else 1.0
    rate = real(p, share * learning_rate / gathered(beta_1, step))
    offset = above_zero(p, epsilon)
    keep_1, take_1 = real(p, beta_1), real(p, 1.0 - beta_1)
    keep_2, take_2 = real(p, beta_2), real(p, 1.0 - beta_2)
    one = real(p, 1.0)
    for index in range(p.size):
        gradient = g[index]
        first = fma(keep_1, m[index], take_1 * gradient)
        second = fma(keep_2, v[index], take_2 * (gradient * gradient))
        m[index] = first
        v[index] = second
        p[index] -= rate * first / (sqrt(second) + offset if divides else one)


def _on_ones(p: Mapping[str, Value]) -> Array:
    """Return the way over eight gradients of 1: five plain steps, then rectified ones, at the defaults."""
    b2, total, path = as_number(p["beta_2"]), 0.0, []
    longest = 2 / (1 - b2) - 1
    for t in range(1, 9):
        n = longest - 2 * t * b2**t / (1 - b2**t)
        if n <= as_number(p["threshold"]):
            total += 1.0
        else:
            r = root((n - 4) * (n - 2) * longest / ((longest - 4) * (longest - 2) * n))
            total += r * root(1 - b2**t) / (root(1 - b2**t) + as_number(p["epsilon"]))
        path.append([total])
    return as_number(p["learning_rate"]) * np.array(path)


RADAM = Optimizer(
    name="radam",
    summary="Adam that makes plain steps with momentum first, until it knows the gradients' size.",
    formula="m, v as Adam's;  n = 2 / (1 - beta_2) - 1 - 2 * t * beta_2**t / (1 - beta_2**t);"
    "  p <- p - learning_rate * m / (1 - beta_1**t) * (r(n) * sqrt(1 - beta_2**t) / (sqrt(v) + epsilon)"
    " if n > threshold else 1)",
    hyperparameters=(
        learning_rate(0.001),
        mean_kept(),
        square_kept(),
        added(1e-8, "beside the root that is not corrected"),
        Hyper(
            "threshold",
            5.0,
            "values the mean square must stand for before it divides: 5 in PyTorch, so from the sixth"
            " step; 4 in the"
            " paper, from the fifth",
            at_least=4.0,
        ),
        *COMMON,
    ),
    slot_names=("m", "v"),
    kernel=radam_update,
    flops=12,
    closed_forms=(
        ClosedForm(
            "steps 1 to 5 on a gradient of 1 are learning_rate, then learning_rate * r_t * c / (c +"
            " epsilon) with"
            " c = sqrt(1 - beta_2**t)",
            moved(1.0, 8),
            _on_ones,
            {"epsilon": 0.01},
            tolerance=1e-10,  # n is a small difference of two numbers near 2 / (1 - beta_2)
        ),
    ),
    variants=(
        Variant("PyTorch", {"threshold": 5.0}, "divisions from the sixth step"),
        Variant("paper", {"threshold": 4.0}, "divisions from the fifth step"),
    ),
    source="Liu et al. (2020), arXiv:1908.03265, Algorithm 2; threshold and defaults of PyTorch",
    aliases=("RAdam",),
)
