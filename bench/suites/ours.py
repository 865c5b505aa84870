"""Our side of the comparisons: steps of a compiled program, whole epochs through the driver."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nnkit
from nnkit.compiler.program import compile_program
from nnkit.execution import Data, Trial
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


def steps(layers: Sequence[Layer], x: Array, y: Array, batch_size: int) -> Callable[[], None]:
    """Return a call that makes `STEPS` training steps with Adam, shuffling included."""
    program = compile_program(
        layers,
        x.shape[1:],
        nnkit.losses.get("sparse_categorical_crossentropy"),
        nnkit.optimizers.get("adam"),
        dtype="float32",
        batch_size=batch_size,
    )
    trial = Trial(program, seed=0)
    trial.attach_training(Data(x, y), rates=np.full(STEPS, 1e-3))
    return lambda: (trial.train(0, STEPS), None)[1]
