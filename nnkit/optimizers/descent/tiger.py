"""Tiger: Signum with a longer memory and a decay."""

from collections.abc import Mapping

import numpy as np

from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.descent.signum import signum_update
from nnkit.optimizers.optimizer import (
    CLIPPING,
    NO_MOMENTUM,
    Optimizer,
    as_number,
    decay,
    learning_rate,
    share_kept,
)
from nnkit.registry import ClosedForm, Value


def as_signum(parameters: Mapping[str, Value]) -> tuple[str, dict[str, Value]]:
    """Return the Signum that this is: the two differ by their defaults only."""
    return "signum", dict(parameters)


def _decayed(p: Mapping[str, Value]) -> Array:
    """Return how far 2 is after each of three gradients of 1: the decay first, then one step."""
    rate = as_number(p["learning_rate"])
    kept, w, path = 1.0 - rate * as_number(p["weight_decay"]), 2.0, []
    for _ in range(3):
        w = kept * w - rate
        path.append([2.0 - w])
    return np.array(path)


TIGER = Optimizer(
    name="tiger",
    summary="Signum with a longer memory and a decay: Lion with one mean in place of two.",
    formula="m <- momentum * m + (1 - momentum) * g;  p <- p - learning_rate * (sign(m) + weight_decay * p)",
    hyperparameters=(
        learning_rate(0.001),
        share_kept("momentum", 0.965, "share of the mean gradient that is kept", NO_MOMENTUM),
        decay(0.01, "multiplied by learning_rate"),
        *CLIPPING,
    ),
    slot_names=("m",),
    kernel=signum_update,
    flops=6,
    becomes=as_signum,
    closed_forms=(
        ClosedForm(
            "under a constant gradient w <- (1 - learning_rate * weight_decay) * w - learning_rate",
            moved(1.0, 3, start=2.0),
            _decayed,
            {"learning_rate": 0.1, "weight_decay": 0.5},
        ),
    ),
    source="Su (2023), Tiger: a tight-fisted optimizer, github.com/bojone/tiger; without its rates by"
    " kind of layer",
    aliases=("Tiger",),
)
