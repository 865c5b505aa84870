"""AdamW: Adam with a decay of the weights that the gradients' statistics do not see."""

from collections.abc import Mapping
from functools import partial

import numpy as np

from nnkit.jit import kernel
from nnkit.optimizers.adaptive.adam import (
    ADAM_HYPERPARAMETERS,
    ADAM_VARIANTS,
    adam_update,
    epsilon_moved,
    settled,
    turned,
)
from nnkit.optimizers.closed_form import Array, after_each, moved
from nnkit.optimizers.optimizer import CLIPPING, NO_DECAY, Optimizer, as_number
from nnkit.registry import ClosedForm, Hyper, Value
from nnkit.simd import real


@kernel
def adamw_update(
    p, g, m, v, learning_rate, step, base_rate, beta_1, beta_2, epsilon, epsilon_hat, bias_correction,
    second_moment, weight_decay, decay_scaling,
):  # fmt: skip
    """Step as Adam does, from weights that lose a share first: weight_decay times what decay_scaling says."""
    share = learning_rate
    if decay_scaling != 0.0:
        share = learning_rate / base_rate * (1.0 if decay_scaling == 1.0 else learning_rate)
    kept = real(p, 1.0 - share * weight_decay)
    for index in range(p.size):
        p[index] *= kept
    adam_update(
        p, g, m, v, learning_rate, step, beta_1, beta_2, epsilon, epsilon_hat, bias_correction, second_moment
    )


def with_decay(default: float, summary: str = "") -> Hyper:
    return Hyper("weight_decay", default, summary, at_least=0.0, tune="log", component=NO_DECAY)


def decay_scaling(default: str) -> Hyper:
    return Hyper(
        "decay_scaling",
        default,
        "what multiplies weight_decay: rate, the learning rate (PyTorch, Keras); schedule, its share of"
        " its first value"
        " (the paper's); both (AdamC's)",
        choices=("rate", "schedule", "both"),
    )


def decayed_on_the_way(p: Mapping[str, Value]) -> Array:
    """Return the way from 0 over gradients 1 and -3: the second step decays what the first one went."""
    first, both = turned(p)
    return np.array([first, both - as_number(p["learning_rate"]) * as_number(p["weight_decay"]) * first])


ADAMW = Optimizer(
    name="adamw",
    summary="Adam, with the weights themselves decayed beside the step.",
    formula="p <- p - learning_rate * weight_decay * p - (Adam's step)",
    hyperparameters=(
        *ADAM_HYPERPARAMETERS,
        with_decay(0.01, "the paper's and PyTorch's; 0.004 in Keras"),
        decay_scaling("rate"),
        *CLIPPING,
    ),
    slot_names=("m", "v"),
    kernel=adamw_update,
    decays=True,
    flops=13,
    becomes=partial(settled, "adamw"),
    variants=ADAM_VARIANTS,
    closed_forms=(
        ClosedForm(
            "without gradients w <- (1 - learning_rate * weight_decay) * w: the moments do not see the decay",
            moved(0.0, 3, start=2.0),
            lambda p: after_each(
                3, lambda t: 2 - 2 * (1 - as_number(p["learning_rate"]) * as_number(p["weight_decay"])) ** t
            ),
            {"learning_rate": 0.5},
        ),
        ClosedForm(
            "after g = 1 a gradient of -3 moves as Adam's does",
            moved(lambda t: (1.0, -3.0)[t - 1], 2),
            decayed_on_the_way,
            {"epsilon": 0.01, "weight_decay": 0.5},
        ),
    ),
    source="Loshchilov and Hutter (2019), Decoupled weight decay regularization, arXiv:1711.05101;"
    " defaults of"
    " PyTorch. Keras's is adamw(epsilon=1e-7, epsilon_hat=true, weight_decay=0.004)",
    numerics=2,  # epsilon was 1e-7, as Adam's, and weight_decay Keras's 0.004
    moved=lambda parameters, epochs: parameters["weight_decay"] == 0.01 or epsilon_moved(parameters, epochs),
)
