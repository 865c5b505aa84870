"""Schedules that know where the run ends, and those that need not know."""

import numpy as np

from nnkit.registry import ClosedForm, Hyper, number
from nnkit.schedules.hypers import DECAY_STEPS, INITIAL, WARMUP, length
from nnkit.schedules.portable import power
from nnkit.schedules.record import Parameters, Rates, Schedule


def _left(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    """Return which share of ``decay_steps`` is still to come."""
    return 1.0 - np.minimum(steps / length(run, parameters), 1.0)


def _linear(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    return number(parameters, "initial_learning_rate") * _left(steps, run, parameters)


def _stable(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    whole, share = length(run, parameters), number(parameters, "decay_share")
    # In updates, not in shares: the root of a rounding error would be 1e-8.
    passed = np.clip((steps - whole * (1.0 - share)) / (whole * share), 0.0, 1.0)
    if parameters["shape"] == "one_minus_sqrt":
        passed = np.sqrt(passed)
    end = number(parameters, "end_share")
    return number(parameters, "initial_learning_rate") * (end + (1.0 - end) * (1.0 - passed))


def _rex(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    left = _left(steps, run, parameters)
    return number(parameters, "initial_learning_rate") * (left / (0.5 + 0.5 * left))


def _power_cooldown(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    reached = np.minimum(_left(steps, run, parameters) / number(parameters, "decay_share"), 1.0)
    return number(parameters, "initial_learning_rate") * power(reached, number(parameters, "power"))


def _natural_exponential(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    elapsed = steps / length(run, parameters)
    return number(parameters, "initial_learning_rate") * power(
        np.e, -number(parameters, "decay_rate") * elapsed
    )


def _noam(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    t, rise = steps + 1.0, number(parameters, "rise_steps")
    lower: Rates = np.minimum(1.0 / np.sqrt(t), t / (rise * np.sqrt(rise)))
    lower /= np.sqrt(number(parameters, "model_size"))
    return number(parameters, "initial_learning_rate") * lower


def _inverse_sqrt(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    flat = number(parameters, "flat_steps")
    rates = np.sqrt(flat / np.maximum(steps, flat))
    share = number(parameters, "cooldown_share")
    if share > 0.0:
        rates = rates * np.minimum(_left(steps, run, parameters) / share, 1.0)
    return number(parameters, "initial_learning_rate") * rates


def _share(name: str, default: float, summary: str) -> Hyper:
    return Hyper(name, default, summary, above=0.0, at_most=1.0)


_DECAY_SHARE = _share("decay_share", 0.2, "share of the run in which it falls")

ENDINGS = (
    Schedule(
        name="linear_to_zero",
        summary="Falls along a line that is 0 where the run ends.",
        formula="rate = initial_learning_rate * (1 - step / decay_steps)",
        source="Bergsma et al. (2025), Straight to zero, arXiv:2502.15938",
        hyperparameters=(INITIAL, DECAY_STEPS, *WARMUP),
        aliases=("linear", "d2z"),
        closed_forms=(
            ClosedForm(
                "1 at step 0, 0 at decay_steps, and decay_steps / 2 in sum (trapezoids)",
                lambda it: [*it.table(9)[[0, 8]], 0.5 * (it.table(9)[:-1] + it.table(9)[1:]).sum()],
                np.array([1.0, 0.0, 4.0]),
                {"decay_steps": 8},
            ),
        ),
        rates=_linear,
    ),
    Schedule(
        name="warmup_stable_decay",
        summary="Constant, and then a fall to nearly nothing over the last part of the run.",
        formula="rate = initial_learning_rate * (end_share + (1 - end_share) * (1 - z)), or (1 - sqrt(z));"
        " z = how much of the last decay_share of the run is over",
        source="Hu et al. (2024), MiniCPM, arXiv:2404.06395; 1 - sqrt: Haegele et al. (2024),"
        " arXiv:2405.18392",
        hyperparameters=(
            INITIAL,
            DECAY_STEPS,
            _DECAY_SHARE,
            Hyper("shape", "linear", "how it falls", choices=("linear", "one_minus_sqrt")),
            Hyper("end_share", 0.0, "share of the rate that is left at the end", at_least=0.0, at_most=1.0),
            *WARMUP,
        ),
        aliases=("wsd", "trapezoid"),
        closed_forms=(
            ClosedForm(
                "the area of the fall is a half of its length where it is linear",
                lambda it: 0.5 * (it.table(101)[:-1] + it.table(101)[1:]).sum(),
                80.0 + 10.0,
                {"decay_steps": 100},
            ),
            ClosedForm(
                "by 1 - sqrt(z): 1 where the fall begins, 1/2 after a quarter of it, 0 at its end",
                lambda it: it.table(101)[[80, 85, 100]],
                np.array([1.0, 0.5, 0.0]),
                {"decay_steps": 100, "shape": "one_minus_sqrt"},
            ),
        ),
        rates=_stable,
    ),
    Schedule(
        name="rex",
        summary="Falls late: nearly linear at first, and ever faster.",
        formula="rate = initial_learning_rate * (1 - z) / (1/2 + (1 - z) / 2),  z = step / decay_steps",
        source="Chen, Wolfe and Kyrillidis (2022), REX, arXiv:2107.04197",
        hyperparameters=(INITIAL, DECAY_STEPS, *WARMUP),
        closed_forms=(
            ClosedForm(
                "1 at step 0, 2/3 half of the way, 0 at its end",
                lambda it: it.table(11)[[0, 5, 10]],
                np.array([1.0, 2.0 / 3.0, 0.0]),
                {"decay_steps": 10},
            ),
        ),
        rates=_rex,
    ),
    Schedule(
        name="power_cooldown",
        summary="Constant, and then a power of the time that is left.",
        formula="rate = initial_learning_rate * min(1, (1 - step / decay_steps) / decay_share)**power",
        source="the cool-down of the optimizer speedruns on NanoGPT (modded-nanogpt, track 3), power 1.2",
        hyperparameters=(
            INITIAL,
            DECAY_STEPS,
            _share("decay_share", 0.5, "share of the run in which it falls"),
            Hyper("power", 1.2, above=0.0),
            *WARMUP,
        ),
        aliases=("powercool",),
        closed_forms=(
            ClosedForm(
                "1 until the fall begins, 2**-power half of it later, 0 at its end",
                lambda it: it.table(9)[[0, 4, 6, 8]],
                np.array([1.0, 1.0, 0.125, 0.0]),
                {"decay_steps": 8, "power": 3.0},
            ),
        ),
        rates=_power_cooldown,
    ),
    Schedule(
        name="natural_exponential_decay",
        summary="Falls by a factor of e in every decay_steps / decay_rate updates.",
        formula="rate = initial_learning_rate * exp(-decay_rate * step / decay_steps)",
        source="TensorFlow 1, tf.train.natural_exp_decay",
        hyperparameters=(INITIAL, DECAY_STEPS, Hyper("decay_rate", 4.0, above=0.0), *WARMUP),
        aliases=("natural_exp_decay",),
        closed_forms=(
            ClosedForm(
                "1/e after decay_steps / decay_rate updates",
                lambda it: it.table(5)[4],
                0.36787944117144233,
                {"decay_steps": 8, "decay_rate": 2.0},
            ),
        ),
        rates=_natural_exponential,
    ),
    Schedule(
        name="noam",
        summary="Rises to its peak along a line, and falls with the root of the time.",
        formula="rate = initial_learning_rate * model_size**-0.5 * min(t**-0.5, t * rise_steps**-1.5),"
        "  t = step + 1",
        source="Vaswani et al. (2017), arXiv:1706.03762, equation 3",
        hyperparameters=(
            INITIAL,
            Hyper("model_size", 1, "512 in the paper", above=0, integer=True),
            Hyper("rise_steps", 100, "4000 in the paper", above=0, integer=True),
            *WARMUP,
        ),
        closed_forms=(
            ClosedForm(
                "its peak is at update rise_steps: 1 / sqrt(model_size * rise_steps)",
                lambda it: [it.table(80).argmax(), it.table(80).max(), it.table(80)[0]],
                np.array([15.0, 1.0 / 32.0, 1.0 / (8.0 * 64.0)]),
                {"model_size": 64, "rise_steps": 16},
            ),
        ),
        rates=_noam,
    ),
    Schedule(
        name="inverse_sqrt",
        summary="Constant, then one over the root of the time; the end may be cooled down.",
        formula="rate = initial_learning_rate * sqrt(flat_steps / max(step, flat_steps))"
        " * min(1, (1 - step / decay_steps) / cooldown_share)",
        source="Zhai et al. (2022), Scaling vision transformers, arXiv:2106.04560, section 3.5; without the"
        " cool-down, fairseq's inverse_sqrt",
        hyperparameters=(
            INITIAL,
            DECAY_STEPS,
            Hyper("flat_steps", 100, "updates before the fall", above=0, integer=True),
            Hyper("cooldown_share", 0.0, "share of the run that falls to 0", at_least=0.0, at_most=1.0),
            *WARMUP,
        ),
        aliases=("inverse_square_root", "infinite"),
        closed_forms=(
            ClosedForm(
                "four times flat_steps: half the rate",
                lambda it: it.table(17)[[0, 4, 16]],
                np.array([1.0, 1.0, 0.5]),
                {"flat_steps": 4},
            ),
        ),
        rates=_inverse_sqrt,
    ),
)
