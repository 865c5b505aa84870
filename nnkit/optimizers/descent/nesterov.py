"""Nesterov's accelerated gradient."""

from nnkit.jit import kernel
from nnkit.optimizers.descent.momentum import RATE_IN_VELOCITY, plain_described
from nnkit.optimizers.optimizer import COMMON, Optimizer, learning_rate
from nnkit.registry import Hyper
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


NESTEROV = Optimizer(
    name="nesterov",
    summary="Momentum that takes the gradient's step from where the velocity is about to lead.",
    formula="v <- momentum * v + g;  p <- p - learning_rate * (g + momentum * v)",
    hyperparameters=(
        learning_rate(0.01),
        Hyper(
            "momentum", 0.9, "share of the velocity that is kept", at_least=0.0, below=1.0, tune="complement"
        ),
        RATE_IN_VELOCITY,
        *COMMON,
    ),
    slot_names=("velocity",),
    kernel=nesterov_update,
    flops=7,
    becomes=plain_described,
    source="Nesterov (1983), Soviet Math. Dokl. 27(2); Sutskever et al. (2013), ICML; the form of PyTorch",
    aliases=("nag",),
)
