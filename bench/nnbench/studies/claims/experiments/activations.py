"""Activations against one another: how well each learns, which units die, and what it costs."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from nnbench.studies.claims.experiments import nets
from nnbench.studies.claims.experiments.nets import Parts, Trained
from nnkit import layers
from nnkit.layers.base import Layer

# What saturates starts as Glorot and Bengio (2010) have it, all others as He et al. (2015).
_INIT = {"tanh": "glorot_uniform", "sigmoid": "glorot_uniform"}
_RATES = (0.01, 0.03, 0.1, 0.3, 1.0)
_ALPHA = 0.25  # where PReLU's slopes start


def initializer(activation: str) -> str:
    """Return the initializer that was made for an activation."""
    return _INIT.get(activation, "he_normal")


def activated(make: Callable[..., Layer], size: int, activation: str, **options: Any) -> list[Layer]:
    """Return a layer with weights and the activation behind it; PReLU is a layer of its own."""
    behind = layers.PReLU() if activation == "prelu" else layers.Activation(activation)
    return [make(size, kernel_initializer=initializer(activation), **options), behind]


def hidden(width: int, activation: str) -> list[Layer]:
    """Return one hidden layer; Maxout is a layer of its own."""
    if activation == "maxout":
        return [layers.Maxout(width, kernel_initializer=initializer(activation))]
    return activated(layers.Dense, width, activation)


def stack(width: int, activations: Sequence[str]) -> list[Layer]:
    """Return a net with one hidden layer for each activation, and a head of ten."""
    made = [layer for activation in activations for layer in hidden(width, activation)]
    return [*made, layers.Dense(10, kernel_initializer="glorot_uniform")]


def side_by_side(
    seed: int, *, activations: Sequence[str], depth: int, width: int, epochs: int = 20
) -> dict[str, Any]:
    """Return of each activation, tuned: test accuracy, dead units, mean output, parameters, learned slope."""
    parts = nets.digits(seed)
    found: dict[str, Any] = {}
    for activation in activations:
        trained = nets.at_best_rate(
            partial(stack, width, [activation] * depth), parts, seed, _RATES, draws=2, epochs=epochs
        )
        found |= {f"{activation}_{name}": value for name, value in _readings(trained, parts).items()}
    return found


def _readings(trained: Trained, parts: Parts) -> dict[str, float]:
    outputs = hidden_outputs(trained, parts)
    sizes = [value.size for value in trained.model.parameters.values()]
    slopes = [value for name, value in trained.model.parameters.items() if name.endswith("/alpha")]
    return {
        "accuracy": trained.accuracy(parts.x_test, parts.y_test),
        "dead": float(np.mean([np.mean(dead_units(each)) for each in outputs])),
        "mean": float(np.mean([abs(float(each.mean())) for each in outputs])),
        "parameters": float(sum(sizes)),
        "alpha": float(np.mean(np.concatenate(slopes))) if slopes else 0.0,
        "alpha_moved": float(np.mean(np.abs(np.concatenate(slopes) - _ALPHA))) if slopes else 0.0,
    }


def hidden_outputs(trained: Trained, parts: Parts) -> list[Any]:
    """Return what every hidden layer makes of all rows to train on."""
    values = trained.model.trace(parts.x, parts.y).values
    kinds = ("activation_", "pre_lu_", "maxout_")
    return [
        value for name, value in values.items() if name.startswith(kinds) and not name.endswith("/pieces")
    ]


def dead_units(outputs: Any) -> Any:
    """Return for each unit whether its output is exactly 0 on every row: no gradient comes through it."""
    return np.all(outputs == 0.0, axis=0)


def step_times(
    seed: int, *, activations: Sequence[str], depth: int, width: int, epochs: int, turns: int
) -> dict[str, float]:
    """Return microseconds of a training step with each activation: the least of several turns."""
    parts = nets.digits(seed)
    best = dict.fromkeys(activations, float("inf"))
    for _ in range(turns):
        for activation in activations:
            history = nets.train(stack(width, [activation] * depth), parts, seed, rate=0.03, epochs=epochs)
            best[activation] = min(best[activation], nets.step_us(history.history))
    return best


def mixed_stacks(seed: int, *, uniform: Sequence[str], mixed: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Return the test accuracy of the best uniform stack and of mixed ones of the same size, each tuned.

    Which of the uniform ones is best, and which of the mixed ones, is decided on the rows to choose by.
    """
    parts = nets.digits(seed)

    def chosen(stacks: Sequence[Sequence[str]]) -> float:
        found = [nets.at_best_rate(partial(stack, 48, s), parts, seed, epochs=30) for s in stacks]
        scores = [each.accuracy(parts.x_validation, parts.y_validation) for each in found]
        return found[int(np.argmax(scores))].accuracy(parts.x_test, parts.y_test)

    depth = len(mixed[0])
    return {"uniform": chosen([[name] * depth for name in uniform]), "mixed": chosen(mixed)}
