"""Fusing saves ops and changes no bit: of losses, weights, evaluations, predictions."""

from collections.abc import Sequence

import numpy as np
import pytest

from nnkit import layers, losses, optimizers
from nnkit.compiler import program as programs
from nnkit.compiler.fuse import share_copies
from nnkit.compiler.program import Program, compile_program
from nnkit.layers import Layer
from nnkit.layers.shape import COPY
from nnkit.ops import Buffer, Op, flat
from tests.nnkit.compiler.random_ops import op
from tests.nnkit.small_models import blobs, build

STACKS: dict[str, list[Layer]] = {
    "relu as an argument": [
        layers.Dense(20, activation="relu"), layers.Dense(17, activation="relu"), layers.Dense(3),
    ],
    "relu as a layer": [layers.Dense(20), layers.Activation("relu"), layers.Dense(3)],
    "relu twice": [layers.Dense(20, activation="relu"), layers.Activation("relu"), layers.Dense(3)],
    "no bias": [layers.Dense(20, activation="relu", use_bias=False), layers.Dense(3)],
    "relu at the end": [layers.Dense(9, activation="relu"), layers.Dense(3, activation="relu")],
    "relu behind a normalisation": [
        layers.Dense(20), layers.BatchNormalization(), layers.Activation("relu"), layers.Dense(3),
    ],
    "copies": [
        layers.Reshape((2, 2)), layers.Dense(5, activation="relu"), layers.Reshape((5, 2)), layers.Flatten(),
        layers.Dropout(0.3), layers.Reshape((2, 5)), layers.Flatten(), layers.Dense(3),
    ],
    "a copy at the end": [layers.Dense(3), layers.Reshape((1, 3)), layers.Flatten()],
}  # fmt: skip


def results(stack: Sequence[Layer], dtype: str) -> list[object]:
    x, y = blobs()
    x[::7] = 0.0  # exactly on the kink, wherever a bias is 0
    model = build(stack, (4,), optimizer="adam", dtype=dtype, seed=2)
    history = model.fit(x, y, epochs=3, validation_data=(x, y))
    return [model.digest(), history.step_loss.tolist(), history.history, model.predict(x).tobytes()]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", STACKS)
def test_the_bits_are_those_of_separate_ops(name: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fused = results(STACKS[name], dtype)
    monkeypatch.setattr(programs, "fuse", list)
    separate = results(STACKS[name], dtype)

    assert fused == separate


def program_of(stack: Sequence[Layer]) -> Program:
    return compile_program(
        stack, (4,), losses.get("cross_entropy"), optimizers.get("sgd"), dtype="float32", batch_size=8
    )


def kinds(ops: Sequence[Op]) -> list[str]:
    return [op.kind.name for op in ops]


@pytest.mark.parametrize("name", ["relu as an argument", "relu as a layer", "relu at the end"])
@pytest.mark.parametrize("sequence", ["train", "evaluate", "predict"])
def test_a_relu_behind_a_dense_layer_is_no_op_of_its_own(name: str, sequence: str) -> None:
    ops = getattr(program_of(STACKS[name]).sequences, sequence)
    floors = [op.scalars["low"] for op in ops if op.kind.name == "dense"]

    assert "relu" not in kinds(ops)
    assert floors.count(0.0) == (1 if name == "relu as a layer" else 2)


def test_a_value_that_is_read_twice_stays() -> None:
    """The first ReLU's output is what its gradient is computed from, so the second cannot swallow it."""
    sequences = program_of(STACKS["relu twice"]).sequences

    assert kinds(sequences.train).count("relu") == 1
    assert kinds(sequences.predict).count("relu") == 0


def test_reshaping_costs_no_op() -> None:
    sequences = program_of(STACKS["copies"]).sequences

    assert "copy" not in kinds(sequences.train) + kinds(sequences.evaluate) + kinds(sequences.predict)


@pytest.mark.parametrize("changed", ["x", "y"])
def test_a_copy_stays_where_either_side_changes_afterwards(changed: str) -> None:
    """What changes one of them must not be seen in the other, which is read behind it."""
    x, y = Buffer("x", (4,)), Buffer("y", (4,))
    before = [op(out=("out", x)), Op(COPY, {"x": flat(x), "y": flat(y)})]
    behind = op(x=("in", x), y=("in", y))
    change = op(values=("inout", x if changed == "x" else y))

    assert len(share_copies([*before, behind])) == 2
    assert kinds(share_copies([*before, change, behind])) == ["op", "copy", "op", "op"]


def test_the_learner_s_view_is_not_fused() -> None:
    model = build(STACKS["relu as an argument"], (4,))
    x, y = blobs(20)
    values = model.trace(x, y).values

    assert np.array_equal(values["dense_0/relu"], np.maximum(values["dense_0/output"], 0))
    assert (values["dense_0/output"] < 0).any()
