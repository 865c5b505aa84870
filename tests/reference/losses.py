"""Losses on the outputs of the last layer (logits, where there are classes), and weight penalties.

Every loss returns (value, gradient): the mean over the batch, and its derivative by the outputs.
"""

import numpy as np
from numpy.typing import NDArray

from tests.reference.activations import sigmoid, softplus

Array = NDArray[np.float64]
Labels = NDArray[np.integer]
Loss = tuple[float, Array]


def log_softmax(logits: Array) -> Array:
    """log(exp(z_k) / sum of exp(z_j)), after taking off the row maximum so that nothing overflows."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    result: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def softmax(logits: Array) -> Array:
    return np.exp(log_softmax(logits))


def categorical_crossentropy(logits: Array, targets: Array, *, label_smoothing: float = 0.0) -> Loss:
    """- sum of t_k log p_k, mean over all rows; smoothing mixes the targets with 1 / classes (Keras)."""
    n_classes = logits.shape[-1]
    n_rows = logits.size // n_classes
    smoothed = targets * (1 - label_smoothing) + label_smoothing / n_classes
    value = -np.sum(smoothed * log_softmax(logits)) / n_rows
    total = smoothed.sum(axis=-1, keepdims=True)
    return float(value), (total * softmax(logits) - smoothed) / n_rows


def sparse_categorical_crossentropy(logits: Array, labels: Labels, *, label_smoothing: float = 0.0) -> Loss:
    """The same with one class number per row instead of a distribution."""
    return categorical_crossentropy(logits, np.eye(logits.shape[-1])[labels], label_smoothing=label_smoothing)


def binary_crossentropy(logits: Array, targets: Array) -> Loss:
    """- t log s(z) - (1 - t) log(1 - s(z)) = softplus(z) - t z, mean over batch and outputs (Keras)."""
    value = np.mean(softplus(logits) - targets * logits)
    return float(value), (sigmoid(logits) - targets) / logits.size


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


def l2_penalty(weights: Array, strength: float) -> Loss:
    """strength * sum of w**2 (Keras: without the half that others put in front)."""
    return float(strength * np.sum(weights**2)), 2 * strength * weights


def l1_penalty(weights: Array, strength: float) -> Loss:
    """strength * sum of |w|; the slope at 0 is 0."""
    return float(strength * np.sum(np.abs(weights))), strength * np.sign(weights)
