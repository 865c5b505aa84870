"""Gradient descent, with or without momentum."""

# mypy: allow-untyped-defs
# Kernels are typed by numba, from their arguments.

from nnkit.jit import kernel
from nnkit.optimizers.momentum import momentum_update
from nnkit.optimizers.nesterov import nesterov_update
from nnkit.optimizers.optimizer import COMMON, Optimizer, learning_rate
from nnkit.registry import Hyper
from nnkit.simd import fma, real


@kernel
def sgd_update(p, g, velocity, learning_rate, step, momentum, nesterov):
    """Step down the gradient; without momentum the slot is neither read nor written.

    Shapes      p, g, velocity: (n,); p and velocity in place
    """
    if momentum == 0.0:
        rate = real(p, learning_rate)
        for index in range(p.size):
            p[index] = fma(-rate, g[index], p[index])
    elif nesterov != 0.0:
        nesterov_update(p, g, velocity, learning_rate, step, momentum, 0.0)
    else:
        momentum_update(p, g, velocity, learning_rate, step, momentum, 0.0)


SGD = Optimizer(
    name="sgd",
    summary="Gradient descent: a step against the gradient.",
    formula="p <- p - learning_rate * g",
    hyperparameters=(
        learning_rate(0.01),
        Hyper("momentum", 0.0, "above 0: the optimizer momentum", at_least=0.0, below=1.0),
        Hyper("nesterov", False, "with momentum: the optimizer nesterov"),
        *COMMON,
    ),
    slot_names=("velocity",),
    kernel=sgd_update,
    source="Robbins and Monro (1951), Ann. Math. Stat. 22(3); defaults of Keras 3",
    aliases=("gradient_descent",),
)
