"""Schedules from outside: one Python function of the step, tried out before it is taken."""

from collections.abc import Callable, Mapping
from functools import partial
from numbers import Real

import numpy as np

from nnkit.errors import InvalidArgument, shown
from nnkit.registry import Hyper, Value, function_hypers, number
from nnkit.schedules.record import BoundSchedule, Parameters, Rates, Schedule

_LEADING = ("step", "n_steps", "learning_rate")
_TRIED_STEPS = 100  # of the run that a schedule must get through before it is taken


def schedule_of(
    name: str,
    function: Callable[..., float],
    given: Mapping[str, Value],
    *,
    common: tuple[Hyper, ...],
    summary: str,
    formula: str,
    source: str,
) -> Schedule:
    """Return the record of a schedule, or say why its function is refused; ``common`` is what all have."""
    where = f"schedule {name!r}"
    own = function_hypers(where, function, _LEADING, given)
    for hyper in own:
        if hyper.name in {one.name for one in common}:
            raise InvalidArgument(f"{where}: {hyper.name} belongs to every schedule. Leave it out.")
    part = Schedule(
        name=name,
        summary=summary,
        formula=formula or f"rate = {name}({', '.join((*_LEADING, *(hyper.name for hyper in own)))})",
        source=source,
        hyperparameters=(*own, *common),
        rates=partial(_rates, where, function, tuple(hyper.name for hyper in own)),
        takes_rate=True,
    )
    BoundSchedule(part, part.resolve({})).relative(0.1, _TRIED_STEPS)
    return part


def _rates(
    where: str,
    function: Callable[..., float],
    own: tuple[str, ...],
    steps: Rates,
    run: int | None,
    parameters: Parameters,
) -> Rates:
    if run is None:
        raise InvalidArgument(f"{where}: it needs the length of the run, which is unknown here.")
    further = {name: parameters[name] for name in own}
    rate = number(parameters, "initial_learning_rate")
    found = [function(int(step), run, rate, **further) for step in steps]
    return np.array([_as_rate(where, step, one) for step, one in zip(steps, found, strict=True)], np.float64)


def _as_rate(where: str, step: float, found: object) -> float:
    if isinstance(found, Real) and not isinstance(found, bool):
        return float(found)
    raise InvalidArgument(f"{where}: the rate at step {step:.0f} must be a number, found {shown(found)}.")
