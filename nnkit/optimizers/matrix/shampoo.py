"""Shampoo: gradients between the inverse roots of what they were from either side."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.algebra.product import multiply
from nnkit.kernels.algebra.rows import root_of
from nnkit.kernels.update import global_norm
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.matrix.orthogonal import adamw_beside, companion_rate, step_along
from nnkit.optimizers.matrix.sides import (
    LEFT,
    RIGHT,
    SIDE_SCRATCH,
    SIDE_SHAPED,
    decompose_side,
    gather_sides,
    interval,
    is_whole,
)
from nnkit.optimizers.optimizer import COMMON, NO_MOMENTUM, Optimizer, as_number, learning_rate, share_kept
from nnkit.registry import ClosedForm, Component, Hyper, Value
from nnkit.simd import copy_values, flat, fma, real, sqrt

# Places among the choices of grafting.
_NONE, _SGD, _ADAGRAD = range(3)


@kernel
def adagrad_norm(g, squares, other, lanes):
    """Add to the sum of squares, and return the norm of Adagrad's step; other is overwritten.

    Shapes      g, squares, other: (rows, columns), squares in place; lanes: (LANES,) float64
    """
    gradient, sums, step = flat(g), flat(squares), flat(other)
    for index in range(gradient.size):
        sums[index] = fma(gradient[index], gradient[index], sums[index])
        step[index] = gradient[index] / sqrt(sums[index]) if sums[index] != 0.0 else gradient[index]
    return global_norm(step, lanes)


@kernel
def shampoo_update(
    p, g, m, squares, left, right, left_root, right_root, x, other, left_new, right_new, panel, lanes,
    left_work, left_vectors, right_work, right_vectors, values, beside, spare, learning_rate, step, momentum,
    beta_2, epsilon, interval, one_sided, grafting,
):  # fmt: skip
    """Step along the gradient between the inverse fourth roots of both Gram matrices.

    Shapes      p, g, m, squares, x, other: (rows, columns); left and its like: (rows, rows); right and its
                like: (columns, columns); p, m, squares, left, right and the roots in place
    Cost        4 products; at a refresh 11 n³ FLOP for each side
    """
    rows, columns = p.shape
    gather_sides(g, left, right, left_new, right_new, panel, beta_2, 1.0 if beta_2 == 1.0 else 1.0 - beta_2)
    by_left = is_whole(left, rows) and (one_sided == 0.0 or rows <= columns)
    by_right = is_whole(right, columns) and (one_sided == 0.0 or rows > columns)
    exponent = 0.25 if one_sided == 0.0 else 0.5
    # The first steps know so little that each of them counts.
    if step <= interval or step % int(interval) == 0:
        if by_left:
            decompose_side(left, left_work, left_vectors, values, beside, spare)
            root_of(left_vectors, values, epsilon, exponent, left_work, left_root)
        if by_right:
            decompose_side(right, right_work, right_vectors, values, beside, spare)
            root_of(right_vectors, values, epsilon, exponent, right_work, right_root)
    copy_values(g, 0, x, 0, x.size)
    if by_left:
        multiply(left_root, x, other, panel)
        copy_values(other, 0, x, 0, x.size)
    if by_right:
        multiply(x, right_root, other, panel)
        copy_values(other, 0, x, 0, x.size)
    scale = 1.0
    if grafting != _NONE:
        found = global_norm(flat(x), lanes)
        wanted = global_norm(flat(g), lanes) if grafting == _SGD else adagrad_norm(g, squares, other, lanes)
        scale = wanted / found if found != 0.0 else 1.0
    keep, share = real(p, momentum), real(p, scale)
    for i in range(rows):
        for j in range(columns):
            m[i, j] = fma(keep, m[i, j], share * x[i, j])
    step_along(p, m, learning_rate)


_U = np.array([[3.0, 4.0, 0.0], [-4.0, 3.0, 0.0], [0.0, 0.0, 5.0]]) / 5.0
_V = np.array([[5.0, 12.0, 0.0], [0.0, 0.0, 13.0], [12.0, -5.0, 0.0]]) / 13.0
_GRADIENT = _U @ np.diag([4.0, 1.0, 0.25]) @ _V.T


def _two_like_it(p: Mapping[str, Value]) -> Array:
    """Return the path on a gradient that comes twice: the second step is a root of 2 shorter."""
    return as_number(p["learning_rate"]) * np.array([_U @ _V.T, (1.0 + 1.0 / np.sqrt(2.0)) * (_U @ _V.T)])


SHAMPOO = Optimizer(
    name="shampoo",
    summary="Gradients between the inverse fourth roots of both sides' squares. AdamW moves the rest; a side"
    " of more than 1,024 places is left out.",
    formula="L <- L + g gᵀ;  R <- R + gᵀ g;  u = (L + epsilon)^(-1/4) g (R + epsilon)^(-1/4);"
    "  m <- momentum * m + u;  p <- p - learning_rate * m",
    hyperparameters=(
        learning_rate(0.03),
        share_kept("momentum", 0.9, "share of the sum of steps that is kept", NO_MOMENTUM),
        Hyper("beta_2", 1.0, "1: L and R are sums; below 1: running means that keep this share", above=0.0,
              at_most=1.0),
        Hyper("epsilon", 1e-6, "beside the eigenvalues of L and R", above=0.0, tune="log"),
        interval(10, "refresh of the roots, after as many steps that refresh them each"),
        Hyper("one_sided", False, "true: the shorter side alone, with its inverse square root"),
        Hyper("grafting", "none", "whose length each step has: its own, the gradient's (sgd), or Adagrad's",
              choices=("none", "sgd", "adagrad"), component=Component("grafting", "none")),
        companion_rate(0.003),
        *COMMON,
    ),
    over="matrix",
    slot_names=("m", "squares", "left", "right", "left_root", "right_root"),
    scratch=SIDE_SCRATCH,
    shaped={**SIDE_SHAPED, "left": LEFT, "right": RIGHT, "left_root": LEFT, "right_root": RIGHT},
    companion=adamw_beside,
    kernel=shampoo_update,
    closed_forms=(
        ClosedForm(
            "the first step is learning_rate times the gradient's orthogonal factor U Vᵀ, the next of the"
            " same gradient 1 / sqrt(2) of it",
            moved(lambda t: _GRADIENT, 2, start=np.zeros((3, 3))),
            _two_like_it,
            {"epsilon": 1e-30, "momentum": 0.0},
            tolerance=1e-10,
        ),
        ClosedForm(
            "one-sided too, (g gᵀ)^(-1/2) g = U Vᵀ; with the gradient's length ‖g‖ / sqrt(3) times that",
            moved(lambda t: _GRADIENT, 1, start=np.zeros((3, 3))),
            lambda p: as_number(p["learning_rate"])
            * np.linalg.norm([4.0, 1.0, 0.25])
            / np.sqrt(3.0)
            * (_U @ _V.T)[None],
            {"epsilon": 1e-30, "one_sided": True, "grafting": "sgd"},
            tolerance=1e-10,
        ),
    ),
    source="Gupta, Koren and Singer (2018), arXiv:1802.09568, Algorithm 1; grafting: Anil et al. (2020),"
    " arXiv:2002.09018",
    aliases=("Shampoo",),
)  # fmt: skip
