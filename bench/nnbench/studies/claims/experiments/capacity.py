"""Capacity: what wider nets can express, what holds a large one back, and bias and variance."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnbench.studies.claims.experiments import nets
from nnbench.studies.claims.experiments.nets import Array, Parts, Trained
from nnkit import callbacks, datasets, layers
from nnkit.layers.base import Layer

_GRID = 40


def planar(name: str, seed: int, **how: Any) -> Parts:
    """Return points of a plane, drawn and split by the seed."""
    found = datasets.load(name, seed=seed, **how)
    return nets.split(np.array(found.x), np.array(found.y), seed)


def boundary(trained: Trained, reach: float) -> list[list[float]]:
    """Return the class that the net names at each point of a grid, the highest row first."""
    line = np.linspace(-reach, reach, _GRID, dtype=np.float32)
    points = np.stack(np.meshgrid(line, line[::-1]), axis=-1).reshape(-1, 2)
    named = trained.model.predict(points).argmax(axis=1).reshape(_GRID, _GRID)
    return [[float(value) for value in row] for row in named]


def _points(parts: Parts) -> list[list[float]]:
    return [
        [float(a), float(b), float(label)] for (a, b), label in zip(parts.x[:150], parts.y[:150], strict=True)
    ]


_AVERAGED = (*("large", "small", "large_accuracy", "small_accuracy", "bare", "by_strength", "by_size"),)


def _fitted(made: Any, parts: Parts, seed: int, rates: Sequence[float], epochs: int) -> Trained:
    """Return the net that fits the training rows best, of three draws at each rate: what can be fitted."""
    tried = [
        nets.train(made(), parts, 3 * seed + draw, rate=rate, epochs=epochs, optimizer="adam")
        for rate in rates
        for draw in range(3)
    ]
    losses = [each.loss(parts.x, parts.y) for each in tried]
    return tried[int(np.nanargmin(losses))]


def units_and_layers(
    seed: int, *, widths: Sequence[int], depths: Sequence[int], rates: Sequence[float], epochs: int
) -> dict[str, Any]:
    """Return the training error on two spirals by width and by depth, and the share of one class found.

    Layers of the deep nets have the middle one of the widths. Every net is trained at the rate that fits the
    training rows best, from the best of three draws of its weights.
    """
    middle = widths[len(widths) // 2]
    parts = planar("spirals", seed, n_classes=2, n_samples=400, noise=0.1, turns=1.0)

    def fitted(width: int, depth: int) -> Trained:
        def make() -> list[Layer]:
            return nets.dense(width, depth, "tanh", init="glorot_uniform", n_outputs=2)

        return _fitted(make, parts, seed, rates, epochs)

    wide = [fitted(width, 1) for width in widths]
    deep = [fitted(middle, depth) for depth in depths]
    is_red = parts.y == 1
    found: dict[str, Any] = {
        "recall": [float(np.mean(each.model.predict(parts.x[is_red]).argmax(1) == 1)) for each in wide],
        "error": [1 - each.accuracy(parts.x, parts.y) for each in wide],
        "depth_error": [1 - each.accuracy(parts.x, parts.y) for each in deep],
        "points": _points(parts),
    }
    return found | {f"boundary_{w}": boundary(each, 1.3) for w, each in zip(widths, wide, strict=True)}


def size_or_strength(
    seed: int,
    *,
    large: int,
    small: Sequence[int],
    strengths: Sequence[float],
    rates: Sequence[float],
    epochs: int,
    n_rows: int,
) -> dict[str, Any]:
    """Return the test loss of a large net at the best strength of L2, and of the best small net without.

    Strength or size, and the rate, are chosen on the rows to choose by. Numbers are means over three draws of
    the points; the pictures are of the first.
    """
    draws = [
        _sized(planar("moons", 3 * seed + draw, noise=0.3, n_samples=1000).first(n_rows), seed, large, small,
               strengths, rates, epochs)
        for draw in range(3)
    ]  # fmt: skip
    means = {name: np.mean([each[name] for each in draws], axis=0).tolist() for name in _AVERAGED}
    return {**draws[0], **means}


def _sized(
    parts: Parts,
    seed: int,
    large: int,
    small: Sequence[int],
    strengths: Sequence[float],
    rates: Sequence[float],
    epochs: int,
) -> dict[str, Any]:
    def trained(width: int, strength: float) -> Trained:
        made: list[Layer] = [layers.Dense(width, activation="tanh", kernel_l2=strength) for _ in range(2)]
        made = [*made, layers.Dense(2, kernel_l2=strength)]
        tried = [nets.train(made, parts, seed, rate=rate, epochs=epochs, optimizer="adam") for rate in rates]
        return _chosen(tried, parts)

    held = [trained(large, strength) for strength in strengths]
    free = [trained(width, 0.0) for width in small]
    bare = trained(large, 0.0)
    best = {name: _chosen(each, parts) for name, each in (("large", held), ("small", free))}
    found: dict[str, Any] = {name: pure_loss(each, parts.x_test, parts.y_test) for name, each in best.items()}
    found |= {f"{name}_accuracy": each.accuracy(parts.x_test, parts.y_test) for name, each in best.items()}
    return {
        **found,
        "bare": pure_loss(bare, parts.x_test, parts.y_test),
        "by_strength": [pure_loss(each, parts.x_test, parts.y_test) for each in held],
        "by_size": [pure_loss(each, parts.x_test, parts.y_test) for each in free],
        "boundary_bare": boundary(bare, 2.5),
        "boundary_held": boundary(best["large"], 2.5),
        "points": _points(parts),
    }


def _chosen(tried: Sequence[Trained], parts: Parts) -> Trained:
    losses = [pure_loss(each, parts.x_validation, parts.y_validation) for each in tried]
    return tried[int(np.argmin(losses))]


def pure_loss(trained: Trained, x: Array, y: Array) -> float:
    """Return the mean cross-entropy without any penalty."""
    return cross_entropy(probabilities(trained.model.predict(x)), y)


def probabilities(logits: Array) -> Array:
    grown = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    found: Array = grown / grown.sum(axis=1, keepdims=True)
    return found


def cross_entropy(shares: Array, y: Array) -> float:
    return float(-np.mean(np.log(np.maximum(shares[np.arange(len(y)), y], 1e-12))))


def bias_and_variance(
    seed: int, *, widths: Sequence[int], n_rows: int, n_splits: int, ridge: float
) -> dict[str, Any]:
    """Return the test error, its squared bias and its variance by width, over nets fitted to so many samples.

    The nets have ReLU units with random weights, and a linear head that is fitted exactly (least squares, and
    of all that interpolate the one of smallest norm, but for a tiny ``ridge``): the setting of Belkin et al.
    (2019). What is learned is whether a digit is at least 5, as -1 or 1, with noise of variance 0.25 added.
    """
    parts = nets.digits(seed)
    stream = np.random.RandomState(seed)
    # Centred: of units on pixels, which are never negative, most would answer to all digits or to none.
    centre = parts.x.mean(axis=0)
    aim, x_train, x_test = _sign(parts.y), parts.x - centre, parts.x_test - centre
    predictions = np.empty((len(widths), n_splits, len(x_test)))
    for split in range(n_splits):
        rows = stream.permutation(len(aim))[:n_rows]
        noisy = aim[rows] + 0.5 * stream.normal(size=n_rows)
        for place, width in enumerate(widths):
            weights = stream.normal(size=(x_test.shape[1] + 1, width)) * np.sqrt(2 / x_test.shape[1])
            head = fitted_head(_random_features(x_train[rows], weights), noisy, ridge)
            predictions[place, split] = _random_features(x_test, weights) @ head
    squared_bias, variance, error = decomposed(predictions, _sign(parts.y_test))
    return {"bias": squared_bias.tolist(), "variance": variance.tolist(), "error": error.tolist()}


def _sign(y: Array) -> Array:
    found: Array = np.where(y >= 5, 1.0, -1.0)
    return found


def _random_features(x: Array, weights: Array) -> Array:
    found: Array = np.maximum(x.astype(np.float64) @ weights[:-1] + weights[-1], 0)
    return found


def fitted_head(features: Array, y: Array, ridge: float) -> Array:
    """Return the weights ``(F'F + ridge·I)⁻¹ F'y``; of all that interpolate, the smallest."""
    rows, width = features.shape
    if width > rows:  # the same weights, from the smaller system
        held: Array = features.T @ np.linalg.solve(features @ features.T + ridge * np.eye(rows), y)
        return held
    found: Array = np.linalg.solve(features.T @ features + ridge * np.eye(width), features.T @ y)
    return found


def decomposed(predictions: Array, aim: Array) -> tuple[Array, Array, Array]:
    """Return squared bias, variance and error, their sum, of predictions (…, fits, rows).

    ``mean (f - y)² = mean (f̄ - y)² + mean (f - f̄)²``, with f̄ the mean over the fits of one row.
    """
    centre = predictions.mean(axis=-2, keepdims=True)
    squared_bias = ((centre[..., 0, :] - aim) ** 2).mean(axis=-1)
    variance = ((predictions - centre) ** 2).mean(axis=(-1, -2))
    return squared_bias, variance, ((predictions - aim) ** 2).mean(axis=(-1, -2))


def early_stopping(
    seed: int, *, width: int, n_rows: int, wrong: float, rate: float, epochs: int
) -> dict[str, Any]:
    """Return the test loss and accuracy with the weights of the best epoch restored, and after running on.

    A share of the training labels is ``wrong``; the best epoch is best on the rows to choose by.
    """
    parts = nets.digits(seed).first(n_rows)
    stream = np.random.RandomState(seed)
    labels = np.where(stream.random_sample(n_rows) < wrong, stream.randint(0, 10, n_rows), parts.y)
    parts = Parts(parts.x, labels.astype(np.int32), *_rest(parts))
    validation = parts.x_validation, parts.y_validation
    found: dict[str, Any] = {}
    for name, given in (("stopped", (callbacks.EarlyStopping("val_loss", patience=epochs),)), ("ran_on", ())):
        trained = nets.train(
            nets.dense(width, 2, "relu"), parts, seed, rate=rate, epochs=epochs, validation_data=validation,
            callbacks=given,
        )  # fmt: skip
        found[name] = pure_loss(trained, parts.x_test, parts.y_test)
        found[f"{name}_accuracy"] = trained.accuracy(parts.x_test, parts.y_test)
        found["curve"] = trained.history.history["val_loss"]
    return found


def _rest(parts: Parts) -> tuple[Array, Array, Array, Array]:
    return parts.x_validation, parts.y_validation, parts.x_test, parts.y_test


def dropout_and_ensemble(
    seed: int,
    *,
    rates: Sequence[float],
    learning_rates: Sequence[float],
    width: int,
    n_rows: int,
    epochs: int,
    members: int,
    data: str = "digits",
) -> dict[str, Any]:
    """Return the gap between test and training loss by dropout rate, the best rate, and an ensemble.

    Every rate is trained at its own best learning rate. The ensemble is the average of the probabilities of
    ``members`` nets without dropout, which differ in their weights alone.
    """
    parts = (nets.digits(seed) if data == "digits" else mnist(seed, n_rows)).first(n_rows)
    where = parts.x_test, parts.y_test
    tuned = []
    for share in rates:

        def make(share: float = share) -> list[Layer]:
            return nets.dense(width, 2, "relu", dropout=share)

        tuned.append(nets.at_best_rate(make, parts, seed, learning_rates, epochs=epochs))
    held = [pure_loss(each, parts.x_validation, parts.y_validation) for each in tuned[1:]]
    best, alone = tuned[1 + int(np.argmin(held))], tuned[0]
    rate = nets.best_rate(lambda: nets.dense(width, 2, "relu"), parts, seed, learning_rates, epochs=epochs)
    nets_alike = [alone] + [
        nets.train(nets.dense(width, 2, "relu"), parts, seed + 10_000 * k, rate=rate, epochs=epochs)
        for k in range(1, members)
    ]
    averaged = np.mean([probabilities(each.model.predict(parts.x_test)) for each in nets_alike], axis=0)
    return {
        "gap": [pure_loss(each, *where) - pure_loss(each, parts.x, parts.y) for each in tuned],
        "loss": [pure_loss(each, *where) for each in tuned],
        "best": best.accuracy(*where),
        "alone": alone.accuracy(*where),
        "ensemble": float(np.mean(averaged.argmax(axis=1) == parts.y_test)),
        "best_loss": pure_loss(best, *where),
        "alone_loss": pure_loss(alone, *where),
        "ensemble_loss": cross_entropy(averaged, parts.y_test),
    }


def mnist(seed: int, n_rows: int) -> Parts:
    """Return so many rows of MNIST to train on, 2,000 to choose by, and 5,000 of its test part."""
    x, y = nets.mnist()
    stream = np.random.RandomState(seed)
    rows, judged = stream.permutation(60_000)[: n_rows + 2_000], 60_000 + stream.permutation(10_000)[:5_000]
    train, choose = rows[:n_rows], rows[n_rows:]
    return Parts(x[train], y[train], x[choose], y[choose], x[judged], y[judged])
