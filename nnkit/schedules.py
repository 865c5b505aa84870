"""Learning-rate schedules, as tables of one rate per update, made before the run. Names are Keras's.

A schedule says rates (`BoundSchedule.table`, Keras's meaning) or multiples of an optimizer's own learning
rate (`BoundSchedule.relative`, the meaning on the command line): the table divided by its
``initial_learning_rate``, times the optimizer's rate. That initial rate is 1 by default, so that values and
end rates are then shares: ``piecewise_constant(boundaries=700|900, values=1|0.5|0.1)``.

Every schedule takes a linear warm-up in front: ``warmup_steps`` updates that rise from the share
``warmup_from`` of the schedule's first rate; then the schedule starts, its own steps counted from 0.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nnkit.errors import InvalidArgument
from nnkit.portable import cosine_of_pi, power
from nnkit.registry import Hyper, Part, Registry, Value, spell_value

Rates = NDArray[np.float64]
Parameters = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class NumberList(Hyper):
    """A hyper-parameter that is a list of numbers, spelled ``700|900``: commas part hyper-parameters."""

    whole: bool = False

    def check(self, value: Value, where: str) -> Value:
        if value is None and self.optional:
            return None
        try:
            numbers = _numbers(value)
        except ValueError:
            numbers = ()
        kind = "whole numbers of at least 0" if self.whole else "finite numbers above 0"
        if not numbers or not all(self._is_allowed(number) for number in numbers):
            raise InvalidArgument(
                f"{where}: {self.name} must be {kind} parted by '|', found {value!r}. Try '700|900'."
                if self.whole
                else f"{where}: {self.name} must be {kind} parted by '|', found {value!r}. Try '1|0.5|0.1'."
            )
        return _spell_list(numbers)

    def _is_allowed(self, number: float) -> bool:
        if self.whole:
            return math.isfinite(number) and number >= 0 and number == int(number)
        return math.isfinite(number) and number > 0


def _numbers(value: Value) -> tuple[float, ...]:
    if value is None or isinstance(value, bool):
        return ()
    return tuple(float(piece) for piece in str(value).split("|"))


def _spell_list(numbers: Sequence[float]) -> str:
    return "|".join(spell_value(float(number)) for number in numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule(Part):
    """A schedule: ``rates(steps, run, parameters)`` of a run of ``run`` updates, warm-up not counted."""

    rates: Callable[[Rates, int | None, Parameters], Rates]
    check: Callable[[Parameters, str], None] | None = (
        None  # what several hyper-parameters must fulfil together
    )

    def resolve(self, given: Parameters, where: str | None = None) -> dict[str, Value]:
        parameters = Part.resolve(self, given, where)
        if self.check is not None:
            self.check(parameters, where or self.name)
        return parameters


@dataclass(frozen=True, slots=True)
class BoundSchedule:
    """A schedule with its hyper-parameters."""

    record: Schedule
    parameters: dict[str, Value] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.record.name

    def table(self, n_steps: int) -> Rates:
        """Return the learning rate of each of ``n_steps`` updates; the first update is step 0."""
        if n_steps < 0:
            raise InvalidArgument(f"{self.name}: n_steps must be at least 0, found {n_steps!r}.")
        return self._rates(np.arange(n_steps, dtype=np.float64), n_steps)

    def relative(self, base_rate: float, n_steps: int) -> Rates:
        """Return the table as multiples of its initial rate, times ``base_rate``."""
        if not (math.isfinite(base_rate) and base_rate > 0):
            raise InvalidArgument(
                f"{self.name}: the learning rate must be above 0, found {base_rate!r}. Try 0.001."
            )
        return self._checked(
            base_rate * (self.table(n_steps) / _number(self.parameters, "initial_learning_rate"))
        )

    def rate(self, step: int) -> float:
        """Return the rate of one update of a run whose length is not known."""
        return float(self._rates(np.array([step], dtype=np.float64), None)[0])

    def _rates(self, steps: Rates, n_steps: int | None) -> Rates:
        n_warm = int(_number(self.parameters, "warmup_steps"))
        run = None if n_steps is None else max(n_steps - n_warm, 1)
        rates = self.record.rates(np.maximum(steps - n_warm, 0.0), run, self.parameters)
        if n_warm > 0:
            first = self.record.rates(np.zeros(1), run, self.parameters)
            start = _number(self.parameters, "warmup_from")
            rates = np.where(steps < n_warm, first * (start + (1.0 - start) * steps / n_warm), rates)
        return self._checked(rates)

    def _checked(self, rates: Rates) -> Rates:
        wrong = np.flatnonzero(~(np.isfinite(rates) & (rates >= 0.0)))
        if wrong.size:
            raise InvalidArgument(
                f"schedule {self.name!r}: the rate at step {wrong[0]} is {rates[wrong[0]]!s}; every rate must"
                " be finite and at least 0. Change its hyper-parameters."
            )
        return rates


def _number(parameters: Parameters, name: str) -> float:
    value = parameters[name]
    assert isinstance(value, int | float), (name, value)
    return float(value)


def _length(run: int | None, parameters: Parameters) -> float:
    """Return ``decay_steps``, or the whole run where it is not given."""
    if parameters["decay_steps"] is not None:
        return _number(parameters, "decay_steps")
    if run is None:
        raise InvalidArgument(
            "decay_steps is the whole run by default, and the run's length is unknown here. Give it."
        )
    return float(run)


def _constant(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    return np.full(steps.shape, _number(parameters, "initial_learning_rate"))


def _piecewise_constant(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    values = np.array(_numbers(parameters["values"])) * _number(parameters, "initial_learning_rate")
    if parameters["boundaries"] is not None:
        boundaries = np.array(_numbers(parameters["boundaries"]))
    elif run is not None:
        # The last step of each part but the last; a boundary's own step keeps the earlier value.
        boundaries = np.array([part * run // len(values) - 1 for part in range(1, len(values))], np.float64)
    else:
        raise InvalidArgument("boundaries: the run's length is unknown here, so it cannot be cut. Give them.")
    return values[np.searchsorted(boundaries, steps, side="left")]


def _check_pieces(parameters: Parameters, where: str) -> None:
    values, boundaries = _numbers(parameters["values"]), _numbers(parameters["boundaries"])
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
    decay = power(_number(parameters, "decay_rate"), _elapsed(steps, run, parameters))
    return _number(parameters, "initial_learning_rate") * decay


def _polynomial(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    start, end = _number(parameters, "initial_learning_rate"), _number(parameters, "end_learning_rate")
    length = np.full(steps.shape, _length(run, parameters))
    if parameters["cycle"]:
        length = length * np.maximum(1.0, np.ceil(steps / length))
    left = 1.0 - np.minimum(steps, length) / length
    return (start - end) * power(left, _number(parameters, "power")) + end


def _inverse_time(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    growth = _number(parameters, "decay_rate") * _elapsed(steps, run, parameters)
    return _number(parameters, "initial_learning_rate") / (1.0 + growth)


def _cosine(steps: Rates, run: int | None, parameters: Parameters) -> Rates:
    alpha = _number(parameters, "alpha")
    wave = 0.5 * (1.0 + cosine_of_pi(np.minimum(steps / _length(run, parameters), 1.0)))
    return _number(parameters, "initial_learning_rate") * ((1.0 - alpha) * wave + alpha)


_INITIAL = Hyper("initial_learning_rate", 1.0, "rate of the first update after the warm-up", above=0.0)
_WARMUP = (
    Hyper("warmup_steps", 0, "updates of the linear rise in front", at_least=0, integer=True),
    Hyper("warmup_from", 0.0, "share of the first rate at which the rise starts", at_least=0.0, at_most=1.0),
)
_DECAY_STEPS = Hyper("decay_steps", None, "none: the whole run", above=0, integer=True, optional=True)
_STAIRCASE = Hyper("staircase", False, "round step / decay_steps down")
_KERAS = "Keras 3, keras.optimizers.schedules."

SCHEDULES: Registry[Schedule] = Registry("schedule")

SCHEDULES.add(
    Schedule(
        name="constant",
        summary="The same rate throughout.",
        formula="rate = initial_learning_rate",
        source="the base line of every comparison; Robbins and Monro (1951) ask for a decaying rate",
        hyperparameters=(_INITIAL, *_WARMUP),
        rates=_constant,
    )
)
SCHEDULES.add(
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
        rates=_piecewise_constant,
        check=_check_pieces,
    )
)
SCHEDULES.add(
    Schedule(
        name="exponential_decay",
        summary="Falls by the same factor in every decay_steps updates.",
        formula="rate = initial_learning_rate * decay_rate**(step / decay_steps)",
        source=_KERAS
        + "ExponentialDecay, where decay_rate has no default; 0.01 ends at 1 % of the initial rate",
        hyperparameters=(_INITIAL, _DECAY_STEPS, Hyper("decay_rate", 0.01, above=0.0), _STAIRCASE, *_WARMUP),
        aliases=("exponential",),
        rates=_exponential,
    )
)
SCHEDULES.add(
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
    )
)
SCHEDULES.add(
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
    )
)
SCHEDULES.add(
    Schedule(
        name="cosine_decay",
        summary="Falls along half a cosine to alpha times the initial rate.",
        formula="rate = initial_learning_rate * ((1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2"
        " + alpha)",
        source="Loshchilov and Hutter (2017), SGDR, arXiv:1608.03983; " + _KERAS + "CosineDecay",
        hyperparameters=(_INITIAL, _DECAY_STEPS, Hyper("alpha", 0.0, at_least=0.0, at_most=1.0), *_WARMUP),
        aliases=("cosine",),
        rates=_cosine,
    )
)


def get(name: str, **hyperparameters: Value | Sequence[float]) -> BoundSchedule:
    """Return the schedule called ``name``; boundaries and values may be given as lists."""
    given: dict[str, Value] = {
        key: value if value is None or isinstance(value, int | float | str) else _spell_list(value)
        for key, value in hyperparameters.items()
    }
    chosen = record(name)
    return BoundSchedule(chosen, chosen.resolve(given))


def record(name: str) -> Schedule:
    return SCHEDULES.record(name)


def names() -> tuple[str, ...]:
    return SCHEDULES.names()
