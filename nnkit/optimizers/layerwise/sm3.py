"""SM3: Adagrad that remembers one number for each row and each column."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.optimizer import (
    COMMON,
    NO_MOMENTUM,
    Optimizer,
    Shaped,
    as_number,
    learning_rate,
    share_kept,
)
from nnkit.registry import ClosedForm, Value
from nnkit.simd import fma, real, sqrt


@kernel
def larger(a, b):
    """Return the larger of two numbers, NaN where either is."""
    return b if b > a or b != b else a


@kernel
def sm3_update(p, g, m, rows_most, columns_most, columns_next, learning_rate, step, momentum):
    """Step by the gradient over the root of an upper bound of its squares' sum.

    The bound of a place is the smaller of what its row and its column remember, plus its own square; each
    then remembers its largest bound. A vector's columns are its places, and the bounds are the sums.

    Shapes      p, g, m: (rows, columns); rows_most: (rows,); columns_most, columns_next: (columns,); p, m and
                both memories in place
    Cost        1 root, 1 division and 8 operations, 20 bytes per float32 parameter
    """
    rows, columns = p.shape
    rate, keep, take, zero = (
        real(p, learning_rate),
        real(p, momentum),
        real(p, 1.0 - momentum),
        real(p, 0.0),
    )
    for j in range(columns):
        columns_next[j] = zero
    for i in range(rows):
        most = zero
        for j in range(columns):
            least = rows_most[i] if rows_most[i] < columns_most[j] else columns_most[j]
            bound = least + g[i, j] * g[i, j]
            # 0 over 0 where no gradient has come yet: no step. NaN is no zero, and stays.
            scaled = zero if bound == zero else g[i, j] / sqrt(bound)
            m[i, j] = fma(keep, m[i, j], take * scaled)
            p[i, j] -= rate * m[i, j]
            most = larger(most, bound)
            columns_next[j] = larger(columns_next[j], bound)
        rows_most[i] = most
    for j in range(columns):
        columns_most[j] = columns_next[j]


_FIRST = np.array([[1.0, 2.0], [-3.0, 4.0]])


def _two_steps(p: Mapping[str, Value]) -> Array:
    """Return the path on this gradient and then ones: rows remember 4 and 16, columns 9 and 16."""
    bounds = np.array([[4.0, 4.0], [9.0, 16.0]]) + 1.0
    rate = as_number(p["learning_rate"])
    return rate * np.array([np.sign(_FIRST), np.sign(_FIRST) + 1.0 / np.sqrt(bounds)])


SM3 = Optimizer(
    name="sm3",
    summary="Adagrad with one number for each row and column of a matrix: the least bound that both know.",
    formula="b = min(row, column) + g**2;  m <- momentum * m + (1 - momentum) * g / sqrt(b);"
    "  p <- p - learning_rate * m;  row, column <- their largest b",
    hyperparameters=(
        learning_rate(0.1),
        share_kept("momentum", 0.9, "share of the mean direction that is kept", NO_MOMENTUM),
        *COMMON,
    ),
    over="matrix",
    slot_names=("m", "rows_most", "columns_most"),
    scratch=("columns_next",),
    shaped={
        "rows_most": Shaped(lambda sizes: (sizes.rows,)),
        "columns_most": Shaped(lambda sizes: (sizes.columns,)),
        "columns_next": Shaped(lambda sizes: (sizes.columns,)),
    },
    kernel=sm3_update,
    flops=10,
    closed_forms=(
        ClosedForm(
            "after gradients ((1, 2), (-3, 4)) ones are divided by the roots of ((4, 4), (9, 16)) + 1",
            moved(lambda t: _FIRST if t == 1 else np.ones((2, 2)), 2, start=np.zeros((2, 2))),
            _two_steps,
            {"momentum": 0.0},
        ),
        ClosedForm(
            "the t-th step on a constant vector is learning_rate / sqrt(t) times what momentum has gathered",
            moved(2.0, 3),
            lambda p: _gathered(as_number(p["learning_rate"]), as_number(p["momentum"])),
        ),
    ),
    source="Anil, Gupta, Koren and Singer (2019), arXiv:1901.11150, SM3-II",
)


def _gathered(rate: float, keep: float) -> Array:
    one = 1.0 - keep
    two = keep * one + one / np.sqrt(2.0)
    three = keep * two + one / np.sqrt(3.0)
    return rate * np.cumsum([[one], [two], [three]], axis=0)
