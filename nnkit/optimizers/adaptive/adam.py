"""Adam: momentum and RMSprop together, corrected for their start from zero."""

from collections.abc import Mapping

from nnkit.jit import kernel
from nnkit.kernels.update import above_zero
from nnkit.optimizers.optimizer import COMMON, Optimizer, learning_rate
from nnkit.registry import Hyper, Value
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
def adam_update(p, g, m, v, learning_rate, step, beta_1, beta_2, epsilon, epsilon_hat):
    """Step by the mean gradient over the root of the mean square.

    The bias corrections are numbers of the whole step, so they go into the rate and epsilon, multiplied
    by c = sqrt(1 - beta_2**step): lr m' / (sqrt(v') + epsilon) = (lr c / (1 - beta_1**step)) m /
    (sqrt(v) + c epsilon).

    Shapes      p, g, m, v: (n,); all but g in place
    Cost        1 root, 1 division and 10 operations, 28 bytes per float32 parameter
    """
    correction = sqrt(1.0 - integer_power(beta_2, step))
    rate = real(p, learning_rate * correction / (1.0 - integer_power(beta_1, step)))
    offset = above_zero(p, epsilon if epsilon_hat != 0.0 else epsilon * correction)
    keep_1, take_1 = real(p, beta_1), real(p, 1.0 - beta_1)
    keep_2, take_2 = real(p, beta_2), real(p, 1.0 - beta_2)
    for index in range(p.size):
        gradient = g[index]
        first = fma(keep_1, m[index], take_1 * gradient)
        second = fma(keep_2, v[index], take_2 * (gradient * gradient))
        m[index] = first
        v[index] = second
        p[index] -= rate * first / (sqrt(second) + offset)


ADAM_HYPERPARAMETERS = (
    learning_rate(0.001),
    Hyper(
        "beta_1", 0.9, "share of the mean gradient that is kept", at_least=0.0, below=1.0, tune="complement"
    ),
    Hyper(
        "beta_2", 0.999, "share of the mean square that is kept", at_least=0.0, below=1.0, tune="complement"
    ),
    Hyper("epsilon", 1e-7, "Keras's; 1e-8 in the paper and in PyTorch", above=0.0, tune="log"),
    Hyper("epsilon_hat", False, "Keras's place: epsilon beside the root that is not yet corrected"),
)


def decay_described(parameters: Mapping[str, Value]) -> tuple[str, dict[str, Value]] | None:
    """Return AdamW where Adam has a decay, which is what AdamW is."""
    return ("adamw", dict(parameters)) if parameters["weight_decay"] else None


ADAM = Optimizer(
    name="adam",
    summary="Momentum over the root of the mean squared gradient, both corrected for their start from zero.",
    formula="m <- beta_1 * m + (1 - beta_1) * g;  v <- beta_2 * v + (1 - beta_2) * g**2;"
    "  p <- p - learning_rate * m / (1 - beta_1**t) / (sqrt(v / (1 - beta_2**t)) + epsilon)",
    hyperparameters=(*ADAM_HYPERPARAMETERS, *COMMON),
    becomes=decay_described,
    slot_names=("m", "v"),
    kernel=adam_update,
    flops=12,
    source="Kingma and Ba (2015), arXiv:1412.6980, Algorithm 1; epsilon of Keras 3, in the paper's place",
)
