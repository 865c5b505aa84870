"""Convolutional nets: pooling, shifts, filters, and the dense layers behind."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from nnbench.studies.claims.experiments import nets
from nnbench.studies.claims.experiments.nets import Array, Parts
from nnkit import Sequential, layers
from nnkit.layers.base import Layer

_CANVAS = 14  # the digits of 8 x 8 lie in the middle of so many pixels, and can move by 3
_RATES = (0.03, 0.1, 0.3)


def on_canvas(x: Array, shift: tuple[int, int] = (0, 0)) -> Array:
    """Return images (n, 14, 14, 1) with the digit in the middle, moved by so many rows and columns."""
    made = np.zeros((len(x), _CANVAS, _CANVAS, 1), np.float32)
    margin = (_CANVAS - 8) // 2
    top, left = margin + shift[0], margin + shift[1]
    made[:, top : top + 8, left : left + 8, 0] = x.reshape(-1, 8, 8)
    return made


def pooled(kind: str, *, filters: int = 8) -> list[Layer]:
    """Return two convolutions, each with this pooling behind it, and a linear head.

    ``none`` leaves the pooling out, ``stride`` moves the filter by two instead, and ``global`` pools by 2 x 2
    after the first and over the whole map after the second.
    """
    made: list[Layer] = []
    for place in range(2):
        stride = 2 if kind == "stride" else 1
        made += [
            layers.Conv2D(
                filters * (place + 1), 3, strides=stride, padding="same", kernel_initializer="he_normal"
            )
        ]
        made += [*_RELU]
        if kind == "global" and place:
            return [*made, layers.GlobalAveragePooling2D(), layers.Dense(10)]
        if kind in ("max", "global"):
            made += [layers.MaxPooling2D(2)]
        if kind == "average":
            made += [layers.AveragePooling2D(2)]
    return [*made, layers.Flatten(), layers.Dense(10)]


_RELU = (layers.Activation("relu"),)


def accuracy_under_shift(
    seed: int, *, kinds: Sequence[str], shifts: Sequence[int], epochs: int
) -> dict[str, Any]:
    """Return the test accuracy when digits move by so many pixels, for each kind of pooling, tuned.

    The nets see the digits in the middle alone; for each distance the mean over the four directions counts.
    """
    parts = nets.digits(seed)
    centred = replace(parts, x=on_canvas(parts.x), x_validation=on_canvas(parts.x_validation))
    found: dict[str, Any] = {}
    for kind in kinds:
        trained = nets.at_best_rate(partial(pooled, kind), centred, seed, _RATES, epochs=epochs)
        found[kind] = [
            float(
                np.mean(
                    [trained.accuracy(on_canvas(parts.x_test, way), parts.y_test) for way in _ways(shift)]
                )
            )
            for shift in shifts
        ]
    return {**found, **_equivariance(seed, parts)}


def _ways(shift: int) -> list[tuple[int, int]]:
    return [(shift, 0), (-shift, 0), (0, shift), (0, -shift)] if shift else [(0, 0)]


def _equivariance(seed: int, parts: Parts) -> dict[str, float]:
    """Return by how much a convolution of moved images differs from the moved maps of the images: nothing."""
    made = [layers.Conv2D(4, 3, padding="same")]
    model = Sequential(made, input_shape=(_CANVAS, _CANVAS, 1), seed=seed)
    x = parts.x_test[:20]
    still, moved = model.predict(on_canvas(x)), model.predict(on_canvas(x, (1, 0)))
    return {"equivariance_error": float(np.abs(moved[:, 1:] - still[:, :-1]).max())}


def filters(seed: int, *, numbers: Sequence[int], epochs: int) -> dict[str, Any]:
    """Return the test accuracy of a net with one convolution of so many filters, each tuned."""
    parts = nets.images(nets.digits(seed))

    def make(n: int) -> list[Layer]:
        pooling = [layers.MaxPooling2D(2), layers.Flatten(), layers.Dense(10)]
        return [layers.Conv2D(n, 3, padding="same"), layers.Activation("relu"), *pooling]

    where = parts.x_test, parts.y_test
    found = [nets.at_best_rate(partial(make, n), parts, seed, _RATES, epochs=epochs) for n in numbers]
    return {"accuracy": [each.accuracy(*where) for each in found]}


def dense_behind(seed: int, *, filters: int, width: int, epochs: int) -> dict[str, float]:
    """Return the test accuracy with one dense layer behind the convolution and with two, each tuned.

    The net with one has as many more filters as make its parameters as many.
    """
    parts = nets.images(nets.digits(seed))

    def make(n: int, inner: int) -> list[Layer]:
        made: list[Layer] = [layers.Conv2D(n, 3, padding="same"), *_RELU, layers.MaxPooling2D(2)]
        made += [layers.Flatten()]
        made += [layers.Dense(inner), *_RELU] if inner else []
        return [*made, layers.Dense(10)]

    two = _n_parameters(filters, width)
    one = min(range(1, 1000), key=lambda n: abs(_n_parameters(n, 0) - two))
    found = {}
    for name, made in (("two", (filters, width)), ("one", (one, 0))):
        trained = nets.at_best_rate(partial(make, *made), parts, seed, _RATES, epochs=epochs)
        found[name] = trained.accuracy(parts.x_test, parts.y_test)
        found[f"{name}_parameters"] = float(_n_parameters(*made))
    return found


def _n_parameters(filters: int, inner: int) -> int:
    """Return the parameters of a convolution on (8, 8, 1), pooled, ``inner`` units, and ten outputs."""
    features = 4 * 4 * filters
    head = features * inner + inner + inner * 10 + 10 if inner else features * 10 + 10
    return 10 * filters + head


def seconds_per_step(seed: int, *, kinds: Sequence[str], epochs: int, turns: int) -> Mapping[str, float]:
    """Return microseconds of a training step by kind of pooling, the best of turns; accuracies too."""
    parts = nets.digits(seed)
    centred = replace(parts, x=on_canvas(parts.x))
    best = dict.fromkeys(kinds, float("inf"))
    found: dict[str, float] = {}
    for _ in range(turns):
        for kind in kinds:
            began = time.perf_counter()
            trained = nets.train(pooled(kind), centred, seed, rate=0.1, epochs=epochs)
            spent = trained.history.train_s or time.perf_counter() - began
            best[kind] = min(best[kind], 1e6 * spent / max(1, trained.history.stopped_at))
            found[f"{kind}_accuracy"] = trained.accuracy(on_canvas(parts.x_test), parts.y_test)
    return {**found, **best}
