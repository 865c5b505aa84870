"""DoG and DoWG: a rate that is the distance from the start over the gradients so far."""

from collections.abc import Mapping
from math import sqrt as root

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import global_norm
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.optimizer import COMMON, Optimizer, as_number, learning_rate
from nnkit.optimizers.parameter_free.distance import LANES_SCRATCH, ONE, distance, remember_start
from nnkit.registry import ClosedForm, Hyper, Value
from nnkit.simd import double, real, sqrt


@kernel
def larger(a, b):
    """Return the larger of two numbers; NaN where the first is."""
    return b if b > a else a


@kernel
def dog_update(p, g, start, farthest, squares, lanes, learning_rate, step, start_share, epsilon):
    """Step along the gradient by the farthest distance so far over the root of all squared gradients.

    Shapes      p, g, start: (n,); farthest, squares: (1,); all but g in place; lanes: (LANES,) float64
    Cost        8 operations, 32 bytes per float32 parameter
    """
    if step == 1:
        farthest[0] = real(p, start_share * (1.0 + global_norm(p, lanes)))
    remember_start(p, start, step)
    norm = global_norm(g, lanes)
    squares[0] = real(p, double(squares[0]) + norm * norm)
    farthest[0] = real(p, larger(distance(p, start, lanes), double(farthest[0])))
    rate = real(p, learning_rate * double(farthest[0]) / sqrt(double(squares[0]) + epsilon))
    for index in range(p.size):
        p[index] -= rate * g[index]


@kernel
def dowg_update(p, g, start, farthest, squares, lanes, learning_rate, step, first_distance, epsilon):
    """Step along the gradient by the squared distance over the root of gradients weighted by distances.

    Shapes      p, g, start: (n,); farthest, squares: (1,); all but g in place; lanes: (LANES,) float64
    Cost        8 operations, 32 bytes per float32 parameter
    """
    if step == 1:
        farthest[0] = real(p, first_distance)
    remember_start(p, start, step)
    farthest[0] = real(p, larger(distance(p, start, lanes), double(farthest[0])))
    norm, reach = global_norm(g, lanes), double(farthest[0])
    squares[0] = real(p, double(squares[0]) + (reach * norm) * (reach * norm))
    rate = real(p, learning_rate * reach * reach / sqrt(double(squares[0]) + epsilon))
    for index in range(p.size):
        p[index] -= rate * g[index]


_SLOPE = np.array([3.0, -4.0])
_STEPS = 6


def _distances_of_dog(p: Mapping[str, Value]) -> Array:
    """Return the path from 0 along a constant gradient, whose t-th step is the distance over sqrt(t)."""
    first, reached, path = as_number(p["start_share"]), 0.0, []
    for t in range(1, _STEPS + 1):
        reached += as_number(p["learning_rate"]) * max(first, reached) / root(t)
        path.append(reached * _SLOPE / 5.0)
    return np.array(path)


def _distances_of_dowg(p: Mapping[str, Value]) -> Array:
    """Return the path from 0 along a constant gradient, which falls out of the quotient."""
    first, reached, weights, path = as_number(p["first_distance"]), 0.0, 0.0, []
    for _ in range(_STEPS):
        farthest = max(first, reached)
        weights += farthest**2
        reached += as_number(p["learning_rate"]) * farthest**2 / root(weights)
        path.append(reached * _SLOPE / 5.0)
    return np.array(path)


_RATE = learning_rate(1.0)
_SHAPED = {"farthest": ONE, "squares": ONE, "lanes": LANES_SCRATCH}
DOG = Optimizer(
    name="dog",
    summary="Distance over gradients: gradient descent whose rate grows with how far it came.",
    formula="r <- max(r, ‖p - p_0‖), at first start_share * (1 + ‖p_0‖);  s <- s + ‖g‖**2;"
    "  p <- p - learning_rate * r / sqrt(s + epsilon) * g",
    hyperparameters=(
        _RATE,
        Hyper("start_share", 1e-6, "the first distance, as a share of 1 + ‖p_0‖", above=0.0, tune="log"),
        Hyper("epsilon", 1e-8, "beside the sum of squares", above=0.0),
        *COMMON,
    ),
    slot_names=("start", "farthest", "squares"),
    scratch=("lanes",),
    shaped=_SHAPED,
    kernel=dog_update,
    flops=8,
    closed_forms=(
        ClosedForm(
            "along a constant gradient the t-th step is max(r_0, the way so far) / sqrt(t)",
            moved(lambda t: _SLOPE, _STEPS, start=np.zeros(2)),
            _distances_of_dog,
            {"epsilon": 1e-30},
        ),
        ClosedForm(
            "the first step is start_share * (1 + ‖p_0‖): for weights (3, 4) six shares",
            moved(lambda t: 1e3 * _SLOPE, 1, start=np.array([3.0, 4.0])),
            lambda p: 6.0 * as_number(p["start_share"]) * _SLOPE[None] / 5.0,
            {"start_share": 0.01, "epsilon": 1e-30},
        ),
    ),
    source="Ivgi, Hinder and Carmon (2023), arXiv:2302.12022, with the first distance of its section 4",
)
DOWG = Optimizer(
    name="dowg",
    summary="Distance over weighted gradients: DoG that forgets the gradients of its first, short steps.",
    formula="r <- max(r, ‖p - p_0‖), at first first_distance;  s <- s + r**2 * ‖g‖**2;"
    "  p <- p - learning_rate * r**2 / sqrt(s + epsilon) * g",
    hyperparameters=(
        _RATE,
        Hyper("first_distance", 1e-4, "how far it is thought to have come at first", above=0.0, tune="log"),
        Hyper("epsilon", 1e-30, "beside the weighted sum of squares", above=0.0),
        *COMMON,
    ),
    slot_names=("start", "farthest", "squares"),
    scratch=("lanes",),
    shaped=_SHAPED,
    kernel=dowg_update,
    flops=8,
    closed_forms=(
        ClosedForm(
            "along a constant gradient a step is r**2 / sqrt(sum of r**2), r the way so far",
            moved(lambda t: _SLOPE, _STEPS, start=np.zeros(2)),
            _distances_of_dowg,
        ),
    ),
    source="Khaled, Mishchenko and Jin (2023), arXiv:2305.16284, Algorithm 1",
)
