"""AdEMAMix: Adam with a second mean gradient that remembers thousands of steps."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.scalar_double import exp_double, log_double
from nnkit.kernels.update import above_zero
from nnkit.optimizers.adaptive.moments import added, gathered, mean_kept, root_gathered, square_kept
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.optimizer import COMMON, Optimizer, as_number, learning_rate, share_kept
from nnkit.registry import ClosedForm, Component, Hyper, Value
from nnkit.simd import double, fma, real, sqrt


@kernel
def memory_at(beta_1, beta_3, share):
    """Return the share kept where the half-life has gone ``share`` of its way from beta_1's to beta_3's."""
    if beta_1 <= 0.0 or beta_3 <= 0.0:
        return beta_3
    log_1, log_3 = log_double(beta_1), log_double(beta_3)
    risen = exp_double(log_1 * log_3 / ((1.0 - share) * log_3 + share * log_1))
    return risen if risen < beta_3 else beta_3


@kernel
def ademamix_update(
    p, g, m, slow, v, learning_rate, step, beta_1, beta_2, beta_3, alpha, warmup_steps, epsilon
):
    """Step by the fast mean gradient and alpha slow ones over the root of the mean square.

    Without warmup_steps, which is NaN then, alpha and beta_3 are what they are from the first step on.

    Shapes      p, g, m, slow, v: (n,); all but g in place
    Cost        1 root, 1 division and 15 operations, 36 bytes per float32 parameter
    """
    share = double(step) / warmup_steps
    share = share if share < 1.0 else 1.0  # which NaN becomes too
    memory = memory_at(beta_1, beta_3, share) if share < 1.0 else beta_3
    correction = root_gathered(beta_2, step)
    of_fast = real(p, learning_rate * correction / gathered(beta_1, step))
    of_slow = real(p, learning_rate * correction * alpha * share)
    offset = above_zero(p, epsilon * correction)
    keep_1, take_1 = real(p, beta_1), real(p, 1.0 - beta_1)
    keep_2, take_2 = real(p, beta_2), real(p, 1.0 - beta_2)
    keep_3, take_3 = real(p, memory), real(p, 1.0 - memory)
    for index in range(p.size):
        gradient = g[index]
        first = fma(keep_1, m[index], take_1 * gradient)
        long = fma(keep_3, slow[index], take_3 * gradient)
        second = fma(keep_2, v[index], take_2 * (gradient * gradient))
        m[index] = first
        slow[index] = long
        v[index] = second
        p[index] -= fma(of_slow, long, of_fast * first) / (sqrt(second) + offset)


def without_slow_mean(parameters: Mapping[str, Value]) -> tuple[str, dict[str, Value]] | None:
    """Return Adam where no slow mean is added."""
    if parameters["alpha"] != 0.0:
        return None
    return "adam", {
        name: value for name, value in parameters.items() if name not in ("alpha", "beta_3", "warmup_steps")
    }


def _constant(p: Mapping[str, Value]) -> Array:
    """Return the way over four gradients of 1."""
    rate, b3, alpha, epsilon = (as_number(p[n]) for n in ("learning_rate", "beta_3", "alpha", "epsilon"))
    steps = [1 + alpha * (1 - b3**t) for t in range(1, 5)]
    return rate / (1 + epsilon) * np.cumsum(steps)[:, None]


def _rising(p: Mapping[str, Value]) -> Array:
    """Return the way over four gradients of 1 where alpha and the half-life rise over four steps."""
    rate, b1, b3, alpha = (as_number(p[n]) for n in ("learning_rate", "beta_1", "beta_3", "alpha"))
    slow, steps = 0.0, []
    for t in range(1, 5):
        half_lives = [np.log(0.5) / np.log(b) for b in (b1, b3)]
        kept = 0.5 ** (1 / ((1 - t / 4) * half_lives[0] + t / 4 * half_lives[1]))
        slow = kept * slow + 1 - kept
        steps.append(1 + alpha * t / 4 * slow)
    return rate / (1 + as_number(p["epsilon"])) * np.cumsum(steps)[:, None]


ADEMAMIX = Optimizer(
    name="ademamix",
    summary="Adam with a second mean gradient, of thousands of steps, added several times over.",
    formula="m, v as Adam's;  s <- beta_3(t) * s + (1 - beta_3(t)) * g;"
    "  p <- p - learning_rate * (m / (1 - beta_1**t) + alpha(t) * s) / (sqrt(v / (1 - beta_2**t)) + epsilon);"
    "  over warmup_steps alpha(t) rises evenly from 0, and 1 / log(beta_3(t)) from 1 / log(beta_1)",
    hyperparameters=(
        learning_rate(0.001),
        mean_kept(),
        square_kept(),
        share_kept("beta_3", 0.9999, "share of the slow mean gradient that is kept"),
        Hyper(
            "alpha", 5.0, "slow means added to the fast one; 0: adam", at_least=0.0,
            component=Component("slow mean", 0.0),
        ),
        Hyper(
            "warmup_steps", None, "steps over which alpha and beta_3 rise; none: they do not",
            at_least=1, integer=True, optional=True,
        ),
        added(1e-8),
        *COMMON,
    ),
    slot_names=("m", "slow", "v"),
    kernel=ademamix_update,
    flops=18,
    becomes=without_slow_mean,
    closed_forms=(
        ClosedForm(
            "step t on a gradient of 1 is learning_rate * (1 + alpha * (1 - beta_3**t)) / (1 + epsilon)",
            moved(1.0, 4),
            _constant,
            {"epsilon": 0.01},
        ),
        ClosedForm(
            "over a warm-up of 4 steps alpha is t/4 of its value, and the half-life of the slow mean"
            " t/4 of its way",
            moved(1.0, 4),
            _rising,
            {"warmup_steps": 4, "epsilon": 0.01},
        ),
    ),
    source="Pagliardini, Ablin and Grangier (2024), arXiv:2409.03137, Algorithm 1",
    aliases=("AdEMAMix",),
)  # fmt: skip
