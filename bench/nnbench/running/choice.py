"""Which engine runs the trials: threads, unless there are many and they are short."""

import os
from collections.abc import Sequence

from nnbench.cases.subject import SubjectCase
from nnbench.errors import UsageError
from nnbench.machine.clock import Clock
from nnbench.machine.stopping import Stop
from nnbench.plan.matrix import TrialSpec
from nnbench.plan.settings import How, Settings
from nnbench.records.trials import TrialRecord
from nnbench.running.batches import BatchEngine
from nnbench.running.engines import Engine, ThreadEngine

# Shorter trials hold the interpreter's lock for a large part of their time, and threads wait for one another.
_SHORT_S = 0.05
# Of the work of one core: a worker takes about a second to begin.
_WORTH_PROCESSES_S = 10.0
# The longest trial among those of which a thread takes a few at once.
_FOR_BATCHES_S = 0.02


def how_to_run(todo: Sequence[TrialSpec], chosen: Settings, n_workers: int) -> How:
    """Return the engine that was asked for, or the one that suits the trials."""
    if any(isinstance(trial.case, SubjectCase) for trial in todo):
        if chosen.engine not in (None, "threads"):
            raise UsageError(
                f"--engine {chosen.engine}: a subject has processes of its own on this machine, which threads"
                " look after. Leave --engine out."
            )
        return "threads"
    if chosen.engine is not None:
        return chosen.engine
    if chosen.budget_s is not None or n_workers == 1 or os.name != "posix":
        return "threads"
    estimates = _estimates_s(todo)
    are_many_and_short = estimates and _WORTH_PROCESSES_S <= sum(estimates) <= _SHORT_S * len(todo)
    return "processes" if are_many_and_short else "threads"


def _estimates_s(todo: Sequence[TrialSpec]) -> list[float]:
    from nnbench.training.program import estimate_s

    # One of each configuration is estimated: its seeds take the same time.
    each: dict[object, float] = {}
    for trial in todo:
        configuration = trial.case.name, trial.axes
        if configuration not in each:
            each[configuration] = estimate_s(trial)
    return [each[trial.case.name, trial.axes] for trial in todo]


def are_for_batches(todo: Sequence[TrialSpec], chosen: Settings) -> bool:
    """Return whether a thread takes several of the trials at once: all are short, and none must be alone."""
    if chosen.budget_s is not None or any(isinstance(trial.case, SubjectCase) for trial in todo):
        return False
    return max(_estimates_s(todo), default=1.0) <= _FOR_BATCHES_S


class _ThreadLane:
    """A worker that is a thread of this process."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop

    def run(self, trials: Sequence[TrialSpec]) -> list[TrialRecord]:
        from nnbench.running.worker import run_batch

        return run_batch(trials, self._stop)

    def close(self) -> None:
        pass


def begin(
    how: How, n_workers: int, scheduler: str | None, stop: Stop, clock: Clock, *, in_batches: bool = False
) -> Engine:
    """Return the engine with its workers; those that are threads take trials one by one, or in batches."""
    if how == "processes":
        from nnbench.running.processes import process_engine

        return process_engine(n_workers, stop, clock)
    if how == "dask":
        from nnbench.running.clustered import dask_engine

        return dask_engine(n_workers, scheduler, stop, clock)
    if in_batches:
        return BatchEngine([_ThreadLane(stop) for _ in range(n_workers)], stop, clock)
    return ThreadEngine(n_workers)
