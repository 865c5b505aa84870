"""Muon: momentum whose singular values are all made equal."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.algebra.newton_schulz import orthogonalize
from nnkit.optimizers.closed_form import Array, after_each, moved
from nnkit.optimizers.matrix.orthogonal import (
    COEFFICIENTS,
    ENDS,
    EPSILON,
    ITERATIONS,
    MOMENTUM,
    NESTEROV,
    SCRATCH,
    SHAPED,
    adamw_beside,
    companion_rate,
    mean_ahead,
    scale_for_shape,
    step_along,
)
from nnkit.optimizers.optimizer import COMMON, Optimizer, Variant, as_number, learning_rate
from nnkit.registry import ClosedForm, Hyper, Value


@kernel
def muon_update(
    p, g, m, x, other, gram, square, panel, lanes, learning_rate, step, momentum, nesterov, iterations,
    coefficients, scale, epsilon,
):  # fmt: skip
    """Step along the mean gradient with its singular values near 1, scaled for the matrix's shape.

    Shapes      p, g, m, x, other: (rows, columns); p and m in place; others as in `orthogonalize`
    Cost        5 iterations of `orthogonalize`
    """
    mean_ahead(g, m, x, momentum, nesterov)
    orthogonalize(x, other, gram, square, panel, lanes, int(iterations), int(coefficients), epsilon)
    rows, columns = p.shape
    step_along(p, x, learning_rate * scale_for_shape(rows, columns, scale))


# φ five times over, from 1, with Jordan's coefficients.
FIFTH_OF_ONE = 0.6964364094697522
_LEFT, _RIGHT = np.array([3.0, 0.0, -4.0]), np.array([1.0, -2.0, 2.0, 0.0, 4.0])
_RANK_ONE = np.outer(_LEFT, _RIGHT)
_UNIT = _RANK_ONE / 25.0  # of length 5 both
_RANK_ONE_IMAGE = np.outer(np.ones(4), np.full(9, -1.0)).reshape(2, 2, 1, 9)


def bent(singular: Array, iterations: int) -> Array:
    """Return what Jordan's polynomial makes of singular values that are scaled to a norm of 1."""
    x = np.asarray(singular) / np.linalg.norm(singular)
    for _ in range(iterations):
        x = 3.4445 * x - 4.7750 * x**3 + 2.0315 * x**5
    return x


def _two_axes(t: int) -> Array:
    """Return a gradient along the first axis, then one along the second."""
    return np.outer(np.eye(3)[t - 1], np.eye(2)[t - 1])


def _along_two_axes(p: Mapping[str, Value]) -> Array:
    """Return the path on them: the mean after the second step is (1 - μ) (μ e₁ + e₂), and one step ahead
    (1 - μ) (μ² e₁ + (1 + μ) e₂)."""
    mu = as_number(p["momentum"])
    first = FIFTH_OF_ONE * _two_axes(1)
    second = bent(np.array([mu * mu, 1.0 + mu]), 5)
    rate = as_number(p["learning_rate"])
    return rate * np.array([first, first + second[0] * _two_axes(1) + second[1] * _two_axes(2)])


MUON_FORMS = (
    ClosedForm(
        "a rank-one gradient u vᵀ of 3 inputs and 5 outputs moves learning_rate * sqrt(5/3) * φ⁵(1) * u vᵀ at"
        f" every step, φ⁵(1) = {FIFTH_OF_ONE}",
        moved(lambda t: _RANK_ONE, 3, start=np.zeros((3, 5))),
        lambda p: after_each(
            3, lambda t: t * as_number(p["learning_rate"]) * np.sqrt(5 / 3) * FIFTH_OF_ONE * _UNIT
        ),
    ),
    ClosedForm(
        "with scale=match_rms the factor is 0.2 * sqrt(5)",
        moved(lambda t: _RANK_ONE, 1, start=np.zeros((3, 5))),
        lambda p: as_number(p["learning_rate"]) * np.sqrt(5) * 0.2 * FIFTH_OF_ONE * _UNIT[None],
        {"scale": "match_rms"},
    ),
    ClosedForm(
        "a 2 × 2 convolution of 1 channel and 9 filters is a matrix of 4 inputs and 9 outputs: sqrt(9/4)",
        moved(lambda t: _RANK_ONE_IMAGE, 1, start=np.zeros((2, 2, 1, 9))),
        lambda p: as_number(p["learning_rate"]) * 1.5 * FIFTH_OF_ONE * _RANK_ONE_IMAGE[None] / 6.0,
    ),
    ClosedForm(
        "gradients on one axis, then another: singular values (momentum², 1 + momentum) / their norm, bent",
        moved(_two_axes, 2, start=np.zeros((3, 2))),
        _along_two_axes,
    ),
)
MUON = Optimizer(
    name="muon",
    summary="Momentum made orthogonal: every direction of a matrix moves equally far. AdamW moves the rest.",
    formula="m <- momentum * m + (1 - momentum) * g;  u = (1 - momentum) * g + momentum * m;"
    "  p <- p - learning_rate * sqrt(max(1, outputs / inputs)) * φ⁵(u / ‖u‖),  φ(x) = a x + b x³ + c x⁵",
    hyperparameters=(
        learning_rate(0.02),
        MOMENTUM,
        NESTEROV,
        Hyper(
            "scale",
            "original",
            "of the step: original sqrt(max(1, outputs / inputs)), PyTorch's default; match_rms 0.2 *"
            " sqrt(max(inputs, outputs)), of Moonlight and Keras; spectral sqrt(outputs / inputs)",
            choices=("original", "match_rms", "spectral"),
        ),
        COEFFICIENTS,
        ITERATIONS,
        EPSILON,
        companion_rate(0.003),
        ENDS,
        *COMMON,
    ),
    over="matrix",
    slot_names=("m",),
    scratch=SCRATCH,
    shaped=SHAPED,
    companion=adamw_beside,
    kernel=muon_update,
    flops=0,
    closed_forms=MUON_FORMS,
    variants=(
        Variant(
            "PyTorch",
            {"scale": "original"},
            "steps of sqrt(max(1, outputs / inputs)), its products in bfloat16",
            tolerance=0.05,
        ),
        Variant(
            "Keras",
            {"scale": "match_rms", "companion_learning_rate": None},
            "steps of 0.2 * sqrt(max(inputs, outputs)), and Adam at the same rate beside it",
        ),
    ),
    source="Jordan et al. (2024), kellerjordan.github.io/posts/muon; Liu et al. (2025), arXiv:2502.16982",
    aliases=("Muon",),
)
