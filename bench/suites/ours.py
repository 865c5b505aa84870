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
from nnkit.layers import Dense, Layer

Array = NDArray[Any]
STEPS = 256  # per call, so that the call itself costs nothing


def digits_like(n: int, features: int, *, seed: int = 0) -> tuple[Array, Array]:
    """Return random samples and labels of ten classes."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, features)).astype(np.float32), rng.integers(0, 10, n).astype(np.int32)


def mlp(units: Sequence[int]) -> list[Layer]:
    last = len(units) - 1
    return [Dense(size, activation="linear" if i == last else "relu") for i, size in enumerate(units)]


def program_of(layers: Sequence[Layer], input_shape: tuple[int, ...], batch_size: int) -> Program:
    return compile_program(
        layers,
        input_shape,
        nnkit.losses.get("sparse_categorical_crossentropy"),
        nnkit.optimizers.get("adam"),
        dtype="float32",
        batch_size=batch_size,
    )


def steps(layers: Sequence[Layer], x: Array, y: Array, batch_size: int) -> Callable[[], None]:
    """Return a call that makes `STEPS` training steps with Adam, shuffling included."""
    trial = Trial(program_of(layers, x.shape[1:], batch_size), seed=0)
    trial.attach_training(Data(x, y), rates=np.full(STEPS, 1e-3))
    return lambda: (trial.train(0, STEPS), None)[1]


def calls_of_op(
    layers: Sequence[Layer], input_shape: tuple[int, ...], batch_size: int, name: str, *, n_calls: int
) -> Callable[[], object]:
    """Return a call that runs the one op of this name of a training step ``n_calls`` times."""
    program = program_of(layers, input_shape, batch_size)
    (index,) = (i for i, op in enumerate(program.sequences.train) if op.kind.name == name)
    trial = Trial(program, seed=0)
    x, y = digits_like(batch_size, prod(input_shape))
    table = program.tables["train"]
    # What comes before it runs once, so that it finds the values that it finds in training.
    trial.run_batch(Data(x.reshape(-1, *input_shape), y), Table(table.pairs[:index], table.cells))
    repetition = Repetition(trial.arena, table, index, rows=batch_size, n_copies=n_calls)
    return partial(repetition.run, n_calls)
