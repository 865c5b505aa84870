"""Nadam: Adam that looks ahead as Nesterov's momentum does; and NAdamW, which decays the weights."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.scalar_double import exp_double
from nnkit.kernels.update import above_zero
from nnkit.optimizers.adaptive.adam import integer_power
from nnkit.optimizers.adaptive.moments import added, mean_kept, root_gathered, square_kept
from nnkit.optimizers.closed_form import Array, after_each, moved
from nnkit.optimizers.optimizer import CLIPPING, COMMON, Optimizer, Variant, as_number, decay, learning_rate
from nnkit.registry import ClosedForm, Component, Hyper, Value
from nnkit.simd import fma, real, sqrt

_LOG_OF_096 = -0.040821994520255166


@kernel
def momentum_at(beta_1, fading):
    """Return Dozat's momentum of the step where ``fading`` is ``0.96**(step * momentum_decay)``."""
    return beta_1 * (1.0 - 0.5 * fading)


@kernel
def momenta(beta_1, ratio, step):
    """Return the product of the momenta of the steps up to ``step``; 0 where it is too small to matter.

    No momentum is above beta_1, so a short loop finds it: nothing is kept from step to step.
    """
    if integer_power(beta_1, step) < 2.0**-60:
        return 0.0
    product, fading = 1.0, 1.0
    for _ in range(step):
        fading *= ratio
        product *= momentum_at(beta_1, fading)
    return product


@kernel
def nadam_update(p, g, m, v, learning_rate, step, beta_1, beta_2, epsilon, momentum_decay):
    """Step by a mean of the mean gradient and this one, over the root of the mean square.

    Corrections are numbers of the whole step and go into two rates and epsilon, as in Adam. Without a
    momentum_decay, which is NaN then, every momentum is beta_1.

    Shapes      p, g, m, v: (n,); all but g in place
    Cost        1 root, 1 division and 12 operations, 28 bytes per float32 parameter
    """
    ratio = 0.0 if momentum_decay != momentum_decay else exp_double(momentum_decay * _LOG_OF_096)
    now = momentum_at(beta_1, integer_power(ratio, step))
    ahead = momentum_at(beta_1, integer_power(ratio, step + 1))
    product = momenta(beta_1, ratio, step)
    scaled = learning_rate * root_gathered(beta_2, step)
    of_mean = real(p, scaled * ahead / (1.0 - product * ahead))
    of_now = real(p, scaled * (1.0 - now) / (1.0 - product))
    offset = above_zero(p, epsilon * root_gathered(beta_2, step))
    keep_1, take_1 = real(p, beta_1), real(p, 1.0 - beta_1)
    keep_2, take_2 = real(p, beta_2), real(p, 1.0 - beta_2)
    for index in range(p.size):
        gradient = g[index]
        first = fma(keep_1, m[index], take_1 * gradient)
        second = fma(keep_2, v[index], take_2 * (gradient * gradient))
        m[index] = first
        v[index] = second
        p[index] -= fma(of_mean, first, of_now * gradient) / (sqrt(second) + offset)


def as_nadam(parameters: Mapping[str, Value]) -> tuple[str, dict[str, Value]]:
    """Return the Nadam that this is: the two differ by their defaults only."""
    return "nadam", dict(parameters)


def on_ones(p: Mapping[str, Value]) -> Array:
    """Return the way over four gradients of 1 by the formula; the root of the mean square is then 1."""
    b1, eps, fade = as_number(p["beta_1"]), as_number(p["epsilon"]), p["momentum_decay"]
    mu = [b1 if fade is None else b1 * (1 - 0.5 * 0.96 ** (t * as_number(fade))) for t in range(1, 6)]
    made = np.cumprod(mu)
    steps = [
        (1 - mu[t]) / (1 - made[t]) + mu[t + 1] * (1 - b1 ** (t + 1)) / (1 - made[t + 1]) for t in range(4)
    ]
    return as_number(p["learning_rate"]) / (1 + eps) * np.cumsum(steps)[:, None]


FORM = ClosedForm(
    "step t on gradients of 1 is learning_rate / (1 + epsilon) * ((1 - mu_t) / (1 - P_t)"
    " + mu_(t+1) * (1 - beta_1**t) / (1 - P_(t+1))), P the product of the mu: first 1.05645 at decay 0.004,"
    " 1.06279 at 1",
    moved(1.0, 4),
    on_ones,
    {"epsilon": 0.01},
)


def momentum_decay(default: float | None) -> Hyper:
    return Hyper(
        "momentum_decay",
        default,
        "mu_t = beta_1 * (1 - 0.96**(t * momentum_decay) / 2): 0.004 in PyTorch, 1 in Keras, whose"
        " first step is"
        " then 1.06279 rates long and not 1.05645; none: mu_t = beta_1, as in optax",
        at_least=0.0,
        optional=True,
        component=None if default is None else Component("momentum schedule", None),
    )


NADAM = Optimizer(
    name="nadam",
    summary="Adam that steps from where its mean gradient is about to lead.",
    formula="m, v as Adam's;  mu_t = beta_1 * (1 - 0.96**(t * momentum_decay) / 2);"
    "  d = mu_(t+1) * m / (1 - mu_1 ... mu_(t+1)) + (1 - mu_t) * g / (1 - mu_1 ... mu_t);"
    "  p <- p - learning_rate * d / (sqrt(v / (1 - beta_2**t)) + epsilon)",
    hyperparameters=(
        learning_rate(0.002), mean_kept(), square_kept(), added(1e-8, "1e-7 in Keras"), momentum_decay(0.004),
        *COMMON,
    ),
    slot_names=("m", "v"),
    kernel=nadam_update,
    flops=15,
    closed_forms=(FORM,),
    variants=(
        Variant("PyTorch", {"momentum_decay": 0.004}, "a momentum that rises over thousands of steps"),
        Variant("Keras", {"momentum_decay": 1.0}, "a momentum that rises over dozens of steps"),
        Variant("optax", {"momentum_decay": None}, "one momentum throughout"),
    ),
    source="Dozat (2016), ICLR workshop; defaults of PyTorch",
    aliases=("NAdam", "Nadam"),
)  # fmt: skip

NADAMW = Optimizer(
    name="nadamw",
    summary="Nadam with one momentum throughout, and the weights themselves decayed beside the step.",
    formula="p <- p - learning_rate * weight_decay * p - (the step of nadam)",
    hyperparameters=(
        learning_rate(0.001), mean_kept(), square_kept(), added(1e-8), momentum_decay(None),
        decay(1e-4, "optax's; multiplied by learning_rate"), *CLIPPING,
    ),
    slot_names=("m", "v"),
    kernel=nadam_update,
    flops=15,
    becomes=as_nadam,
    closed_forms=(
        replace(FORM, options={"epsilon": 0.01, "weight_decay": 0.0}),
        ClosedForm(
            "without gradients w <- (1 - learning_rate * weight_decay) * w",
            moved(0.0, 3, start=2.0),
            lambda p: after_each(
                3, lambda t: 2 - 2 * (1 - as_number(p["learning_rate"]) * as_number(p["weight_decay"])) ** t
            ),
            {"learning_rate": 0.5, "weight_decay": 0.1},
        ),
    ),
    source="Dahl et al. (2023), arXiv:2306.07179 (AlgoPerf), appendix; defaults of optax.nadamw",
    aliases=("NAdamW", "NadamW"),
)  # fmt: skip
