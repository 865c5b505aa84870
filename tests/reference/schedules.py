"""Learning-rate schedules in closed form, as Keras defines them. ``step`` counts updates from 0."""

import math
from collections.abc import Callable, Sequence


def constant(step: int, learning_rate: float) -> float:
    return learning_rate


def piecewise_constant_decay(step: int, boundaries: Sequence[int], values: Sequence[float]) -> float:
    """values[i] up to and including boundaries[i]: the boundary's own step still has the earlier value."""
    n_passed = sum(step > boundary for boundary in boundaries)
    return values[n_passed]


def exponential_decay(
    step: int, initial_learning_rate: float, decay_steps: int, decay_rate: float, *, staircase: bool = False
) -> float:
    """r0 * rate**(step / steps); with a staircase the exponent is rounded down."""
    exponent = step // decay_steps if staircase else step / decay_steps
    return float(initial_learning_rate * decay_rate**exponent)


def polynomial_decay(
    step: int,
    initial_learning_rate: float,
    decay_steps: int,
    *,
    end_learning_rate: float = 0.0001,
    power: float = 1.0,
    cycle: bool = False,
) -> float:
    """(r0 - r1) (1 - step / steps)**power + r1, then constant; a cycle stretches the steps instead."""
    if cycle:
        decay_steps = decay_steps * max(1, math.ceil(step / decay_steps))
    share = min(step, decay_steps) / decay_steps
    return float((initial_learning_rate - end_learning_rate) * (1 - share) ** power + end_learning_rate)


def inverse_time_decay(
    step: int, initial_learning_rate: float, decay_steps: int, decay_rate: float, *, staircase: bool = False
) -> float:
    """r0 / (1 + rate * step / steps); with a staircase step / steps is rounded down."""
    elapsed = step // decay_steps if staircase else step / decay_steps
    return initial_learning_rate / (1 + decay_rate * elapsed)


def cosine_decay(step: int, initial_learning_rate: float, decay_steps: int, *, alpha: float = 0.0) -> float:
    """r0 ((1 - alpha) (1 + cos(pi step / steps)) / 2 + alpha), then constant (Loshchilov and Hutter 2017)."""
    share = min(step, decay_steps) / decay_steps
    return initial_learning_rate * ((1 - alpha) * 0.5 * (1 + math.cos(math.pi * share)) + alpha)


def cosine_decay_restarts(
    step: int,
    initial_learning_rate: float,
    first_decay_steps: int,
    *,
    t_mul: float = 2.0,
    m_mul: float = 1.0,
    alpha: float = 0.0,
) -> float:
    """The cosine again and again: each period ``t_mul`` times as long and ``m_mul`` times as high."""
    elapsed, period, height = float(step), float(first_decay_steps), 1.0
    while elapsed >= period:
        elapsed, period, height = elapsed - period, period * t_mul, height * m_mul
    cosine = height * 0.5 * (1 + math.cos(math.pi * elapsed / period))
    return initial_learning_rate * ((1 - alpha) * cosine + alpha)


def linear_warmup(
    step: int, warmup_steps: int, target: float, after: Callable[[int], float], *, start: float = 0.0
) -> float:
    """Rise from ``start`` towards ``target``, which step ``warmup_steps`` would reach; then ``after``.

    The schedule that follows counts its own steps from 0 (Keras's CosineDecay with warm-up).
    """
    if step < warmup_steps:
        return start + (target - start) * step / warmup_steps
    return after(step - warmup_steps)
