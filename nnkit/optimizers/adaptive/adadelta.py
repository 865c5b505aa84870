"""Adadelta: steps in the parameters' own units, without a rate to choose."""

from collections.abc import Mapping
from math import sqrt as root

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import above_zero
from nnkit.optimizers.adaptive.moments import added
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.optimizer import COMMON, Optimizer, Variant, as_number, learning_rate, share_kept
from nnkit.registry import ClosedForm, Value
from nnkit.simd import fma, real, sqrt


@kernel
def adadelta_update(p, g, mean_square, mean_step, learning_rate, step, rho, epsilon):
    """Step by the gradient times the root of mean squared steps over mean squared gradients.

    Shapes      p, g, mean_square, mean_step: (n,); all but g in place
    Cost        1 root, 1 division and 11 operations, 28 bytes per float32 parameter
    """
    rate, keep, take, offset = (
        real(p, learning_rate),
        real(p, rho),
        real(p, 1.0 - rho),
        above_zero(p, epsilon),
    )
    for index in range(p.size):
        gradient = g[index]
        square = fma(keep, mean_square[index], take * (gradient * gradient))
        moved_by = sqrt((mean_step[index] + offset) / (square + offset)) * gradient
        mean_square[index] = square
        mean_step[index] = fma(keep, mean_step[index], take * (moved_by * moved_by))
        p[index] = fma(-rate, moved_by, p[index])


def _two_steps(p: Mapping[str, Value]) -> Array:
    """Return the way after one and two gradients of 0.5."""
    rho, epsilon, square = as_number(p["rho"]), as_number(p["epsilon"]), 0.25
    first = 0.5 * root(epsilon / ((1 - rho) * square + epsilon))
    second = 0.5 * root(((1 - rho) * first**2 + epsilon) / ((1 - rho**2) * square + epsilon))
    return as_number(p["learning_rate"]) * np.array([[first], [first + second]])


ADADELTA = Optimizer(
    name="adadelta",
    summary="Scales each step by the root of its own past steps' squares over that of its gradients'.",
    formula="v <- rho * v + (1 - rho) * g**2;  s = g * sqrt(d + epsilon) / sqrt(v + epsilon);"
    "  d <- rho * d + (1 - rho) * s**2;  p <- p - learning_rate * s",
    hyperparameters=(
        learning_rate(1.0),
        share_kept("rho", 0.95, "the paper's and Keras's; 0.9 in PyTorch"),
        added(1e-6, "inside both roots: it makes the first steps; 1e-7 in Keras"),
        *COMMON,
    ),
    slot_names=("mean_square", "mean_step"),
    kernel=adadelta_update,
    flops=14,
    closed_forms=(
        ClosedForm(
            "the first step on g is learning_rate * g * sqrt(epsilon / ((1 - rho) * g**2 + epsilon));"
            " the second"
            " has (1 - rho) * s**2 + epsilon above and (1 - rho**2) * g**2 + epsilon below",
            moved(0.5, 2),
            _two_steps,
            {"epsilon": 0.01},
        ),
    ),
    variants=(
        Variant("PyTorch", {"rho": 0.9}, "a shorter memory"),
        Variant("Keras", {"rho": 0.95, "epsilon": 1e-7}, "a smaller epsilon"),
    ),
    source="Zeiler (2012), arXiv:1212.5701, Algorithm 1; its defaults",
    aliases=("Adadelta",),
)
