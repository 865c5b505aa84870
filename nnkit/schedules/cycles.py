"""Schedules that rise again: restarts, cycles, and one cycle over the run."""

import numpy as np

from nnkit.registry import ClosedForm, Hyper, number
from nnkit.schedules.hypers import DECAY_STEPS, INITIAL, WARMUP, length, whole
from nnkit.schedules.portable import cosine_of_pi, power
from nnkit.schedules.record import Parameters, Rates, Schedule

_TORCH = "PyTorch, torch.optim.lr_scheduler."


def _wave(share: Rates) -> Rates:
    """Return half a cosine, from 1 at a share of 0 to 0 at 1."""
    return 0.5 * (1.0 + cosine_of_pi(np.clip(share, 0.0, 1.0)))


def _restarts(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    period = parameters["first_decay_steps"]
    # A seventh of the run and periods that double: three of them fill it.
    first = (
        max(1.0, np.ceil(whole(run, "first_decay_steps") / 7.0))
        if period is None
        else number(parameters, "first_decay_steps")
    )
    growth, drop, alpha = (number(parameters, name) for name in ("t_mul", "m_mul", "alpha"))
    rates, start, height = np.zeros(steps.shape), 0.0, 1.0
    last = float(steps.max(initial=0.0))
    while True:
        here = steps >= start
        rates[here] = (1.0 - alpha) * height * _wave((steps[here] - start) / first) + alpha
        start, first, height = start + first, first * growth, height * drop
        if start > last:
            return number(parameters, "initial_learning_rate") * rates


def _annealing(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    place = np.mod(steps / length(run, parameters, "t_max"), 2.0)
    alpha = number(parameters, "alpha")
    wave = _wave(np.minimum(place, 2.0 - place))
    return number(parameters, "initial_learning_rate") * (alpha + (1.0 - alpha) * wave)


def _snapshot(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    period = np.ceil(length(run, parameters) / number(parameters, "cycles"))
    return number(parameters, "initial_learning_rate") * _wave(np.mod(steps, period) / period)


def _cyclic(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    size = parameters["step_size"]
    half = (
        max(1.0, np.ceil(whole(run, "step_size") / 8.0)) if size is None else number(parameters, "step_size")
    )
    cycle = np.floor(1.0 + steps / (2.0 * half))
    height = np.maximum(0.0, 1.0 - np.abs(steps / half - 2.0 * cycle + 1.0))
    if parameters["mode"] == "triangular2":
        height = height * power(0.5, cycle - 1.0)
    elif parameters["mode"] == "exp_range":
        height = height * power(number(parameters, "gamma"), steps)
    low = number(parameters, "base_share")
    return number(parameters, "initial_learning_rate") * (low + (1.0 - low) * height)


def _one_cycle(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    total = length(run, parameters)
    # PyTorch's corner: the peak is update pct_start * total - 1, the end the last one.
    peak = max(number(parameters, "pct_start") * total - 1.0, 1e-300)
    start = 1.0 / number(parameters, "div_factor")
    end = start / number(parameters, "final_div_factor")
    rise = 1.0 + (start - 1.0) * _wave(steps / peak)
    fall = end + (1.0 - end) * _wave((steps - peak) / max(total - 1.0 - peak, 1e-300))
    return number(parameters, "initial_learning_rate") * np.where(steps < peak, rise, fall)


_ALPHA = Hyper("alpha", 0.0, "share of the rate at the lowest point", at_least=0.0, at_most=1.0)

CYCLES = (
    Schedule(
        name="cosine_restarts",
        summary="Half a cosine down, and again from the top, each period longer and perhaps lower.",
        formula="rate = initial_learning_rate * ((1 - alpha) * m_mul**i * (1 + cos(pi * s / T_i)) / 2"
        " + alpha),  T_i = first_decay_steps * t_mul**i",
        source="Loshchilov and Hutter (2017), SGDR, arXiv:1608.03983; Keras 3, CosineDecayRestarts; with"
        " m_mul 1, PyTorch's CosineAnnealingWarmRestarts",
        hyperparameters=(
            INITIAL,
            Hyper(
                "first_decay_steps", None, "none: a seventh of the run", above=0, integer=True, optional=True
            ),
            Hyper("t_mul", 2.0, "how much longer each period is", at_least=1.0),
            Hyper("m_mul", 1.0, "how much of its height each period keeps", above=0.0),
            _ALPHA,
            *WARMUP,
        ),
        aliases=("cosine_decay_restarts", "sgdr", "CosineAnnealingWarmRestarts"),
        closed_forms=(
            ClosedForm(
                "periods of 2, 4 and 8 updates begin at the top: steps 0, 2, 6; their middles are halfway",
                lambda it: it.table(14)[[0, 1, 2, 4, 6, 10]],
                np.array([1.0, 0.5, 1.0, 0.5, 1.0, 0.5]),
                {"first_decay_steps": 2},
            ),
        ),
        rates=_restarts,
    ),
    Schedule(
        name="cosine_annealing",
        summary="Half a cosine down in t_max updates, and up again in as many.",
        formula="rate = initial_learning_rate * (alpha + (1 - alpha) * (1 + cos(pi * step / t_max)) / 2)",
        source=_TORCH + "CosineAnnealingLR, in closed form",
        hyperparameters=(
            INITIAL,
            Hyper("t_max", None, "none: the whole run", above=0, integer=True, optional=True),
            _ALPHA,
            *WARMUP,
        ),
        aliases=("CosineAnnealingLR",),
        closed_forms=(
            ClosedForm(
                "1 at step 0, alpha at t_max, 1 again at 2 t_max",
                lambda it: it.table(9)[[0, 2, 4, 8]],
                np.array([1.0, 0.6, 0.2, 1.0]),
                {"t_max": 4, "alpha": 0.2},
            ),
        ),
        rates=_annealing,
    ),
    Schedule(
        name="snapshot",
        summary="Half a cosine down to 0 several times over the run, each from the top.",
        formula="rate = initial_learning_rate * (1 + cos(pi * (step mod T) / T)) / 2,"
        "  T = ceil(decay_steps / cycles)",
        source="Huang et al. (2017), Snapshot ensembles, arXiv:1704.00109, equation 2",
        hyperparameters=(
            INITIAL,
            DECAY_STEPS,
            Hyper("cycles", 4, "how often it falls", above=0, integer=True),
            *WARMUP,
        ),
        closed_forms=(
            ClosedForm(
                "two cycles of four updates: 1, 1/2 in the middle, 1 again",
                lambda it: it.table(8)[[0, 2, 4, 6]],
                np.array([1.0, 0.5, 1.0, 0.5]),
                {"cycles": 2},
            ),
        ),
        rates=_snapshot,
    ),
    Schedule(
        name="cyclic",
        summary="Rises and falls along lines, again and again.",
        formula="rate = initial_learning_rate * (base_share + (1 - base_share) * height * scale),  height ="
        " max(0, 1 - |step / step_size - 2 c + 1|),  c = floor(1 + step / (2 step_size)),  scale = 1,"
        " 2**(1 - c) (triangular2) or gamma**step (exp_range)",
        source="Smith (2017), Cyclical learning rates, arXiv:1506.01186; "
        + _TORCH
        + "CyclicLR, whose max_lr is"
        " the initial rate here",
        hyperparameters=(
            INITIAL,
            Hyper(
                "step_size",
                None,
                "half a cycle; none: an eighth of the run",
                above=0,
                integer=True,
                optional=True,
            ),
            Hyper("base_share", 0.1, "lowest rate, as a share of the highest", at_least=0.0, at_most=1.0),
            Hyper("mode", "triangular", choices=("triangular", "triangular2", "exp_range")),
            Hyper("gamma", 0.9999, "of exp_range", above=0.0, at_most=1.0),
            *WARMUP,
        ),
        aliases=("CyclicLR", "triangular"),
        closed_forms=(
            ClosedForm(
                "the second peak of triangular2 is half as high above the base",
                lambda it: it.table(9)[[0, 2, 4, 6, 8]],
                np.array([0.2, 1.0, 0.2, 0.6, 0.2]),
                {"step_size": 2, "base_share": 0.2, "mode": "triangular2"},
            ),
        ),
        rates=_cyclic,
    ),
    Schedule(
        name="one_cycle",
        summary="Half a cosine up to the peak, and a longer one down to nearly nothing.",
        formula="rate = initial_learning_rate * (1/div_factor up to 1 at update pct_start * decay_steps - 1,"
        " down to 1/(div_factor * final_div_factor) at the last), along half cosines",
        source="Smith and Topin (2018), Super-convergence, arXiv:1708.07120; " + _TORCH + "OneCycleLR, whose"
        " max_lr is the initial rate here; momentum stays as it is",
        hyperparameters=(
            INITIAL,
            DECAY_STEPS,
            Hyper("pct_start", 0.3, "share of the run in which it rises", above=0.0, below=1.0),
            Hyper("div_factor", 25.0, "peak over start", at_least=1.0),
            Hyper("final_div_factor", 10000.0, "start over end", at_least=1.0),
            *WARMUP,
        ),
        aliases=("OneCycleLR",),
        closed_forms=(
            ClosedForm(
                "1/25 at first, 1 at the peak, 1 / (25 * 10**4) at the last update",
                lambda it: it.table(20)[[0, 5, 19]],
                np.array([0.04, 1.0, 4e-6]),
            ),
        ),
        rates=_one_cycle,
    ),
)
