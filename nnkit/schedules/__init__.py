"""Learning-rate schedules by Keras's names: tables of one rate per update, made before the run."""

from collections.abc import Callable, Sequence

from nnkit.registry import Registry, Value, first_line
from nnkit.schedules.builtin import BUILTIN
from nnkit.schedules.cycles import CYCLES
from nnkit.schedules.endings import ENDINGS
from nnkit.schedules.hypers import COMMON
from nnkit.schedules.number_list import NumberList, spell_list
from nnkit.schedules.pieces import PIECES
from nnkit.schedules.plugin import schedule_of
from nnkit.schedules.record import BoundSchedule, Schedule

__all__ = ["BoundSchedule", "NumberList", "Schedule", "get", "names", "record", "records", "register"]

_registry: Registry[Schedule] = Registry("schedule")
for _part in (*BUILTIN, *PIECES, *ENDINGS, *CYCLES):
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
    """Return what is known of one of the schedules: formula, source, numbers with their ranges."""
    return _registry.record(name)


def names() -> tuple[str, ...]:
    """Return the names of all schedules, registered ones among them."""
    return _registry.names()


def records() -> tuple[Schedule, ...]:
    """Return what is known of each of the schedules, in the order of `names`."""
    return tuple(_registry)


def register(
    name: str,
    function: Callable[..., float],
    *,
    summary: str = "",
    formula: str = "",
    source: str = "plug-in",
    **hyperparameters: Value,
) -> Schedule:
    """Add a schedule that is a Python function: ``function(step, n_steps, learning_rate, **further)``.

    It returns the rate of one update; ``step`` is 0 at the first and ``n_steps - 1`` at the last, without the
    warm-up that every schedule can have in front. What the function takes after the three, with its default,
    is a hyper-parameter; keywords here replace those defaults. Raises InvalidArgument where a rate is no
    finite number of at least 0.
    """
    _registry.check_name(name)
    return _registry.add(
        schedule_of(
            name,
            function,
            hyperparameters,
            common=COMMON,
            summary=summary or first_line(function) or "A plug-in.",
            formula=formula,
            source=source,
        )
    )
