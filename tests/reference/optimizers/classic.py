"""Gradient descent and momentum, Adam and its first relatives, and Lion."""

from typing import Any

import numpy as np

from tests.reference.optimizers.types import Array, State, Step


def sgd(w: Array, g: Array, state: State, learning_rate: float) -> Step:
    return w - learning_rate * g, {}


def momentum(w: Array, g: Array, state: State, learning_rate: float, *, momentum: float = 0.9) -> Step:
    """v <- mu v + g; w <- w - lr v. Polyak (1964), in the form of PyTorch."""
    v = momentum * state.get("v", 0.0) + g
    return w - learning_rate * v, {"v": v}


def momentum_keras(w: Array, g: Array, state: State, learning_rate: float, *, momentum: float = 0.9) -> Step:
    """v <- mu v - lr g; w <- w + v. The rate is inside the sum: old gradients keep the rate of their day."""
    v = momentum * state.get("v", 0.0) - learning_rate * g
    return w + v, {"v": v}


def nesterov(w: Array, g: Array, state: State, learning_rate: float, *, momentum: float = 0.9) -> Step:
    """v <- mu v + g; w <- w - lr (g + mu v). Nesterov (1983), in the form of PyTorch."""
    v = momentum * state.get("v", 0.0) + g
    return w - learning_rate * (g + momentum * v), {"v": v}


def nesterov_keras(w: Array, g: Array, state: State, learning_rate: float, *, momentum: float = 0.9) -> Step:
    """v <- mu v - lr g; w <- w + mu v - lr g. Sutskever et al. (2013), in the form of Keras."""
    v = momentum * state.get("v", 0.0) - learning_rate * g
    return w + momentum * v - learning_rate * g, {"v": v}


def adagrad(
    w: Array,
    g: Array,
    state: State,
    learning_rate: float,
    *,
    initial_accumulator_value: float = 0.1,
    epsilon: float = 1e-7,
    epsilon_inside_root: bool = True,
) -> Step:
    """Duchi, Hazan and Singer (2011). The paper and PyTorch start at 0; Keras at 0.1, epsilon in the root."""
    a = state.get("a", initial_accumulator_value) + g**2
    return w - learning_rate * g / _root(a, epsilon, epsilon_inside_root), {"a": a}


def rmsprop(
    w: Array,
    g: Array,
    state: State,
    learning_rate: float,
    *,
    rho: float = 0.9,
    momentum: float = 0.0,
    epsilon: float = 1e-7,
    centered: bool = False,
    epsilon_inside_root: bool = True,
) -> Step:
    """Tieleman and Hinton (2012). Epsilon stands inside the root in Keras 3, outside in PyTorch.

    ``centered`` (Graves 2013) takes off the squared mean gradient. The momentum's sum holds lr g / root.
    """
    v = rho * state.get("v", 0.0) + (1 - rho) * g**2
    mean = rho * state.get("mean", 0.0) + (1 - rho) * g
    spread = v - mean**2 if centered else v
    increment = learning_rate * g / _root(spread, epsilon, epsilon_inside_root)
    m = momentum * state.get("m", 0.0) + increment
    return w - m, {"v": v, "mean": mean, "m": m}


def adadelta(
    w: Array, g: Array, state: State, learning_rate: float, *, rho: float = 0.95, epsilon: float = 1e-6
) -> Step:
    """Zeiler (2012): step = g root(d + eps) / root(v + eps), with d the running mean of step**2."""
    v = rho * state.get("v", 0.0) + (1 - rho) * g**2
    step = g * np.sqrt(state.get("d", 0.0) + epsilon) / np.sqrt(v + epsilon)
    d = rho * state.get("d", 0.0) + (1 - rho) * step**2
    return w - learning_rate * step, {"v": v, "d": d}


def adam(
    w: Array,
    g: Array,
    state: State,
    learning_rate: float,
    *,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
    epsilon_hat: bool = False,
    amsgrad: bool = False,
    bias_correction: bool = True,
    second_moment: bool = True,
) -> Step:
    """Kingma and Ba (2015), Algorithm 1; with ``epsilon_hat`` the form at the end of section 2 (Keras).

    ``amsgrad`` (Reddi, Kale and Kumar 2018) divides by the largest v so far, before the bias correction.
    Without ``bias_correction`` m and v are used as they are; without ``second_moment`` nothing is divided.
    """
    t = state.get("t", 0) + 1
    m = beta_1 * state.get("m", 0.0) + (1 - beta_1) * g
    v = beta_2 * state.get("v", 0.0) + (1 - beta_2) * g**2
    largest = np.maximum(state.get("largest", 0.0), v)
    used = largest if amsgrad else v
    state = {"t": t, "m": m, "v": v, "largest": largest}
    if not second_moment:
        return w - learning_rate * (m / (1 - beta_1**t) if bias_correction else m), state
    if not bias_correction:
        return w - learning_rate * m / (np.sqrt(used) + epsilon), state
    if epsilon_hat:
        rate = learning_rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
        return w - rate * m / (np.sqrt(used) + epsilon), state
    m_hat, v_hat = m / (1 - beta_1**t), used / (1 - beta_2**t)
    return w - learning_rate * m_hat / (np.sqrt(v_hat) + epsilon), state


def adamw(
    w: Array,
    g: Array,
    state: State,
    learning_rate: float,
    *,
    weight_decay: float = 0.01,
    **adam_options: Any,
) -> Step:
    """Loshchilov and Hutter (2019): w <- w - lr wd w - (Adam's step), all with the w from before."""
    moved, state = adam(w, g, state, learning_rate, **adam_options)
    return moved - learning_rate * weight_decay * w, state


def adamax(
    w: Array,
    g: Array,
    state: State,
    learning_rate: float,
    *,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
    epsilon_in_maximum: bool = True,
) -> Step:
    """Kingma and Ba (2015), Algorithm 2: the root of v becomes the decayed largest |g|.

    Epsilon goes with |g| in PyTorch, and with the largest in Keras.
    """
    t = state.get("t", 0) + 1
    m = beta_1 * state.get("m", 0.0) + (1 - beta_1) * g
    inside, outside = (epsilon, 0.0) if epsilon_in_maximum else (0.0, epsilon)
    u = np.maximum(beta_2 * state.get("u", 0.0), np.abs(g) + inside)
    return w - learning_rate / (1 - beta_1**t) * m / (u + outside), {"t": t, "m": m, "u": u}


def nadam(
    w: Array,
    g: Array,
    state: State,
    learning_rate: float,
    *,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
    momentum_decay: float | None = 0.004,
) -> Step:
    """Dozat (2016), with mu_t = beta_1 (1 - 0.96**(t decay) / 2). Keras has decay 1; Dozat, PyTorch 0.004.

    Without a decay mu_t is beta_1, as in optax.
    """
    t = state.get("t", 0) + 1
    fading = [0.0 if momentum_decay is None else 0.96 ** (at * momentum_decay) for at in (t, t + 1)]
    mu, mu_next = (beta_1 * (1 - 0.5 * each) for each in fading)
    product = state.get("product", 1.0) * mu
    m = beta_1 * state.get("m", 0.0) + (1 - beta_1) * g
    v = beta_2 * state.get("v", 0.0) + (1 - beta_2) * g**2
    m_hat = mu_next * m / (1 - product * mu_next) + (1 - mu) * g / (1 - product)
    v_hat = v / (1 - beta_2**t)
    w = w - learning_rate * m_hat / (np.sqrt(v_hat) + epsilon)
    return w, {"t": t, "m": m, "v": v, "product": product}


def lion(
    w: Array,
    g: Array,
    state: State,
    learning_rate: float,
    *,
    beta_1: float = 0.9,
    beta_2: float = 0.99,
    weight_decay: float = 0.0,
) -> Step:
    """Chen et al. (2023): the sign of one average decides the step, another average is kept."""
    m = state.get("m", np.zeros_like(w))
    direction = np.sign(beta_1 * m + (1 - beta_1) * g)
    kept = beta_2 * m + (1 - beta_2) * g
    return w - learning_rate * (direction + weight_decay * w), {"m": kept}


def _root(square: Array, epsilon: float, inside: bool) -> Array:
    return np.sqrt(square + epsilon) if inside else np.sqrt(square) + epsilon
