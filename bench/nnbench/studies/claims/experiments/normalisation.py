"""Batch normalisation: which rates and scales it forgives, what small batches cost it, and why it works."""

import math
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from nnbench.studies.claims.experiments import nets
from nnbench.studies.claims.experiments.nets import Array, Parts
from nnkit import Sequential, layers
from nnkit.callbacks import Callback
from nnkit.layers.base import Layer

_LOSS = "sparse_categorical_crossentropy"
_STEEP = 0.05 * 0.25  # a sigmoid is saturated where its slope is below a twentieth of its steepest
_MOMENTUM = 0.9


def normed(
    width: int, depth: int, activation: str, place: str, *, init: str = "he_normal", dropout: float = 0.0
) -> list[Layer]:
    """Return hidden layers with batch normalisation ``before`` or ``after``, ``layer`` or none."""
    made: list[Layer] = []
    for _ in range(depth):
        made += [layers.Dense(width, kernel_initializer=init)]
        made += [layers.BatchNormalization(momentum=_MOMENTUM)] if place == "before" else []
        made += [layers.LayerNormalization()] if place == "layer" else []
        made += [layers.Activation(activation)]
        made += [layers.BatchNormalization(momentum=_MOMENTUM)] if place == "after" else []
        made += [layers.Dropout(dropout)] if dropout else []
    return [*made, layers.Dense(10)]


def forgiveness(
    seed: int, *, width: int, depth: int, epochs: int, rates: Sequence[float], scales: Sequence[float]
) -> dict[str, Any]:
    """Return accuracies over rates and over scales of the initial weights, with and without normalisation.

    ``rates_width`` and ``scales_width`` count the decades in which the accuracy is at least 95 % of the net's
    own best; a scale multiplies all initial weights, and the rate is then the net's best of those.
    """
    parts = nets.digits(seed)
    where = parts.x_test, parts.y_test
    found: dict[str, Any] = {}
    for name, place in (("plain", "none"), ("bn", "before")):
        over_rates = [
            nets.train(normed(width, depth, "relu", place), parts, seed, rate=rate, epochs=epochs).accuracy(
                *where
            )
            for rate in rates
        ]
        best = rates[int(np.argmax(over_rates))]
        over_scales = [
            _at_scale(normed(width, depth, "relu", place), parts, seed, best, scale, epochs)
            for scale in scales
        ]
        found |= {
            f"{name}_rates": over_rates,
            f"{name}_scales": over_scales,
            f"{name}_rates_width": _decades(rates, over_rates),
            f"{name}_scales_width": _decades(scales, over_scales),
            f"{name}_highest_rate": math.log10(_highest(rates, over_rates)),
        }
    return found


def _at_scale(
    made: Sequence[Layer], parts: Parts, seed: int, rate: float, scale: float, epochs: int
) -> float:
    model = Sequential(made, input_shape=parts.x.shape[1:], seed=seed)
    model.compile(nets.optimizer_at("sgd", rate), _LOSS, metrics=("accuracy",))
    for name, value in model.parameters.items():
        if name.endswith("/kernel"):
            value *= scale
    history = model.fit(parts.x, parts.y, batch_size=32, epochs=epochs)
    finite = all(np.isfinite(value).all() for value in model.parameters.values())
    trained = nets.Trained(model, history, finite and history.status != "diverged")
    return trained.accuracy(parts.x_test, parts.y_test)


def _good(scores: Sequence[float]) -> list[bool]:
    return [score >= 0.95 * max(scores) for score in scores]


def _decades(xs: Sequence[float], scores: Sequence[float]) -> float:
    """Return the decades over which the scores are good: each x stands for the room to its neighbours."""
    steps = math.log10(xs[-1] / xs[0]) / (len(xs) - 1)
    return steps * sum(_good(scores))


def _highest(xs: Sequence[float], scores: Sequence[float]) -> float:
    return max(x for x, good in zip(xs, _good(scores), strict=True) if good)


def with_and_without(
    seed: int, *, width: int, depth: int, epochs: int, rates: Sequence[float], target: float
) -> dict[str, float]:
    """Return the steps of tuned sigmoid nets to a training loss, and the share of saturated outputs."""
    parts = nets.digits(seed)
    planned = nets.planned_steps(parts, epochs)
    found: dict[str, float] = {}
    for name, place in (("plain", "none"), ("bn", "before")):
        make = partial(normed, width, depth, "sigmoid", place)
        trained = nets.at_best_rate(make, parts, seed, rates, epochs=epochs)
        found[f"{name}_steps"] = nets.first_below(trained.history.step_loss, target, planned)
        found[f"{name}_saturated"] = _saturated(trained.model, parts)
    return found


def regularising(
    seed: int, *, rows: int, rates: Sequence[float], dropout: Sequence[float], epochs: int
) -> dict[str, float]:
    """Return test accuracy and gap of losses from few rows: bare, with dropout, normalised; each tuned."""
    parts = nets.digits(seed).first(rows)
    tries: dict[str, list[dict[str, Any]]] = {
        "plain": [{}],
        "dropout": [{"dropout": share} for share in dropout],
        "bn": [{"norm": True}],
    }
    found: dict[str, float] = {}
    for name, options in tries.items():
        made = [
            nets.at_best_rate(partial(nets.dense, 64, 2, "relu", **given), parts, seed, rates, epochs=epochs)
            for given in options
        ]
        best = max(made, key=lambda each: each.accuracy(parts.x_validation, parts.y_validation))
        found[f"{name}_accuracy"] = best.accuracy(parts.x_test, parts.y_test)
        found[f"{name}_gap"] = best.loss(parts.x_test, parts.y_test) - best.loss(parts.x, parts.y)
    return found


def _saturated(model: Sequential, parts: Parts) -> float:
    """Return the share of hidden sigmoid outputs whose slope is below a twentieth of the steepest."""
    values = model.trace(parts.x, parts.y).values
    outputs = [value for name, value in values.items() if name.startswith("activation_")]
    return float(np.mean([np.mean(value * (1.0 - value) < _STEEP) for value in outputs]))


def small_batches(
    seed: int, *, batches: Sequence[int], updates: int, epochs: int, rates: Sequence[float]
) -> dict[str, Any]:
    """Return test errors by batch size with batch and with layer normalisation, each tuned at each batch.

    Once with as many updates for all, and once with as many epochs.
    """
    parts = nets.digits(seed)
    found: dict[str, Any] = {}
    for name, place in (("bn", "before"), ("ln", "layer")):
        for rule in ("updates", "epochs"):
            found[f"{name}_{rule}"] = [
                _test_error(place, parts, seed, batch, rule, updates, epochs, rates) for batch in batches
            ]
    return found


def _test_error(
    place: str,
    parts: Parts,
    seed: int,
    batch: int,
    rule: str,
    updates: int,
    epochs: int,
    rates: Sequence[float],
) -> float:
    an_epoch = math.ceil(len(parts.x) / batch)
    rounds = epochs if rule == "epochs" else max(1, round(updates / an_epoch))
    trained = nets.at_best_rate(
        lambda: normed(48, 2, "relu", place), parts, seed, rates, epochs=rounds, batch_size=batch
    )
    return 1.0 - trained.accuracy(parts.x_test, parts.y_test)


def before_or_after(
    seed: int, *, activations: Sequence[str], width: int, depth: int, epochs: int, rates: Sequence[float]
) -> dict[str, float]:
    """Return test accuracies with the normalisation before and after each activation, tuned.

    Each is the mean of three draws of the weights at the one best rate.
    """
    parts = nets.digits(seed)
    return {
        f"{activation}_{place}": _of_three(make, parts, seed, rates, epochs)
        for activation in activations
        for place in ("before", "after")
        if (make := partial(normed, width, depth, activation, place))
    }


def _of_three(make: nets.MakeLayers, parts: Parts, seed: int, rates: Sequence[float], epochs: int) -> float:
    rate = nets.best_rate(make, parts, seed, rates, epochs=epochs)
    made = [nets.train(make(), parts, 3 * seed + draw, rate=rate, epochs=epochs) for draw in range(3)]
    return float(np.mean([each.accuracy(parts.x_test, parts.y_test) for each in made]))


def slower_with_dropout(
    seed: int, *, shares: Sequence[float], rates: Sequence[float], target: float, epochs: int
) -> dict[str, Any]:
    """Return steps until the validation loss is below a target, by share of dropout, each tuned."""
    parts = nets.digits(seed)
    steps = []
    for share in shares:
        tried = [_epochs_to(share, rate, parts, seed + 1_000_000, target, epochs) for rate in rates]
        steps.append(_epochs_to(share, rates[int(np.argmin(tried))], parts, seed, target, epochs))
    return {"steps": steps}


def _epochs_to(share: float, rate: float, parts: Parts, seed: int, target: float, epochs: int) -> float:
    """Return the steps, to a part of an epoch, until the loss of the rows to choose by is below a target."""
    made = normed(64, 2, "relu", "none", dropout=share)
    where = parts.x_validation, parts.y_validation
    trained = nets.train(made, parts, seed, rate=rate, epochs=epochs, validation_data=where)
    losses = trained.history.history["val_loss"]
    an_epoch = math.ceil(len(parts.x) / 32)
    before = math.log(10.0)
    for place, loss in enumerate(losses):
        if loss < target:
            return an_epoch * (place + (before - target) / (before - loss))
        before = loss
    return float(an_epoch * epochs)


def step_seconds(seed: int, *, epochs: int, turns: int) -> dict[str, float]:
    """Return microseconds of a training step without and with dropout, the best of several turns."""
    parts = nets.digits(seed)
    best = {"without": math.inf, "with": math.inf}
    for _ in range(turns):
        for name, share in (("without", 0.0), ("with", 0.5)):
            made = normed(64, 2, "relu", "none", dropout=share)
            began = time.perf_counter()
            trained = nets.train(made, parts, seed, rate=0.1, epochs=epochs)
            spent = trained.history.train_s or time.perf_counter() - began
            best[name] = min(best[name], 1e6 * spent / trained.history.stopped_at)
    return {"without_us": best["without"], "with_us": best["with"]}


class _Watch(Callback):
    """Keeps, at the end of some epochs, the percentiles of what one unit of the last hidden layer gets."""

    def __init__(self, layer: str, x: Array, every: int) -> None:
        self.layer, self.x, self.every = layer, x, every
        self.rows: list[list[float]] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if epoch % self.every == 0:
            values = self.model.trace(self.x, np.zeros(len(self.x), np.int32)).values[self.layer]
            self.rows.append([float(each) for each in np.percentile(values[:, 0], (15, 50, 85))])


def papers_net(
    seed: int,
    *,
    dataset: str,
    steps: int,
    points: int,
    rates: Sequence[float],
    tuning_share: float,
    stddev: float = 0.05,
) -> dict[str, Any]:
    """Return test accuracy over the steps of 3 x 100 sigmoid units in batches of 60, with and without.

    Weights begin normal with a small deviation. The rate of each net is the best of those on the rows to
    choose by, in a share of the steps. ``low``, ``middle`` and ``high`` are the percentiles 15, 50 and 85 of
    the inputs of one unit of the last hidden layer; ``drift`` is the standard deviation of the moves of the
    middle from one point to the next.
    """
    parts = nets.digits(seed) if dataset == "digits" else _mnist(seed)
    an_epoch = math.ceil(len(parts.x) / 60)
    epochs = max(points, round(steps / an_epoch))
    init = f"random_normal(stddev={stddev})"
    found: dict[str, Any] = {}
    for name, place in (("plain", "none"), ("bn", "before")):
        made = normed(100, 3, "sigmoid", place, init=init)
        short = max(1, round(epochs * tuning_share))
        best = nets.best_rate(
            partial(normed, 100, 3, "sigmoid", place, init=init),
            parts,
            seed,
            rates,
            epochs=short,
            batch_size=60,
        )
        layer = "batch_normalization_2/output" if place == "before" else "dense_2/output"
        watch = _Watch(layer, parts.x_test[:500], max(1, epochs // points))
        where = parts.x_test, parts.y_test
        trained = nets.train(
            made,
            parts,
            seed,
            rate=best,
            epochs=epochs,
            batch_size=60,
            validation_data=where,
            callbacks=[watch],
        )
        curve = trained.history.history["val_accuracy"][:: max(1, epochs // points)]
        low, middle, high = np.array(watch.rows).T.tolist()
        found |= {
            f"{name}_curve": curve,
            f"{name}_final": trained.accuracy(*where),
            f"{name}_low": low,
            f"{name}_middle": middle,
            f"{name}_high": high,
            f"{name}_drift": float(np.std(np.diff(middle))),
            f"{name}_rate": best,
        }
        reached = trained.history.history["val_accuracy"]
        found[f"{name}_accuracies"] = reached[:: max(1, len(reached) // 100)]
        found[f"{name}_epochs_to_plain"] = _epochs_to_reach(reached, found["plain_final"])
    n = len(found["plain_curve"])
    found["steps"] = [an_epoch * max(1, epochs // points) * place + an_epoch for place in range(n)]
    found["faster"] = float(epochs) / found["bn_epochs_to_plain"]
    return found


def _epochs_to_reach(accuracies: Sequence[float], wanted: float) -> float:
    return float(next((n + 1 for n, value in enumerate(accuracies) if value >= wanted), len(accuracies)))


def _mnist(seed: int) -> Parts:
    """Return MNIST's own parts: 5,000 rows of the training part are those to choose by."""
    x, y = nets.mnist()
    order = np.random.RandomState(seed).permutation(60_000)
    train, choose = order[5_000:], order[:5_000]
    return Parts(x[train], y[train], x[choose], y[choose], x[60_000:], y[60_000:])
