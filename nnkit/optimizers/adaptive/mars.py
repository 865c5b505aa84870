"""MARS: AdamW on gradients whose noise is reduced by what the last gradient said."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import LANES, above_zero, clip_by_global_norm
from nnkit.optimizers.adaptive.moments import added, gathered, mean_kept, root_gathered, square_kept
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.optimizer import COMMON, Optimizer, Shaped, as_number, learning_rate
from nnkit.registry import ClosedForm, Component, Hyper, Value
from nnkit.simd import fma, real, sqrt


@kernel
def mars_update(p, g, previous, m, v, c, lanes, learning_rate, step, beta_1, beta_2, gamma, epsilon):
    """Step as Adam does on gradients that are moved on along their last change, and of length 1 at most.

    Shapes      p, g, previous, m, v: (n,); all but g in place; c: (n,) and lanes: (LANES,) float64 scratch
    Cost        1 root, 1 division and 16 operations, 60 bytes per float32 parameter
    """
    further = real(p, gamma * beta_1 / (1.0 - beta_1))
    for index in range(p.size):
        c[index] = fma(further, g[index] - previous[index], g[index])
        previous[index] = g[index]
    clip_by_global_norm(c, lanes, 1.0)
    correction = root_gathered(beta_2, step)
    rate = real(p, learning_rate * correction / gathered(beta_1, step))
    offset = above_zero(p, epsilon * correction)
    keep_1, take_1 = real(p, beta_1), real(p, 1.0 - beta_1)
    keep_2, take_2 = real(p, beta_2), real(p, 1.0 - beta_2)
    for index in range(p.size):
        first = fma(keep_1, m[index], take_1 * c[index])
        second = fma(keep_2, v[index], take_2 * (c[index] * c[index]))
        m[index] = first
        v[index] = second
        p[index] -= rate * first / (sqrt(second) + offset)


def _jump(p: Mapping[str, Value]) -> Array:
    """Return the way over gradients 0.1, 0.4 and 2: the last is cut to length 1."""
    b1, b2, gamma = (as_number(p[n]) for n in ("beta_1", "beta_2", "gamma"))
    rate, epsilon = as_number(p["learning_rate"]), as_number(p["epsilon"])
    further, m, v, total, path = gamma * b1 / (1 - b1), 0.0, 0.0, 0.0, []
    for t, (g, last) in enumerate([(0.1, 0.0), (0.4, 0.1), (2.0, 0.4)], start=1):
        c = min(1.0, g + further * (g - last))
        m, v = b1 * m + (1 - b1) * c, b2 * v + (1 - b2) * c**2
        total += m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + epsilon)
        path.append([total])
    return rate * np.array(path)


MARS = Optimizer(
    name="mars",
    summary="AdamW on gradients with their last change added several times over, each tensor's cut to"
    " length 1.",
    formula="c = g + gamma * beta_1 / (1 - beta_1) * (g - g');  c <- c / max(1, |c|) for every tensor;"
    "  then Adam's step on c;  g' <- g, which starts from 0",
    hyperparameters=(
        learning_rate(0.003),
        mean_kept(0.95),
        square_kept(0.99),
        Hyper(
            "gamma", 0.025, "weight of the change", at_least=0.0, tune="log",
            component=Component("variance reduction", 0.0),
        ),
        added(1e-8),
        *COMMON,
    ),
    over="tensor",
    slot_names=("previous", "m", "v"),
    scratch=("c", "lanes"),
    shaped={
        "c": Shaped(lambda sizes: (sizes.rows * sizes.columns,)),
        "lanes": Shaped(lambda sizes: (LANES,), "double"),
    },
    kernel=mars_update,
    flops=24,
    closed_forms=(
        ClosedForm(
            "the first gradient counts 1 + gamma * beta_1 / (1 - beta_1) = 1.475 times; of 0.1, 0.4, 2"
            " the last is cut to"
            " 1: Adam's path on what they become",
            moved(lambda t: (0.1, 0.4, 2.0)[t - 1], 3),
            _jump,
            {"epsilon": 0.01},
        ),
    ),
    source="Yuan et al. (2024), arXiv:2411.10438, MARS-AdamW in its approximate form; the same for"
    " vectors as for matrices",
    aliases=("MARS",),
)  # fmt: skip
