"""Optimizers that find their learning rate from the way that all parameters came, after their papers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
State = dict[str, Any]
Step = tuple[Array, State]


def dog(
    w: Array, g: Array, state: State, learning_rate: float, *, start_share: float, epsilon: float
) -> Step:
    """Ivgi, Hinder and Carmon (2023), equations 1 and 2."""
    start = state.get("start", w)
    reach = max(state.get("reach", start_share * (1 + np.linalg.norm(w))), np.linalg.norm(w - start))
    squares = state.get("squares", 0.0) + np.sum(g**2)
    moved = w - learning_rate * reach / np.sqrt(squares + epsilon) * g
    return moved, {"start": start, "reach": reach, "squares": squares}


def dowg(
    w: Array, g: Array, state: State, learning_rate: float, *, first_distance: float, epsilon: float
) -> Step:
    """Khaled, Mishchenko and Jin (2023), Algorithm 1."""
    start = state.get("start", w)
    reach = max(state.get("reach", first_distance), np.linalg.norm(w - start))
    weights = state.get("weights", 0.0) + reach**2 * np.sum(g**2)
    moved = w - learning_rate * reach**2 / np.sqrt(weights + epsilon) * g
    return moved, {"start": start, "reach": reach, "weights": weights}


def prodigy(
    w: Array, g: Array, state: State, learning_rate: float, *, beta_1: float, beta_2: float,
    beta_3: float | None, epsilon: float, first_distance: float, coefficient: float,
    growth_rate: float | None, bias_correction: bool, safeguard_warmup: bool, weight_decay: float,
) -> Step:  # fmt: skip
    """Mishchenko and Defazio (2023), Algorithm 4, with the limits of the authors' package."""
    t, d_0 = state.get("t", 0) + 1, first_distance
    start, d, largest = state.get("start", w), state.get("d", d_0), state.get("largest", d_0)
    keep = np.sqrt(beta_2) if beta_3 is None else beta_3
    correction = np.sqrt(1 - beta_2**t) / (1 - beta_1**t) if bias_correction else 1.0
    rate = d * learning_rate * correction
    n = keep * state.get("n", 0.0) + d / d_0 * rate * np.sum(g * (start - w))
    m = beta_1 * state.get("m", 0.0) + d * (1 - beta_1) * g
    v = beta_2 * state.get("v", 0.0) + d**2 * (1 - beta_2) * g**2
    s = keep * state.get("s", 0.0) + d / d_0 * (d if safeguard_warmup else rate) * g
    found = coefficient * n / np.sum(np.abs(s))
    largest = max(largest, found)
    after = min(
        largest, (max(d, found) if d == d_0 else d) * (np.inf if growth_rate is None else growth_rate)
    )
    w = w - rate * weight_decay * w - rate * m / (np.sqrt(v) + after * epsilon)
    return w, {"t": t, "start": start, "d": after, "largest": largest, "n": n, "m": m, "v": v, "s": s}


def dadapt_adam(
    w: Array, g: Array, state: State, learning_rate: float, *, beta_1: float, beta_2: float, epsilon: float,
    first_distance: float, growth_rate: float | None, bias_correction: bool, weight_decay: float,
) -> Step:  # fmt: skip
    """Defazio and Mishchenko (2023), Algorithm 5, with the two-step order of the authors' package."""
    t, d, keep = state.get("t", 0) + 1, state.get("d", first_distance), np.sqrt(beta_2)
    correction = np.sqrt(1 - beta_2**t) / (1 - beta_1**t) if bias_correction else 1.0
    rate = d * learning_rate * correction
    s, v = state.get("s", np.zeros_like(w)), state.get("v", np.zeros_like(w))
    gain = rate * np.sum(g * s / (np.sqrt(v) + epsilon))
    n = keep * state.get("n", 0.0) + (1 - keep) * gain
    m = beta_1 * state.get("m", 0.0) + (1 - beta_1) * rate * g
    v = beta_2 * v + (1 - beta_2) * g**2
    s = keep * s + (1 - keep) * rate * g
    found = n / ((1 - keep) * np.sum(np.abs(s)))
    d = max(d, min(found, np.inf if growth_rate is None else d * growth_rate))
    w = w - rate * weight_decay * w - m / (np.sqrt(v) + epsilon)
    return w, {"t": t, "d": d, "n": n, "m": m, "v": v, "s": s}
