"""Engines carry out trials: something that takes a trial and promises its record."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Protocol

from nnbench.errors import EnvironmentProblem
from nnbench.plan.matrix import TrialSpec
from nnbench.records.trials import TrialRecord

Execute = Callable[[TrialSpec], TrialRecord]
# The system may hand a signal to any thread, a sleeping one of a linear algebra library too; the main thread,
# which alone answers it, hears of it when its own sleep ends. So it never sleeps longer than this.
LISTEN_S = 0.1
# Enough that no worker waits while the parent writes to the store, few enough to stop quickly.
_SUBMITTED_PER_WORKER = 4


class EngineLost(EnvironmentProblem):
    """No trial can be run any more; those that ended are kept."""


class Engine(Protocol):
    """What the runner asks of an engine."""

    n_workers: int
    n_submitted: int  # at most so many trials are handed over that have not come back

    def submit(self, execute: Execute, trial: TrialSpec) -> "Future[TrialRecord]":
        """Begin a trial as soon as a worker is free."""
        ...

    def close(self) -> None:
        """Wait for what is running, drop what has not begun, and let the workers go."""
        ...


class ThreadEngine:
    """Threads of this process. They run at the same time because a trial releases the interpreter's lock."""

    def __init__(self, n_workers: int) -> None:
        self.n_workers = n_workers
        self.n_submitted = _SUBMITTED_PER_WORKER * n_workers
        self._pool = ThreadPoolExecutor(n_workers, thread_name_prefix="trial")
        self._running: set[Future[TrialRecord]] = set()

    def submit(self, execute: Execute, trial: TrialSpec) -> "Future[TrialRecord]":
        future = self._pool.submit(execute, trial)
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        return future

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        while wait(tuple(self._running), LISTEN_S).not_done:
            pass
