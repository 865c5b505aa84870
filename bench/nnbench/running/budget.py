"""A budget of time: no trial begins that is not expected to be done before it is used up."""

from collections.abc import Iterable, Iterator
from itertools import takewhile

from nnbench.cases.subject import SubjectCase
from nnbench.machine.clock import Clock
from nnbench.plan.matrix import TrialSpec
from nnbench.records.trials import TrialRecord
from nnbench.running.engines import Execute


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
                return not_begun(trial)
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
    if isinstance(trial.case, SubjectCase):
        return 1.0  # nobody knows before the first one: the pace then says
    from nnbench.training.program import estimate_s

    return estimate_s(trial)


def not_begun(trial: TrialSpec) -> TrialRecord:
    """Return the record of a trial that was not begun, which is not kept."""
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
