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


def step_decay(step: int, initial_learning_rate: float, *, step_size: int = 14, gamma: float = 0.1) -> float:
    """r0 * gamma to the number of whole pieces that are over (PyTorch's StepLR)."""
    return float(initial_learning_rate * gamma ** (step // step_size))


def multi_step_decay(
    step: int, initial_learning_rate: float, *, milestones: Sequence[float] = (20, 30), gamma: float = 0.1
) -> float:
    """r0 * gamma to the number of milestones reached, its own step included (PyTorch's MultiStepLR)."""
    return float(initial_learning_rate * gamma ** sum(step >= milestone for milestone in milestones))


def linear_ramp(
    step: int,
    initial_learning_rate: float,
    *,
    start_factor: float = 1 / 3,
    end_factor: float = 1.0,
    total_iters: int = 5,
) -> float:
    """A line from one factor to the other (PyTorch's LinearLR)."""
    return initial_learning_rate * (
        start_factor + (end_factor - start_factor) * min(step, total_iters) / total_iters
    )


def piecewise_linear(
    step: int, initial_learning_rate: float, knots: Sequence[float], values: Sequence[float]
) -> float:
    """Lines through (0, 1) and the knots, and the last value behind them."""
    before_at, before = 0.0, 1.0
    for at, value in zip(knots, values, strict=True):
        if step <= at:
            return initial_learning_rate * (before + (value - before) * (step - before_at) / (at - before_at))
        before_at, before = at, value
    return initial_learning_rate * before


def linear_to_zero(step: int, initial_learning_rate: float, *, decay_steps: int = 40) -> float:
    return initial_learning_rate * max(0.0, 1 - step / decay_steps)


def warmup_stable_decay(
    step: int,
    initial_learning_rate: float,
    *,
    decay_steps: int = 40,
    decay_share: float = 0.2,
    root: bool = False,
    end_share: float = 0.0,
) -> float:
    """Flat until the last share of the run, then 1 - z or 1 - sqrt(z) of it."""
    z = min(max(0.0, (step - decay_steps * (1 - decay_share)) / (decay_steps * decay_share)), 1.0)
    return initial_learning_rate * (end_share + (1 - end_share) * (1 - (math.sqrt(z) if root else z)))


def rex(step: int, initial_learning_rate: float, *, decay_steps: int = 40) -> float:
    left = max(0.0, 1 - step / decay_steps)
    return initial_learning_rate * left / (0.5 + 0.5 * left)


def power_cooldown(
    step: int,
    initial_learning_rate: float,
    *,
    decay_steps: int = 40,
    decay_share: float = 0.5,
    power: float = 1.2,
) -> float:
    left = max(0.0, 1 - step / decay_steps)
    return float(initial_learning_rate * min(1.0, left / decay_share) ** power)


def natural_exponential_decay(
    step: int, initial_learning_rate: float, *, decay_steps: int = 40, decay_rate: float = 4.0
) -> float:
    return initial_learning_rate * math.exp(-decay_rate * step / decay_steps)


def noam(step: int, initial_learning_rate: float, *, model_size: int = 1, rise_steps: int = 100) -> float:
    """Vaswani et al. (2017), equation 3, its steps counted from 1."""
    t = step + 1
    return float(initial_learning_rate * model_size**-0.5 * min(t**-0.5, t * rise_steps**-1.5))


def inverse_sqrt(
    step: int,
    initial_learning_rate: float,
    *,
    decay_steps: int = 40,
    flat_steps: int = 100,
    cooldown_share: float = 0.0,
) -> float:
    rate = initial_learning_rate * math.sqrt(flat_steps / max(step, flat_steps))
    left = max(0.0, 1 - step / decay_steps)
    return rate * min(1.0, left / cooldown_share) if cooldown_share else rate


def cosine_restarts(step: int, initial_learning_rate: float, *, first_decay_steps: int = 6) -> float:
    return cosine_decay_restarts(step, initial_learning_rate, first_decay_steps)


def cosine_annealing(
    step: int, initial_learning_rate: float, *, t_max: int = 40, alpha: float = 0.0
) -> float:
    """PyTorch's CosineAnnealingLR in closed form, which rises again behind t_max."""
    wave = (1 + math.cos(math.pi * step / t_max)) / 2
    return initial_learning_rate * (alpha + (1 - alpha) * wave)


def snapshot(step: int, initial_learning_rate: float, *, decay_steps: int = 40, cycles: int = 4) -> float:
    """Huang et al. (2017), equation 2, with steps from 0."""
    period = math.ceil(decay_steps / cycles)
    return initial_learning_rate / 2 * (math.cos(math.pi * (step % period) / period) + 1)


def cyclic(
    step: int,
    initial_learning_rate: float,
    *,
    step_size: int = 5,
    base_share: float = 0.1,
    mode: str = "triangular",
    gamma: float = 0.9999,
) -> float:
    """Smith (2017), the code of its appendix."""
    cycle = math.floor(1 + step / (2 * step_size))
    x = abs(step / step_size - 2 * cycle + 1)
    scale = {"triangular": 1.0, "triangular2": 1 / 2.0 ** (cycle - 1), "exp_range": gamma**step}[mode]
    base = base_share * initial_learning_rate
    return base + (initial_learning_rate - base) * max(0.0, 1 - x) * scale


def one_cycle(
    step: int,
    initial_learning_rate: float,
    *,
    decay_steps: int = 40,
    pct_start: float = 0.3,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
) -> float:
    """PyTorch's OneCycleLR with cosines: two legs, between the start, the peak and the end."""
    peak = pct_start * decay_steps - 1
    start = initial_learning_rate / div_factor
    end = start / final_div_factor
    if step <= peak:
        return initial_learning_rate + (start - initial_learning_rate) / 2 * (
            1 + math.cos(math.pi * step / peak)
        )
    share = (step - peak) / (decay_steps - 1 - peak)
    return end + (initial_learning_rate - end) / 2 * (1 + math.cos(math.pi * share))
