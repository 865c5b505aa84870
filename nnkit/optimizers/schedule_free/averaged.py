"""Schedule-free gradient descent and AdamW: steps of z, gradients between z and its mean x, which is kept."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import above_zero
from nnkit.optimizers.adaptive.adam import integer_power
from nnkit.optimizers.closed_form import Array, after_each, moved
from nnkit.optimizers.optimizer import (
    CLIPPING,
    NO_DECAY,
    NO_EPSILON,
    Optimizer,
    Shaped,
    learning_rate,
    share_kept,
)
from nnkit.registry import ClosedForm, Component, Hyper, Value
from nnkit.simd import copy_values, double, fma, real, sqrt


@kernel
def begin(p, z, x, weights, step):
    """Start both sequences from the weights there are, at the first step: until then they may be set."""
    if step == 1:
        copy_values(p, 0, z, 0, p.size)
        copy_values(p, 0, x, 0, p.size)
        weights[0], weights[1] = real(p, 0.0), real(p, 0.0)


@kernel
def share_of_step(p, weights, learning_rate):
    """Return what this step counts in the mean: its largest rate so far, squared, over the sum of all those.

    Shapes      weights: (2,), the sum and the largest rate; in place
    """
    largest = learning_rate if learning_rate > double(weights[1]) else double(weights[1])
    total = double(weights[0]) + largest * largest
    weights[0], weights[1] = real(p, total), real(p, largest)
    return real(p, largest * largest / total)


@kernel
def schedule_free_sgd_update(p, g, z, x, weights, learning_rate, step, beta, weight_decay):
    """Step z against the gradient at p, take it into the mean x, and go to the next p between both.

    Shapes      p, g, z, x: (n,); weights: (2,); all but g in place
    Cost        9 operations, 32 bytes per float32 parameter
    """
    begin(p, z, x, weights, step)
    counts = share_of_step(p, weights, learning_rate)
    rate, decay, near = real(p, learning_rate), real(p, weight_decay), real(p, beta)
    for index in range(p.size):
        z[index] -= rate * fma(decay, p[index], g[index])
        x[index] = fma(counts, z[index] - x[index], x[index])
        p[index] = fma(near, x[index] - z[index], z[index])


@kernel
def schedule_free_adamw_update(
    p, g, z, x, v, weights, learning_rate, step, beta_1, beta_2, epsilon, weight_decay
):
    """Step z as RMSprop with bias correction does, take it into the mean x, and go between both.

    Shapes      p, g, z, x, v: (n,); weights: (2,); all but g in place
    Cost        1 root, 1 division and 12 operations, 40 bytes per float32 parameter
    """
    begin(p, z, x, weights, step)
    counts = share_of_step(p, weights, learning_rate)
    rate, decay, near = real(p, learning_rate), real(p, weight_decay), real(p, beta_1)
    keep, take = real(p, beta_2), real(p, 1.0 - beta_2)
    correction, offset = real(p, 1.0 / (1.0 - integer_power(beta_2, step))), above_zero(p, epsilon)
    for index in range(p.size):
        v[index] = fma(keep, v[index], take * (g[index] * g[index]))
        slope = g[index] / (sqrt(v[index] * correction) + offset)
        z[index] -= rate * fma(decay, p[index], slope)
        x[index] = fma(counts, z[index] - x[index], x[index])
        p[index] = fma(near, x[index] - z[index], z[index])


@kernel
def mean_of_three(p, z, x, weights, step):
    """Write the mean x.

    Shapes      p, z, x: (n,); weights: (2,)
    """
    copy_values(x, 0, p, 0, p.size)


@kernel
def mean_of_four(p, z, x, v, weights, step):
    """Write the mean x.

    Shapes      p, z, x, v: (n,); weights: (2,)
    """
    copy_values(x, 0, p, 0, p.size)


def seen(gradient: float, steps: int) -> Callable[[Any], Array]:
    """Return what measures how far from 0 the evaluated weight is after each step."""

    def measure(optimizer: Any) -> Array:
        w, path = np.zeros(1), []
        for _ in range(steps):
            optimizer.apply({"w": w}, {"w": np.full(1, gradient)})
            path.append(-optimizer.view({"w": w})["w"])
        return np.array(path)

    return measure


def _forms(near: str, step: Callable[[Mapping[str, Value]], float]) -> tuple[ClosedForm, ...]:
    """Return the closed forms on a constant gradient, on which every step of z is as long."""

    def length(p: Any) -> float:
        return float(p["learning_rate"]) * step(p)

    return (
        ClosedForm(
            "on a constant gradient what is evaluated is half of t + 1 steps away",
            seen(0.5, 5),
            lambda p: after_each(5, lambda t: length(p) * (t + 1) / 2),
            {"weight_decay": 0.0},
        ),
        ClosedForm(
            f"and what is trained (1 - {near}) * t + {near} * (t + 1) / 2 steps",
            moved(0.5, 5),
            lambda p: after_each(5, lambda t: length(p) * ((1 - p[near]) * t + p[near] * (t + 1) / 2)),
            {near: 0.8, "weight_decay": 0.0},
        ),
    )


_WEIGHTS = {"weights": Shaped(lambda sizes: (2,))}
_SOURCE = "Defazio et al. (2024), The road less scheduled, arXiv:2405.15682; steps count by lr**2"


def _decay(default: float) -> Hyper:
    return Hyper(
        "weight_decay",
        default,
        "decoupled, of the trained weights; multiplied by learning_rate",
        at_least=0.0,
        tune="log",
        component=NO_DECAY,
    )


SCHEDULE_FREE_SGD = Optimizer(
    name="schedule_free_sgd",
    summary="Gradient descent that keeps the mean of its steps, and needs no schedule.",
    formula="z <- z - learning_rate * (g + weight_decay * p);  x <- mean of z;  "
    "  p <- (1 - beta) * z + beta * x;  the model is x",
    hyperparameters=(
        learning_rate(1.0),
        share_kept("beta", 0.9, "how near the mean the gradient is taken", Component("mean", 0.0)),
        _decay(0.0),
        *CLIPPING,
    ),
    slot_names=("z", "x", "weights"),
    shaped=_WEIGHTS,
    kernel=schedule_free_sgd_update,
    view=mean_of_three,
    flops=11,
    closed_forms=_forms("beta", lambda p: 0.5),
    source=_SOURCE,
    aliases=("SGDScheduleFree", "ScheduleFreeSGD"),
)

SCHEDULE_FREE_ADAMW = Optimizer(
    name="schedule_free_adamw",
    summary="AdamW whose momentum is a mean of its own steps, and which needs no schedule.",
    formula="v <- beta_2 * v + (1 - beta_2) * g**2;"
    "  z <- z - learning_rate * (g / (sqrt(v / (1 - beta_2**t)) + epsilon) + weight_decay * p);"
    "  x <- mean of z;  p <- (1 - beta_1) * z + beta_1 * x;  the model is x",
    hyperparameters=(
        learning_rate(0.0025),
        share_kept("beta_1", 0.9, "how near the mean the gradient is taken", Component("mean", 0.0)),
        share_kept("beta_2", 0.999, "share of the mean square that is kept"),
        Hyper("epsilon", 1e-8, "the paper's", above=0.0, tune="log", component=NO_EPSILON),
        _decay(0.0),
        *CLIPPING,
    ),
    slot_names=("z", "x", "v", "weights"),
    shaped=_WEIGHTS,
    kernel=schedule_free_adamw_update,
    view=mean_of_four,
    flops=16,
    closed_forms=_forms("beta_1", lambda p: 0.5 / (0.5 + float(p["epsilon"] or 0.0))),
    source=_SOURCE,
    aliases=("AdamWScheduleFree", "ScheduleFreeAdamW"),
)
