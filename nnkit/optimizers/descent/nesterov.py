"""Nesterov's accelerated gradient."""

from collections.abc import Mapping

from nnkit.jit import kernel
from nnkit.optimizers.closed_form import after_each, moved
from nnkit.optimizers.descent.momentum import RATE_IN_VELOCITY, RATE_VARIANTS, plain_described
from nnkit.optimizers.optimizer import COMMON, NO_MOMENTUM, Optimizer, as_number, learning_rate, share_kept
from nnkit.registry import ClosedForm, Component, Hyper, Value
from nnkit.simd import fma, real


@kernel
def nesterov_update(p, g, velocity, learning_rate, step, momentum, rate_in_velocity):
    """Step along the gradient and the decayed velocity that already contains it.

    Shapes      p, g, velocity: (n,); p and velocity in place
    Cost        5 operations, 20 bytes per float32 parameter
    """
    # One loop for both forms: the rate is applied on the way into the velocity or on the way out.
    into = real(p, learning_rate if rate_in_velocity != 0.0 else 1.0)
    out = real(p, 1.0 if rate_in_velocity != 0.0 else learning_rate)
    decay = real(p, momentum)
    for index in range(p.size):
        push = into * g[index]
        moved = fma(decay, velocity[index], push)
        velocity[index] = moved
        p[index] = fma(-out, fma(decay, moved, push), p[index])


def simpler_described(parameters: Mapping[str, Value]) -> tuple[str, dict[str, Value]] | None:
    """Return momentum where the step does not look ahead, and gradient descent where no velocity is kept."""
    shared = {name: value for name, value in parameters.items() if name != "nesterov"}
    return plain_described(shared) or (None if parameters["nesterov"] else ("momentum", shared))


NESTEROV = Optimizer(
    name="nesterov",
    summary="Momentum that takes the gradient's step from where the velocity is about to lead.",
    formula="v <- momentum * v + g;  p <- p - learning_rate * (g + momentum * v)",
    hyperparameters=(
        learning_rate(0.01),
        share_kept("momentum", 0.9, "share of the velocity that is kept", NO_MOMENTUM),
        RATE_IN_VELOCITY,
        Hyper("nesterov", True, "false: the optimizer momentum", component=Component("nesterov", False)),
        *COMMON,
    ),
    slot_names=("velocity",),
    kernel=nesterov_update,
    flops=7,
    becomes=simpler_described,
    variants=RATE_VARIANTS,
    closed_forms=(
        ClosedForm(
            "step t on a constant gradient g is learning_rate * g * (1 - momentum**(t + 1)) / (1 - momentum)",
            moved(0.5, 5),
            lambda p: after_each(
                5,
                lambda t: (
                    0.5
                    * as_number(p["learning_rate"])
                    * sum(
                        (1 - as_number(p["momentum"]) ** (i + 1)) / (1 - as_number(p["momentum"]))
                        for i in range(1, t + 1)
                    )
                ),
            ),
        ),
    ),
    source="Nesterov (1983), Soviet Math. Dokl. 27(2); Sutskever et al. (2013), ICML; the form of PyTorch",
    aliases=("nag",),
)
