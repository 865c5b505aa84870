"""SPlus: signs of the momentum in the eigenvectors of Shampoo."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.matrix.orthogonal import adamw_beside, companion_rate, step_along
from nnkit.optimizers.matrix.sides import (
    LEFT,
    RIGHT,
    SIDE_SCRATCH,
    SIDE_SHAPED,
    decompose_side,
    from_basis,
    gather_sides,
    interval,
    is_whole,
    narrow,
    to_basis,
    write_identity,
)
from nnkit.optimizers.optimizer import COMMON, NO_MOMENTUM, Optimizer, as_number, learning_rate, share_kept
from nnkit.registry import ClosedForm, Value
from nnkit.simd import flat, fma, real


@kernel
def splus_update(
    p, g, m, left, right, left_basis, right_basis, x, other, left_new, right_new, panel, lanes, left_work,
    left_vectors, right_work, right_vectors, values, beside, spare, learning_rate, step, beta_1, beta_2,
    interval,
):  # fmt: skip
    """Step by the signs of the mean gradient along the eigenvectors of both sides, over the mean side.

    Shapes      p, g, m, x, other: (rows, columns); left and its like: (rows, rows); right and its like:
                (columns, columns); p, m, the sides and the bases in place
    Cost        6 products; at a refresh 9 n³ FLOP for each side
    """
    rows, columns = p.shape
    if step == 1:
        write_identity(left_basis)
        write_identity(right_basis)
    keep, take = real(p, beta_1), real(p, 1.0 - beta_1)
    for i in range(rows):
        for j in range(columns):
            m[i, j] = fma(keep, m[i, j], take * g[i, j])
            x[i, j] = m[i, j]
    to_basis(x, other, left_basis, right_basis, panel)
    signs, zero, one = flat(x), real(p, 0.0), real(p, 1.0)
    for index in range(signs.size):
        value = signs[index]
        signs[index] = one if value > zero else (-one if value < zero else value)
    from_basis(x, other, left_basis, right_basis, panel)
    step_along(p, x, learning_rate * 2.0 / (rows + columns))
    gather_sides(g, left, right, left_new, right_new, panel, beta_2, 1.0 - beta_2)
    if step == 1 or step % int(interval) == 0:
        if is_whole(left, rows):
            decompose_side(left, left_work, left_vectors, values, beside, spare)
            narrow(left_vectors, left_basis)
        if is_whole(right, columns):
            decompose_side(right, right_work, right_vectors, values, beside, spare)
            narrow(right_vectors, right_basis)


_LEFT = np.array([[3.0, -4.0], [4.0, 3.0]]) / 5.0
_RIGHT = np.array([[5.0, -12.0], [12.0, 5.0]]) / 13.0
_SIGNS = np.array([[1.0, 1.0], [1.0, -1.0]])
_FIRST, _SECOND = _LEFT @ np.diag([3.0, 1.0]) @ _RIGHT.T, _LEFT @ _SIGNS @ _RIGHT.T


def _two_steps(p: Mapping[str, Value]) -> Array:
    """Return the path on these: the bases after the first are its singular vectors.

    Along them the mean is then diag(2.7, 0.9) and ((1, 1), (1, -1)) of the second, added: it has its signs.
    """
    rate = as_number(p["learning_rate"]) / 2.0
    return rate * np.array([np.sign(_FIRST), np.sign(_FIRST) + _SECOND])


SPLUS = Optimizer(
    name="splus",
    summary="Signs of the momentum in the eigenvectors of both sides' running squares. AdamW moves the rest;"
    " a side of more than 1,024 places is left as it is. Evaluate an average of the weights.",
    formula="m <- beta_1 * m + (1 - beta_1) * g;  u = Q_L sign(Q_Lᵀ m Q_R) Q_Rᵀ;"
    "  p <- p - learning_rate * 2 / (inputs + outputs) * u;"
    "  Q_L, Q_R: eigenvectors of running means of g gᵀ and gᵀ g, at first the axes",
    hyperparameters=(
        learning_rate(0.1),
        share_kept("beta_1", 0.9, "share of the mean gradient that is kept", NO_MOMENTUM),
        share_kept("beta_2", 0.999, "share of both sides' squares that is kept"),
        interval(100, "refresh of the bases"),
        companion_rate(0.001),
        *COMMON,
    ),
    over="matrix",
    slot_names=("m", "left", "right", "left_basis", "right_basis"),
    scratch=SIDE_SCRATCH,
    shaped={**SIDE_SHAPED, "left": LEFT, "right": RIGHT, "left_basis": LEFT, "right_basis": RIGHT},
    companion=adamw_beside,
    kernel=splus_update,
    closed_forms=(
        ClosedForm(
            "the first step is learning_rate * 2 / (inputs + outputs) * sign(g); then the mean's signs along"
            " the singular vectors of the first gradient count",
            moved(lambda t: _FIRST if t == 1 else _SECOND, 2, start=np.zeros((2, 2))),
            _two_steps,
        ),
    ),
    source="Frans, Levine and Abbeel (2025), arXiv:2506.07254, Algorithm 1",
    aliases=("SPlus",),
)
