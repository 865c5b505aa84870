"""SOAP: Adam in the eigenvectors of Shampoo."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.algebra.rows import orthonormalize
from nnkit.kernels.update import above_zero
from nnkit.optimizers.adaptive.adam import integer_power
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
)
from nnkit.optimizers.optimizer import (
    COMMON,
    NO_EPSILON,
    NO_MOMENTUM,
    Optimizer,
    as_number,
    learning_rate,
    share_kept,
)
from nnkit.registry import ClosedForm, Hyper, Value
from nnkit.simd import copy_values, double, fma, real, sqrt


@kernel
def swap_rows(a, i, j):
    """Exchange two rows of a matrix."""
    for k in range(a.shape[1]):
        a[i, k], a[j, k] = a[j, k], a[i, k]


@kernel
def swap_columns(a, i, j):
    """Exchange two columns of a matrix."""
    for k in range(a.shape[0]):
        a[k, i], a[k, j] = a[k, j], a[k, i]


@kernel
def turn_basis(side, basis, work, turned, values, v, of_rows):
    """Move a basis one power step towards the eigenvectors of its side, the largest first.

    ``v`` is sorted along: its rows where ``of_rows`` is not 0, else its columns.

    Shapes      side, basis, work, turned: (n, n), the last two float64; values: at least (n,) float64; v:
                (rows, columns); basis and v in place
    """
    n = side.shape[0]
    for i in range(n):
        for k in range(n):
            turned[i, k] = 0.0
        for j in range(n):
            weight = double(basis[i, j])
            for k in range(n):
                turned[i, k] += weight * double(side[j, k])
        values[i] = 0.0
        for k in range(n):
            values[i] += turned[i, k] * double(basis[i, k])
    for i in range(n):
        most = i
        for j in range(i + 1, n):
            if values[j] > values[most]:
                most = j
        if most != i:
            values[i], values[most] = values[most], values[i]
            swap_rows(turned, i, most)
            swap_rows(basis, i, most)
            if of_rows != 0:
                swap_rows(v, i, most)
            else:
                swap_columns(v, i, most)
    orthonormalize(turned, basis)
    narrow(turned, basis)


@kernel
def soap_update(
    p, g, m, v, left, right, left_basis, right_basis, x, other, left_new, right_new, panel, lanes, left_work,
    left_vectors, right_work, right_vectors, values, beside, spare, learning_rate, step, beta_1, beta_2,
    side_share, epsilon, interval,
):  # fmt: skip
    """Step as Adam does, in coordinates along the eigenvectors of both Gram matrices' running means.

    The first gradient makes the bases and no step.

    Shapes      p, g, m, v, x, other: (rows, columns); left and its like: (rows, rows); right and its like:
                (columns, columns); p, m, v, the sides and the bases in place
    Cost        8 products; at a refresh 6 n³ FLOP for each side
    """
    rows, columns = p.shape
    # A share that is not given is that of the second moment.
    kept = beta_2 if side_share != side_share else side_share
    if step == 1:
        gather_sides(g, left, right, left_new, right_new, panel, kept, 1.0 - kept)
        if is_whole(left, rows):
            decompose_side(left, left_work, left_vectors, values, beside, spare)
            narrow(left_vectors, left_basis)
        if is_whole(right, columns):
            decompose_side(right, right_work, right_vectors, values, beside, spare)
            narrow(right_vectors, right_basis)
        return
    count = step - 1
    copy_values(g, 0, x, 0, x.size)
    to_basis(x, other, left_basis, right_basis, panel)
    keep_1, take_1 = real(p, beta_1), real(p, 1.0 - beta_1)
    keep_2, take_2 = real(p, beta_2), real(p, 1.0 - beta_2)
    for i in range(rows):
        for j in range(columns):
            v[i, j] = fma(keep_2, v[i, j], take_2 * (x[i, j] * x[i, j]))
            m[i, j] = fma(keep_1, m[i, j], take_1 * g[i, j])
    copy_values(m, 0, x, 0, x.size)
    to_basis(x, other, left_basis, right_basis, panel)
    offset = above_zero(p, epsilon)
    for i in range(rows):
        for j in range(columns):
            x[i, j] /= sqrt(v[i, j]) + offset
    from_basis(x, other, left_basis, right_basis, panel)
    correction = sqrt(1.0 - integer_power(beta_2, count)) / (1.0 - integer_power(beta_1, count))
    step_along(p, x, learning_rate * correction)
    gather_sides(g, left, right, left_new, right_new, panel, kept, 1.0 - kept)
    if count % int(interval) == 0:
        if is_whole(left, rows):
            turn_basis(left, left_basis, left_work, left_vectors, values, v, 1)
        if is_whole(right, columns):
            turn_basis(right, right_basis, right_work, right_vectors, values, v, 0)


def _diagonal(t: int) -> Array:
    return np.diag([3.0, -2.0, 1.0]) * (1.0 if t % 2 else -0.5)


def _adam_on_the_diagonal(p: Mapping[str, Value]) -> Array:
    """Return Adam's path from the second gradient on, with epsilon beside the uncorrected root."""
    first, second, rate = (as_number(p[name]) for name in ("beta_1", "beta_2", "learning_rate"))
    m = v = w = np.zeros((3, 3))
    path = [w]
    for count in range(1, 25):
        g = _diagonal(count + 1)
        m, v = first * m + (1 - first) * g, second * v + (1 - second) * g**2
        root = np.sqrt(v / (1 - second**count)) + 1e-30
        w = w + rate * m / (1 - first**count) / root
        path.append(w)
    return np.array(path)


_ROTATION = np.array([[3.0, 4.0], [-4.0, 3.0]]) / 5.0
_TURNED = _ROTATION @ np.array([[3.0, 1.0], [1.0, 3.0]])


def _polar_after_two(p: Mapping[str, Value]) -> Array:
    """Return the path on a rotation times ((3, 1), (1, 3)), of eigenvalues 4 and 2 on (1, 1), (1, -1)."""
    offset = as_number(p["epsilon"]) / np.sqrt(1.0 - as_number(p["beta_2"]))
    both, across = np.full((2, 2), 0.5), np.array([[0.5, -0.5], [-0.5, 0.5]])
    step = _ROTATION @ (4.0 / (4.0 + offset) * both + 2.0 / (2.0 + offset) * across)
    return as_number(p["learning_rate"]) * np.array([np.zeros((2, 2)), step])


SOAP = Optimizer(
    name="soap",
    summary="Adam in the eigenvectors of both sides' running squares. AdamW moves the rest; a side of"
    " more than 1,024 places is left as it is.",
    formula="L, R: running means of g gᵀ and gᵀ g, Q_L and Q_R their eigenvectors; h = Q_Lᵀ g Q_R;"
    "  m <- beta_1 * m + (1 - beta_1) * g;  v <- beta_2 * v + (1 - beta_2) * h**2;"
    "  p <- p - learning_rate * Q_L (Q_Lᵀ m Q_R / (sqrt(v) + epsilon)) Q_Rᵀ, both corrected as Adam's",
    hyperparameters=(
        learning_rate(0.003),
        share_kept("beta_1", 0.95, "share of the mean gradient that is kept", NO_MOMENTUM),
        share_kept("beta_2", 0.95, "share of the mean square that is kept"),
        Hyper("side_share", None, "share of L and R that is kept; none: beta_2", at_least=0.0, below=1.0,
              optional=True),
        Hyper("epsilon", 1e-8, "beside the root that is not yet corrected", above=0.0, tune="log",
              component=NO_EPSILON),
        interval(10, "turn of the bases"),
        companion_rate(None),
        *COMMON,
    ),
    over="matrix",
    slot_names=("m", "v", "left", "right", "left_basis", "right_basis"),
    scratch=SIDE_SCRATCH,
    shaped={**SIDE_SHAPED, "left": LEFT, "right": RIGHT, "left_basis": LEFT, "right_basis": RIGHT},
    companion=adamw_beside,
    kernel=soap_update,
    closed_forms=(
        ClosedForm(
            "the first gradient moves nothing; on diagonal ones the rest is Adam's path, over two turns",
            moved(_diagonal, 25, start=np.zeros((3, 3))),
            _adam_on_the_diagonal,
            {"epsilon": 1e-30},
        ),
        ClosedForm(
            "U S Vᵀ that comes twice moves learning_rate * U S (S + epsilon / sqrt(1 - beta_2))^-1 Vᵀ",
            moved(lambda t: _TURNED, 2, start=np.zeros((2, 2))),
            _polar_after_two,
            {"epsilon": 1e-4},
            tolerance=1e-8,  # what is 0 but for rounding is divided by epsilon
        ),
    ),
    source="Vyas et al. (2024), arXiv:2409.11321, Algorithm 3; as the authors' code",
    aliases=("SOAP",),
)  # fmt: skip
