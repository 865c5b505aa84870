"""Losses on the outputs of the last layer (logits, where there are classes), and weight penalties.

Every loss returns (value, gradient): the mean over the batch, and its derivative by the outputs. Those that
are written as values alone are differentiated by a complex step, which is exact to the last digits.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.reference.activations import sigmoid, softplus

Array = NDArray[np.float64]
Labels = NDArray[np.integer]
Loss = tuple[float, Array]
_STEP = 1e-40
_LEAST = 1e-7  # Keras's epsilon


def stepped(value: Callable[..., Any]) -> Callable[..., Loss]:
    """Return (value, gradient) of a function of outputs that may be complex: d = Im f(y + ih) / h."""

    @wraps(value)
    def loss(outputs: Array, targets: Any, **options: Any) -> Loss:
        start = outputs.astype(complex)
        gradient = np.empty(outputs.shape)
        for place in np.ndindex(outputs.shape):
            start[place] += 1j * _STEP
            gradient[place] = np.imag(value(start, targets, **options)) / _STEP
            start[place] -= 1j * _STEP
        return float(np.real(value(start, targets, **options))), gradient

    return loss


def size(d: Any) -> Any:
    """|d|, of complex numbers with a step in them."""
    return np.where(np.real(d) < 0, -d, d)


def log_softmax(logits: Any) -> Any:
    """log(exp(z_k) / sum of exp(z_j)), after taking off the row maximum so that nothing overflows."""
    shifted = logits - np.real(logits).max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def softmax(logits: Any) -> Any:
    return np.exp(log_softmax(logits))


def categorical_crossentropy(logits: Array, targets: Array, *, label_smoothing: float = 0.0) -> Loss:
    """- sum of t_k log p_k, mean over all rows; smoothing mixes the targets with 1 / classes (Keras)."""
    n_classes = logits.shape[-1]
    n_rows = logits.size // n_classes
    smoothed = targets * (1 - label_smoothing) + label_smoothing / n_classes
    value = -np.sum(smoothed * log_softmax(logits)) / n_rows
    total = smoothed.sum(axis=-1, keepdims=True)
    return float(value), (total * softmax(logits) - smoothed) / n_rows


def sparse_categorical_crossentropy(
    logits: Array, labels: Labels, *, label_smoothing: float = 0.0, ignore_label: int | None = None
) -> Loss:
    """The same with one class number per row instead of a distribution; the mean is over what counts."""
    counts = labels != ignore_label
    value, known = categorical_crossentropy(
        logits[counts], np.eye(logits.shape[-1])[labels[counts]], label_smoothing=label_smoothing
    )
    gradient = np.zeros_like(logits)
    gradient[counts] = known
    return value, gradient


def binary_crossentropy(logits: Array, targets: Array, *, label_smoothing: float = 0.0) -> Loss:
    """- t log s(z) - (1 - t) log(1 - s(z)) = softplus(z) - t z, mean over batch and outputs (Keras)."""
    smoothed = targets.reshape(logits.shape) * (1 - label_smoothing) + label_smoothing / 2
    value = np.mean(softplus(logits) - smoothed * logits)
    return float(value), (sigmoid(logits) - smoothed) / logits.size


@stepped
def binary_focal_crossentropy(
    logits: Any,
    labels: Labels,
    *,
    gamma: float = 2.0,
    alpha: float = 0.25,
    apply_class_balancing: bool = False,
) -> Any:
    """- w (1 - p)**gamma log p, p the share of the right class."""
    t = labels.reshape(logits.shape)
    share = 1 / (1 + np.exp(-logits))
    p = np.where(t == 1, share, 1 - share)
    weight = np.where(t == 1, alpha, 1 - alpha) if apply_class_balancing else 1.0
    return np.mean(-weight * (1 - p) ** gamma * np.log(p))


@stepped
def categorical_focal_crossentropy(
    logits: Any, targets: Array, *, gamma: float = 2.0, alpha: float = 0.25
) -> Any:
    p = softmax(logits)
    return np.mean(np.sum(-alpha * targets * (1 - p) ** gamma * np.log(p), axis=-1))


@stepped
def kullback_leibler(logits: Any, targets: Array) -> Any:
    """sum of t log(t / p); 0 log 0 is 0."""
    p = softmax(logits)
    return np.mean(
        np.sum(np.where(targets > 0, targets, 0) * np.log(np.where(targets > 0, targets, 1) / p), -1)
    )


def negative_log_likelihood(outputs: Array, labels: Labels, *, ignore_label: int | None = None) -> Loss:
    """Minus the outputs of the labels, mean over what counts."""
    rows = np.flatnonzero(labels != ignore_label)
    gradient = np.zeros_like(outputs)
    gradient[rows, labels[rows]] = -1 / len(rows)
    return float(-np.mean(outputs[rows, labels[rows]])), gradient


def _sides(labels: Labels, like: Any) -> Any:
    return np.where(labels == 1, 1.0, -1.0).reshape(like.shape)


def _positive(short: Any) -> Any:
    return np.where(np.real(short) > 0, short, 0)


@stepped
def hinge(outputs: Any, labels: Labels) -> Any:
    return np.mean(_positive(1 - _sides(labels, outputs) * outputs))


@stepped
def squared_hinge(outputs: Any, labels: Labels) -> Any:
    return np.mean(_positive(1 - _sides(labels, outputs) * outputs) ** 2)


@stepped
def multiclass_hinge(
    outputs: Any, labels: Labels, *, margin: float = 1.0, form: str = "crammer_singer"
) -> Any:
    """Crammer and Singer's: the largest rival; Weston and Watkins's: all of them; Keras's: from 0 up."""
    own = outputs[np.arange(len(labels)), labels][:, None]
    others = np.array([np.delete(row, label) for row, label in zip(outputs, labels, strict=True)])
    if form == "weston_watkins":
        return np.sum(_positive(margin - own + others)) / outputs.size
    largest = np.take_along_axis(others, np.real(others).argmax(axis=1)[:, None], axis=1)
    return np.mean(_positive(margin - own + (_positive(largest) if form == "keras" else largest)))


def mean_squared_error(outputs: Array, targets: Array) -> Loss:
    """(o - t)**2, mean over batch and outputs (Keras)."""
    difference = outputs - targets
    return float(np.mean(difference**2)), 2 * difference / outputs.size


def mean_absolute_error(outputs: Array, targets: Array) -> Loss:
    """|o - t|, mean over batch and outputs; the slope at 0 is 0."""
    difference = outputs - targets
    return float(np.mean(np.abs(difference))), np.sign(difference) / outputs.size


def huber(outputs: Array, targets: Array, *, delta: float = 1.0) -> Loss:
    """d**2 / 2 for |d| <= delta, delta (|d| - delta / 2) beyond, mean over batch and outputs (Keras)."""
    difference = outputs - targets
    distance = np.abs(difference)
    values = np.where(distance <= delta, 0.5 * difference**2, delta * (distance - 0.5 * delta))
    return float(np.mean(values)), np.clip(difference, -delta, delta) / outputs.size


@stepped
def log_cosh(outputs: Any, targets: Array) -> Any:
    return np.mean(np.log(np.cosh(outputs - targets)))


@stepped
def mean_absolute_percentage_error(outputs: Any, targets: Array) -> Any:
    return 100 * np.mean(size(outputs - targets) / np.maximum(np.abs(targets), _LEAST))


@stepped
def mean_squared_logarithmic_error(outputs: Any, targets: Array) -> Any:
    held = np.where(np.real(outputs) < _LEAST, _LEAST, outputs)
    return np.mean((np.log(held + 1) - np.log(np.maximum(targets, _LEAST) + 1)) ** 2)


@stepped
def poisson(outputs: Any, targets: Array, *, log_input: bool = False) -> Any:
    if log_input:
        return np.mean(np.exp(outputs) - targets * outputs)
    return np.mean(outputs - targets * np.log(outputs + _LEAST))


@stepped
def cosine_similarity(outputs: Any, targets: Array) -> Any:
    """Minus the cosine of the angle between each row and its target."""
    lengths = np.sqrt(np.sum(outputs**2, axis=-1)) * np.linalg.norm(targets, axis=-1)
    return -np.mean(np.sum(outputs * targets, axis=-1) / lengths)


def l2_penalty(weights: Array, strength: float) -> Loss:
    """strength * sum of w**2 (Keras: without the half that others put in front)."""
    return float(strength * np.sum(weights**2)), 2 * strength * weights


def l1_penalty(weights: Array, strength: float) -> Loss:
    """strength * sum of |w|; the slope at 0 is 0."""
    return float(strength * np.sum(np.abs(weights))), strength * np.sign(weights)
