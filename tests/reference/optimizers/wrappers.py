"""Wrappers as functions that take one step of an optimizer, and return one with something around it.

Each goes around an update of `tests.reference.optimizers` and keeps its state beside that of the update. The
weights are one tensor: what a wrapper does tensor by tensor, it does to all of them.
"""

from typing import Any

import numpy as np

from tests.reference.optimizers.types import Array, State, Step, Update


def grokfast(update: Update, *, alpha: float = 0.98, amplify: float = 2.0) -> Update:
    """Lee et al. (2024), arXiv:2405.20233; the mean starts from 0."""

    def step(w: Array, g: Array, state: State, learning_rate: float, **options: Any) -> Step:
        mean = alpha * state.get("slow", np.zeros_like(g)) + (1 - alpha) * g
        w, inner = update(w, g + amplify * mean, state.get("inner", {}), learning_rate, **options)
        return w, {"slow": mean, "inner": inner}

    return step


def centralize(update: Update) -> Update:
    """Yong et al. (2020), arXiv:2004.01461: (inputs, units) lose the mean over the inputs."""

    def step(w: Array, g: Array, state: State, learning_rate: float, **options: Any) -> Step:
        return update(w, g - g.mean(axis=0, keepdims=True), state, learning_rate, **options)

    return step


def orthograd(update: Update) -> Update:
    """Prieto et al. (2025), arXiv:2501.04697."""

    def step(w: Array, g: Array, state: State, learning_rate: float, **options: Any) -> Step:
        rest = g - np.vdot(w, g) / (np.vdot(w, w) + 1e-30) * w
        rest *= np.linalg.norm(g) / (np.linalg.norm(rest) + 1e-30)
        return update(w, rest, state, learning_rate, **options)

    return step


def agc(update: Update, *, limit: float = 0.01, least: float = 1e-3) -> Update:
    """Brock et al. (2021), arXiv:2102.06171, unit by unit."""

    def step(w: Array, g: Array, state: State, learning_rate: float, **options: Any) -> Step:
        most = limit * np.maximum(np.linalg.norm(w, axis=0), least)
        length = np.linalg.norm(g, axis=0)
        scale = np.where(length > most, most / np.maximum(length, 1e-300), 1.0)
        return update(w, g * scale, state, learning_rate, **options)

    return step


def clip(update: Update, *, limit: float = 1.0) -> Update:
    def step(w: Array, g: Array, state: State, learning_rate: float, **options: Any) -> Step:
        return update(w, g * min(1.0, limit / np.linalg.norm(g)), state, learning_rate, **options)

    return step


def mars_correction(update: Update, *, gamma: float = 0.025, beta: float = 0.95) -> Update:
    """Yuan et al. (2024), arXiv:2411.10438, approximate form."""

    def step(w: Array, g: Array, state: State, learning_rate: float, **options: Any) -> Step:
        c = g + gamma * beta / (1 - beta) * (g - state.get("last", np.zeros_like(g)))
        c = c / max(1.0, np.linalg.norm(c))
        w, inner = update(w, c, state.get("inner", {}), learning_rate, **options)
        return w, {"last": g, "inner": inner}

    return step


def cautious(update: Update, *, least: float = 1e-3) -> Update:
    """Liang et al. (2024), arXiv:2411.16085."""

    def step(w: Array, g: Array, state: State, learning_rate: float, **options: Any) -> Step:
        moved, state = update(w, g, state, learning_rate, **options)
        u = w - moved
        mask = (u * g > 0).astype(float)
        return w - u * mask / max(mask.mean(), least), state

    return step


def cautious_decay(update: Update, *, weight_decay: float = 0.1) -> Update:
    """Chen et al. (2025), arXiv:2510.12402."""

    def step(w: Array, g: Array, state: State, learning_rate: float, **options: Any) -> Step:
        moved, state = update(w, g, state, learning_rate, **options)
        return moved - learning_rate * weight_decay * w * ((w - moved) * w > 0), state

    return step


def lookahead(update: Update, *, k: int = 5, alpha: float = 0.5) -> Update:
    """Zhang et al. (2019), arXiv:1907.08610."""

    def step(w: Array, g: Array, state: State, learning_rate: float, **options: Any) -> Step:
        slow, t = state.get("slow_weights", w), state.get("steps", 0) + 1
        w, inner = update(w, g, state.get("inner", {}), learning_rate, **options)
        if t % k == 0:
            w = slow = slow + alpha * (w - slow)
        return w, {"slow_weights": slow, "steps": t, "inner": inner}

    return step
