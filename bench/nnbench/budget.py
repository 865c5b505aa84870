"""A budget of time: no trial begins that is not expected to be done before it is used up."""

import re
from collections.abc import Iterable, Iterator
from itertools import takewhile

from nnbench.clock import Clock
from nnbench.engines import Execute
from nnbench.errors import UsageError
from nnbench.matrix import TrialSpec
from nnbench.records import TrialRecord

_UNITS_S = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h)\s*")


def read_budget(text: str, where: str) -> float:
    """Return the seconds in a duration such as ``90s``, ``5m`` or ``1h30m``, or raise UsageError."""
    amounts = _AMOUNT.findall(text)
    if not amounts or _AMOUNT.sub("", text).strip():
        raise UsageError(f"{where}: expected a time with its unit, found {text!r}. Try 90s, 5m or 1h30m.")
    seconds = sum(float(amount) * _UNITS_S[unit] for amount, unit in amounts)
    if not seconds > 0.0:
        raise UsageError(f"{where}: the budget must be above 0, found {text!r}. Try 5m.")
    return seconds


class Budget:
    """The time for the trials of one run, from the moment this is made.

    A configuration is expected to take as long as its slowest trial so far. One that has not been run is
    expected to take what its work says, at the slowest pace so far.
    """

    def __init__(self, seconds: float, clock: Clock) -> None:
        self.is_used_up = False
        self._clock = clock
        self._ends_s = clock.elapsed_s() + seconds
        self._slowest_s: dict[object, float] = {}
        self._pace = 1.0  # measured over estimated

    def is_over(self) -> bool:
        """Return whether the time itself has passed."""
        return self._clock.elapsed_s() >= self._ends_s

    def watching(self, execute: Execute) -> Execute:
        """Return ``execute`` for trials that fit into the time that is left; others come back cancelled."""

        def within(trial: TrialSpec) -> TrialRecord:
            # Asked when the trial would begin, not when it was put in line: only then is the time known.
            if not self._admits(trial):
                return _not_begun(trial)
            began_s = self._clock.elapsed_s()
            record = execute(trial)
            self._learn(trial, self._clock.elapsed_s() - began_s)
            return record

        return within

    def lasting(self, trials: Iterable[TrialSpec]) -> Iterator[TrialSpec]:
        """Yield the trials until one did not fit: to go on with shorter ones would favour the fast."""
        return takewhile(lambda trial: not self.is_used_up, trials)

    def _admits(self, trial: TrialSpec) -> bool:
        if not self.is_used_up and self._clock.elapsed_s() + self._expected_s(trial) > self._ends_s:
            self.is_used_up = True
        return not self.is_used_up

    def _expected_s(self, trial: TrialSpec) -> float:
        measured_s = self._slowest_s.get(_configuration(trial))
        return _estimate_s(trial) * self._pace if measured_s is None else measured_s

    def _learn(self, trial: TrialSpec, took_s: float) -> None:
        # Workers do this at the same time. What one of them may lose is the second slowest trial.
        slowest_s = max(took_s, self._slowest_s.get(_configuration(trial), 0.0))
        self._slowest_s[_configuration(trial)] = slowest_s
        self._pace = max(self._pace, took_s / _estimate_s(trial))


def _configuration(trial: TrialSpec) -> object:
    return trial.case.name, trial.axes


def _estimate_s(trial: TrialSpec) -> float:
    from nnbench.trial import estimate_s

    return estimate_s(trial)


def _not_begun(trial: TrialSpec) -> TrialRecord:
    return TrialRecord(
        key=trial.key,
        case=trial.case.name,
        axes=trial.axes,
        seed=trial.seed,
        status="cancelled",
        final={},
        best={},
        steps=0,
        steps_to_target=None,
        train_s=0.0,
        digest="",
    )
