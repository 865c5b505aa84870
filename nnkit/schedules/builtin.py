"""The built-in schedules, as Keras defines them. ``steps`` counts from the end of the warm-up."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from nnkit.errors import InvalidArgument
from nnkit.registry import ClosedForm, Hyper, Value, number
from nnkit.schedules.hypers import DECAY_STEPS, INITIAL, STAIRCASE, WARMUP, length
from nnkit.schedules.number_list import NumberList, numbers
from nnkit.schedules.portable import cosine_of_pi, power
from nnkit.schedules.record import Parameters, Rates, Schedule


def _constant(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    return np.full(steps.shape, number(parameters, "initial_learning_rate"))


def _piecewise_constant(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    values = np.array(numbers(parameters["values"])) * number(parameters, "initial_learning_rate")
    if parameters["boundaries"] is not None:
        boundaries = np.array(numbers(parameters["boundaries"]))
    elif run is not None:
        # The last step of each part but the last; a boundary's own step keeps the earlier value. In a run of
        # fewer steps than parts, parts are left out, but not the first.
        ends = (part * run // len(values) - 1 for part in range(1, len(values)))
        boundaries = np.array([max(end, 0) for end in ends], np.float64)
    else:
        raise InvalidArgument("boundaries: the run's length is unknown here, so it cannot be cut. Give them.")
    return values[np.searchsorted(boundaries, steps, side="left")]


def _check_pieces(parameters: Parameters, where: str) -> None:
    values, boundaries = numbers(parameters["values"]), numbers(parameters["boundaries"])
    if parameters["boundaries"] is None:
        return
    if len(boundaries) != len(values) - 1:
        raise InvalidArgument(
            f"{where}: {len(values)} values need {len(values) - 1} boundaries, found {len(boundaries)}."
            " Give one value more than boundaries."
        )
    if any(later <= earlier for earlier, later in pairwise(boundaries)):
        raise InvalidArgument(
            f"{where}: boundaries must rise, found {parameters['boundaries']!r}. Sort them, each once."
        )


def _elapsed(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    """Return the steps in units of decay_steps, rounded down on a staircase."""
    elapsed = steps / length(run, parameters)
    return np.floor(elapsed) if parameters["staircase"] else elapsed


def _exponential(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    decay = power(number(parameters, "decay_rate"), _elapsed(steps, run, parameters))
    return number(parameters, "initial_learning_rate") * decay


def _polynomial(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    start, end = number(parameters, "initial_learning_rate"), number(parameters, "end_learning_rate")
    whole = np.full(steps.shape, length(run, parameters))
    if parameters["cycle"]:
        whole = whole * np.maximum(1.0, np.ceil(steps / whole))
    left = 1.0 - np.minimum(steps, whole) / whole
    return (start - end) * power(left, number(parameters, "power")) + end


def _inverse_time(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    growth = number(parameters, "decay_rate") * _elapsed(steps, run, parameters)
    return number(parameters, "initial_learning_rate") / (1.0 + growth)


def _cosine(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    alpha = number(parameters, "alpha")
    wave = 0.5 * (1.0 + cosine_of_pi(np.minimum(steps / length(run, parameters), 1.0)))
    return number(parameters, "initial_learning_rate") * ((1.0 - alpha) * wave + alpha)


def _is_cut_short(parameters: Mapping[str, Value], epochs: int) -> bool:
    """True where a run may have fewer steps than equal parts: it has as many steps as epochs, or more."""
    return parameters["boundaries"] is None and epochs < len(numbers(parameters["values"]))


_KERAS = "Keras 3, keras.optimizers.schedules."

BUILTIN = (
    Schedule(
        name="constant",
        summary="The same rate throughout.",
        formula="rate = initial_learning_rate",
        source="the base line of every comparison; Robbins and Monro (1951) ask for a decaying rate",
        hyperparameters=(INITIAL, *WARMUP),
        closed_forms=(ClosedForm("S updates sum up to S times it", lambda it: it.table(50).sum(), 50.0),),
        rates=_constant,
    ),
    Schedule(
        name="piecewise_constant",
        summary="Steps down at given updates; a boundary's own step keeps the earlier value.",
        formula="rate = initial_learning_rate * values[number of boundaries < step]",
        source=_KERAS + "PiecewiseConstantDecay; the default cuts the run in equal parts",
        hyperparameters=(
            INITIAL,
            NumberList("boundaries", None, "none: equal parts of the run", optional=True, whole=True),
            NumberList("values", "1|0.1|0.01", "one more than boundaries"),
            *WARMUP,
        ),
        aliases=("piecewise_constant_decay",),
        numerics=2,  # a run of fewer steps than parts began with a later part
        moved=_is_cut_short,
        closed_forms=(
            ClosedForm(
                "a boundary's own step keeps the earlier value",
                lambda it: it.table(6),
                np.array([1.0, 1.0, 1.0, 0.5, 0.5, 0.1]),
                {"boundaries": "2|4", "values": "1|0.5|0.1"},
            ),
        ),
        rates=_piecewise_constant,
        check=_check_pieces,
    ),
    Schedule(
        name="exponential_decay",
        summary="Falls by the same factor in every decay_steps updates.",
        formula="rate = initial_learning_rate * decay_rate**(step / decay_steps)",
        source=_KERAS
        + "ExponentialDecay, where decay_rate has no default; 0.01 ends at 1 % of the initial rate",
        hyperparameters=(INITIAL, DECAY_STEPS, Hyper("decay_rate", 0.01, above=0.0), STAIRCASE, *WARMUP),
        aliases=("exponential",),
        closed_forms=(
            ClosedForm(
                "decay_rate after decay_steps updates, its root after half of them",
                lambda it: it.table(9)[[0, 4, 8]],
                np.array([1.0, 0.3, 0.09]),
                {"decay_steps": 8, "decay_rate": 0.09},
            ),
        ),
        rates=_exponential,
    ),
    Schedule(
        name="polynomial_decay",
        summary="Falls to end_learning_rate along a power of the time that is left.",
        formula="rate = (initial_learning_rate - end_learning_rate) * (1 - step / decay_steps)**power"
        " + end_learning_rate",
        source=_KERAS + "PolynomialDecay",
        hyperparameters=(
            INITIAL,
            DECAY_STEPS,
            Hyper("end_learning_rate", 0.0001, at_least=0.0),
            Hyper("power", 1.0, above=0.0),
            Hyper("cycle", False, "start a longer decay whenever one ends"),
            *WARMUP,
        ),
        aliases=("polynomial", "linear_decay"),
        closed_forms=(
            ClosedForm(
                "at step 0, half of the way and at its end: 1, (1 - end) / 2**power + end, end",
                lambda it: it.table(11)[[0, 5, 10]],
                np.array([1.0, 0.9 / 8 + 0.1, 0.1]),
                {"decay_steps": 10, "power": 3.0, "end_learning_rate": 0.1},
            ),
        ),
        rates=_polynomial,
    ),
    Schedule(
        name="inverse_time_decay",
        summary="Falls as one over the time.",
        formula="rate = initial_learning_rate / (1 + decay_rate * step / decay_steps)",
        source=_KERAS
        + "InverseTimeDecay, where decay_rate has no default; 9 ends at a tenth of the initial rate",
        hyperparameters=(
            INITIAL,
            DECAY_STEPS,
            Hyper("decay_rate", 9.0, at_least=0.0),
            STAIRCASE,
            *WARMUP,
        ),
        aliases=("inverse_time",),
        closed_forms=(
            ClosedForm(
                "after decay_steps updates it is the first over 1 + decay_rate",
                lambda it: it.table(9)[[0, 4, 8]],
                np.array([1.0, 1.0 / 2.5, 1.0 / 4.0]),
                {"decay_steps": 8, "decay_rate": 3.0},
            ),
        ),
        rates=_inverse_time,
    ),
    Schedule(
        name="cosine_decay",
        summary="Falls along half a cosine to alpha times the initial rate.",
        formula="rate = initial_learning_rate * ((1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2"
        " + alpha)",
        source="Loshchilov and Hutter (2017), SGDR, arXiv:1608.03983; " + _KERAS + "CosineDecay",
        hyperparameters=(INITIAL, DECAY_STEPS, Hyper("alpha", 0.0, at_least=0.0, at_most=1.0), *WARMUP),
        aliases=("cosine",),
        closed_forms=(
            ClosedForm(
                "1 at step 0, (1 + alpha) / 2 half of the way, alpha at the end; its mean is (1 + alpha) / 2",
                lambda it: [*it.table(11)[[0, 5, 10]], 0.5 * (it.table(11)[:-1] + it.table(11)[1:]).mean()],
                np.array([1.0, 0.6, 0.2, 0.6]),
                {"decay_steps": 10, "alpha": 0.2},
            ),
        ),
        rates=_cosine,
    ),
)
