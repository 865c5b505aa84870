"""NorMuon and AdaMuon: Muon whose orthogonal steps are divided by their own second moments."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.algebra.newton_schulz import orthogonalize
from nnkit.kernels.update import global_norm
from nnkit.optimizers.closed_form import Array, after_each, moved
from nnkit.optimizers.matrix.muon import FIFTH_OF_ONE, bent
from nnkit.optimizers.matrix.orthogonal import (
    COEFFICIENTS,
    ENDS,
    EPSILON,
    ITERATIONS,
    MOMENTUM,
    NESTEROV,
    ORIGINAL,
    SCRATCH,
    SHAPED,
    adamw_beside,
    companion_rate,
    mean_ahead,
    scale_for_shape,
    step_along,
)
from nnkit.optimizers.optimizer import COMMON, Optimizer, Shaped, as_number, learning_rate, share_kept
from nnkit.registry import ClosedForm, Hyper, Value
from nnkit.simd import double, flat, fma, real, sqrt


@kernel
def normuon_update(
    p, g, m, v, x, other, gram, square, panel, lanes, learning_rate, step, momentum, nesterov, beta_2,
    iterations, coefficients, epsilon,
):  # fmt: skip
    """Step as Muon does, with every output's share over the root of its mean square, at Muon's length.

    Shapes      p, g, m, x, other: (rows, columns); v: (columns,); p, m and v in place; others as in
                `orthogonalize`
    Cost        5 iterations of `orthogonalize`
    """
    mean_ahead(g, m, x, momentum, nesterov)
    orthogonalize(x, other, gram, square, panel, lanes, int(iterations), int(coefficients), epsilon)
    rows, columns = p.shape
    before = global_norm(flat(x), lanes)
    keep, share = real(p, beta_2), real(p, (1.0 - beta_2) / rows)
    for j in range(columns):
        v[j] *= keep
    for i in range(rows):
        for j in range(columns):
            v[j] = fma(share, x[i, j] * x[i, j], v[j])
    least = real(p, epsilon)
    for i in range(rows):
        for j in range(columns):
            x[i, j] /= sqrt(v[j]) + least
    after = global_norm(flat(x), lanes)
    ratio = before / after if after != 0.0 else 1.0
    step_along(p, x, learning_rate * scale_for_shape(rows, columns, ORIGINAL) * ratio)


@kernel
def adamuon_update(
    p, g, m, v, x, other, gram, square, panel, lanes, learning_rate, step, momentum, nesterov, beta_2,
    iterations, coefficients, epsilon, of_signs,
):  # fmt: skip
    """Step as Muon does, with every number over the root of its mean square, at a fixed root mean square.

    Shapes      p, g, m, v, x, other: (rows, columns); p, m and v in place; others as in `orthogonalize`
    Cost        5 iterations of `orthogonalize`
    """
    mean_ahead(g, m, x, momentum, nesterov)
    values, means = flat(x), flat(v)
    zero, one = real(p, 0.0), real(p, 1.0)
    if of_signs != 0.0:
        for index in range(values.size):
            value = values[index]
            values[index] = one if value > zero else (-one if value < zero else value)
    orthogonalize(x, other, gram, square, panel, lanes, int(iterations), int(coefficients), epsilon)
    keep, take, least = real(p, beta_2), real(p, 1.0 - beta_2), real(p, epsilon)
    for index in range(values.size):
        means[index] = fma(keep, means[index], take * (values[index] * values[index]))
        values[index] /= sqrt(means[index]) + least
    norm = global_norm(values, lanes)
    scale = 0.2 * sqrt(double(values.size)) / norm if norm != 0.0 else 1.0
    step_along(p, x, learning_rate * scale)


_GRADIENT = np.array([[3.0, 0.0, 0.0, 0.0], [0.0, -1.0, 0.0, 0.0]])
_SWAPPED = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, -3.0, 0.0, 0.0]])


def _every_output_alike(p: Mapping[str, Value]) -> Array:
    """Return the path on a gradient of two outputs of four: both move alike, and as far as Muon's."""
    length = np.linalg.norm(bent(np.array([3.0, 1.0]), 5)) * np.sqrt(4 / 2) / np.sqrt(2.0)
    step = as_number(p["learning_rate"]) * length * np.sign(_GRADIENT)
    return after_each(3, lambda t: t * step)


_INPUTS, _OUTPUTS = np.array([1.0, 2.0, -2.0]), np.array([1.0, -5.0, 3.0, 1.0])


def _alike_along_inputs(p: Mapping[str, Value]) -> Array:
    """Return the path on their product, of 3 inputs and 4 outputs."""
    step = np.sqrt(4 / 3) * FIFTH_OF_ONE * np.outer(_INPUTS / 3.0, np.sign(_OUTPUTS) / 2.0)
    return after_each(2, lambda t: t * as_number(p["learning_rate"]) * step)


def _uneven_later(p: Mapping[str, Value]) -> Array:
    """Return the path where the second gradient has the singular values 3 and 1 the other way round."""
    first, second = bent(np.array([3.0, 1.0]), 5), bent(np.array([1.0, 3.0]), 5)
    u = second / np.sqrt(as_number(p["beta_2"]) * first**2 + second**2)
    lengths = (
        np.linalg.norm(first) / np.sqrt(2.0) * np.ones(2),
        np.linalg.norm(second) / np.linalg.norm(u) * u,
    )
    path = np.cumsum([[[one, 0.0, 0.0, 0.0], [0.0, -other, 0.0, 0.0]] for one, other in lengths], axis=0)
    return as_number(p["learning_rate"]) * np.sqrt(2.0) * path


NORMUON = Optimizer(
    name="normuon",
    summary="Muon whose step is divided, output by output, by the root of its running mean square.",
    formula="o = Muon's orthogonal factor;  v <- beta_2 * v + (1 - beta_2) * mean over inputs of o**2;"
    "  u = o / (sqrt(v) + epsilon);"
    "  p <- p - learning_rate * sqrt(max(1, outputs / inputs)) * ‖o‖ / ‖u‖ * u",
    hyperparameters=(
        learning_rate(0.02),
        MOMENTUM,
        NESTEROV,
        share_kept("beta_2", 0.95, "share of the mean square of each output that is kept"),
        COEFFICIENTS,
        ITERATIONS,
        EPSILON,
        companion_rate(0.003),
        ENDS,
        *COMMON,
    ),
    over="matrix",
    slot_names=("m", "v"),
    scratch=SCRATCH,
    shaped={**SHAPED, "v": Shaped(lambda sizes: (sizes.columns,))},
    companion=adamw_beside,
    kernel=normuon_update,
    closed_forms=(
        ClosedForm(
            "a rank-one gradient u vᵀ moves as far as Muon, every output alike: along u sign(v)ᵀ",
            moved(lambda t: np.outer(_INPUTS, _OUTPUTS), 2, start=np.zeros((3, 4))),
            _alike_along_inputs,
            {"epsilon": 1e-30},
        ),
        ClosedForm(
            "a gradient of singular values 3 and 1 on two outputs of four moves both alike, as far as Muon"
            " together",
            moved(lambda t: _GRADIENT, 3, start=np.zeros((2, 4))),
            _every_output_alike,
            {"epsilon": 1e-30},
        ),
        ClosedForm(
            "without momentum, singular values the other way round are divided by both steps' squares",
            moved(lambda t: _GRADIENT if t == 1 else _SWAPPED, 2, start=np.zeros((2, 4))),
            _uneven_later,
            {"epsilon": 1e-30, "momentum": 0.0},
        ),
    ),
    source="Li et al. (2025), arXiv:2510.05491; the length as in the authors' code",
    aliases=("NorMuon",),
)
ADAMUON = Optimizer(
    name="adamuon",
    summary="Muon over the signs of its momentum, divided number by number by a running mean square.",
    formula="o = the orthogonal factor of sign(momentum);  v <- beta_2 * v + (1 - beta_2) * o**2;"
    "  u = o / (sqrt(v) + epsilon);  p <- p - learning_rate * 0.2 * sqrt(size) / ‖u‖ * u",
    hyperparameters=(
        learning_rate(0.002),
        MOMENTUM,
        NESTEROV,
        share_kept("beta_2", 0.95, "share of the mean square of each number that is kept"),
        COEFFICIENTS,
        ITERATIONS,
        EPSILON,
        Hyper("of_signs", True, "false: of the momentum itself, as in the paper's first version"),
        companion_rate(0.003),
        ENDS,
        *COMMON,
    ),
    over="matrix",
    slot_names=("m", "v"),
    scratch=SCRATCH,
    shaped=SHAPED,
    companion=adamw_beside,
    kernel=adamuon_update,
    closed_forms=(
        ClosedForm(
            "the first step on a rank-one gradient is 0.2 * learning_rate along its signs",
            moved(lambda t: np.outer([1.0, -2.0, 3.0], [4.0, -5.0]), 1, start=np.zeros((3, 2))),
            lambda p: 0.2 * as_number(p["learning_rate"]) * np.outer([1.0, -1.0, 1.0], [1.0, -1.0])[None],
            {"epsilon": 1e-30},
        ),
        ClosedForm(
            "singular values 3 and 1, then 1 and 3, have one sign: two of eight numbers move 0.4 each time",
            moved(lambda t: _GRADIENT if t == 1 else _SWAPPED, 2, start=np.zeros((2, 4))),
            lambda p: after_each(2, lambda t: t * 0.4 * as_number(p["learning_rate"]) * np.sign(_GRADIENT)),
            {"epsilon": 1e-30, "momentum": 0.0},
        ),
    ),
    source="Si, Zhang and Shen (2025), arXiv:2507.11005",
    aliases=("AdaMuon",),
)
