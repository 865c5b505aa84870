"""Adagrad: a rate for every parameter, which falls with the squared gradients seen so far."""

from collections.abc import Mapping

from nnkit.jit import kernel
from nnkit.kernels.update import above_zero
from nnkit.optimizers.closed_form import after_each, moved
from nnkit.optimizers.optimizer import (
    COMMON,
    NO_EPSILON,
    SECOND_MOMENT,
    Optimizer,
    Variant,
    as_number,
    learning_rate,
)
from nnkit.registry import ClosedForm, Component, Hyper, Value
from nnkit.simd import fma, real, sqrt


@kernel
def adagrad_update(p, g, accumulator, learning_rate, step, epsilon, epsilon_inside_root):
    """Step by the gradient over the root of the sum of its squares.

    Shapes      p, g, accumulator: (n,); p and accumulator in place
    Cost        1 root, 1 division and 5 operations, 20 bytes per float32 parameter
    """
    rate = real(p, learning_rate)
    guard, zero = above_zero(p, epsilon), real(p, 0.0)
    inside = guard if epsilon_inside_root != 0.0 else zero
    outside = zero if epsilon_inside_root != 0.0 else guard
    for index in range(p.size):
        total = fma(g[index], g[index], accumulator[index])
        accumulator[index] = total
        p[index] -= rate * g[index] / (sqrt(total + inside) + outside)


def plain_described(parameters: Mapping[str, Value]) -> tuple[str, dict[str, Value]] | None:
    """Return gradient descent where nothing is divided."""
    shared = ("learning_rate", *(hyper.name for hyper in COMMON))
    return None if parameters["second_moment"] else ("sgd", {name: parameters[name] for name in shared})


ADAGRAD = Optimizer(
    name="adagrad",
    summary="Divides each parameter's rate by the root of its squared gradients so far.",
    formula="a <- a + g**2;  p <- p - learning_rate * g / sqrt(a + epsilon)",
    hyperparameters=(
        learning_rate(0.001),
        Hyper(
            "initial_accumulator_value",
            0.1,
            "Keras's; 0 in the paper and in PyTorch",
            at_least=0.0,
            component=Component("start of the sum", 0.0),
        ),
        Hyper("epsilon", 1e-7, "Keras's; 1e-10 in PyTorch", above=0.0, tune="log", component=NO_EPSILON),
        Hyper(
            "epsilon_inside_root",
            True,
            "false: PyTorch's place, sqrt(a) + epsilon; the two are apart by less than 1e-6 of a step, but"
            " threefold at g = 1e-4 where a starts from 0",
        ),
        SECOND_MOMENT,
        *COMMON,
    ),
    becomes=plain_described,
    slot_names=("accumulator",),
    slot_start=("initial_accumulator_value",),
    kernel=adagrad_update,
    flops=6,
    variants=(
        Variant(
            "PyTorch",
            {"initial_accumulator_value": 0.0, "epsilon_inside_root": False},
            "a sum that starts from 0, and epsilon outside the root",
        ),
        Variant(
            "Keras",
            {"initial_accumulator_value": 0.1, "epsilon_inside_root": True},
            "a sum that starts from 0.1, and epsilon inside the root",
        ),
    ),
    closed_forms=(
        ClosedForm(
            "step t on a constant gradient g is learning_rate * g / sqrt(initial_accumulator_value + t"
            " * g**2 + epsilon)",
            moved(0.5, 4),
            lambda p: after_each(
                4,
                lambda t: (
                    0.5
                    * as_number(p["learning_rate"])
                    * sum(
                        (as_number(p["initial_accumulator_value"]) + 0.25 * i + as_number(p["epsilon"]))
                        ** -0.5
                        for i in range(1, t + 1)
                    )
                ),
            ),
            {"epsilon": 0.01},
        ),
    ),
    source="Duchi, Hazan and Singer (2011), JMLR 12; as in Keras 3. PyTorch's is"
    " adagrad(learning_rate=0.01, initial_accumulator_value=0, epsilon=1e-10, epsilon_inside_root=false)",
    numerics=2,  # epsilon stood outside the root, which is PyTorch's place
)
