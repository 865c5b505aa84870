"""Hyperball: matrices that keep their length, and steps that are a share of it."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.algebra.newton_schulz import orthogonalize
from nnkit.kernels.update import above_zero, global_norm
from nnkit.optimizers.adaptive.adam import integer_power
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.matrix.orthogonal import (
    COEFFICIENTS,
    ENDS,
    EPSILON,
    ITERATIONS,
    LANES_SCRATCH,
    MATRIX,
    MOMENTUM,
    NESTEROV,
    SCRATCH,
    SHAPED,
    adamw_beside,
    companion_rate,
    mean_ahead,
)
from nnkit.optimizers.optimizer import (
    COMMON,
    NO_EPSILON,
    NO_MOMENTUM,
    Optimizer,
    Shaped,
    as_number,
    learning_rate,
    share_kept,
)
from nnkit.registry import ClosedForm, Hyper, Value
from nnkit.simd import double, flat, fma, real, sqrt


@kernel
def step_on_the_sphere(p, u, length, lanes, learning_rate, step):
    """Step along ``u`` by the share ``learning_rate`` of the first length, and scale back to that length.

    Without a direction nothing moves, and zeros, which have none, stay.

    Shapes      p, u: (rows, columns); length: (1,); p and length in place; lanes: (LANES,) float64
    """
    if step == 1:
        length[0] = real(p, global_norm(flat(p), lanes))
    size = global_norm(flat(u), lanes)
    if size == 0.0:
        return
    values, direction = flat(p), flat(u)
    rate = real(p, learning_rate * double(length[0]) / size)
    for index in range(values.size):
        values[index] = fma(-rate, direction[index], values[index])
    norm = global_norm(values, lanes)
    if norm == 0.0:
        return
    scale = double(length[0]) / norm
    for index in range(values.size):
        values[index] = real(p, scale * double(values[index]))


@kernel
def muonh_update(
    p, g, m, length, x, other, gram, square, panel, lanes, learning_rate, step, momentum, nesterov,
    iterations, coefficients, epsilon,
):  # fmt: skip
    """Step along Muon's direction on the sphere of the first weights.

    Shapes      p, g, m, x, other: (rows, columns); length: (1,); p, m and length in place; others as in
                `orthogonalize`
    Cost        5 iterations of `orthogonalize`
    """
    mean_ahead(g, m, x, momentum, nesterov)
    orthogonalize(x, other, gram, square, panel, lanes, int(iterations), int(coefficients), epsilon)
    step_on_the_sphere(p, x, length, lanes, learning_rate, step)


@kernel
def adamh_update(p, g, m, v, length, x, lanes, learning_rate, step, beta_1, beta_2, epsilon):
    """Step along Adam's direction on the sphere of the first weights.

    Shapes      p, g, m, v, x: (rows, columns); length: (1,); all but g and x in place; lanes: (LANES,)
                float64
    Cost        1 root, 1 division and 16 operations, 44 bytes per float32 parameter
    """
    # The first moment's correction falls out of the norm.
    offset = above_zero(p, epsilon * sqrt(1.0 - integer_power(beta_2, step)))
    keep_1, take_1 = real(p, beta_1), real(p, 1.0 - beta_1)
    keep_2, take_2 = real(p, beta_2), real(p, 1.0 - beta_2)
    for i in range(p.shape[0]):
        for j in range(p.shape[1]):
            m[i, j] = fma(keep_1, m[i, j], take_1 * g[i, j])
            v[i, j] = fma(keep_2, v[i, j], take_2 * (g[i, j] * g[i, j]))
            x[i, j] = m[i, j] / (sqrt(v[i, j]) + offset)
    step_on_the_sphere(p, x, length, lanes, learning_rate, step)


_AXIS = np.outer([3.0, -4.0, 0.0], [2.0, 1.0])
_START = np.array([[2.0, 0.0], [1.0, 1.0], [1.0, -3.0]])  # across _AXIS and its signs
_STEPS = 4


def _turned_by(rate: float, axis: Array) -> Array:
    """Return the path that turns ``_START``, of length 4, to an axis across it: tan grows by rate / cos."""
    along, across, path = 0.0, 1.0, []
    for _ in range(_STEPS):
        along -= rate
        size = np.hypot(along, across)
        along, across = along / size, across / size
        path.append(_START - across * _START - along * 4.0 * axis)
    return np.array(path)


def _form(axis: Array, options: Mapping[str, Value]) -> ClosedForm:
    def turned(p: Mapping[str, Value]) -> Array:
        return _turned_by(as_number(p["learning_rate"]), axis / np.linalg.norm(axis))

    return ClosedForm(
        "on a constant gradient weights keep their length and turn towards it: the tangent of the angle grows"
        " by learning_rate / cos",
        moved(lambda t: _AXIS, _STEPS, start=_START),
        turned,
        options,
    )


_FORMULA = "p <- R * n(p - learning_rate * R * n(u)), n(x) = x / ‖x‖, R = ‖p_0‖, u "
_SOURCE = "Wen, Dang, Lyu, Ma and Liang (2025), Hyperball optimization, whenwen.github.io, part 1"
_LENGTH = Shaped(lambda sizes: (1,))
MUONH = Optimizer(
    name="muonh",
    summary="Muon on a sphere: every matrix keeps its first length, and a step is a share of it.",
    formula=_FORMULA + "Muon's orthogonal factor",
    hyperparameters=(
        learning_rate(0.01),
        MOMENTUM,
        NESTEROV,
        COEFFICIENTS,
        ITERATIONS,
        EPSILON,
        companion_rate(0.003),
        ENDS,
        *COMMON,
    ),
    over="matrix",
    slot_names=("m", "length"),
    scratch=SCRATCH,
    shaped={**SHAPED, "length": _LENGTH},
    companion=adamw_beside,
    kernel=muonh_update,
    closed_forms=(_form(_AXIS, {"learning_rate": 0.25}),),
    source=_SOURCE,
    aliases=("MuonH",),
)
ADAMH = Optimizer(
    name="adamh",
    summary="Adam on a sphere: every matrix keeps its first length, and a step is a share of it.",
    formula=_FORMULA + "Adam's m / (sqrt(v) + epsilon), both corrected",
    hyperparameters=(
        learning_rate(0.01),
        share_kept("beta_1", 0.9, "share of the mean gradient that is kept", NO_MOMENTUM),
        share_kept("beta_2", 0.999, "share of the mean square that is kept"),
        Hyper("epsilon", 1e-8, above=0.0, tune="log", component=NO_EPSILON),
        companion_rate(0.003),
        ENDS,
        *COMMON,
    ),
    over="matrix",
    slot_names=("m", "v", "length"),
    scratch=("x", "lanes"),
    shaped={"x": MATRIX, "lanes": LANES_SCRATCH, "length": _LENGTH},
    companion=adamw_beside,
    kernel=adamh_update,
    closed_forms=(_form(np.sign(_AXIS), {"learning_rate": 0.25, "epsilon": 1e-30}),),
    source=_SOURCE,
    aliases=("AdamH",),
)
