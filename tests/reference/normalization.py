"""Batch normalisation (Ioffe and Szegedy 2015) and layer normalisation (Ba, Kiros and Hinton 2016)."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def batch_moments(x: Array) -> tuple[Array, Array]:
    """Return mean and biased variance of every channel: over all axes but the last."""
    axes = _all_but_last(x)
    return x.mean(axis=axes), x.var(axis=axes)


def batch_normalization_train_forward(
    x: Array, gamma: Array, beta: Array, *, epsilon: float = 1e-3
) -> tuple[Array, Array, Array]:
    """Return (y, mean, variance): y = gamma (x - mean) / sqrt(variance + epsilon) + beta."""
    mean, variance = batch_moments(x)
    return normalize(x, gamma, beta, mean, variance, epsilon), mean, variance


def batch_normalization_train_backward(
    x: Array, gamma: Array, dy: Array, *, epsilon: float = 1e-3
) -> tuple[Array, Array, Array]:
    """Return (dx, dgamma, dbeta), step by step as in section 3 of the paper."""
    axes = _all_but_last(x)
    n = x.size // x.shape[-1]
    mean, variance = batch_moments(x)
    x_hat = (x - mean) / np.sqrt(variance + epsilon)
    dx_hat = dy * gamma
    dvariance = np.sum(dx_hat * (x - mean), axis=axes) * -0.5 * (variance + epsilon) ** -1.5
    dmean = -np.sum(dx_hat, axis=axes) / np.sqrt(variance + epsilon)
    dx = dx_hat / np.sqrt(variance + epsilon) + dvariance * 2 * (x - mean) / n + dmean / n
    return dx, np.sum(dy * x_hat, axis=axes), np.sum(dy, axis=axes)


def update_running(running: Array, batch: Array, *, momentum: float = 0.99) -> Array:
    """momentum * running + (1 - momentum) * batch: Keras's side; PyTorch's momentum is 1 minus this one.

    Keras stores the biased batch variance (PyTorch the unbiased one).
    """
    return momentum * running + (1 - momentum) * batch


def batch_normalization_eval_forward(
    x: Array, gamma: Array, beta: Array, mean: Array, variance: Array, *, epsilon: float = 1e-3
) -> Array:
    """Normalise with running averages instead of the batch's own moments."""
    return normalize(x, gamma, beta, mean, variance, epsilon)


def batch_normalization_eval_backward(
    x: Array, gamma: Array, dy: Array, mean: Array, variance: Array, *, epsilon: float = 1e-3
) -> tuple[Array, Array, Array]:
    """Return (dx, dgamma, dbeta): the running averages are constants."""
    axes = _all_but_last(x)
    deviation = np.sqrt(variance + epsilon)
    dgamma = np.sum(dy * (x - mean) / deviation, axis=axes)
    return dy * gamma / deviation, dgamma, np.sum(dy, axis=axes)


def layer_normalization_forward(x: Array, gamma: Array, beta: Array, *, epsilon: float = 1e-3) -> Array:
    """The same formula with the moments of each row of the last axis instead of each column."""
    mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    return normalize(x, gamma, beta, mean, variance, epsilon)


def layer_normalization_backward(
    x: Array, gamma: Array, dy: Array, *, epsilon: float = 1e-3
) -> tuple[Array, Array, Array]:
    """Return (dx, dgamma, dbeta)."""
    axes = _all_but_last(x)
    n = x.shape[-1]
    mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    x_hat = (x - mean) / np.sqrt(variance + epsilon)
    dx_hat = dy * gamma
    dvariance = np.sum(dx_hat * (x - mean), axis=-1, keepdims=True) * -0.5 * (variance + epsilon) ** -1.5
    dmean = -np.sum(dx_hat, axis=-1, keepdims=True) / np.sqrt(variance + epsilon)
    dx = dx_hat / np.sqrt(variance + epsilon) + dvariance * 2 * (x - mean) / n + dmean / n
    return dx, np.sum(dy * x_hat, axis=axes), np.sum(dy, axis=axes)


def normalize(x: Array, gamma: Array, beta: Array, mean: Array, variance: Array, epsilon: float) -> Array:
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


def _all_but_last(x: Array) -> tuple[int, ...]:
    return tuple(range(x.ndim - 1))


def group_normalization_forward(
    x: Array, gamma: Array, beta: Array, groups: int, *, epsilon: float = 1e-3
) -> Array:
    """The moments of each sample over its pixels and one group of neighbouring channels (Wu and He 2018)."""
    y, width = np.empty_like(x), x.shape[-1] // groups
    for sample in range(x.shape[0]):
        for group in range(groups):
            chosen = slice(group * width, (group + 1) * width)
            one = x[sample, ..., chosen]
            y[sample, ..., chosen] = (one - one.mean()) / np.sqrt(one.var() + epsilon)
    return gamma * y + beta


def rms_normalization_forward(x: Array, gamma: Array, *, epsilon: float = 1e-6) -> Array:
    """gamma x / sqrt(mean(x**2) + epsilon) over the last axis (Zhang and Sennrich 2019)."""
    return gamma * x / np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + epsilon)
