"""Schedules of steps and straight lines, whose rates are given at some updates."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from nnkit.errors import InvalidArgument
from nnkit.registry import ClosedForm, Hyper, number
from nnkit.schedules.hypers import INITIAL, WARMUP, whole
from nnkit.schedules.number_list import NumberList, numbers
from nnkit.schedules.portable import power
from nnkit.schedules.record import Parameters, Rates, Schedule

_TORCH = "PyTorch, torch.optim.lr_scheduler."


def _step_decay(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    size = parameters["step_size"]
    # A third of the run, rounded up: the rate falls twice.
    size = (
        max(1.0, np.ceil(whole(run, "step_size") / 3.0)) if size is None else number(parameters, "step_size")
    )
    return number(parameters, "initial_learning_rate") * power(
        number(parameters, "gamma"), np.floor(steps / size)
    )


def _multi_step(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    if parameters["milestones"] is not None:
        milestones = np.array(numbers(parameters["milestones"]))
    else:
        milestones = np.array([whole(run, "milestones") * share for share in (0.5, 0.75)])
    passed = np.searchsorted(milestones, steps, side="right")
    return number(parameters, "initial_learning_rate") * power(
        number(parameters, "gamma"), passed.astype(np.float64)
    )


def _rising(name: str) -> Callable[[Parameters, str], None]:
    def check(parameters: Parameters, where: str) -> None:
        given = numbers(parameters[name]) if parameters[name] is not None else ()
        if any(later <= earlier for earlier, later in pairwise(given)):
            raise InvalidArgument(
                f"{where}: {name} must rise, found {parameters[name]!r}. Sort them, each once."
            )

    return check


def _ramp(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    start, end = number(parameters, "start_factor"), number(parameters, "end_factor")
    share = np.minimum(steps, number(parameters, "total_iters")) / number(parameters, "total_iters")
    return number(parameters, "initial_learning_rate") * (start + (end - start) * share)


def _piecewise_linear(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    places, values = numbers(parameters["knots"]), numbers(parameters["values"])
    if parameters["knots"] is None:
        places = tuple(np.arange(1, len(values) + 1) * (whole(run, "knots") / len(values)))
    at, rates = np.array([0.0, *places]), np.array([1.0, *values])
    after = np.clip(np.searchsorted(at, steps, side="right"), 1, at.size - 1)
    share = np.minimum((steps - at[after - 1]) / (at[after] - at[after - 1]), 1.0)
    found: Rates = rates[after - 1] + (rates[after] - rates[after - 1]) * share
    return number(parameters, "initial_learning_rate") * found


def _check_knots(parameters: Parameters, where: str) -> None:
    if parameters["knots"] is None:
        return
    knots, values = numbers(parameters["knots"]), numbers(parameters["values"])
    if len(knots) != len(values):
        raise InvalidArgument(
            f"{where}: every knot needs a value, found {len(knots)} knots and {len(values)} values."
        )
    if any(later <= earlier for earlier, later in pairwise((0.0, *knots))):
        raise InvalidArgument(
            f"{where}: knots must rise from 1 on, found {parameters['knots']!r}. Sort them, each once."
        )


_GAMMA = Hyper("gamma", 0.1, "what the rate is multiplied by", above=0.0)

PIECES = (
    Schedule(
        name="step_decay",
        summary="Falls by one factor after every step_size updates.",
        formula="rate = initial_learning_rate * gamma**floor(step / step_size)",
        source=_TORCH + "StepLR",
        hyperparameters=(
            INITIAL,
            Hyper("step_size", None, "none: a third of the run", above=0, integer=True, optional=True),
            _GAMMA,
            *WARMUP,
        ),
        aliases=("StepLR",),
        closed_forms=(
            ClosedForm(
                "the update of number step_size is the first at the next rate",
                lambda it: it.table(7),
                np.array([1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25]),
                {"step_size": 3, "gamma": 0.5},
            ),
        ),
        rates=_step_decay,
    ),
    Schedule(
        name="multi_step_decay",
        summary="Falls by one factor at each milestone, whose own update has the lower rate already.",
        formula="rate = initial_learning_rate * gamma**(number of milestones <= step)",
        source=_TORCH + "MultiStepLR; halfway and at three quarters as in He et al. (2016)",
        hyperparameters=(
            INITIAL,
            NumberList(
                "milestones", None, "none: half and three quarters of the run", optional=True, whole=True
            ),
            _GAMMA,
            *WARMUP,
        ),
        aliases=("MultiStepLR",),
        closed_forms=(
            ClosedForm(
                "a milestone's own update has the lower rate",
                lambda it: it.table(6),
                np.array([1.0, 1.0, 0.1, 0.1, 0.01, 0.01]),
                {"milestones": "2|4"},
            ),
        ),
        rates=_multi_step,
        check=_rising("milestones"),
    ),
    Schedule(
        name="linear_ramp",
        summary="Moves along a line from one share of the rate to another, and stays there.",
        formula="rate = initial_learning_rate * (start_factor + (end_factor - start_factor)"
        " * min(step / total_iters, 1))",
        source=_TORCH + "LinearLR",
        hyperparameters=(
            INITIAL,
            Hyper("start_factor", 0.3333333333333333, "PyTorch's third", above=0.0, at_most=1.0),
            Hyper("end_factor", 1.0, at_least=0.0, at_most=1.0),
            Hyper("total_iters", 5, "updates of the way", above=0, integer=True),
            *WARMUP,
        ),
        aliases=("LinearLR",),
        closed_forms=(
            ClosedForm(
                "its start, its middle and its end",
                lambda it: it.table(9)[[0, 2, 4, 8]],
                np.array([0.5, 0.75, 1.0, 1.0]),
                {"start_factor": 0.5, "total_iters": 4},
            ),
        ),
        rates=_ramp,
    ),
    Schedule(
        name="piecewise_linear",
        summary="Lines between the values at given updates, from the initial rate on.",
        formula="rate = initial_learning_rate * (values interpolated linearly between 0 and the knots)",
        source="Optax, piecewise_interpolate_schedule with linear interpolation; the values are shares here",
        hyperparameters=(
            INITIAL,
            NumberList("knots", None, "none: equal parts of the run", optional=True, whole=True),
            NumberList("values", "1|0.1|0.01", "one for each knot"),
            *WARMUP,
        ),
        closed_forms=(
            ClosedForm(
                "halfway between two knots is the mean of their values",
                lambda it: it.table(9)[[0, 1, 2, 4, 6, 8]],
                np.array([1.0, 0.75, 0.5, 0.3, 0.1, 0.1]),
                {"knots": "2|6", "values": "0.5|0.1"},
            ),
        ),
        rates=_piecewise_linear,
        check=_check_knots,
    ),
)
