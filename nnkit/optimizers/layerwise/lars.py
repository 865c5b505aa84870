"""LARS: momentum with a rate for each tensor, in proportion to its length."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import global_norm
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.layerwise.norms import LANES_SCRATCH, trust_ratio
from nnkit.optimizers.optimizer import (
    CLIPPING,
    NO_DECAY,
    NO_MOMENTUM,
    Optimizer,
    as_number,
    learning_rate,
    share_kept,
)
from nnkit.registry import ClosedForm, Hyper, Value
from nnkit.simd import fma, real


@kernel
def lars_update(
    p, g, velocity, lanes, learning_rate, step, momentum, trust_coefficient, weight_decay, nesterov
):
    """Step along a sum of decayed gradients, each scaled by the ratio of norms of its own day.

    Shapes      p, g, velocity: (n,); p and velocity in place; lanes: (LANES,) float64
    Cost        11 operations, 32 bytes per float32 parameter
    """
    of_weights, of_gradient = global_norm(p, lanes), global_norm(g, lanes)
    ratio = 1.0
    if of_weights != 0.0 and of_gradient != 0.0:
        ratio = trust_coefficient * trust_ratio(of_weights, of_gradient + weight_decay * of_weights)
    rate, keep, decay = real(p, learning_rate * ratio), real(p, momentum), real(p, weight_decay)
    for index in range(p.size):
        push = rate * fma(decay, p[index], g[index])
        velocity[index] = fma(keep, velocity[index], push)
        p[index] -= fma(keep, velocity[index], push) if nesterov != 0.0 else velocity[index]


_START = np.array([3.0, -4.0])
_SLOPE = np.array([0.6, 0.8])


def _by_its_length(p: Mapping[str, Value]) -> Array:
    """Return the path along a gradient of length 1: the velocity sums rates of their own day."""
    w, velocity, path = _START.copy(), 0.0, []
    for _ in range(3):
        rate = as_number(p["learning_rate"]) * as_number(p["trust_coefficient"]) * float(np.linalg.norm(w))
        velocity = as_number(p["momentum"]) * velocity + rate
        w = w - velocity * _SLOPE
        path.append(_START - w)
    return np.array(path)


LARS = Optimizer(
    name="lars",
    summary="Momentum whose rate, for each tensor, is its length over that of its gradient.",
    formula="v <- momentum * v + learning_rate * trust_coefficient * ‖p‖ / (‖g‖ + weight_decay * ‖p‖)"
    " * (g + weight_decay * p);  p <- p - v",
    hyperparameters=(
        learning_rate(1.0),
        share_kept("momentum", 0.9, "share of the velocity that is kept", NO_MOMENTUM),
        Hyper("trust_coefficient", 0.001, "the paper's eta: the share of its length that a tensor moves",
              above=0.0),
        Hyper("weight_decay", 0.0, "within the gradient, and within the ratio of norms", at_least=0.0,
              tune="log", component=NO_DECAY),
        Hyper("nesterov", False, "the velocity one step ahead, as in some libraries"),
        *CLIPPING,
    ),
    over="tensor",
    slot_names=("velocity",),
    scratch=("lanes",),
    shaped={"lanes": LANES_SCRATCH},
    kernel=lars_update,
    flops=11,
    closed_forms=(
        ClosedForm(
            "along a constant gradient of any length: v sums learning_rate * trust_coefficient * ‖p‖",
            moved(lambda t: 100.0 * _SLOPE, 3, start=_START),
            _by_its_length,
            {"learning_rate": 10.0},
        ),
        ClosedForm(
            "with weight_decay 1, weights (3, -4) and gradient (3, 4) give 5 / (5 + 5) * (6, 0)",
            moved(lambda t: 5.0 * _SLOPE, 1, start=_START),
            lambda p: as_number(p["learning_rate"]) * np.array([[0.003, 0.0]]),
            {"weight_decay": 1.0},
        ),
    ),
    source="You, Gitman and Ginsburg (2017), arXiv:1708.03888, Algorithm 1",
)  # fmt: skip
