"""Scion: the step that goes furthest down within a ball of some norm, whatever the gradient's size."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.algebra.newton_schulz import orthogonalize
from nnkit.kernels.update import global_norm
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.matrix.muon import FIFTH_OF_ONE
from nnkit.optimizers.matrix.orthogonal import COEFFICIENTS, EPSILON, ITERATIONS, SCRATCH, SHAPED
from nnkit.optimizers.optimizer import COMMON, NO_MOMENTUM, Optimizer, as_number, learning_rate, share_kept
from nnkit.registry import ClosedForm, Hyper, Value
from nnkit.simd import double, flat, fma, real, sqrt

# Places among the choices of the norm.
_SPECTRAL, _SIGN, _COLUMN = range(3)


@kernel
def normalize_outputs(x, least):
    """Divide every column, the weights of one output, by its root mean square over the inputs.

    Shapes      x: (rows, columns), in place
    """
    rows, columns = x.shape
    for j in range(columns):
        total = 0.0
        for i in range(rows):
            total += double(x[i, j]) * double(x[i, j])
        size = sqrt(total / rows)
        scale = real(x, least if size < least else size)
        for i in range(rows):
            x[i, j] /= scale


@kernel
def scion_update(
    p, g, m, x, other, gram, square, panel, lanes, learning_rate, step, momentum, norm, radius, constrained,
    iterations, coefficients, epsilon,
):  # fmt: skip
    """Step to, or towards, the lowest point of a ball by the mean gradient.

    A vector's ball is that of its root mean square, whatever the norm of the matrices.

    Shapes      p, g, m, x, other: (rows, columns); p and m in place; others as in `orthogonalize`
    Cost        5 iterations of `orthogonalize` where the norm is spectral
    """
    rows, columns = p.shape
    keep, take = real(p, momentum), real(p, 1.0 - momentum)
    values = flat(x)
    for i in range(rows):
        for j in range(columns):
            m[i, j] = fma(keep, m[i, j], take * g[i, j])
            x[i, j] = m[i, j]
    scale = radius
    if rows == 1:
        size = global_norm(values, lanes) / sqrt(double(columns))
        scale = radius / (epsilon if size < epsilon else size)
    elif norm == _SPECTRAL:
        orthogonalize(x, other, gram, square, panel, lanes, int(iterations), int(coefficients), epsilon)
        scale = radius * sqrt(columns / rows)
    elif norm == _SIGN:
        zero, one = real(p, 0.0), real(p, 1.0)
        for index in range(values.size):
            value = values[index]
            values[index] = one if value > zero else (-one if value < zero else value)
        scale = radius / rows
    else:
        normalize_outputs(x, epsilon)
        scale = radius / rows
    rate = real(p, learning_rate * scale)
    kept = real(p, 1.0 - learning_rate if constrained != 0.0 else 1.0)
    for i in range(rows):
        for j in range(columns):
            p[i, j] = fma(-rate, x[i, j], kept * p[i, j])


_RANK_ONE = np.outer([3.0, -4.0], [1.0, 2.0, 2.0])
_START = np.array([[1.0, -1.0, 0.5], [0.0, 1.0, -1.0]])


def _constrained_path(p: Mapping[str, Value]) -> Array:
    """Return the path inside the ball of signs: the share 1 - learning_rate of the weights and the corner."""
    rate, w, path = as_number(p["learning_rate"]), _START, []
    for _ in range(3):
        w = (1.0 - rate) * w - rate * as_number(p["radius"]) / 2.0 * np.sign(_RANK_ONE)
        path.append(_START - w)
    return np.array(path)


SCION = Optimizer(
    name="scion",
    summary="Steps to the lowest point of a norm's ball: spectral, of signs, or output by output.",
    formula="m <- momentum * m + (1 - momentum) * g;  p <- p - learning_rate * radius * lmo(m), lmo spectral:"
    " sqrt(outputs / inputs) * φ⁵(m / ‖m‖); sign: sign(m) / inputs; column: every output over its root mean"
    " square / inputs; of a vector m / RMS(m); constrained: p * (1 - learning_rate) first",
    hyperparameters=(
        learning_rate(0.02),
        share_kept("momentum", 0.9, "share of the running mean gradient that is kept", NO_MOMENTUM),
        Hyper("norm", "spectral", "of the ball: spectral, the largest sign (for a last layer), or by output"
              " (for a first)", choices=("spectral", "sign", "column")),
        Hyper("radius", 1.0, "of the ball", above=0.0, tune="log"),
        Hyper("constrained", False, "true: within the ball, which is a decay of learning_rate a step"),
        COEFFICIENTS,
        ITERATIONS,
        EPSILON,
        *COMMON,
    ),
    over="matrix",
    slot_names=("m",),
    scratch=SCRATCH,
    shaped=SHAPED,
    kernel=scion_update,
    closed_forms=(
        ClosedForm(
            "a rank-one gradient u vᵀ, 2 inputs and 3 outputs: learning_rate * sqrt(3/2) * φ⁵(1) * u vᵀ",
            moved(lambda t: _RANK_ONE, 1, start=np.zeros((2, 3))),
            lambda p: as_number(p["learning_rate"]) * np.sqrt(1.5) * FIFTH_OF_ONE * _RANK_ONE[None] / 15.0,
        ),
        ClosedForm(
            "constrained, with signs: (1 - learning_rate) * p - learning_rate * radius / inputs * sign(g)",
            moved(lambda t: _RANK_ONE, 3, start=_START),
            _constrained_path,
            {"norm": "sign", "constrained": True, "radius": 3.0},
        ),
        ClosedForm(
            "by output: a gradient (3, 4) of one output moves learning_rate / 2 * (3, 4) / sqrt(12.5)",
            moved(lambda t: np.array([[3.0, 0.3], [4.0, 0.4]]), 1, start=np.zeros((2, 2))),
            lambda p: as_number(p["learning_rate"])
            / 2.0
            / np.sqrt(12.5)
            * np.array([[[3.0, 3.0], [4.0, 4.0]]]),
            {"norm": "column"},
        ),
        ClosedForm(
            "a vector moves learning_rate over its root mean square",
            moved(lambda t: np.array([3.0, -4.0]), 1, start=np.zeros(2)),
            lambda p: as_number(p["learning_rate"]) * np.array([[3.0, -4.0]]) / np.sqrt(12.5),
        ),
    ),
    source="Pethick et al. (2025), arXiv:2502.07529, Algorithms 1 and 2, Table 2",
    aliases=("Scion",),
)  # fmt: skip
