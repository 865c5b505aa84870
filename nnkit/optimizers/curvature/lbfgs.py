"""L-BFGS: Newton's direction, from the last few steps and how the gradient changed over them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import LANES, clear_lanes, sum_lanes
from nnkit.optimizers.closed_form import Array
from nnkit.optimizers.optimizer import COMMON, Optimizer, Shaped, Sizes, as_number, learning_rate
from nnkit.optimizers.parameter_free.distance import LANES_SCRATCH, sum_of_sizes
from nnkit.registry import ClosedForm, Hyper, Value
from nnkit.simd import double, real

LONGEST_HISTORY = 10
# A pair whose product is smaller says nothing of the curvature; PyTorch's number.
_LEAST = 1e-10


@kernel
def dot(a, b, lanes):
    """Return ``a · b`` in float64.

    Shapes      a, b: (n,); lanes: (LANES,) float64 scratch
    """
    clear_lanes(lanes)
    for index in range(a.size):
        lanes[index % LANES] += double(a[index]) * double(b[index])
    return sum_lanes(lanes)


@kernel
def add_multiple(a, b, factor):
    """Add ``factor * b`` to ``a``.

    Shapes      a, b: (n,); a in place
    """
    share = real(a, factor)
    for index in range(a.size):
        a[index] += share * b[index]


@kernel
def remember_pair(g, moved, before, steps, changes, about, lanes, history):
    """Keep the last step and the change of the gradient over it, where they tell a curvature above 0.

    Shapes      g, moved, before: (n,); steps, changes: (LONGEST_HISTORY, n); about: (2,), how many pairs were
                kept and the scale of the first guess; lanes: (LANES,) float64; steps, changes, about in place
    """
    n_kept = int(about[0])
    place = n_kept % history
    product, squares = 0.0, 0.0
    for index in range(g.size):
        change = double(g[index]) - double(before[index])
        product += change * double(moved[index])
        squares += change * change
    if product > _LEAST:
        for index in range(g.size):
            steps[place, index] = moved[index]
            changes[place, index] = g[index] - before[index]
        about[0] = real(g, n_kept + 1)
        about[1] = real(g, product / squares)


@kernel
def lbfgs_update(
    p, g, before, moved, steps, changes, about, direction, weights, lanes, learning_rate, step, history,
):  # fmt: skip
    """Step along the inverse Hessian that the pairs tell, times the gradient, by two loops over them.

    Shapes      p, g, before, moved, direction: (n,); steps, changes: (LONGEST_HISTORY, n); about: (2,);
                weights: (LONGEST_HISTORY,) float64; lanes: (LANES,) float64; all but g in place
    Cost        8 · history operations, 16 · history bytes per float32 parameter
    """
    most = int(history)
    rate = learning_rate
    if step == 1:
        total = sum_of_sizes(g, lanes)
        rate = learning_rate / total if total > 1.0 else learning_rate
    else:
        remember_pair(g, moved, before, steps, changes, about, lanes, most)
    for index in range(g.size):
        direction[index] = -g[index]
        before[index] = g[index]
    n_kept = int(about[0])
    n_pairs = n_kept if n_kept < most else most
    for back in range(n_pairs):
        place = (n_kept - 1 - back) % most
        weights[place] = dot(steps[place], direction, lanes) / dot(steps[place], changes[place], lanes)
        add_multiple(direction, changes[place], -weights[place])
    if n_pairs > 0:
        for index in range(g.size):
            direction[index] *= about[1]
    for back in range(n_pairs - 1, -1, -1):
        place = (n_kept - 1 - back) % most
        found = dot(changes[place], direction, lanes) / dot(steps[place], changes[place], lanes)
        add_multiple(direction, steps[place], weights[place] - found)
    length = real(p, rate)
    for index in range(p.size):
        moved[index] = length * direction[index]
        p[index] += moved[index]


_BOWL = np.array([[2.0, 1.0], [1.0, 5.0]])
_START = np.array([1.0, -2.0])
_STEPS = 5


def _down_a_bowl(optimizer: Any) -> Array:
    """Measure the path on ``½ w·A w`` from a start."""
    w, path = _START.copy(), []
    for _ in range(_STEPS):
        optimizer.apply({"w": w}, {"w": _BOWL @ w})
        path.append(w.copy())
    return np.array(path)


def _by_the_matrix(p: Mapping[str, Value]) -> Array:
    """Return that path by the inverse Hessian as a matrix, made anew from a multiple of 1 at every step."""
    w, rate, path = _START, as_number(p["learning_rate"]), []
    pairs: list[tuple[Array, Array]] = []
    for step in range(_STEPS):
        g = _BOWL @ w
        inverse = np.eye(2) / max(1.0, np.sum(np.abs(g)))
        if step:
            s, y = pairs[-1]
            inverse = np.eye(2) * (s @ y) / (y @ y)
        for s, y in pairs[-int(as_number(p["history"])) :]:
            turn = np.eye(2) - np.outer(s, y) / (s @ y)
            inverse = turn @ inverse @ turn.T + np.outer(s, s) / (s @ y)
        s = -rate * inverse @ g
        w = w + s
        pairs.append((s, _BOWL @ s))
        path.append(w)
    return np.array(path)


def _rows(sizes: Sizes) -> tuple[int, int]:
    return LONGEST_HISTORY, sizes.rows * sizes.columns


LBFGS = Optimizer(
    name="lbfgs",
    summary="Newton's direction from the last few steps and changes of the gradient; for whole batches.",
    formula="H: the inverse Hessian that the last pairs (s, y) of steps and gradient changes tell, from"
    " (s·y / y·y) I;  p <- p - learning_rate * H g; the first step is learning_rate * min(1, 1 / ‖g‖_1) * g",
    hyperparameters=(
        learning_rate(1.0),
        Hyper("history", 10, "pairs that are kept", at_least=1, at_most=LONGEST_HISTORY, integer=True),
        *COMMON,
    ),
    slot_names=("before", "moved", "steps", "changes", "about"),
    scratch=("direction", "weights", "lanes"),
    shaped={
        "steps": Shaped(_rows),
        "changes": Shaped(_rows),
        "about": Shaped(lambda sizes: (2,)),
        "direction": Shaped(lambda sizes: (sizes.rows * sizes.columns,)),
        "weights": Shaped(lambda sizes: (LONGEST_HISTORY,), "double"),
        "lanes": LANES_SCRATCH,
    },
    kernel=lbfgs_update,
    closed_forms=(
        ClosedForm(
            "on a bowl of two dimensions the path is that of the inverse Hessian as a matrix, over two pairs",
            _down_a_bowl,
            _by_the_matrix,
            {"history": 2, "learning_rate": 0.5},
            tolerance=1e-11,
        ),
    ),
    source="Liu and Nocedal (1989), Math. Program. 45; fixed rate and first step as in PyTorch",
    aliases=("LBFGS",),
)
