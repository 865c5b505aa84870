"""Gradient descent."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.optimizers.closed_form import moved
from nnkit.optimizers.descent.momentum import RATE_IN_VELOCITY
from nnkit.optimizers.optimizer import COMMON, Optimizer, as_number, learning_rate
from nnkit.registry import ClosedForm, Hyper, Value
from nnkit.simd import fma, real


@kernel
def sgd_update(p, g, learning_rate, step):
    """Step down the gradient.

    Shapes      p, g: (n,); p in place
    Cost        2 operations, 12 bytes per float32 parameter
    """
    rate = real(p, learning_rate)
    for index in range(p.size):
        p[index] = fma(-rate, g[index], p[index])


def momentum_described(parameters: Mapping[str, Value]) -> tuple[str, dict[str, Value]] | None:
    """Return the optimizer with momentum that Keras's arguments of SGD describe, if they do.

    Without momentum the two that say how to use it say nothing.
    """
    if parameters["momentum"] == 0.0:
        forms = {name: False for name in ("nesterov", "rate_in_velocity") if parameters[name]}
        return ("sgd", {**parameters, **forms}) if forms else None
    shared = {name: value for name, value in parameters.items() if name != "nesterov"}
    return ("nesterov" if parameters["nesterov"] else "momentum"), shared


SGD = Optimizer(
    name="sgd",
    summary="Gradient descent: a step against the gradient.",
    formula="p <- p - learning_rate * g",
    hyperparameters=(
        learning_rate(0.01),
        Hyper("momentum", 0.0, "above 0: the optimizer momentum", at_least=0.0, below=1.0),
        Hyper("nesterov", False, "with momentum: the optimizer nesterov"),
        RATE_IN_VELOCITY,
        *COMMON,
    ),
    kernel=sgd_update,
    flops=2,
    becomes=momentum_described,
    closed_forms=(
        ClosedForm(
            "step t on gradients 1, 2, 3 is learning_rate * t",
            moved(lambda t: float(t), 3),
            lambda p: as_number(p["learning_rate"]) * np.array([[1.0], [3.0], [6.0]]),
        ),
    ),
    source="Robbins and Monro (1951), Ann. Math. Stat. 22(3); defaults of Keras 3",
    aliases=("gradient_descent",),
)
