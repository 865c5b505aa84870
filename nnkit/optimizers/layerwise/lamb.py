"""LAMB: Adam's direction, as long for each tensor as the tensor itself."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import above_zero, global_norm
from nnkit.optimizers.adaptive.adam import integer_power
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.layerwise.norms import LANES_SCRATCH, VECTOR, trust_ratio
from nnkit.optimizers.optimizer import (
    CLIPPING,
    NO_DECAY,
    NO_EPSILON,
    NO_MOMENTUM,
    Optimizer,
    as_number,
    learning_rate,
    share_kept,
)
from nnkit.registry import ClosedForm, Hyper, Value
from nnkit.simd import fma, real, sqrt


@kernel
def lamb_update(p, g, m, v, u, lanes, learning_rate, step, beta_1, beta_2, epsilon, weight_decay):
    """Step by the length ``learning_rate * ‖p‖`` along Adam's direction and the decay.

    Shapes      p, g, m, v, u: (n,); p, m and v in place; lanes: (LANES,) float64
    Cost        2 roots, 1 division and 18 operations, 48 bytes per float32 parameter
    """
    correction = sqrt(1.0 - integer_power(beta_2, step))
    rate = real(p, correction / (1.0 - integer_power(beta_1, step)))
    offset, decay = above_zero(p, epsilon * correction), real(p, weight_decay)
    keep_1, take_1 = real(p, beta_1), real(p, 1.0 - beta_1)
    keep_2, take_2 = real(p, beta_2), real(p, 1.0 - beta_2)
    for index in range(p.size):
        m[index] = fma(keep_1, m[index], take_1 * g[index])
        v[index] = fma(keep_2, v[index], take_2 * (g[index] * g[index]))
        u[index] = fma(decay, p[index], rate * m[index] / (sqrt(v[index]) + offset))
    length = real(p, learning_rate * trust_ratio(global_norm(p, lanes), global_norm(u, lanes)))
    for index in range(p.size):
        p[index] -= length * u[index]


_START = np.array([3.0, -4.0])
_SLOPE = np.array([2.0, 0.5])


def _by_its_length(p: Mapping[str, Value]) -> Array:
    """Return the path from weights of length 5, where Adam's direction is always (1, 1)."""
    w, path = _START.copy(), []
    for _ in range(3):
        w = w - as_number(p["learning_rate"]) * np.linalg.norm(w) / np.sqrt(2.0)
        path.append(_START - w)
    return np.array(path)


LAMB = Optimizer(
    name="lamb",
    summary="Adam whose step, for each tensor, is as long as the tensor times the learning rate.",
    formula="r = m / (1 - beta_1**t) / (sqrt(v / (1 - beta_2**t)) + epsilon) + weight_decay * p;"
    "  p <- p - learning_rate * ‖p‖ / ‖r‖ * r",
    hyperparameters=(
        learning_rate(0.001),
        share_kept("beta_1", 0.9, "share of the mean gradient that is kept", NO_MOMENTUM),
        share_kept("beta_2", 0.999, "share of the mean square that is kept"),
        Hyper("epsilon", 1e-6, "the paper's", above=0.0, tune="log", component=NO_EPSILON),
        Hyper(
            "weight_decay",
            0.0,
            "within the direction, as in the paper: it turns the step and makes none longer",
            at_least=0.0,
            tune="log",
            component=NO_DECAY,
        ),
        *CLIPPING,
    ),
    over="tensor",
    slot_names=("m", "v"),
    scratch=("u", "lanes"),
    shaped={"u": VECTOR, "lanes": LANES_SCRATCH},
    kernel=lamb_update,
    flops=22,
    closed_forms=(
        ClosedForm(
            "on a constant gradient every step has the length learning_rate * ‖p‖ along its signs",
            moved(lambda t: _SLOPE, 3, start=_START),
            _by_its_length,
            {"epsilon": 1e-30},
        ),
        ClosedForm(
            "with weight_decay 1 the direction is sign(g) + p: of weights (3, -4), (4, -3) of length 5",
            moved(lambda t: _SLOPE, 1, start=_START),
            lambda p: as_number(p["learning_rate"]) * np.array([[4.0, -3.0]]),
            {"epsilon": 1e-30, "weight_decay": 1.0},
        ),
    ),
    source="You et al. (2020), arXiv:1904.00962, Algorithm 2, φ(z) = z",
    aliases=("Lamb",),
)
