"""Outputs that are all positive: what they do to the signs of gradients, to the path, and to its speed."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from nnbench.studies.claims.experiments import nets, stepwise
from nnbench.studies.claims.experiments.nets import Array, Parts
from nnkit import Sequential, layers
from nnkit.activations import BoundActivation
from nnkit.activations.plugin import activation_of
from nnkit.layers.base import Layer

_TUNING = (1_000_000, 2_000_000)
_KERNEL = "dense_1/kernel"  # the first whose inputs are outputs of the activation


@cache
def centred_sigmoid() -> BoundActivation:
    """Return σ(x) − 1/2, which is (2σ(x) − 1) / 2: the sigmoid moved to zero and in nothing else changed.

    A net of 2σ − 1 whose next weights are halved, at a quarter of the rate there, makes the same steps.
    """
    record = activation_of(
        "centred_sigmoid",
        value=lambda x: 0.5 * math.tanh(0.5 * x),
        slope=lambda x: 0.25 * (1.0 - math.tanh(0.5 * x) ** 2),
        summary="The sigmoid less one half.",
        formula="y = 1 / (1 + exp(-x)) - 1/2",
        source="LeCun et al. (1998), Efficient BackProp, section 4.3",
    )
    return BoundActivation(record, {})


def centred(parts: Parts) -> Parts:
    """Return the rows less the mean of those to train on, so that the first layer is the same for both."""
    mean = parts.x.mean(axis=0)
    return replace(
        parts, x=parts.x - mean, x_validation=parts.x_validation - mean, x_test=parts.x_test - mean
    )


def zigzag(
    seed: int, *, width: int, depth: int, rates: Sequence[float], target: float, epochs: int, batch_size: int
) -> dict[str, float]:
    """Return for the sigmoid and for the centred one: steps to a training loss, zigzag, and signs.

    Each runs at the rate at which it was fastest on two other draws of the weights; ``there_…`` is the
    centred one at the sigmoid's rate. ``…_zigzag`` is the length of the path over the straight line between
    its ends, of the weights behind the first activation; ``…_majority`` the mean share of a unit's weight
    gradients that have the sign of most of them, ``…_all`` the share of units in which all have.
    """
    parts = centred(nets.digits(seed))
    most = epochs * (len(parts.x) // batch_size)

    def make(name: str) -> list[Layer]:
        kind = layers.Activation("sigmoid" if name == "sigmoid" else centred_sigmoid())
        hidden = [(layers.Dense(width), kind) for _ in range(depth)]
        return [*(layer for pair in hidden for layer in pair), layers.Dense(10)]

    def steps(name: str, rate: float, weights: int) -> float:
        trained = nets.train(make(name), parts, weights, rate=rate, epochs=epochs, batch_size=batch_size)
        planned = nets.planned_steps(parts, epochs, batch_size)
        return nets.first_below(trained.history.step_loss, target, planned)

    def fastest(name: str) -> float:
        return rates[
            int(np.argmin([max(steps(name, rate, seed + more) for more in _TUNING) for rate in rates]))
        ]

    found: dict[str, float] = {}
    own = {name: fastest(name) for name in ("sigmoid", "centred")}
    for label, name, rate in (
        ("sigmoid", "sigmoid", own["sigmoid"]),
        ("centred", "centred", own["centred"]),
        ("there", "centred", own["sigmoid"]),
    ):
        walked = walk(make(name), parts, seed, rate=rate, target=target, most=most, batch_size=batch_size)
        found |= {f"{label}_{key}": value for key, value in {**walked, "rate": rate}.items()}
    return found


def walk(
    made: Sequence[Layer],
    parts: Parts,
    seed: int,
    *,
    rate: float,
    target: float,
    most: int,
    batch_size: int,
) -> dict[str, float]:
    """Make steps until the smoothed loss is below the target; return their number, zigzag and signs."""
    model = Sequential(made, input_shape=parts.x.shape[1:], seed=seed)
    model.compile("sgd", "sparse_categorical_crossentropy")
    start = model.parameters[_KERNEL].copy()
    length, mean, signs, n = 0.0, math.nan, [], 0
    for step in stepwise.steps(model, parts.x, parts.y, seed, rate=rate, n_steps=most, batch_size=batch_size):
        mean = stepwise.smoothed(mean, step.loss)
        if mean < target:
            break
        n += 1
        length += rate * float(np.linalg.norm(step.gradients[_KERNEL]))
        signs.append(same_signs(step.gradients[_KERNEL]))
    majority, alike = np.mean(signs, axis=0)
    distance = float(np.linalg.norm(model.parameters[_KERNEL] - start))
    return {
        "steps": float(n),
        "zigzag": length / distance,
        "majority": float(majority),
        "all": float(alike),
    }


def same_signs(gradient: Array) -> tuple[float, float]:
    """Return the mean share of a unit's commoner sign, and the share of units with one sign alone.

    ``gradient`` is that of a kernel: (inputs, units). Zeros have no sign: they count for neither, and a unit
    of nothing but zeros counts not at all.
    """
    positive, negative = (gradient > 0).sum(axis=0), (gradient < 0).sum(axis=0)
    total = positive + negative
    most = np.maximum(positive, negative)[total > 0] / total[total > 0]
    return (float(most.mean()), float((most == 1.0).mean())) if most.size else (math.nan, math.nan)
