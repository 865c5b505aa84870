"""Deep nets and small data: what vanishes, what explodes, what over-fits, and which remedies help."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from nnbench.studies.claims.experiments import nets
from nnbench.studies.claims.experiments.nets import Array, Parts
from nnkit import Sequential, layers
from nnkit.layers.base import Layer

_LOSS = "sparse_categorical_crossentropy"


def _sigmoid(depth: int, width: int, **given: Any) -> list[Layer]:
    options = {"activation": "sigmoid", "init": "glorot_normal", **given}
    return nets.dense(width, depth, **options)


def vanishing(
    seed: int, *, depths: Sequence[int], width: int, epochs: int, rates: Sequence[float]
) -> dict[str, Any]:
    """Return test accuracies by depth of sigmoid nets under Glorot's init, and with one remedy at a time.

    The better init is Glorot and Bengio's own for sigmoids, four times as wide. All use Adam, each at its own
    best rate at each depth.
    """
    parts = nets.digits(seed)
    wide = f"random_normal(stddev={4.0 / math.sqrt(width)})"
    remedies: dict[str, dict[str, Any]] = {
        "base": {},
        "relu": {"activation": "relu"},
        "skip": {"skip": True},
        "init": {"init": wide},
        "norm": {"norm": True},
    }
    return {
        name: [_at_depth(depth, width, given, parts, seed, rates, epochs) for depth in depths]
        for name, given in remedies.items()
    }


def _at_depth(
    depth: int,
    width: int,
    given: Mapping[str, Any],
    parts: Parts,
    seed: int,
    rates: Sequence[float],
    epochs: int,
) -> float:
    trained = nets.at_best_rate(
        partial(_sigmoid, depth, width, **given), parts, seed, rates, epochs=epochs, optimizer="adam"
    )
    return trained.accuracy(parts.x_test, parts.y_test)


def exploding(
    seed: int,
    *,
    width: int,
    depth: int,
    epochs: int,
    rate: float,
    factors: Sequence[float],
    gains: Sequence[float],
    decays: Sequence[float],
) -> dict[str, Any]:
    """Return the share of too high rates and too wide inits that a net survives, bare and with one remedy.

    A net survives if it ends finite and knows at least half of the test rows. ``rate`` is one that the bare
    net survives; the adaptive optimizer gets the same multiples of its own usual rate of 0.001, and weight
    decay the one strength of several with which most survive.
    """
    parts = nets.digits(seed)
    remedies: dict[str, dict[str, Any]] = {
        "base": {},
        "norm": {"norm": True},
        "clip": {"optimizer": "sgd(global_clipnorm=1.0)"},
        **{f"decay_{each:g}": {"optimizer": f"sgd(weight_decay={each})"} for each in decays},
        "adam": {"optimizer": "adam", "rate": 0.001},
    }
    found: dict[str, Any] = {}
    for name, given in remedies.items():
        usual = float(given.get("rate", rate))
        options = {"optimizer": given.get("optimizer", "sgd"), "norm": bool(given.get("norm"))}
        found[f"{name}_rates"] = [
            _survives(parts, seed, width, depth, epochs, usual * factor, 1.0, **options) for factor in factors
        ]
        found[f"{name}_gains"] = [
            _survives(parts, seed, width, depth, epochs, usual, gain, **options) for gain in gains
        ]
    return found | _strongest(found, [f"decay_{each:g}" for each in decays])


def _strongest(found: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return what the strength that survives most survives, as ``decay``."""
    best = max(names, key=lambda name: sum(found[f"{name}_rates"]) + sum(found[f"{name}_gains"]))
    return {"decay_rates": found[f"{best}_rates"], "decay_gains": found[f"{best}_gains"]}


def _survives(
    parts: Parts,
    seed: int,
    width: int,
    depth: int,
    epochs: int,
    rate: float,
    gain: float,
    *,
    optimizer: str,
    norm: bool,
) -> float:
    init = f"random_normal(stddev={gain * math.sqrt(2.0 / width)})"
    made = nets.dense(width, depth, "relu", init=init, norm=norm)
    trained = nets.train(made, parts, seed, rate=rate, epochs=epochs, optimizer=optimizer)
    return float(trained.finished and trained.accuracy(parts.x_test, parts.y_test) >= 0.5)


def overfitting(
    seed: int, *, rows: Sequence[int], width: int, updates: int, strengths: Mapping[str, Sequence[float]]
) -> dict[str, Any]:
    """Return test accuracies from few rows: bare, and with dropout, weight decay or augmentation.

    The strength of each is the best of its list by the loss on the rows to choose by. Augmentation is every
    digit again, moved by a part of a pixel each way. All nets make as many updates, and each number is the
    mean of three draws of the weights.
    """
    whole = nets.digits(seed)
    found: dict[str, Any] = {name: [] for name in ("base", *strengths)}
    for n in rows:
        parts = whole.first(n)
        found["base"].append(_of_three(parts, seed, width, updates)[1])
        for name, tried in strengths.items():
            scores = [_remedied(name, strength, parts, seed, width, updates) for strength in tried]
            found[name].append(min(scores)[1])
    return found


def _remedied(
    name: str, strength: float, parts: Parts, seed: int, width: int, updates: int
) -> tuple[float, float]:
    if name == "augmented":
        return _of_three(_augmented(parts, strength), seed, width, updates)
    return _of_three(parts, seed, width, updates, **{name: strength})


def _of_three(
    parts: Parts, seed: int, width: int, updates: int, *, dropout: float = 0.0, decay: float = 0.0
) -> tuple[float, float]:
    """Return the mean loss on the rows to choose by, and the mean accuracy on the test rows."""
    optimizer = f"sgd(weight_decay={decay})" if decay else "sgd"
    epochs = max(1, round(updates / math.ceil(len(parts.x) / 32)))
    losses, accuracies = [], []
    for draw in range(3):
        made = nets.dense(width, 2, "relu", dropout=dropout)
        trained = nets.train(made, parts, 3 * seed + draw, rate=0.1, epochs=epochs, optimizer=optimizer)
        losses.append(trained.loss(parts.x_validation, parts.y_validation))
        accuracies.append(trained.accuracy(parts.x_test, parts.y_test))
    return float(np.mean(losses)), float(np.mean(accuracies))


def _augmented(parts: Parts, distance: float) -> Parts:
    """Return every row five times: as it is, and moved by a part of a pixel up, down, left and right."""
    images = parts.x.reshape(-1, 8, 8)
    ways = [(axis, way) for axis in (1, 2) for way in (-1, 1)]
    part = np.float32(distance)
    moved = [(1 - part) * images + part * _moved(images, axis, way) for axis, way in ways]
    return replace(parts, x=np.concatenate([images, *moved]).reshape(-1, 64), y=np.tile(parts.y, 5))


def _moved(images: Array, axis: int, way: int) -> Array:
    """Return images moved by one pixel; what comes in from outside is black."""
    moved = np.roll(images, way, axis=axis)
    edge = 0 if way > 0 else -1
    moved[(slice(None), edge) if axis == 1 else (slice(None), slice(None), edge)] = 0.0
    return moved


def variances(seed: int, *, width: int, depth: int, n_draws: int) -> dict[str, Any]:
    """Return log2 of what a layer does to the variance that comes to it, by activation and init.

    Theory: ReLU under He keeps it, under Glorot (equal widths) halves it with every layer.
    """
    x = np.random.RandomState(seed).standard_normal((64, width)).astype(np.float32)
    found = {}
    for activation, init in (("relu", "he_normal"), ("relu", "glorot_normal"), ("tanh", "glorot_normal")):
        name = f"{activation}_{init.partition('_')[0]}"
        slopes = [
            _variance_slope(x, activation, init, width, depth, seed * n_draws + draw)
            for draw in range(n_draws)
        ]
        found[name] = float(np.mean(slopes))
    return found


def _variance_slope(x: Array, activation: str, init: str, width: int, depth: int, seed: int) -> float:
    """Return log2 of the factor by which a layer changes the mean square of what comes before activations."""
    made = [
        layer
        for _ in range(depth)
        for layer in (
            layers.Dense(width, use_bias=False, kernel_initializer=init),
            layers.Activation(activation),
        )
    ]
    model = Sequential(made, input_shape=(width,), seed=seed)
    model.compile("sgd", "mean_squared_error")
    values = model.trace(x, np.zeros((len(x), width), np.float32)).values
    squares = [
        float(np.mean(np.square(values[f"dense_{place}/output"], dtype=np.float64)))
        for place in (1, depth - 1)
    ]
    return math.log2(squares[1] / squares[0]) / (depth - 2)


def deep_inits(
    seed: int, *, pairs: Sequence[Sequence[str]], depth: int, width: int, epochs: int, rates: Sequence[float]
) -> Mapping[str, float]:
    """Return test accuracies of deep nets by activation and init, each at its own best rate of two draws."""
    parts = nets.digits(seed)
    return {
        f"{activation}_{init.partition('_')[0]}": nets.at_best_rate(
            partial(nets.dense, width, depth, activation, init=init),
            parts,
            seed,
            rates,
            epochs=epochs,
        ).accuracy(parts.x_test, parts.y_test)
        for activation, init in pairs
    }
