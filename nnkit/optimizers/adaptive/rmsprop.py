"""RMSprop: Adagrad with a memory that fades."""

from collections.abc import Mapping

from nnkit.jit import kernel
from nnkit.kernels.update import above_zero
from nnkit.optimizers.closed_form import after_each, moved
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
def rmsprop_update(
    p,
    g,
    mean_square,
    velocity,
    mean,
    learning_rate,
    step,
    rho,
    momentum,
    epsilon,
    epsilon_inside_root,
    centered,
):
    """Step by the gradient over the root of the running mean of its squares.

    Slots that an option does not need are neither read nor written: without momentum the velocity, where
    not centered the mean.

    Shapes      p, g, mean_square, velocity, mean: (n,); all but g in place
    Cost        1 root, 1 division and 7 operations, 20 bytes per float32 parameter, without momentum
    """
    rate, keep, take = real(p, learning_rate), real(p, rho), real(p, 1.0 - rho)
    guard, zero = above_zero(p, epsilon), real(p, 0.0)
    inside = guard if epsilon_inside_root != 0.0 else zero
    outside = zero if epsilon_inside_root != 0.0 else guard
    for index in range(p.size):
        mean_square[index] = fma(keep, mean_square[index], take * (g[index] * g[index]))
    if centered != 0.0:
        for index in range(p.size):
            mean[index] = fma(keep, mean[index], take * g[index])
    if momentum == 0.0 and centered == 0.0:
        for index in range(p.size):
            p[index] -= rate * g[index] / (sqrt(mean_square[index] + inside) + outside)
    else:
        decay, about = real(p, momentum), real(p, centered)
        for index in range(p.size):
            shift = about * mean[index]
            variance = fma(-shift, shift, mean_square[index])
            # Rounding may bring the variance of a constant gradient below 0; NaN fails the test and stays.
            variance = zero if variance < zero else variance
            velocity[index] = fma(
                decay, velocity[index], rate * g[index] / (sqrt(variance + inside) + outside)
            )
            p[index] -= velocity[index]


def momentum_described(parameters: Mapping[str, Value]) -> tuple[str, dict[str, Value]] | None:
    """Return momentum in Keras's form, or gradient descent, where nothing is divided."""
    if parameters["second_moment"]:
        return None
    shared = {name: parameters[name] for name in ("learning_rate", *(hyper.name for hyper in COMMON))}
    if parameters["momentum"] == 0.0:
        return "sgd", shared
    return "momentum", {**shared, "momentum": parameters["momentum"], "rate_in_velocity": True}


RMSPROP = Optimizer(
    name="rmsprop",
    summary="Divides each parameter's rate by the root of the running mean of its squared gradients.",
    formula="v <- rho * v + (1 - rho) * g**2;  p <- p - learning_rate * g / sqrt(v + epsilon)",
    hyperparameters=(
        learning_rate(0.001),
        share_kept("rho", 0.9, "share of the mean square that is kept"),
        share_kept("momentum", 0.0, "share of the last step that is added to the next", NO_MOMENTUM),
        Hyper("epsilon", 1e-7, "Keras's; 1e-8 in PyTorch", above=0.0, tune="log", component=NO_EPSILON),
        Hyper(
            "epsilon_inside_root",
            True,
            "false: PyTorch's place, sqrt(v) + epsilon; the first step on g = 1e-4 is then 0.00315 and not"
            " 0.000315: ten times as long",
        ),
        Hyper(
            "centered",
            False,
            "divide by the standard deviation: take the squared mean off (Graves 2013)",
            component=Component("centering", False),
        ),
        SECOND_MOMENT,
        *COMMON,
    ),
    becomes=momentum_described,
    slot_names=("mean_square", "velocity", "mean"),
    kernel=rmsprop_update,
    flops=8,
    variants=(
        Variant("PyTorch", {"epsilon_inside_root": False}, "epsilon outside the root"),
        Variant("Keras", {"epsilon_inside_root": True}, "epsilon inside the root"),
    ),
    closed_forms=(
        ClosedForm(
            "step t on a constant gradient g is learning_rate * g / sqrt((1 - rho**t) * g**2 + epsilon)",
            moved(0.5, 4),
            lambda p: after_each(
                4,
                lambda t: (
                    0.5
                    * as_number(p["learning_rate"])
                    * sum(
                        (0.25 * (1 - as_number(p["rho"]) ** i) + as_number(p["epsilon"])) ** -0.5
                        for i in range(1, t + 1)
                    )
                ),
            ),
            {"epsilon": 0.01},
        ),
    ),
    source="Tieleman and Hinton (2012), Neural Networks for Machine Learning, lecture 6.5; as in Keras 3."
    " PyTorch's is rmsprop(learning_rate=0.01, rho=0.99, epsilon=1e-8, epsilon_inside_root=false)",
    numerics=2,  # epsilon, of Keras's size, stood outside the root, which is PyTorch's place
)
