"""Adagrad: a rate for every parameter, which falls with the squared gradients seen so far."""

from nnkit.jit import kernel
from nnkit.optimizers.optimizer import COMMON, Optimizer, learning_rate
from nnkit.registry import Hyper
from nnkit.simd import fma, real, sqrt


@kernel
def adagrad_update(p, g, accumulator, learning_rate, step, epsilon, epsilon_inside_root):
    """Step by the gradient over the root of the sum of its squares.

    Shapes      p, g, accumulator: (n,); p and accumulator in place
    Cost        1 root, 1 division and 5 operations, 20 bytes per float32 parameter
    """
    rate = real(p, learning_rate)
    inside = real(p, epsilon if epsilon_inside_root != 0.0 else 0.0)
    outside = real(p, 0.0 if epsilon_inside_root != 0.0 else epsilon)
    for index in range(p.size):
        total = fma(g[index], g[index], accumulator[index])
        accumulator[index] = total
        p[index] -= rate * g[index] / (sqrt(total + inside) + outside)


EPSILON_INSIDE_ROOT = Hyper(
    "epsilon_inside_root", False, "Keras 3's place: sqrt(a + epsilon); PyTorch's is sqrt(a) + epsilon"
)

ADAGRAD = Optimizer(
    name="adagrad",
    summary="Divides each parameter's rate by the root of its squared gradients so far.",
    formula="a <- a + g**2;  p <- p - learning_rate * g / (sqrt(a) + epsilon)",
    hyperparameters=(
        learning_rate(0.001),
        Hyper("initial_accumulator_value", 0.1, "Keras's; 0 in the paper and in PyTorch", at_least=0.0),
        Hyper("epsilon", 1e-7, "Keras's; 1e-10 in PyTorch", above=0.0, tune="log"),
        EPSILON_INSIDE_ROOT,
        *COMMON,
    ),
    slot_names=("accumulator",),
    slot_start=("initial_accumulator_value",),
    kernel=adagrad_update,
    flops=6,
    source="Duchi, Hazan and Singer (2011), JMLR 12; epsilon where the paper and PyTorch have it",
)
