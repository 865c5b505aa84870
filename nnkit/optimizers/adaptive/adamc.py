"""AdamC: AdamW whose decay follows the schedule once more, so that gradients do not grow at the end."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from nnkit import schedules
from nnkit.optimizers.adaptive.adam import ADAM_HYPERPARAMETERS
from nnkit.optimizers.adaptive.adamw import adamw_update, decay_scaling, decayed_on_the_way, with_decay
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.optimizer import CLIPPING, Optimizer, as_number
from nnkit.registry import ClosedForm, Value


def as_adamw(parameters: Mapping[str, Value]) -> tuple[str, dict[str, Value]]:
    """Return the AdamW that this is: the two differ by a default only."""
    return "adamw", dict(parameters)


def _at_two_rates(optimizer: Any) -> Array:
    """Measure two steps without a gradient from 2, the second at a tenth of the rate."""
    rate = as_number(optimizer.parameters["learning_rate"])
    falling = schedules.get("piecewise_constant", boundaries=[0], values=[rate, 0.1 * rate])
    return moved(0.0, 2, start=2.0)(replace(optimizer, schedule=falling))


def _decayed(p: Mapping[str, Value]) -> Array:
    lost = as_number(p["learning_rate"]) * as_number(p["weight_decay"])
    return np.array([[2 * lost], [2 - 2 * (1 - lost) * (1 - 0.01 * lost)]])


ADAMC = Optimizer(
    name="adamc",
    summary="AdamW whose decay falls with the square of the rate's schedule.",
    formula="p <- p - learning_rate**2 / (its first value) * weight_decay * p - (Adam's step)",
    hyperparameters=(*ADAM_HYPERPARAMETERS, with_decay(0.05), decay_scaling("both"), *CLIPPING),
    slot_names=("m", "v"),
    kernel=adamw_update,
    decays=True,
    flops=13,
    becomes=as_adamw,
    closed_forms=(
        ClosedForm(
            "without gradients, at rates r and r/10, w <- (1 - r * weight_decay) * w, then"
            " (1 - r * weight_decay / 100) * w",
            _at_two_rates,
            _decayed,
            {"learning_rate": 0.5},
        ),
        ClosedForm(
            "after g = 1 a gradient of -3 moves as Adam's does, at a constant rate",
            moved(lambda t: (1.0, -3.0)[t - 1], 2),
            decayed_on_the_way,
            {"epsilon": 0.01, "weight_decay": 0.5},
        ),
    ),
    source="Defazio (2025), Why gradients rapidly increase near the end of training, arXiv:2506.02285,"
    " Algorithm 1",
    aliases=("AdamC",),
)
