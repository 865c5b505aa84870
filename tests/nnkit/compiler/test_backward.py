"""The backward sweep: shares of a gradient add up, and nothing is computed that nobody wants."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from nnkit import layers, losses, optimizers
from nnkit.compiler.program import Program, compile_program
from nnkit.emitting.backward import Sweep
from nnkit.emitting.emitter import Emitter
from nnkit.entries import op_kind
from nnkit.jit import kernel
from nnkit.layers import Layer
from nnkit.layers.base import LayerRecord
from nnkit.ops import Buffer, Op, Operand
from tests.nnkit.small_models import build, inputs_for, spread_parameters, targets_for


@kernel
def add(x, z, y):  # type: ignore[no-untyped-def]
    """Write ``y = x + z``."""
    for i in range(x.shape[0]):
        y[i] = x[i] + z[i]


def _pass_on(op: Op, sweep: Sweep) -> None:
    dy = sweep.gradient(op.buffer("y"))
    assert dy is not None
    for name in ("x", "z"):
        if sweep.wants(op.buffer(name)):
            share = sweep.new_gradient(op.buffer(name))
            sweep.emit(ADD_NOTHING, {"x": dy, "y": share})
            sweep.arrive(op.buffer(name), share)


@kernel
def hand_on(x, y):  # type: ignore[no-untyped-def]
    """Write ``y = x``."""
    for i in range(x.shape[0]):
        y[i] = x[i]


ADD = op_kind("test_add", add, Operand("x", "in"), Operand("z", "in"), Operand("y", "out"), gradient=_pass_on)
ADD_NOTHING = op_kind("test_hand_on", hand_on, Operand("x", "in"), Operand("y", "out"))


@dataclass(frozen=True)
class Fork(Layer):
    """``y = x + dense(x) + dense(x)``: a value with three consumers."""

    record = LayerRecord(name="Fork", summary="", formula="", source="", make=Layer)

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        units = x.shape[-1]
        first = layers.Dense(units, activation="tanh").emit(emitter, x, f"{name}/first")
        second = layers.Dense(units).emit(emitter, x, f"{name}/second")
        both = emitter.transient(f"{name}/both", x.shape)
        emitter.emit(ADD, {"x": first, "z": second, "y": both})
        y = emitter.transient(f"{name}/y", x.shape)
        emitter.emit(ADD, {"x": both, "z": x, "y": y})
        return y


@pytest.mark.parametrize(
    "stack", [[Fork()], [layers.Dense(3), Fork()], [layers.Dense(3), Fork(), Fork()]], ids=len
)
def test_the_gradients_of_all_consumers_are_added(stack: Sequence[Layer]) -> None:
    """Against central differences in a random direction; a share left out is off by its whole size."""
    model = build([*stack, layers.Dense(2)], (3,), loss="mean_squared_error")
    spread_parameters(model)
    x, y = inputs_for((3,)), targets_for("mean_squared_error", 2)
    _, gradients = model.loss_and_gradients(x, y)
    start = {name: value.copy() for name, value in model.parameters.items()}
    for name, gradient in gradients.items():
        direction = np.random.default_rng(1).normal(size=gradient.shape)
        values = []
        for step in (1e-5, -1e-5):
            model.set_parameters({name: start[name] + step * direction})
            values.append(model.loss_and_gradients(x, y)[0])
        model.set_parameters({name: start[name]})

        assert np.sum(gradient * direction) == pytest.approx(
            (values[0] - values[1]) / 2e-5, rel=1e-7, abs=1e-9
        )


def program_of(stack: Sequence[Layer], shape: tuple[int, ...] = (4,)) -> Program:
    return compile_program(
        stack, shape, losses.get("mean_squared_error"), optimizers.get("sgd"), dtype="float64", batch_size=8
    )


def written(program: Program) -> list[str]:
    return [buffer.name for op in program.sequences.train for buffer in op.touched("out", "inout")]


def test_the_gradient_of_the_data_is_not_computed() -> None:
    """Layers in front of the first parameter need no gradient at all."""
    program = program_of([layers.Activation("tanh"), layers.Dropout(0.5), layers.Dense(3), layers.Dense(2)])
    gradients = [name for name in written(program) if name.startswith("d ")]

    assert "d x" not in gradients
    assert not [name for name in gradients if "dropout" in name or "tanh" in name]
    assert "d dense_0/kernel" in gradients


def test_every_parameter_s_gradient_is_written_once_per_step() -> None:
    program = program_of([layers.Dense(3), layers.BatchNormalization(), layers.Dense(2, use_bias=False)])
    names = written(program)

    assert [names.count(f"d {name}") for name in program.parameters] == [1] * len(program.parameters)


def test_a_model_without_parameters_has_no_backward_pass() -> None:
    program = program_of([layers.Activation("tanh"), layers.Flatten()])
    kinds = [op.kind.name for op in program.sequences.train]

    assert not [kind for kind in kinds if kind.endswith(("_backward", "_update"))]
