"""Engines carry out trials: something that takes a trial and promises its record."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from nnbench.plan.matrix import TrialSpec
from nnbench.records.trials import TrialRecord

Execute = Callable[[TrialSpec], TrialRecord]


class Engine(Protocol):
    """What the runner asks of an engine; an executor of ``concurrent.futures`` has both already."""

    n_workers: int

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
        self._pool = ThreadPoolExecutor(n_workers, thread_name_prefix="trial")

    def submit(self, execute: Execute, trial: TrialSpec) -> "Future[TrialRecord]":
        return self._pool.submit(execute, trial)

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
