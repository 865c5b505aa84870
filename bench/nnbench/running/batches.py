"""An engine whose workers are elsewhere: trials travel there in batches, and records come back.

A lane is one way to a worker, with a thread of this process. A batch holds about a tenth of a second of work:
what its journey costs is then little, and what a killed worker loses too.
"""

import math
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Protocol

from nnbench.machine.clock import Clock
from nnbench.machine.stopping import Stop
from nnbench.plan.matrix import TrialSpec
from nnbench.records.trials import TrialRecord
from nnbench.running.budget import not_begun
from nnbench.running.engines import LISTEN_S, Execute

MOST_IN_A_BATCH = 64
_BATCH_S = 0.1
# A worker that is killed takes its trials along. One that was alone in so many of them is their killer.
MOST_ATTEMPTS = 3

_Waiting = tuple[TrialSpec, "Future[TrialRecord]"]


class WorkerLost(Exception):
    """The worker ended before it answered."""


class Lane(Protocol):
    """A way to a worker."""

    def run(self, trials: Sequence[TrialSpec]) -> list[TrialRecord]:
        """Return the records of the trials; raise WorkerLost, after which the lane leads to a new worker."""
        ...

    def close(self) -> None:
        """Let the worker go."""
        ...


class BatchEngine:
    """Hands trials to lanes in batches, the same trial again where a worker was lost."""

    def __init__(
        self, lanes: Sequence[Lane], stop: Stop, clock: Clock, *, at_end: Callable[[], None] = lambda: None
    ) -> None:
        self.n_workers = len(lanes)
        self.n_submitted = 2 * MOST_IN_A_BATCH * len(lanes)
        self._at_end = at_end  # when all lanes are closed
        self._stop = stop
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()
        self._again: deque[_Waiting] = deque()  # one at a time: one of them may be what kills workers
        self._attempts: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._is_closed = False
        self._trial_s = _BATCH_S  # of a trial, as measured lately: the first batches have one each
        self._threads = [threading.Thread(target=self._serve, args=(lane,), daemon=True) for lane in lanes]
        for thread in self._threads:
            thread.start()

    def submit(self, execute: Execute, trial: TrialSpec) -> "Future[TrialRecord]":
        """Put a trial in line. How it is executed is the worker's own matter."""
        future: Future[TrialRecord] = Future()
        with self._changed:
            self._waiting.append((trial, future))
            self._changed.notify()
        return future

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        for thread in self._threads:
            while thread.is_alive():
                thread.join(LISTEN_S)
        self._at_end()

    def _serve(self, lane: Lane) -> None:
        try:
            while batch := self._next_batch():
                self._run(lane, batch)
        finally:
            lane.close()

    def _next_batch(self) -> list[_Waiting]:
        """Wait for trials; none is the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._waiting or self._again)
            if self._is_closed:
                return []
            if self._again:
                return [self._again.popleft()]
            # Not all of the last ones to a single worker, while the others have nothing to do.
            fair = math.ceil(len(self._waiting) / self.n_workers)
            n = max(1, min(int(_BATCH_S / self._trial_s), fair, MOST_IN_A_BATCH))
            return [self._waiting.popleft() for _ in range(n)]

    def _run(self, lane: Lane, batch: Sequence[_Waiting]) -> None:
        began_s = self._clock.elapsed_s()
        if self._stop.is_set():
            self._leave(batch)
            return
        try:
            records = lane.run([trial for trial, _ in batch])
        except WorkerLost as lost:
            if self._stop.is_set():
                self._leave(batch)
            else:
                self._run_again(batch, lost)
        except BaseException as error:  # told to whoever waits for the trials
            for _, future in batch:
                future.set_exception(error)
        else:
            self._trial_s = max((self._clock.elapsed_s() - began_s) / len(batch), 1e-6)
            for (_, future), record in zip(batch, records, strict=True):
                future.set_result(record)

    def _leave(self, batch: Sequence[_Waiting]) -> None:
        for trial, future in batch:
            future.set_result(not_begun(trial))

    def _run_again(self, batch: Sequence[_Waiting], lost: WorkerLost) -> None:
        with self._changed:
            for trial, future in batch:
                self._attempts[trial.key] += len(batch) == 1
                if self._attempts[trial.key] < MOST_ATTEMPTS:
                    self._again.append((trial, future))
                    self._changed.notify()
                else:
                    future.set_exception(RuntimeError(f"{lost}, {MOST_ATTEMPTS} times"))
