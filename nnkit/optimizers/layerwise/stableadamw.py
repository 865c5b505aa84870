"""StableAdamW: AdamW that slows down where gradients are larger than their second moment knows."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import above_zero
from nnkit.optimizers.adaptive.adam import integer_power
from nnkit.optimizers.closed_form import Array, after_each, moved
from nnkit.optimizers.layerwise.norms import LANES_SCRATCH, VECTOR, root_mean_square
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
def corrected(beta, step):
    """Return the share that makes a running mean from zero a true mean: 0 at the first step, beta at last."""
    return beta * (1.0 - integer_power(beta, step - 1)) / (1.0 - integer_power(beta, step))


@kernel
def stableadamw_update(p, g, m, v, u, lanes, learning_rate, step, beta_1, beta_2, epsilon, weight_decay):
    """Step as AdamW does, with the rate of each tensor over max(1, RMS of g / sqrt(v)).

    Shapes      p, g, m, v, u: (n,); p, m and v in place; lanes: (LANES,) float64
    Cost        2 roots, 2 divisions and 14 operations, 44 bytes per float32 parameter
    """
    first, second = corrected(beta_1, step), corrected(beta_2, step)
    keep_1, take_1 = real(p, first), real(p, 1.0 - first)
    keep_2, take_2 = real(p, second), real(p, 1.0 - second)
    offset = above_zero(p, epsilon)
    for index in range(p.size):
        m[index] = fma(keep_1, m[index], take_1 * g[index])
        v[index] = fma(keep_2, v[index], take_2 * (g[index] * g[index]))
        root = sqrt(v[index])
        u[index] = g[index] / (offset if root < offset else root)
    excess = root_mean_square(u, lanes)
    rate = learning_rate / (1.0 if excess < 1.0 else excess)
    length, kept = real(p, rate), real(p, 1.0 - rate * weight_decay)
    for index in range(p.size):
        p[index] = fma(-length, m[index] / (sqrt(v[index]) + offset), kept * p[index])


def _after_a_jump(p: Mapping[str, Value]) -> Array:
    """Return the path where gradients (1, 1) are followed by (3, 1)."""
    first, second = (as_number(p[name]) for name in ("beta_1", "beta_2"))
    keep_1, keep_2 = first / (1.0 + first), second / (1.0 + second)  # beta (1 - beta) / (1 - beta**2)
    g = np.array([3.0, 1.0])
    m, v = keep_1 + (1 - keep_1) * g, keep_2 + (1 - keep_2) * g**2
    excess = np.sqrt(np.mean(g**2 / v))
    return as_number(p["learning_rate"]) * np.array([np.ones(2), 1.0 + m / np.sqrt(v) / excess])


STABLEADAMW = Optimizer(
    name="stableadamw",
    summary="AdamW whose rate, for each tensor, falls where squared gradients outgrow their running mean.",
    formula="b(beta) = beta (1 - beta**(t-1)) / (1 - beta**t);  m <- b(beta_1) m + (1 - b(beta_1)) g;"
    "  v <- b(beta_2) v + (1 - b(beta_2)) g**2;"
    "  rate = learning_rate / max(1, sqrt(mean(g**2 / max(v, epsilon**2))));"
    "  p <- p - rate * (weight_decay * p + m / (sqrt(v) + epsilon))",
    hyperparameters=(
        learning_rate(0.001),
        share_kept("beta_1", 0.9, "share of the mean gradient that is kept", NO_MOMENTUM),
        share_kept("beta_2", 0.99, "share of the mean square that is kept"),
        Hyper("epsilon", 1e-8, above=0.0, tune="log", component=NO_EPSILON),
        Hyper("weight_decay", 0.0, "multiplied by the clipped rate, as in the paper", at_least=0.0,
              tune="log", component=NO_DECAY),
        *CLIPPING,
    ),
    over="tensor",
    slot_names=("m", "v"),
    scratch=("u", "lanes"),
    shaped={"u": VECTOR, "lanes": LANES_SCRATCH},
    kernel=stableadamw_update,
    flops=18,
    closed_forms=(
        ClosedForm(
            "every step on a constant gradient g is learning_rate * g / (g + epsilon)",
            moved(0.5, 4),
            lambda p: after_each(
                4, lambda t: t * as_number(p["learning_rate"]) * 0.5 / (0.5 + as_number(p["epsilon"]))
            ),
            {"epsilon": 0.01},
        ),
        ClosedForm(
            "after gradients (1, 1), gradients (3, 1) move by the rate over the root of their mean g**2 / v",
            moved(lambda t: np.array([1.0 if t == 1 else 3.0, 1.0]), 2, start=np.zeros(2)),
            _after_a_jump,
            {"epsilon": 1e-30},
        ),
    ),
    source="Wortsman et al. (2023), arXiv:2304.13013, Algorithm 2",
    aliases=("StableAdamW",),
)  # fmt: skip
