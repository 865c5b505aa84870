"""Learning-rate schedules, as tables of one rate per update, made before the run. Names are Keras's.

A schedule says rates (`BoundSchedule.table`, Keras's meaning) or multiples of an optimizer's own learning
rate (`BoundSchedule.relative`, the meaning on the command line): the table divided by its
``initial_learning_rate``, times the optimizer's rate. That initial rate is 1 by default, so that values and
end rates are then shares: ``piecewise_constant(boundaries=700|900, values=1|0.5|0.1)``.

Every schedule takes a linear warm-up in front: ``warmup_steps`` updates that rise from the share
``warmup_from`` of the schedule's first rate; then the schedule starts, its own steps counted from 0.
"""

from collections.abc import Sequence

from nnkit.registry import Registry, Value
from nnkit.schedules.builtin import BUILTIN
from nnkit.schedules.number_list import NumberList, spell_list
from nnkit.schedules.record import BoundSchedule, Schedule

__all__ = ["BoundSchedule", "NumberList", "Schedule", "get", "names", "record", "records"]

_registry: Registry[Schedule] = Registry("schedule")
for _part in BUILTIN:
    _registry.add(_part)


def get(name: str, **hyperparameters: Value | Sequence[float]) -> BoundSchedule:
    """Return the schedule called ``name``; boundaries and values may be given as lists."""
    given: dict[str, Value] = {
        key: value if value is None or isinstance(value, int | float | str) else spell_list(value)
        for key, value in hyperparameters.items()
    }
    chosen = record(name)
    return BoundSchedule(chosen, chosen.resolve(given))


def record(name: str) -> Schedule:
    return _registry.record(name)


def names() -> tuple[str, ...]:
    return _registry.names()


def records() -> tuple[Schedule, ...]:
    return tuple(_registry)
