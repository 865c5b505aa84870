"""A net that has learned some classes moves to others: its head alone, a part, all of it, or from scratch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nnbench.studies.claims.experiments import nets
from nnbench.studies.claims.experiments.nets import Parts, Trained
from nnkit import Sequential, layers
from nnkit.layers.base import Layer

WAYS = ("head", "partial", "full", "none")
_N_FROZEN = {"head": 2, "partial": 1, "full": 0, "none": 0}  # of the two hidden layers, from below
_TUNING = 1_000_000  # added to the seed where a rate is chosen: those weights are never judged


@dataclass(frozen=True, slots=True)
class _Setting:
    width: int
    batch_size: int
    steps: int
    target: float
    rates: Sequence[float]


def data_sizes(
    seed: int,
    *,
    sizes: Sequence[int],
    rates: Sequence[float],
    width: int,
    steps: int,
    source_epochs: int,
    target: float,
) -> dict[str, Any]:
    """Return for each way its test accuracy, and the steps to a training loss, at so many rows of 5 to 9.

    The source are the digits 0 to 4. Every way has its own best rate at every size, chosen on the rows to
    choose by with other weights; what is judged is pre-trained and trained on weights of the seed.
    """
    setting = _Setting(width, 16, steps, target, rates)
    source, aim = halves(nets.digits(seed))
    weights = {s: pretrained(source, s, width, source_epochs) for s in (seed, seed + _TUNING)}
    found: dict[str, Any] = {}
    for way in WAYS:
        moved = [_at_best_rate(way, weights, aim.first(n), seed, setting) for n in sizes]
        found[way] = [each.accuracy(aim.x_test, aim.y_test) for each in moved]
        found[f"{way}_steps"] = [nets.first_below(each.history.step_loss, target, steps) for each in moved]
    return found


def halves(parts: Parts) -> tuple[Parts, Parts]:
    """Return the rows of the classes 0 to 4, and those of 5 to 9 with labels from 0."""
    return _rows_of(parts, 0), _rows_of(parts, 5)


def _rows_of(parts: Parts, first: int) -> Parts:
    chosen: dict[str, Any] = {}
    for part in ("", "_validation", "_test"):
        x, y = getattr(parts, f"x{part}"), getattr(parts, f"y{part}")
        rows = (y >= first) & (y < first + 5)
        chosen |= {f"x{part}": x[rows], f"y{part}": y[rows] - np.int32(first)}
    return replace(parts, **chosen)


def _stack(width: int) -> list[Layer]:
    hidden = [layers.Dense(width, activation="relu", kernel_initializer="he_normal") for _ in range(2)]
    return [*hidden, layers.Dense(5)]


def pretrained(source: Parts, seed: int, width: int, epochs: int) -> list[Any]:
    """Return the weights of a net that has learned the source's classes."""
    return nets.train(_stack(width), source, seed, rate=0.1, epochs=epochs).model.get_weights()


def moved_net(way: str, weights: Sequence[Any], seed: int, width: int, n_inputs: int) -> Sequential:
    """Return the net that starts this way: with the source's features or without, and so far frozen."""
    model = Sequential(_stack(width), input_shape=(n_inputs,), seed=seed)
    if way != "none":
        model.set_weights(list(weights))
        model.replace_head(layers.Dense(5))
    for layer in model.layers[: _N_FROZEN[way]]:
        layer.trainable = False
    return model


def _moved(way: str, weights: Sequence[Any], aim: Parts, seed: int, rate: float, how: _Setting) -> Trained:
    model = moved_net(way, weights, seed, how.width, aim.x.shape[1])
    model.compile(f"sgd(learning_rate={rate})", "sparse_categorical_crossentropy", metrics=("accuracy",))
    batch_size = min(how.batch_size, len(aim.x))
    epochs = -(-how.steps // -(-len(aim.x) // batch_size))
    history = model.fit(aim.x, aim.y, batch_size=batch_size, epochs=epochs)
    return Trained(model, history, history.status != "diverged")


def _at_best_rate(way: str, weights: dict[int, list[Any]], aim: Parts, seed: int, how: _Setting) -> Trained:
    other = seed + _TUNING
    tried = [_moved(way, weights[other], aim, other, rate, how) for rate in how.rates]
    scores = [each.accuracy(aim.x_validation, aim.y_validation) for each in tried]
    return _moved(way, weights[seed], aim, seed, how.rates[int(np.argmax(scores))], how)
