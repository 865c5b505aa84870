"""Activations against one another: how fast, how well, which units die, and what it costs."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from nnbench.studies.claims.experiments import nets
from nnbench.studies.claims.experiments.nets import Parts, Trained
from nnkit import layers
from nnkit.layers.base import Layer

_TUNING = (1_000_000, 2_000_000)
_SMOOTH = 20.0  # steps over which the loss of single batches is averaged


def hidden(width: int, activation: str, *, init: str = "he_normal") -> list[Layer]:
    """Return one hidden layer; PReLU and Maxout are layers of their own."""
    if activation == "maxout":
        return [layers.Maxout(width, kernel_initializer=init)]
    kind = layers.PReLU() if activation == "prelu" else layers.Activation(activation)
    return [layers.Dense(width, kernel_initializer=init), kind]


def stack(width: int, activations: Sequence[str]) -> list[Layer]:
    """Return a net with one hidden layer for each activation, and a head of ten."""
    made = [layer for activation in activations for layer in hidden(width, activation)]
    return [*made, layers.Dense(10, kernel_initializer="glorot_uniform")]


def small_cnn(activation: str) -> list[Layer]:
    """Return two convolutions with pooling, and a head."""
    made: list[Layer] = []
    for filters in (8, 16):
        made += [layers.Conv2D(filters, 3, padding="same", kernel_initializer="he_normal")]
        made += [layers.Activation(activation), layers.MaxPooling2D(2)]
    return [*made, layers.Flatten(), layers.Dense(10)]


def steps_to_loss(
    seed: int, *, net: str, activations: Sequence[str], rates: Sequence[float], target: float, epochs: int
) -> dict[str, float]:
    """Return the steps until the training loss is below a target, each activation at its own fastest rate.

    The rate is chosen on two other draws of the weights, by the fewest steps in the worse of them. The loss
    of batches is smoothed exponentially. A net that never gets there counts with all its steps.
    """
    parts = nets.digits(seed) if net == "mlp" else nets.images(nets.digits(seed))

    def make(activation: str) -> list[Layer]:
        return stack(64, [activation] * 2) if net == "mlp" else small_cnn(activation)

    def steps(activation: str, rate: float, weights: int) -> float:
        trained = nets.train(make(activation), parts, weights, rate=rate, epochs=epochs)
        return first_below(trained.history.step_loss, target)

    found = {}
    for activation in activations:
        tried = [max(steps(activation, rate, seed + more) for more in _TUNING) for rate in rates]
        best = rates[int(np.argmin(tried))]
        found[activation] = steps(activation, best, seed)
        found[f"{activation}_rate"] = best
    return found


def first_below(losses: Any, target: float) -> float:
    """Return the first step at which the smoothed loss is below the target, or the number of steps."""
    mean = float(losses[0]) if len(losses) else float("nan")
    for step, loss in enumerate(losses):
        mean += (float(loss) - mean) / _SMOOTH
        if mean < target:
            return float(step + 1)
    return float(len(losses))


def side_by_side(seed: int, *, activations: Sequence[str], depth: int, width: int) -> dict[str, Any]:
    """Return of each activation, tuned: test accuracy, dead units, mean output, parameters, learned slope."""
    parts = nets.digits(seed)
    found: dict[str, Any] = {}
    for activation in activations:
        trained = nets.at_best_rate(partial(stack, width, [activation] * depth), parts, seed, epochs=30)
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
        "alpha_moved": float(np.mean(np.abs(np.concatenate(slopes) - 0.25))) if slopes else 0.0,
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
