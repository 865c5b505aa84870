"""Adam: momentum and RMSprop together, corrected for their start from zero."""

from collections.abc import Mapping
from functools import partial

import numpy as np

from nnkit.errors import InvalidArgument
from nnkit.jit import kernel
from nnkit.kernels.update import above_zero
from nnkit.optimizers.closed_form import Array, after_each, moved
from nnkit.optimizers.optimizer import (
    COMMON,
    NO_EPSILON,
    NO_MOMENTUM,
    SECOND_MOMENT,
    Optimizer,
    Variant,
    as_number,
    learning_rate,
    share_kept,
)
from nnkit.registry import ClosedForm, Component, Hyper, Value
from nnkit.simd import fma, real, sqrt


@kernel
def integer_power(base, exponent):
    """Return the float64 ``base**exponent`` for an exponent of at least 0, by repeated squaring."""
    power, factor, left = 1.0, base, exponent
    while left > 0:
        if left % 2 == 1:
            power *= factor
        factor *= factor
        left //= 2
    return power


@kernel
def adam_update(
    p, g, m, v, learning_rate, step, beta_1, beta_2, epsilon, epsilon_hat, bias_correction, second_moment,
):  # fmt: skip
    """Step by the mean gradient over the root of the mean square.

    The bias corrections are numbers of the whole step, so they go into the rate and epsilon, multiplied
    by c = sqrt(1 - beta_2**step): lr m' / (sqrt(v') + epsilon) = (lr c / (1 - beta_1**step)) m /
    (sqrt(v) + c epsilon). Without them both are 1; without the second moment v is neither read nor written.

    Shapes      p, g, m, v: (n,); all but g in place
    Cost        1 root, 1 division and 10 operations, 28 bytes per float32 parameter
    """
    corrects = bias_correction != 0.0
    divides = second_moment != 0.0
    correction = sqrt(1.0 - integer_power(beta_2, step)) if corrects and divides else 1.0
    mean_correction = 1.0 - integer_power(beta_1, step) if corrects else 1.0
    rate = real(p, learning_rate * correction / mean_correction)
    offset = above_zero(p, epsilon if epsilon_hat != 0.0 else epsilon * correction)
    keep_1, take_1 = real(p, beta_1), real(p, 1.0 - beta_1)
    keep_2, take_2 = real(p, beta_2), real(p, 1.0 - beta_2)
    if not divides:
        for index in range(p.size):
            m[index] = fma(keep_1, m[index], take_1 * g[index])
            p[index] -= rate * m[index]
        return
    for index in range(p.size):
        gradient = g[index]
        first = fma(keep_1, m[index], take_1 * gradient)
        second = fma(keep_2, v[index], take_2 * (gradient * gradient))
        m[index] = first
        v[index] = second
        p[index] -= rate * first / (sqrt(second) + offset)


ADAM_HYPERPARAMETERS = (
    learning_rate(0.001),
    share_kept("beta_1", 0.9, "share of the mean gradient that is kept", NO_MOMENTUM),
    share_kept("beta_2", 0.999, "share of the mean square that is kept"),
    Hyper(
        "epsilon",
        1e-8,
        "the paper's and PyTorch's; 1e-7 in Keras",
        above=0.0,
        tune="log",
        component=NO_EPSILON,
    ),
    Hyper("epsilon_hat", False, "Keras's place: epsilon beside the root that is not yet corrected"),
    Hyper(
        "bias_correction",
        True,
        "false: the moments stay as small as their start from zero makes them",
        component=Component("bias correction", False),
    ),
    SECOND_MOMENT,
    Hyper("amsgrad", False, "true: the optimizer amsgrad"),
)


AMSGRAD_NAMES = ("beta_1", "beta_2", "epsilon", "epsilon_hat", "bias_correction")
_SHARED = ("learning_rate", *(hyper.name for hyper in COMMON))


def settled(name: str, parameters: Mapping[str, Value]) -> tuple[str, dict[str, Value]] | None:
    """Return what Adam's parameters describe, if it is not the optimizer ``name`` just so.

    AdamW is Adam with a decay; without both moments it is gradient descent. What changes nothing, as epsilon
    where nothing is divided, stands at its default.
    """
    divides, is_scaled = parameters["second_moment"], parameters.get("decay_scaling", "rate") != "rate"
    decays = bool(parameters["weight_decay"])
    if parameters["amsgrad"] and divides:
        if decays and is_scaled:
            raise InvalidArgument(f"{name}: amsgrad decays by the rate only. Leave decay_scaling out.")
        return "amsgrad", {key: parameters[key] for key in (*AMSGRAD_NAMES, *_SHARED)}
    if not divides and parameters["beta_1"] == 0.0 and not (decays and is_scaled):
        return "sgd", {key: parameters[key] for key in _SHARED}
    idle = set() if parameters["bias_correction"] else {"epsilon_hat"}
    idle |= set() if divides else {"beta_2", "epsilon", "epsilon_hat", "amsgrad"}
    defaults = {hyper.name: hyper.default for hyper in ADAM_HYPERPARAMETERS if hyper.name in idle}
    chosen = {**parameters, **defaults}
    if not decays:
        chosen.pop("decay_scaling", None)
    found = "adamw" if decays else "adam", chosen
    return None if found == (name, parameters) else found


def epsilon_moved(parameters: Mapping[str, Value], epochs: int) -> bool:
    """Whether epsilon is the default that was another one: 1e-7, which is Keras's in another place."""
    return parameters["epsilon"] == 1e-8 and bool(parameters["second_moment"])


ADAM_VARIANTS = (
    Variant("PyTorch", {"epsilon_hat": False}, "epsilon beside the corrected root, as the paper"),
    Variant("Keras", {"epsilon_hat": True}, "epsilon beside the root that is not yet corrected"),
)


def turned(p: Mapping[str, Value]) -> Array:
    """Return the way over gradients 1 and -3."""
    rate, b1, b2, epsilon = (as_number(p[n]) for n in ("learning_rate", "beta_1", "beta_2", "epsilon"))
    steps = [1 / (1 + epsilon), (b1 - 3) / (1 + b1) / (np.sqrt((b2 + 9) / (1 + b2)) + epsilon)]
    return rate * np.cumsum(steps)[:, None]


ADAM = Optimizer(
    name="adam",
    summary="Momentum over the root of the mean squared gradient, both corrected for their start from zero.",
    formula="m <- beta_1 * m + (1 - beta_1) * g;  v <- beta_2 * v + (1 - beta_2) * g**2;"
    "  p <- p - learning_rate * m / (1 - beta_1**t) / (sqrt(v / (1 - beta_2**t)) + epsilon)",
    hyperparameters=(*ADAM_HYPERPARAMETERS, *COMMON),
    becomes=partial(settled, "adam"),
    slot_names=("m", "v"),
    kernel=adam_update,
    flops=12,
    closed_forms=(
        ClosedForm(
            "every step on a constant gradient g is learning_rate * g / (g + epsilon)",
            moved(0.5, 5),
            lambda p: after_each(5, lambda t: t * p["learning_rate"] * 0.5 / (0.5 + p["epsilon"])),
            {"epsilon": 0.01},
        ),
        ClosedForm(
            "after g = 1 a gradient of -3 moves by learning_rate * (beta_1 - 3) / (1 + beta_1)"
            " over sqrt((beta_2 + 9) / (1 + beta_2)) + epsilon",
            moved(lambda t: (1.0, -3.0)[t - 1], 2),
            turned,
            {"epsilon": 0.01},
        ),
    ),
    variants=ADAM_VARIANTS,
    source="Kingma and Ba (2015), arXiv:1412.6980, Algorithm 1, its defaults and PyTorch's. Keras's is"
    " adam(epsilon=1e-7, epsilon_hat=true)",
    numerics=2,  # epsilon was 1e-7, Keras's, in the place where the paper and PyTorch have 1e-8
    moved=epsilon_moved,
)
