"""Adafactor: the second moment of a matrix as the product of its rows' and its columns'."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.scalar import exp, log
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.layerwise.norms import LANES_SCRATCH, root_mean_square
from nnkit.optimizers.optimizer import COMMON, Optimizer, Shaped, as_number, learning_rate
from nnkit.registry import ClosedForm, Hyper, Value
from nnkit.simd import double, flat, lanes_of, real, sqrt


@kernel
def move_mean_squares(g, rows_mean, columns_mean, take):
    """Move the mean squares of every row and column towards those of ``g`` by the share ``take``.

    Shapes      g: (rows, columns); rows_mean: (rows,); columns_mean: (columns,), both in place
    """
    rows, columns = g.shape
    keep, share = real(g, 1.0 - take), real(g, take / rows)
    for j in range(columns):
        columns_mean[j] *= keep
    for i in range(rows):
        total = 0.0
        for j in range(columns):
            square = g[i, j] * g[i, j]
            total += double(square)
            columns_mean[j] += share * square
        rows_mean[i] = real(g, (1.0 - take) * double(rows_mean[i]) + take * (total / columns))


@kernel
def adafactor_update(
    p, g, rows_mean, columns_mean, u, lanes, learning_rate, step, beta_2_decay, epsilon, clip,
):  # fmt: skip
    """Step by the gradient over the root of the factored second moment, no longer than its limit.

    A vector is one row, and the factors of its second moment are the whole of it.

    Shapes      p, g, u: (rows, columns); rows_mean: (rows,); columns_mean: (columns,); p and both means in
                place; lanes: (LANES,) float64
    Cost        1 root, 1 division and 12 operations, 36 bytes per float32 parameter
    """
    rows, columns = p.shape
    time = double(step)
    move_mean_squares(g, rows_mean, columns_mean, exp(beta_2_decay * log(time)))
    total = 0.0
    for i in range(rows):
        total += double(rows_mean[i])
    # PyTorch's smallest second moment: the square of the spacing of numbers at 1.
    spacing = 2.0**-23 if lanes_of(p) == 16 else 2.0**-52
    mean = total / rows
    mean = spacing if mean < spacing else mean
    least = spacing * spacing
    for i in range(rows):
        share = double(rows_mean[i]) / mean
        for j in range(columns):
            square = share * double(columns_mean[j])
            u[i, j] = real(p, double(g[i, j]) / sqrt(least if square < least else square))
    size = root_mean_square(flat(p), lanes)
    size = epsilon if size < epsilon else size
    excess = root_mean_square(flat(u), lanes) / clip
    slowest = 1.0 / sqrt(time)
    limit = slowest if slowest < learning_rate else learning_rate
    rate = real(p, size * limit / (1.0 if excess < 1.0 else excess))
    for i in range(rows):
        for j in range(columns):
            p[i, j] -= rate * u[i, j]


_START = np.array([[3.0, 1.0], [1.0, -1.0]])
_RANK_ONE = np.array([[1.0, -2.0], [3.0, 6.0]])


def _two_steps(p: Mapping[str, Value]) -> Array:
    """Return the path on a gradient whose squares have rank one, and then one whose squares have not."""
    rate, w, path = as_number(p["learning_rate"]), _START, []
    take = 2.0 ** as_number(p["beta_2_decay"])
    first, second = _RANK_ONE**2, np.ones((2, 2)) * [[4.0, 1.0], [1.0, 1.0]]
    rows = (1 - take) * first.mean(axis=1) + take * second.mean(axis=1)
    columns = (1 - take) * first.mean(axis=0) + take * second.mean(axis=0)
    u = np.sqrt(second / (np.outer(rows, columns) / rows.mean()))
    for direction in (np.sign(_RANK_ONE), u / max(1.0, np.sqrt(np.mean(u**2)))):
        w = w - rate * np.sqrt(np.mean(w**2)) * direction
        path.append(_START - w)
    return np.array(path)


ADAFACTOR = Optimizer(
    name="adafactor",
    summary="Adam's second moment for one number a row and a column, with steps in proportion to the tensor.",
    formula="r, c: mean squares of rows and columns, of which step t takes t**beta_2_decay;"
    "  u = g / sqrt(r cᵀ / mean(r));"
    "  p <- p - max(epsilon, RMS(p)) * min(learning_rate, 1 / sqrt(t)) * u / max(1, RMS(u) / clip)",
    hyperparameters=(
        learning_rate(0.01),
        Hyper("beta_2_decay", -0.8, "power of the step that the news count", at_most=0.0),
        Hyper("epsilon", 1e-3, "smallest size of a tensor that its steps are a share of", above=0.0),
        Hyper("clip", 1.0, "largest root mean square of the direction", above=0.0),
        *COMMON,
    ),
    over="matrix",
    slot_names=("rows_mean", "columns_mean"),
    scratch=("u", "lanes"),
    shaped={
        "rows_mean": Shaped(lambda sizes: (sizes.rows,)),
        "columns_mean": Shaped(lambda sizes: (sizes.columns,)),
        "u": Shaped(lambda sizes: (sizes.rows, sizes.columns)),
        "lanes": LANES_SCRATCH,
    },
    kernel=adafactor_update,
    flops=14,
    closed_forms=(
        ClosedForm(
            "squares of rank one: learning_rate * RMS(p) * sign(g); the second news count 2**beta_2_decay",
            moved(lambda t: _RANK_ONE if t == 1 else np.array([[2.0, 1.0], [1.0, 1.0]]), 2, start=_START),
            _two_steps,
        ),
        ClosedForm(
            "weights of zero move by epsilon * learning_rate * sign(g)",
            moved(lambda t: _RANK_ONE, 1, start=np.zeros((2, 2))),
            lambda p: as_number(p["epsilon"]) * as_number(p["learning_rate"]) * np.sign(_RANK_ONE)[None],
        ),
    ),
    source="Shazeer and Stern (2018), arXiv:1804.04235, Algorithms 4 and 5; the form of PyTorch",
    aliases=("Adafactor",),
)
