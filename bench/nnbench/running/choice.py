"""Which engine runs the trials: threads, unless there are many and they are short."""

import os
from collections.abc import Sequence

from nnbench.cases.subject import SubjectCase
from nnbench.errors import UsageError
from nnbench.machine.clock import Clock
from nnbench.machine.stopping import Stop
from nnbench.plan.matrix import TrialSpec
from nnbench.plan.settings import How, Settings
from nnbench.running.engines import Engine, ThreadEngine

# Shorter trials hold the interpreter's lock for a large part of their time, and threads wait for one another.
_SHORT_S = 0.05
# Of the work of one core: a worker takes about a second to begin.
_WORTH_PROCESSES_S = 10.0


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
    return "processes" if todo and _are_many_and_short(todo) else "threads"


def _are_many_and_short(todo: Sequence[TrialSpec]) -> bool:
    from nnbench.training.program import estimate_s

    # One of each configuration is estimated: its seeds take the same time.
    each: dict[object, float] = {}
    seconds = 0.0
    for trial in todo:
        configuration = trial.case.name, trial.axes
        if configuration not in each:
            each[configuration] = estimate_s(trial)
        seconds += each[configuration]
    return seconds >= _WORTH_PROCESSES_S and seconds / len(todo) <= _SHORT_S


def begin(how: How, n_workers: int, scheduler: str | None, stop: Stop, clock: Clock) -> Engine:
    """Return the engine with its workers."""
    if how == "processes":
        from nnbench.running.processes import process_engine

        return process_engine(n_workers, stop, clock)
    if how == "dask":
        from nnbench.running.clustered import dask_engine

        return dask_engine(n_workers, scheduler, stop, clock)
    return ThreadEngine(n_workers)
