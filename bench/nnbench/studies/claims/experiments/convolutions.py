"""Convolutional nets: pooling, shifts, filters, and the dense layers behind."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from nnbench.studies.claims.experiments import nets
from nnbench.studies.claims.experiments.nets import Array, Parts, Trained
from nnkit import Sequential, layers
from nnkit.layers.base import Layer

_CANVAS = 14  # the digits of 8 x 8 lie in the middle of so many pixels, and can move by 3
_RATES = (0.03, 0.1, 0.3, 1.0)
_RELU = (layers.Activation("relu"),)


def on_canvas(x: Array, shift: tuple[int, int] = (0, 0)) -> Array:
    """Return images (n, 14, 14, 1) with the digit in the middle, moved by so many rows and columns."""
    made = np.zeros((len(x), _CANVAS, _CANVAS, 1), np.float32)
    margin = (_CANVAS - 8) // 2
    top, left = margin + shift[0], margin + shift[1]
    made[:, top : top + 8, left : left + 8, 0] = x.reshape(-1, 8, 8)
    return made


def pooled(kind: str, *, filters: int = 8) -> list[Layer]:
    """Return two convolutions, each with this pooling behind it, and a linear head.

    ``none`` leaves the pooling out, ``stride`` moves the filter by two instead, and ``whole`` pools by 2 x 2
    after the first and over the whole map after the second.
    """
    made: list[Layer] = []
    conv = partial(layers.Conv2D, kernel_size=3, padding="same", kernel_initializer="he_normal")
    for place in range(2):
        made += [conv(filters * (place + 1), strides=2 if kind == "stride" else 1), *_RELU]
        if kind == "whole" and place:
            return [*made, layers.GlobalMaxPooling2D(), layers.Dense(10)]
        if kind in ("max", "whole"):
            made += [layers.MaxPooling2D(2)]
        if kind == "average":
            made += [layers.AveragePooling2D(2)]
    return [*made, layers.Flatten(), layers.Dense(10)]


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
        found[kind] = [_accuracy_moved(trained, parts, shift) for shift in shifts]
    return found | {"equivariance_error": equivariance_error(seed, parts.x_test[:20])}


def _accuracy_moved(trained: Trained, parts: Parts, shift: int) -> float:
    each = [trained.accuracy(on_canvas(parts.x_test, way), parts.y_test) for way in _ways(shift)]
    return float(np.mean(each))


def _ways(shift: int) -> list[tuple[int, int]]:
    return [(shift, 0), (-shift, 0), (0, shift), (0, -shift)] if shift else [(0, 0)]


def equivariance_error(seed: int, x: Array) -> float:
    """Return by how much a convolution of moved images differs from the moved maps of the images: nothing."""
    made = [layers.Conv2D(4, 3, padding="same")]
    model = Sequential(made, input_shape=(_CANVAS, _CANVAS, 1), seed=seed)
    still, moved = model.predict(on_canvas(x)), model.predict(on_canvas(x, (1, 0)))
    return float(np.abs(moved[:, 1:] - still[:, :-1]).max())


def filters(seed: int, *, numbers: Sequence[int], epochs: int) -> dict[str, Any]:
    """Return the test accuracy of a net with one convolution of so many filters, each tuned."""
    parts = nets.images(nets.digits(seed))
    found = [_judged(parts, seed, n, 0, epochs) for n in numbers]
    return {"accuracy": found}


def dense_behind(seed: int, *, filters: int, width: int, epochs: int) -> dict[str, float]:
    """Return the test accuracy with one dense layer behind the convolution and with two, each tuned.

    ``one`` has as many more filters as make its parameters as many as those of ``two``; ``bare`` has no more
    filters, and so fewer parameters.
    """
    parts = nets.images(nets.digits(seed))
    two = n_parameters(filters, width)
    wide = min(range(1, 1000), key=lambda n: abs(n_parameters(n, 0) - two))
    shapes = {"two": (filters, width), "one": (wide, 0), "bare": (filters, 0)}
    found = {name: _judged(parts, seed, *shape, epochs) for name, shape in shapes.items()}
    return found | {f"{name}_parameters": float(n_parameters(*shape)) for name, shape in shapes.items()}


def with_dense(filters: int, inner: int) -> list[Layer]:
    """Return a convolution with pooling, ``inner`` hidden units behind it where there are any, and a head."""
    made: list[Layer] = [layers.Conv2D(filters, 3, padding="same", kernel_initializer="he_normal"), *_RELU]
    made += [layers.MaxPooling2D(2), layers.Flatten()]
    made += [layers.Dense(inner, kernel_initializer="he_normal"), *_RELU] if inner else []
    return [*made, layers.Dense(10)]


def n_parameters(filters: int, inner: int) -> int:
    """Return the parameters of that net on images (8, 8, 1)."""
    features = 4 * 4 * filters
    head = features * inner + inner + inner * 10 + 10 if inner else features * 10 + 10
    return 10 * filters + head


def _judged(parts: Parts, seed: int, filters: int, inner: int, epochs: int) -> float:
    trained = nets.at_best_rate(
        partial(with_dense, filters, inner), parts, seed, _RATES, draws=2, epochs=epochs
    )
    return trained.accuracy(parts.x_test, parts.y_test)


def step_times(seed: int, *, kinds: Sequence[str], epochs: int, turns: int) -> dict[str, float]:
    """Return microseconds of a training step by kind of pooling: the least of several turns."""
    parts = nets.digits(seed)
    centred = replace(parts, x=on_canvas(parts.x))
    best = dict.fromkeys(kinds, float("inf"))
    for _ in range(turns):
        for kind in kinds:
            trained = nets.train(pooled(kind), centred, seed, rate=0.1, epochs=epochs)
            best[kind] = min(best[kind], nets.step_us(trained.history))
    return best
