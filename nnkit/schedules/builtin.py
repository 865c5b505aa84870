"""The built-in schedules, as Keras defines them. ``steps`` counts from the end of the warm-up."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from nnkit.errors import InvalidArgument
from nnkit.registry import Component, Hyper, Value
from nnkit.schedules.number_list import NumberList, numbers
from nnkit.schedules.portable import cosine_of_pi, power
from nnkit.schedules.record import Parameters, Rates, Schedule, number


def _length(run: int | None, parameters: Parameters) -> float:
    """Return ``decay_steps``, or the whole run where it is not given."""
    if parameters["decay_steps"] is not None:
        return number(parameters, "decay_steps")
    if run is None:
        raise InvalidArgument(
            "decay_steps is the whole run by default, and the run's length is unknown here. Give it."
        )
    return float(run)


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
    elapsed = steps / _length(run, parameters)
    return np.floor(elapsed) if parameters["staircase"] else elapsed


def _exponential(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    decay = power(number(parameters, "decay_rate"), _elapsed(steps, run, parameters))
    return number(parameters, "initial_learning_rate") * decay


def _polynomial(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    start, end = number(parameters, "initial_learning_rate"), number(parameters, "end_learning_rate")
    length = np.full(steps.shape, _length(run, parameters))
    if parameters["cycle"]:
        length = length * np.maximum(1.0, np.ceil(steps / length))
    left = 1.0 - np.minimum(steps, length) / length
    return (start - end) * power(left, number(parameters, "power")) + end


def _inverse_time(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    growth = number(parameters, "decay_rate") * _elapsed(steps, run, parameters)
    return number(parameters, "initial_learning_rate") / (1.0 + growth)


def _cosine(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    alpha = number(parameters, "alpha")
    wave = 0.5 * (1.0 + cosine_of_pi(np.minimum(steps / _length(run, parameters), 1.0)))
    return number(parameters, "initial_learning_rate") * ((1.0 - alpha) * wave + alpha)


def _is_cut_short(parameters: Mapping[str, Value], epochs: int) -> bool:
    """True where a run may have fewer steps than equal parts: it has as many steps as epochs, or more."""
    return parameters["boundaries"] is None and epochs < len(numbers(parameters["values"]))


_INITIAL = Hyper("initial_learning_rate", 1.0, "rate of the first update after the warm-up", above=0.0)
_WARMUP = (
    Hyper(
        "warmup_steps",
        0,
        "updates of the linear rise in front",
        at_least=0,
        integer=True,
        component=Component("warm-up", 0),
    ),
    Hyper("warmup_from", 0.0, "share of the first rate at which the rise starts", at_least=0.0, at_most=1.0),
)
COMMON = (_INITIAL, *_WARMUP)  # what every schedule has
_DECAY_STEPS = Hyper("decay_steps", None, "none: the whole run", above=0, integer=True, optional=True)
_STAIRCASE = Hyper("staircase", False, "round step / decay_steps down")
_KERAS = "Keras 3, keras.optimizers.schedules."

BUILTIN = (
    Schedule(
        name="constant",
        summary="The same rate throughout.",
        formula="rate = initial_learning_rate",
        source="the base line of every comparison; Robbins and Monro (1951) ask for a decaying rate",
        hyperparameters=(_INITIAL, *_WARMUP),
        rates=_constant,
    ),
    Schedule(
        name="piecewise_constant",
        summary="Steps down at given updates; a boundary's own step keeps the earlier value.",
        formula="rate = initial_learning_rate * values[number of boundaries < step]",
        source=_KERAS + "PiecewiseConstantDecay; the default cuts the run in equal parts",
        hyperparameters=(
            _INITIAL,
            NumberList("boundaries", None, "none: equal parts of the run", optional=True, whole=True),
            NumberList("values", "1|0.1|0.01", "one more than boundaries"),
            *_WARMUP,
        ),
        aliases=("piecewise_constant_decay",),
        numerics=2,  # a run of fewer steps than parts began with a later part
        moved=_is_cut_short,
        rates=_piecewise_constant,
        check=_check_pieces,
    ),
    Schedule(
        name="exponential_decay",
        summary="Falls by the same factor in every decay_steps updates.",
        formula="rate = initial_learning_rate * decay_rate**(step / decay_steps)",
        source=_KERAS
        + "ExponentialDecay, where decay_rate has no default; 0.01 ends at 1 % of the initial rate",
        hyperparameters=(_INITIAL, _DECAY_STEPS, Hyper("decay_rate", 0.01, above=0.0), _STAIRCASE, *_WARMUP),
        aliases=("exponential",),
        rates=_exponential,
    ),
    Schedule(
        name="polynomial_decay",
        summary="Falls to end_learning_rate along a power of the time that is left.",
        formula="rate = (initial_learning_rate - end_learning_rate) * (1 - step / decay_steps)**power"
        " + end_learning_rate",
        source=_KERAS + "PolynomialDecay",
        hyperparameters=(
            _INITIAL,
            _DECAY_STEPS,
            Hyper("end_learning_rate", 0.0001, at_least=0.0),
            Hyper("power", 1.0, above=0.0),
            Hyper("cycle", False, "start a longer decay whenever one ends"),
            *_WARMUP,
        ),
        aliases=("polynomial", "linear_decay"),
        rates=_polynomial,
    ),
    Schedule(
        name="inverse_time_decay",
        summary="Falls as one over the time.",
        formula="rate = initial_learning_rate / (1 + decay_rate * step / decay_steps)",
        source=_KERAS
        + "InverseTimeDecay, where decay_rate has no default; 9 ends at a tenth of the initial rate",
        hyperparameters=(
            _INITIAL,
            _DECAY_STEPS,
            Hyper("decay_rate", 9.0, at_least=0.0),
            _STAIRCASE,
            *_WARMUP,
        ),
        aliases=("inverse_time",),
        rates=_inverse_time,
    ),
    Schedule(
        name="cosine_decay",
        summary="Falls along half a cosine to alpha times the initial rate.",
        formula="rate = initial_learning_rate * ((1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2"
        " + alpha)",
        source="Loshchilov and Hutter (2017), SGDR, arXiv:1608.03983; " + _KERAS + "CosineDecay",
        hyperparameters=(_INITIAL, _DECAY_STEPS, Hyper("alpha", 0.0, at_least=0.0, at_most=1.0), *_WARMUP),
        aliases=("cosine",),
        rates=_cosine,
    ),
)
