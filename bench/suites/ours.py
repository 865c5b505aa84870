"""Our side of the comparisons: steps of a compiled program, whole epochs through the driver."""

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nnkit
from nnkit.compiler.encode import Table
from nnkit.compiler.program import Program, compile_program
from nnkit.execution.repetition import Repetition
from nnkit.execution.trial import Data, Trial
from nnkit.layers import Conv2D, Dense, Flatten, Layer, MaxPooling2D

Array = NDArray[Any]
STEPS = 256  # per call, so that the call itself costs nothing
CNN: list[Layer] = [
    Conv2D(8, 3, padding="same", activation="relu"),
    MaxPooling2D(2),
    Conv2D(16, 3, padding="same", activation="relu"),
    MaxPooling2D(2),
    Flatten(),
    Dense(10),
]
CROSS_ENTROPY, SQUARES = "sparse_categorical_crossentropy", "mean_squared_error"


def digits_like(n: int, features: int, *, seed: int = 0) -> tuple[Array, Array]:
    """Return random samples and labels of ten classes."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, features)).astype(np.float32), rng.integers(0, 10, n).astype(np.int32)


def numbers(n: int, features: int, targets: int, *, seed: int = 0) -> tuple[Array, Array]:
    """Return random samples and targets that are smooth functions of them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, features)).astype(np.float32)
    return x, np.sin(x @ rng.normal(size=(features, targets))).astype(np.float32)


def mlp(units: Sequence[int], *, activation: str = "relu") -> list[Layer]:
    last = len(units) - 1
    return [Dense(size, activation="linear" if i == last else activation) for i, size in enumerate(units)]


def lenet() -> list[Layer]:
    """Return LeNet-5 as SimpleChains.jl measures it: no padding, ReLU, the largest of 2×2."""
    return [
        Conv2D(6, 5, activation="relu"), MaxPooling2D(2),
        Conv2D(16, 5, activation="relu"), MaxPooling2D(2),
        Flatten(), *mlp((120, 84, 10)),
    ]  # fmt: skip


def program_of(
    layers: Sequence[Layer],
    input_shape: tuple[int, ...],
    batch_size: int,
    *,
    loss: str = CROSS_ENTROPY,
    optimizer: str = "adam",
    block_rows: int | None = None,
) -> Program:
    return compile_program(
        layers,
        input_shape,
        nnkit.losses.get(loss),
        nnkit.optimizers.get(optimizer),
        dtype="float32",
        batch_size=batch_size,
        block_rows=block_rows,
    )


def steps(
    layers: Sequence[Layer],
    x: Array,
    y: Array,
    batch_size: int,
    *,
    loss: str = CROSS_ENTROPY,
    n_steps: int = STEPS,
) -> Callable[[], None]:
    """Return a call that makes ``n_steps`` training steps with Adam, shuffling included."""
    trial = Trial(program_of(layers, x.shape[1:], batch_size, loss=loss), seed=0)
    trial.attach_training(Data(x, y), rates=np.full(n_steps, 1e-3))
    return lambda: (trial.train(0, n_steps), None)[1]


def calls_of_op(
    layers: Sequence[Layer], input_shape: tuple[int, ...], batch_size: int, name: str, *, n_calls: int
) -> Callable[[], object]:
    """Return a call that runs the one op of this name of a training step ``n_calls`` times."""
    # In one block: what comes before the op is run here once, for all rows.
    program = program_of(layers, input_shape, batch_size, block_rows=batch_size)
    (index,) = (i for i, op in enumerate(program.sequences.train) if op.kind.name == name)
    trial = Trial(program, seed=0)
    x, y = digits_like(batch_size, prod(input_shape))
    table = program.tables["train"]
    # What comes before it runs once, so that it finds the values that it finds in training.
    trial.run_batch(Data(x.reshape(-1, *input_shape), y), Table(table.pairs[:index], table.cells))
    repetition = Repetition(trial.arena, table, index, rows=batch_size, n_copies=n_calls)
    return partial(repetition.run, n_calls)
