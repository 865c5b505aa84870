"""What single hidden units answer to, and what a net loses without one of them."""

from typing import Any

import numpy as np

from nnbench.studies.claims.experiments import nets
from nnbench.studies.claims.experiments.nets import Array
from nnkit import layers

_SHOWN = 16


def one_unit_one_feature(seed: int, *, width: int, epochs: int, rate: float) -> dict[str, Any]:
    """Return how selective hidden units are, how many answer to one class alone, and what each is worth.

    The net is 64-``width``-10 with ReLU on digits. A unit answers to one class where its mean activity is
    more than half of its activity over all classes. It is taken out by setting its outgoing weights to 0.
    """
    parts = nets.digits(seed)
    made = [layers.Dense(width, activation="relu", kernel_initializer="he_normal"), layers.Dense(10)]
    trained = nets.train(made, parts, seed, rate=rate, epochs=epochs)
    first, bias, second, shift = trained.model.get_weights()
    hidden = np.maximum(parts.x_test @ first + bias, 0)
    means = class_means(hidden, parts.y_test)
    alive = means.sum(axis=0) > 0
    share = means[:, alive].max(axis=0) / means[:, alive].sum(axis=0)
    lost = loss_without_each(hidden, second, shift, parts.y_test)
    active = (hidden > 0).mean(axis=1) * width
    return {
        "selectivity": float(selectivity(means[:, alive]).mean()),
        "one_class": float((share > 0.5).mean()),
        "worth": float(lost.mean()),
        "worth_most": float(lost.max()),
        "active_units": float(active.mean()),
        "accuracy": trained.accuracy(parts.x_test, parts.y_test),
        "accuracy_lost": float(accuracy_lost(hidden, second, shift, parts.y_test).mean()),
        "pictures": pictures(first[:, :_SHOWN]).tolist(),
    }


def class_means(hidden: Array, y: Array) -> Array:
    """Return the mean activity of every unit on each of the ten classes: (10, units)."""
    return np.stack([hidden[y == label].mean(axis=0) for label in range(10)])


def selectivity(means: Array) -> Array:
    """Return ``(largest - mean of others) / (largest + mean of others)`` of each unit: 1 is one class alone.

    The class selectivity of Morcos et al. (2018), arXiv:1803.06959.
    """
    largest = means.max(axis=0)
    others = (means.sum(axis=0) - largest) / (len(means) - 1)
    found: Array = (largest - others) / (largest + others)
    return found


def _without_each(hidden: Array, weights: Array, bias: Array) -> Array:
    """Return the logits without each unit in turn: (units, rows, 10)."""
    whole = hidden @ weights + bias
    without: Array = whole[None] - hidden.T[:, :, None] * weights[:, None, :]
    return without


def _cross_entropy(logits: Array, y: Array) -> Array:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    picked = np.take_along_axis(shifted, np.broadcast_to(y[:, None], (*shifted.shape[:-1], 1)), axis=-1)[
        ..., 0
    ]
    found: Array = (np.log(np.exp(shifted).sum(axis=-1)) - picked).mean(axis=-1)
    return found


def loss_without_each(hidden: Array, weights: Array, bias: Array, y: Array) -> Array:
    """Return by how much the mean cross-entropy grows when each unit is taken out."""
    return _cross_entropy(_without_each(hidden, weights, bias), y) - _cross_entropy(
        hidden @ weights + bias, y
    )


def accuracy_lost(hidden: Array, weights: Array, bias: Array, y: Array) -> Array:
    """Return the share of right answers that is lost when each unit is taken out."""
    whole = np.mean((hidden @ weights + bias).argmax(axis=-1) == y)
    found: Array = whole - np.mean(_without_each(hidden, weights, bias).argmax(axis=-1) == y, axis=-1)
    return found


def pictures(columns: Array) -> Array:
    """Return the weights of several units as one image: rows of four pictures of 8 x 8."""
    n_rows = -(-columns.shape[1] // 4)
    canvas = np.zeros((9 * n_rows - 1, 9 * 4 - 1))
    for place in range(columns.shape[1]):
        top, left = 9 * (place // 4), 9 * (place % 4)
        canvas[top : top + 8, left : left + 8] = columns[:, place].reshape(8, 8)
    return canvas
