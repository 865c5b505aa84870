"""Learning-rate schedules by Keras's names: tables of one rate per update, made before the run."""

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
