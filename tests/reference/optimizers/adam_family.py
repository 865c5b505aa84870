"""Optimizers that came of Adam, each as its paper writes it."""

from typing import Any

import numpy as np

from tests.reference.optimizers.classic import adam, nadam
from tests.reference.optimizers.types import Array, State, Step


def moments(g: Array, state: State, beta_1: float, beta_2: float) -> tuple[int, Any, Any]:
    """Return the number of the step, the mean gradient, and the mean square."""
    m = beta_1 * state.get("m", 0.0) + (1 - beta_1) * g
    v = beta_2 * state.get("v", 0.0) + (1 - beta_2) * g**2
    return state.get("t", 0) + 1, m, v


def amsgrad(w: Array, g: Array, state: State, learning_rate: float, **options: Any) -> Step:
    """Reddi, Kale and Kumar (2018), corrected for the start as PyTorch and Keras do."""
    return adam(w, g, state, learning_rate, amsgrad=True, **options)


def nadamw(
    w: Array, g: Array, state: State, learning_rate: float, *, weight_decay: float = 1e-4, **options: Any
) -> Step:
    """NAdamW of AlgoPerf and optax: one momentum throughout, and the decay beside the step."""
    kept = (1 - learning_rate * weight_decay) * w
    return nadam(kept, g, state, learning_rate, **{"momentum_decay": None, **options})


def adamc(
    w: Array, g: Array, state: State, learning_rate: float, *, weight_decay: float = 0.05, **options: Any
) -> Step:
    """Defazio (2025): the decay is multiplied by lr**2 over the first lr."""
    first = state.get("first", learning_rate)
    moved, state = adam(w, g, state, learning_rate, **options)
    return moved - learning_rate**2 / first * weight_decay * w, {**state, "first": first}


def radam(
    w: Array, g: Array, state: State, learning_rate: float, *,
    beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8, threshold: float = 5.0,
) -> Step:  # fmt: skip
    """Liu et al. (2020), Algorithm 2; PyTorch has the threshold 5 and epsilon beside the root of v."""
    t, m, v = moments(g, state, beta_1, beta_2)
    state = {"t": t, "m": m, "v": v}
    m_hat = m / (1 - beta_1**t)
    longest = 2 / (1 - beta_2) - 1
    length = longest - 2 * t * beta_2**t / (1 - beta_2**t)
    if length <= threshold:
        return w - learning_rate * m_hat, state
    r = np.sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))
    return w - learning_rate * r * m_hat * np.sqrt(1 - beta_2**t) / (np.sqrt(v) + epsilon), state


def adabelief(
    w: Array, g: Array, state: State, learning_rate: float, *,
    beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-16,
) -> Step:  # fmt: skip
    """Zhuang et al. (2020), Algorithm 2."""
    t = state.get("t", 0) + 1
    m = beta_1 * state.get("m", 0.0) + (1 - beta_1) * g
    s = beta_2 * state.get("s", 0.0) + (1 - beta_2) * (g - m) ** 2 + epsilon
    m_hat, s_hat = m / (1 - beta_1**t), s / (1 - beta_2**t)
    return w - learning_rate * m_hat / (np.sqrt(s_hat) + epsilon), {"t": t, "m": m, "s": s}


def adopt(
    w: Array, g: Array, state: State, learning_rate: float, *,
    beta_1: float = 0.9, beta_2: float = 0.9999, epsilon: float = 1e-6, clipping: bool = True,
) -> Step:  # fmt: skip
    """Taniguchi et al. (2024), Algorithm 2: the first gradient is only looked at."""
    t = state.get("t", 0) + 1
    if t == 1:
        return w, {"t": 1, "m": np.zeros_like(w), "v": g**2}
    push = g / np.maximum(np.sqrt(state["v"]), epsilon)
    if clipping:
        push = np.clip(push, -((t - 1) ** 0.25), (t - 1) ** 0.25)
    m = beta_1 * state["m"] + (1 - beta_1) * push
    return w - learning_rate * m, {"t": t, "m": m, "v": beta_2 * state["v"] + (1 - beta_2) * g**2}


def ademamix(
    w: Array, g: Array, state: State, learning_rate: float, *,
    beta_1: float = 0.9, beta_2: float = 0.999, beta_3: float = 0.9999, alpha: float = 5.0,
    warmup_steps: int | None = None, epsilon: float = 1e-8,
) -> Step:  # fmt: skip
    """Pagliardini, Ablin and Grangier (2024), Algorithm 1 and the schedules of section 3."""
    t, m, v = moments(g, state, beta_1, beta_2)
    if warmup_steps is not None:
        alpha = min(alpha * t / warmup_steps, alpha)
        above = np.log(beta_1) * np.log(beta_3)
        part = t / warmup_steps
        below = (1 - part) * np.log(beta_3) + part * np.log(beta_1)
        beta_3 = min(np.exp(above / below), beta_3) if part < 1 else beta_3
    slow = beta_3 * state.get("slow", 0.0) + (1 - beta_3) * g
    push = (m / (1 - beta_1**t) + alpha * slow) / (np.sqrt(v / (1 - beta_2**t)) + epsilon)
    return w - learning_rate * push, {"t": t, "m": m, "v": v, "slow": slow}


def laprop(
    w: Array, g: Array, state: State, learning_rate: float, *,
    beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-15,
) -> Step:  # fmt: skip
    """Ziyin, Wang and Ueda (2020), Algorithm 1."""
    t = state.get("t", 0) + 1
    v = beta_2 * state.get("v", 0.0) + (1 - beta_2) * g**2
    m = beta_1 * state.get("m", 0.0) + (1 - beta_1) * g / (np.sqrt(v / (1 - beta_2**t)) + epsilon)
    return w - learning_rate * m / (1 - beta_1**t), {"t": t, "m": m, "v": v}


def adan(
    w: Array, g: Array, state: State, learning_rate: float, *,
    beta_1: float = 0.98, beta_2: float = 0.92, beta_3: float = 0.99, epsilon: float = 1e-8,
) -> Step:  # fmt: skip
    """Xie et al. (2022), Algorithm 1, with the shares that are kept and the corrections of its package."""
    t = state.get("t", 0) + 1
    change = g - state.get("g", g)
    m = beta_1 * state.get("m", 0.0) + (1 - beta_1) * g
    d = beta_2 * state.get("d", 0.0) + (1 - beta_2) * change
    v = beta_3 * state.get("v", 0.0) + (1 - beta_3) * (g + beta_2 * change) ** 2
    push = m / (1 - beta_1**t) + beta_2 * d / (1 - beta_2**t)
    w = w - learning_rate * push / (np.sqrt(v / (1 - beta_3**t)) + epsilon)
    return w, {"t": t, "g": g, "m": m, "d": d, "v": v}


def yogi(
    w: Array, g: Array, state: State, learning_rate: float, *,
    beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-3,
    initial_accumulator_value: float = 1e-6, bias_correction: bool = True,
) -> Step:  # fmt: skip
    """Zaheer et al. (2018), Algorithm 2; optax and TensorFlow correct for the start."""
    t = state.get("t", 0) + 1
    m = beta_1 * state.get("m", 0.0) + (1 - beta_1) * g
    v = state.get("v", initial_accumulator_value)
    v = v - (1 - beta_2) * np.sign(v - g**2) * g**2
    filled = (1 - beta_1**t, 1 - beta_2**t) if bias_correction else (1.0, 1.0)
    return w - learning_rate * m / filled[0] / (np.sqrt(v / filled[1]) + epsilon), {"t": t, "m": m, "v": v}


def adam_atan2(
    w: Array, g: Array, state: State, learning_rate: float, *,
    beta_1: float = 0.9, beta_2: float = 0.999, scale: float = 1.27, slope: float = 1.0,
) -> Step:  # fmt: skip
    """Everett et al. (2024), section 4."""
    t, m, v = moments(g, state, beta_1, beta_2)
    angle = np.arctan2(m / (1 - beta_1**t), slope * np.sqrt(v / (1 - beta_2**t)))
    return w - learning_rate * scale * angle, {"t": t, "m": m, "v": v}


def qhadam(
    w: Array, g: Array, state: State, learning_rate: float, *,
    beta_1: float = 0.995, beta_2: float = 0.999, nu_1: float = 0.7, nu_2: float = 1.0, epsilon: float = 1e-8,
) -> Step:  # fmt: skip
    """Ma and Yarats (2019), equation 4."""
    t, m, v = moments(g, state, beta_1, beta_2)
    above = (1 - nu_1) * g + nu_1 * m / (1 - beta_1**t)
    below = np.sqrt((1 - nu_2) * g**2 + nu_2 * v / (1 - beta_2**t)) + epsilon
    return w - learning_rate * above / below, {"t": t, "m": m, "v": v}


def adabound(
    w: Array, g: Array, state: State, learning_rate: float, *,
    beta_1: float = 0.9, beta_2: float = 0.999, final_rate: float = 0.1, gamma: float = 1e-3,
    epsilon: float = 1e-8,
) -> Step:  # fmt: skip
    """Luo et al. (2019), as in its package: corrected, and the final rate follows the schedule."""
    t, m, v = moments(g, state, beta_1, beta_2)
    first = state.get("first", learning_rate)
    last = final_rate * learning_rate / first
    rate = learning_rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t) / (np.sqrt(v) + epsilon)
    rate = np.clip(rate, last * (1 - 1 / (gamma * t + 1)), last * (1 + 1 / (gamma * t)))
    return w - rate * m, {"t": t, "m": m, "v": v, "first": first}


def adamod(
    w: Array, g: Array, state: State, learning_rate: float, *,
    beta_1: float = 0.9, beta_2: float = 0.999, beta_3: float = 0.999, epsilon: float = 1e-8,
) -> Step:  # fmt: skip
    """Ding et al. (2019), Algorithm 1."""
    t, m, v = moments(g, state, beta_1, beta_2)
    rate = learning_rate / (np.sqrt(v / (1 - beta_2**t)) + epsilon)
    mean_rate = beta_3 * state.get("mean_rate", 0.0) + (1 - beta_3) * rate
    w = w - np.minimum(rate, mean_rate) * m / (1 - beta_1**t)
    return w, {"t": t, "m": m, "v": v, "mean_rate": mean_rate}


def mars(
    w: Array, g: Array, state: State, learning_rate: float, *,
    beta_1: float = 0.95, beta_2: float = 0.99, gamma: float = 0.025, epsilon: float = 1e-8,
) -> Step:  # fmt: skip
    """Yuan et al. (2024), MARS-AdamW with the last gradient in place of a second one."""
    c = g + gamma * beta_1 / (1 - beta_1) * (g - state.get("g", 0.0))
    c = c / max(1.0, float(np.linalg.norm(c)))
    w, moved = adam(w, c, state, learning_rate, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
    return w, {**moved, "g": g}
