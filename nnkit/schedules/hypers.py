"""What schedules share: their first rate, the warm-up in front, and the length of what they do."""

from nnkit.errors import InvalidArgument
from nnkit.registry import Component, Hyper, number
from nnkit.schedules.record import Parameters

INITIAL = Hyper("initial_learning_rate", 1.0, "rate of the first update after the warm-up", above=0.0)
WARMUP = (
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
COMMON = (INITIAL, *WARMUP)  # what every schedule has
DECAY_STEPS = Hyper("decay_steps", None, "none: the whole run", above=0, integer=True, optional=True)
STAIRCASE = Hyper("staircase", False, "round step / decay_steps down")


def length(run: int | None, parameters: Parameters, name: str = "decay_steps") -> float:
    """Return the hyper-parameter ``name``, or the whole run where it is none."""
    if parameters[name] is not None:
        return number(parameters, name)
    return whole(run, name)


def whole(run: int | None, name: str) -> float:
    """Return the length of the run, which ``name`` is by default."""
    if run is None:
        raise InvalidArgument(
            f"{name} is the whole run by default, and the run's length is unknown here. Give it."
        )
    return float(run)
