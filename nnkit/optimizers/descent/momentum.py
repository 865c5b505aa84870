"""Gradient descent with momentum: the heavy ball."""

from collections.abc import Mapping

from nnkit.jit import kernel
from nnkit.optimizers.closed_form import after_each, moved
from nnkit.optimizers.optimizer import (
    COMMON,
    NO_MOMENTUM,
    Optimizer,
    Variant,
    as_number,
    learning_rate,
    share_kept,
)
from nnkit.registry import ClosedForm, Hyper, Value
from nnkit.simd import fma, real


@kernel
def momentum_update(p, g, velocity, learning_rate, step, momentum, rate_in_velocity):
    """Step along a decaying sum of gradients.

    Shapes      p, g, velocity: (n,); p and velocity in place
    Cost        4 operations, 20 bytes per float32 parameter
    """
    # One loop for both forms: the rate is applied on the way into the velocity or on the way out.
    into = real(p, learning_rate if rate_in_velocity != 0.0 else 1.0)
    out = real(p, 1.0 if rate_in_velocity != 0.0 else learning_rate)
    decay = real(p, momentum)
    for index in range(p.size):
        moved = fma(decay, velocity[index], into * g[index])
        velocity[index] = moved
        p[index] = fma(-out, moved, p[index])


RATE_IN_VELOCITY = Hyper(
    "rate_in_velocity",
    False,
    "Keras's form: the velocity sums learning_rate * g, so that old gradients keep the rate of their day."
    " The same while the rate is constant; over rates 1, 0.1 and gradients 1, 1 it goes -2.0, the default"
    " (PyTorch's form) -1.19",
)


RATE_VARIANTS = (
    Variant("PyTorch", {"rate_in_velocity": False}, "the rate of now on all gradients"),
    Variant("Keras", {"rate_in_velocity": True}, "every gradient's own rate in the velocity"),
)


def plain_described(parameters: Mapping[str, Value]) -> tuple[str, dict[str, Value]] | None:
    """Return gradient descent where no velocity is kept: then no form differs."""
    if parameters["momentum"] != 0.0:
        return None
    return "sgd", {
        name: value for name, value in parameters.items() if name not in ("momentum", "rate_in_velocity")
    }


MOMENTUM = Optimizer(
    name="momentum",
    summary="Gradient descent with a decaying sum of past gradients.",
    formula="v <- momentum * v + g;  p <- p - learning_rate * v",
    hyperparameters=(
        learning_rate(0.01),
        share_kept("momentum", 0.9, "share of the velocity that is kept", NO_MOMENTUM),
        RATE_IN_VELOCITY,
        *COMMON,
    ),
    slot_names=("velocity",),
    kernel=momentum_update,
    flops=5,
    becomes=plain_described,
    variants=RATE_VARIANTS,
    closed_forms=(
        ClosedForm(
            "step t on a constant gradient g is learning_rate * g * (1 - momentum**t) / (1 - momentum)",
            moved(0.5, 5),
            lambda p: after_each(
                5,
                lambda t: (
                    0.5
                    * as_number(p["learning_rate"])
                    * sum(
                        (1 - as_number(p["momentum"]) ** (i)) / (1 - as_number(p["momentum"]))
                        for i in range(1, t + 1)
                    )
                ),
            ),
        ),
    ),
    source="Polyak (1964), USSR Comput. Math. Math. Phys. 4(5); the form of PyTorch",
    aliases=("heavy_ball",),
)
