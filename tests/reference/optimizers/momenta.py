"""Optimizers that step by signs, lengths of their own, and means of gradients."""

import numpy as np

from tests.reference.optimizers.types import Array, State, Step


def rprop(
    w: Array, g: Array, state: State, learning_rate: float, *,
    shrink: float = 0.5, grow: float = 1.2, shortest: float = 1e-6, longest: float = 50.0,
) -> Step:  # fmt: skip
    """Riedmiller and Braun (1993) without backtracking, as PyTorch: the rate is the first length only."""
    before = state.get("g", np.zeros_like(w))
    length = state.get("length", np.full_like(w, learning_rate))
    agreement = np.sign(g) * np.sign(before)
    length = np.clip(
        np.where(agreement > 0, grow, np.where(agreement < 0, shrink, 1.0)) * length, shortest, longest
    )
    g = np.where(agreement < 0, 0.0, g)
    return w - np.sign(g) * length, {"g": g, "length": length}


def signsgd(w: Array, g: Array, state: State, learning_rate: float) -> Step:
    """Bernstein et al. (2018), Algorithm 1."""
    return w - learning_rate * np.sign(g), {}


def signum(w: Array, g: Array, state: State, learning_rate: float, *, momentum: float = 0.9) -> Step:
    """Bernstein et al. (2018), Algorithm 2."""
    m = momentum * state.get("m", 0.0) + (1 - momentum) * g
    return w - learning_rate * np.sign(m), {"m": m}


def tiger(
    w: Array,
    g: Array,
    state: State,
    learning_rate: float,
    *,
    momentum: float = 0.965,
    weight_decay: float = 0.01,
) -> Step:
    """Su (2023): w <- w - lr (sign m + wd w)."""
    m = momentum * state.get("m", 0.0) + (1 - momentum) * g
    return w - learning_rate * (np.sign(m) + weight_decay * w), {"m": m}


def qhm(
    w: Array, g: Array, state: State, learning_rate: float, *, momentum: float = 0.999, nu: float = 0.7
) -> Step:
    """Ma and Yarats (2019), equation 3."""
    m = momentum * state.get("m", 0.0) + (1 - momentum) * g
    return w - learning_rate * ((1 - nu) * g + nu * m), {"m": m}


def aggmo(
    w: Array, g: Array, state: State, learning_rate: float, *, beta_1: float = 0.9, beta_2: float = 0.99
) -> Step:
    """Lucas et al. (2019): v_i <- beta_i v_i - g, w <- w + lr / K sum v_i, with beta = 0, beta_1, beta_2."""
    v = [beta * old - g for beta, old in zip((0.0, beta_1, beta_2), state.get("v", [0.0] * 3), strict=True)]
    return w + learning_rate / 3 * sum(v), {"v": v}
