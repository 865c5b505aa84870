"""Small models and data for the tests of the engine."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nnkit
from nnkit import layers
from nnkit.layers import Layer
from nnkit.optimizers.bound import BoundOptimizer

Array = NDArray[Any]
LOSSES = ("sparse_categorical_crossentropy", "binary_crossentropy", "mean_squared_error")


def inputs_for(shape: Sequence[int], *, rows: int = 6, seed: int = 0) -> Array:
    return np.random.default_rng([seed, 1]).normal(size=(rows, *shape))


def targets_for(loss: str, n_outputs: int, *, rows: int = 6, seed: int = 0) -> Array:
    rng = np.random.default_rng([seed, 2])
    if loss == "mean_squared_error":
        return rng.normal(size=(rows, n_outputs))
    return rng.integers(0, 2 if loss == "binary_crossentropy" else n_outputs, rows)


def n_outputs_for(loss: str) -> int:
    return 1 if loss == "binary_crossentropy" else 3


def spread_parameters(model: nnkit.Sequential, *, seed: int = 0, scale: float = 0.7) -> None:
    """Give every parameter, biases included, a value away from 0: a dropped bias must show."""
    rng = np.random.default_rng([seed, 3])
    model.set_parameters({name: scale * rng.normal(size=p.shape) for name, p in model.parameters.items()})


def build(
    stack: Sequence[Layer], shape: Sequence[int], *, loss: str = "sparse_categorical_crossentropy",
    optimizer: str | BoundOptimizer = "sgd", dtype: str = "float64", seed: int = 0,
    metrics: Sequence[str] = (),
) -> nnkit.Sequential:  # fmt: skip
    """Return a compiled model."""
    model = nnkit.Sequential(stack, input_shape=shape, seed=seed, dtype=dtype)
    model.compile(optimizer, loss, metrics)
    return model


def perceptron(
    units: Sequence[int], *, activation: str = "relu", optimizer: str | BoundOptimizer = "sgd",
    loss: str = "sparse_categorical_crossentropy", dtype: str = "float64", seed: int = 0, l1: float = 0.0,
    l2: float = 0.0, metrics: Sequence[str] = (),
) -> nnkit.Sequential:  # fmt: skip
    """Return a compiled multi-layer perceptron; ``units`` counts the inputs too."""
    hidden = [layers.Dense(n, activation=activation, kernel_l1=l1, kernel_l2=l2) for n in units[1:-1]]
    stack = [*hidden, layers.Dense(units[-1], kernel_l1=l1, kernel_l2=l2)]
    return build(stack, units[:1], loss=loss, optimizer=optimizer, dtype=dtype, seed=seed, metrics=metrics)


def blobs(n: int = 90, *, features: int = 4, classes: int = 3, seed: int = 0) -> tuple[Array, Array]:
    """Return ``classes`` clouds of points that a small net can part."""
    rng = np.random.default_rng([seed, 4])
    labels = np.arange(n) % classes
    centres = 2.0 * rng.normal(size=(classes, features))
    return centres[labels] + 0.5 * rng.normal(size=(n, features)), labels
