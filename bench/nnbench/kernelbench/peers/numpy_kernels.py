"""What NumPy users write in the place of each kernel: the other side of ``nnbench kernels``.

Each is written as its users would write it well; what a peer is, ``peer`` says.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnbench.kernelbench.peers import numpy_activations as activation_peers
from nnbench.kernelbench.peers import numpy_images as image_peers
from nnbench.kernelbench.peers.peer import Call, Peer, Prepared

Array: TypeAlias = NDArray[Any]

# -- dense layers, sums and movement -----------------------------------------------------------------


def _dense(a: Array, b: Array, start: Array, c: Array, begin: float, low: float) -> None:
    np.matmul(a, b, out=c)
    if begin:
        np.add(c, start, out=c)
    if low == 0:
        np.maximum(c, 0, out=c)


def _add(x: Array, z: Array, y: Array, low: float) -> None:
    np.add(x, z, out=y)
    if low == 0:
        np.maximum(y, 0, out=y)


def _clip_by_global_norm(g: Array, limit: float) -> None:
    norm = np.linalg.norm(g)
    if norm > limit:
        np.multiply(g, limit / norm, out=g)


def _regularize(p: Array, g: Array, totals: Array, l1: float, l2: float) -> None:
    g += l1 * np.sign(p) + (2 * l2) * p
    totals[0] += l1 * np.abs(p).sum() + l2 * np.square(p).sum()


def _dropout_mask(mask: Array, rate: float) -> Call:
    generator, scale = np.random.default_rng(0), 1 / (1 - rate)

    def call() -> None:
        drawn = generator.random(mask.shape, mask.dtype)
        np.multiply(drawn >= rate, scale, out=mask, casting="same_kind")

    return call


_MOVEMENT: dict[str, Peer] = {
    "dense": _dense,
    "dense_backward_kernel": lambda a, b, c: np.matmul(a.T, b, out=c),
    "dense_backward_input": lambda a, b, c: np.matmul(a, b.T, out=c),
    "column_sum": lambda x, y: np.sum(x, axis=0, out=y),
    # Without a mode numpy gathers into a buffer of its own first.
    "gather": lambda data, order, out: np.take(data, order, axis=0, out=out, mode="clip"),
    "gather_targets": lambda data, order, out: np.take(data, order, axis=0, out=out, mode="clip"),
    "gather_labels": lambda data, order, out: np.take(data, order, axis=0, out=out, mode="clip"),
    "add": _add,
    "copy": lambda x, y: np.copyto(y, x),
    "accumulate": lambda x, y: np.add(y, x, out=y),
    "multiply": lambda x, z, y: np.multiply(x, z, out=y),
    "dropout_mask": Prepared(_dropout_mask),
    "clip_by_value": lambda g, limit: np.clip(g, -limit, limit, out=g),
    "clip_by_global_norm": _clip_by_global_norm,
    "regularize": _regularize,
}


# -- normalisation, and the activation that learns -----------------------------------------------------


def _batch_norm_train(
    x: Array, gamma: Array, beta: Array, running_mean: Array, running_variance: Array,
    momentum: float, epsilon: float,
) -> tuple[Array, ...]:  # fmt: skip
    mean, variance = x.mean(axis=0), x.var(axis=0)
    running_mean += (1 - momentum) * (mean - running_mean)
    running_variance += (1 - momentum) * (variance - running_variance)
    scale = 1 / np.sqrt(variance + epsilon)
    normal = (x - mean) * scale
    return running_mean, running_variance, gamma * normal + beta, normal, scale


def _batch_norm_backward(dy: Array, normal: Array, gamma: Array, scale: Array) -> tuple[Array, ...]:
    dbeta = dy.sum(axis=0)
    dgamma = (dy * normal).sum(axis=0)
    return gamma * scale * (dy - (dbeta + normal * dgamma) / len(dy)), dgamma, dbeta


def _layer_norm(x: Array, gamma: Array, beta: Array, epsilon: float) -> tuple[Array, ...]:
    scale = 1 / np.sqrt(x.var(axis=1, keepdims=True) + epsilon)
    normal = (x - x.mean(axis=1, keepdims=True)) * scale
    return gamma * normal + beta, normal, scale[:, 0]


def _layer_norm_backward(dy: Array, normal: Array, gamma: Array, scale: Array) -> tuple[Array, ...]:
    pushed = gamma * dy
    along = (pushed * normal).mean(axis=1, keepdims=True)
    dx = scale[:, None] * (pushed - pushed.mean(axis=1, keepdims=True) - normal * along)
    return dx, (dy * normal).sum(axis=0), dy.sum(axis=0)


def _prelu_backward(dy: Array, x: Array, alpha: Array) -> tuple[Array, Array]:
    below = x <= 0
    return np.where(below, alpha * dy, dy), np.sum(dy * x, axis=0, where=below)


_NORMALIZATION: dict[str, Peer] = {
    "layer_norm": _layer_norm,
    "layer_norm_backward": _layer_norm_backward,
    "prelu": lambda x, alpha: np.where(x > 0, x, alpha * x),
    "prelu_backward": _prelu_backward,
    "batch_norm_train": _batch_norm_train,
    "batch_norm_test": lambda x, gamma, beta, running_mean, running_variance, epsilon: (
        gamma * (x - running_mean) / np.sqrt(running_variance + epsilon) + beta
    ),
    "batch_norm_backward": _batch_norm_backward,
}


# -- losses --------------------------------------------------------------------------------------------


def _softmax(outputs: Array, targets: Array) -> tuple[Array, Array]:
    """Return the shares and the totals."""
    shifted = outputs - outputs.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    sums = powers.sum(axis=1, keepdims=True)
    rows = np.arange(len(outputs))
    loss = np.log(sums).sum() - shifted[rows, targets].sum()
    return powers / sums, np.array([loss, np.count_nonzero(outputs.argmax(axis=1) == targets)])


def _cross_entropy_gradient(outputs: Array, targets: Array) -> tuple[Array, Array]:
    shares, totals = _softmax(outputs, targets)
    shares[np.arange(len(outputs)), targets] -= 1
    shares /= len(outputs)
    return shares, totals


def _binary_value(outputs: Array, targets: Array) -> Array:
    z = outputs[:, 0]
    loss = (np.logaddexp(0, z) - targets * z).sum()
    return np.array([loss, np.count_nonzero((z > 0) == targets)])


def _binary_gradient(outputs: Array, targets: Array) -> tuple[Array, Array]:
    shares = 1 / (1 + np.exp(-outputs))
    gradient = (shares - targets[:, None].astype(shares.dtype)) / len(outputs)
    return gradient, _binary_value(outputs, targets)


def _squared_value(outputs: Array, targets: Array) -> Array:
    return np.array([np.square(outputs - targets).mean(axis=1).sum(), 0.0])


def _squared_gradient(outputs: Array, targets: Array) -> tuple[Array, Array]:
    difference = outputs - targets
    return difference * (2 / outputs.size), np.array([np.square(difference).mean(axis=1).sum(), 0.0])


_LOSSES: dict[str, Peer] = {
    "sparse_categorical_crossentropy_gradient": _cross_entropy_gradient,
    "sparse_categorical_crossentropy_value": lambda outputs, targets: _softmax(outputs, targets)[1],
    "binary_crossentropy_gradient": _binary_gradient,
    "binary_crossentropy_value": _binary_value,
    "mean_squared_error_gradient": _squared_gradient,
    "mean_squared_error_value": _squared_value,
}


# -- optimizers, with the options that are their defaults ----------------------------------------------


def _momentum(p: Array, g: Array, velocity: Array, learning_rate: float, momentum: float) -> None:
    velocity *= momentum
    velocity += g
    p -= learning_rate * velocity


def _nesterov(p: Array, g: Array, velocity: Array, learning_rate: float, momentum: float) -> None:
    velocity *= momentum
    velocity += g
    p -= learning_rate * (g + momentum * velocity)


def _root(square: Array, epsilon: float, epsilon_inside_root: float) -> Array:
    return np.sqrt(square + epsilon) if epsilon_inside_root else np.sqrt(square) + epsilon


def _adagrad(
    p: Array, g: Array, accumulator: Array, learning_rate: float, epsilon: float, epsilon_inside_root: float
) -> None:
    accumulator += g * g
    p -= learning_rate * g / _root(accumulator, epsilon, epsilon_inside_root)


def _rmsprop(
    p: Array, g: Array, mean_square: Array, velocity: Array, mean: Array,
    learning_rate: float, rho: float, momentum: float, epsilon: float, epsilon_inside_root: float,
    centered: float,
) -> None:  # fmt: skip
    mean_square *= rho
    mean_square += (1 - rho) * g * g
    variance = mean_square
    if centered:
        mean *= rho
        mean += (1 - rho) * g
        variance = mean_square - mean * mean
    push = learning_rate * g / _root(variance, epsilon, epsilon_inside_root)
    if momentum:
        velocity *= momentum
        velocity += push
        push = velocity
    p -= push


def _adam(
    p: Array, g: Array, m: Array, v: Array,
    learning_rate: float, step: int, beta_1: float, beta_2: float, epsilon: float,
) -> None:  # fmt: skip
    m *= beta_1
    m += (1 - beta_1) * g
    v *= beta_2
    v += (1 - beta_2) * g * g
    root = np.sqrt(v / (1 - beta_2**step))
    p -= learning_rate / (1 - beta_1**step) * m / (root + epsilon)


def _adamw(
    p: Array, g: Array, m: Array, v: Array, learning_rate: float, step: int,
    beta_1: float, beta_2: float, epsilon: float, weight_decay: float,
) -> None:  # fmt: skip
    p *= 1 - learning_rate * weight_decay
    _adam(p, g, m, v, learning_rate, step, beta_1, beta_2, epsilon)


def _lion(
    p: Array, g: Array, m: Array, learning_rate: float, beta_1: float, beta_2: float, weight_decay: float
) -> None:
    p *= 1 - learning_rate * weight_decay
    p -= learning_rate * np.sign(beta_1 * m + (1 - beta_1) * g)
    m *= beta_2
    m += (1 - beta_2) * g


def _sgd(p: Array, g: Array, learning_rate: float) -> None:
    p -= learning_rate * g


_OPTIMIZERS: dict[str, Peer] = {
    "sgd_update": _sgd,
    "momentum_update": _momentum,
    "nesterov_update": _nesterov,
    "adagrad_update": _adagrad,
    "rmsprop_update": _rmsprop,
    "adam_update": _adam,
    "adamw_update": _adamw,
    "lion_update": _lion,
}

PEERS: dict[str, Peer] = {
    **_MOVEMENT,
    **_NORMALIZATION,
    **image_peers.PEERS,
    **_LOSSES,
    **_OPTIMIZERS,
    **activation_peers.FORWARD,
    **{f"{name}_backward": peer for name, peer in activation_peers.BACKWARD.items()},
}
