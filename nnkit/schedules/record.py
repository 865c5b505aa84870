"""What a schedule is: a function from steps to rates, and its table for a run.

A schedule says rates (`BoundSchedule.table`, Keras's meaning) or multiples of an optimizer's own learning
rate (`BoundSchedule.relative`, the meaning on the command line): the table divided by its
``initial_learning_rate``, times the optimizer's rate. That initial rate is 1 by default, so that values and
end rates are then shares: ``piecewise_constant(boundaries=700|900, values=1|0.5|0.1)``.

Every schedule takes a linear warm-up in front: ``warmup_steps`` updates that rise from the share
``warmup_from`` of the schedule's first rate; then the schedule starts, its own steps counted from 0.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from nnkit.errors import InvalidArgument, shown
from nnkit.registry import Part, Value, number

Rates = NDArray[np.float64]
Parameters = Mapping[str, Value]


MOST_STEPS = 50_000_000  # of a run: each has a rate and two results of 8 bytes


def check_length(n_steps: int, where: str) -> None:
    """Raise InvalidArgument before memory is asked for that no run needs."""
    if not 0 <= n_steps <= MOST_STEPS:
        raise InvalidArgument(
            f"{where}: n_steps must be at least 0 and at most {MOST_STEPS:,}, found {shown(n_steps)}."
            " Train for fewer epochs."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule(Part):
    """A schedule: ``rates(steps, run, parameters)`` of a run of ``run`` updates, warm-up not counted."""

    rates: Callable[[Rates, int | None, Parameters], Rates]
    check: Callable[[Parameters, str], None] | None = (
        None  # what several hyper-parameters must fulfil together
    )
    takes_rate: bool = False  # computed from the learning rate itself: its rates are no multiples of it

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
        """The name by which it was chosen, without options."""
        return self.record.name

    def table(self, n_steps: int) -> Rates:
        """Return the learning rate of each of ``n_steps`` updates; the first update is step 0."""
        check_length(n_steps, self.name)
        return self._rates(np.arange(n_steps, dtype=np.float64), n_steps)

    def relative(self, base_rate: float, n_steps: int) -> Rates:
        """Return the table as multiples of its initial rate, times ``base_rate``."""
        if not (math.isfinite(base_rate) and base_rate > 0):
            raise InvalidArgument(
                f"{self.name}: the learning rate must be above 0, found {base_rate!r}. Try 0.001."
            )
        if self.record.takes_rate:
            return replace(self, parameters={**self.parameters, "initial_learning_rate": base_rate}).table(
                n_steps
            )
        return self._checked(
            base_rate * (self.table(n_steps) / number(self.parameters, "initial_learning_rate"))
        )

    def rate(self, step: int) -> float:
        """Return the rate of one update of a run whose length is not known."""
        return float(self._rates(np.array([step], dtype=np.float64), None)[0])

    def _rates(self, steps: Rates, n_steps: int | None) -> Rates:
        n_warm = int(number(self.parameters, "warmup_steps"))
        run = None if n_steps is None else max(n_steps - n_warm, 1)
        rates = self.record.rates(np.maximum(steps - n_warm, 0.0), run, self.parameters)
        if n_warm > 0:
            first = self.record.rates(np.zeros(1), run, self.parameters)
            start = number(self.parameters, "warmup_from")
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
