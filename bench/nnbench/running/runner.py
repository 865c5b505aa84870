"""The runner: keeps the workers of an engine busy and hands every record on as soon as it is there.

Only the thread that calls ``run_trials`` touches the store. At most a few trials per worker are submitted at
a time, so a matrix of 100,000 trials costs no more per trial than one of 100.
"""

import itertools
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from queue import Empty, SimpleQueue

from nnbench.cases import plugins
from nnbench.machine.stopping import Interrupted, listening
from nnbench.plan.matrix import TrialSpec
from nnbench.records.trials import TrialRecord
from nnbench.running.engines import LISTEN_S, Engine, Execute

# Enough that no worker waits while this thread writes to the store, few enough to stop quickly.
SUBMITTED_PER_WORKER = 4
INTERRUPTED = 130

_Done = tuple[TrialSpec, "Future[TrialRecord]"]


def run_trials(
    trials: Iterable[TrialSpec],
    *,
    execute: Execute,
    engine: Engine,
    keep: Callable[[TrialRecord], None],
    stop: threading.Event,
) -> None:
    """Run the trials in their order and call ``keep`` with every record, in the order they finish.

    An exception in a trial becomes a record with status ``failed``. Once ``stop`` is set no further trial
    begins, and those that are cut short are not kept.
    """
    done: SimpleQueue[_Done] = SimpleQueue()
    waiting = iter(() if stop.is_set() else trials)
    n_submitted = _submit(
        itertools.islice(waiting, SUBMITTED_PER_WORKER * engine.n_workers), execute, engine, done
    )
    try:
        while n_submitted:
            trial, future = _next(done)
            n_submitted -= 1
            record = _record(trial, future)
            if record.status != "cancelled":
                keep(record)
            if not stop.is_set():
                n_submitted += _submit(itertools.islice(waiting, 1), execute, engine, done)
    except BaseException:
        # The disk is full, or the user presses Ctrl-C twice: the workers must not go on for nobody.
        stop.set()
        raise


def _submit(trials: Iterable[TrialSpec], execute: Execute, engine: Engine, done: "SimpleQueue[_Done]") -> int:
    n_submitted = 0
    for trial in trials:
        # The worker's thread puts its future into the queue; to wait on a set of futures would look at
        # every one of them for each that finishes.
        engine.submit(execute, trial).add_done_callback(partial(_announce, trial, done))
        n_submitted += 1
    return n_submitted


def _next(done: "SimpleQueue[_Done]") -> _Done:
    while True:
        with suppress(Empty):
            return done.get(timeout=LISTEN_S)


def _announce(trial: TrialSpec, done: "SimpleQueue[_Done]", future: "Future[TrialRecord]") -> None:
    done.put((trial, future))


def _record(trial: TrialSpec, future: "Future[TrialRecord]") -> TrialRecord:
    """Return the trial's record, or one that says why there is none.

    Whatever a plug-in raises is its trial's own, SystemExit too.
    """
    error = future.exception()
    if error is None:
        return future.result()
    if not isinstance(error, Exception) and not plugins.place_of(error):
        raise error
    return TrialRecord(
        key=trial.key,
        case=trial.case.name,
        axes=trial.axes,
        seed=trial.seed,
        status="failed",
        final={},
        best={},
        steps=0,
        steps_to_target=None,
        train_s=0.0,
        digest="",
        failure=None,
        error=plugins.said_of(error),
    )


@contextmanager
def stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and SIGHUP set ``stop`` while the block runs.

    A second one interrupts what the main thread does, and one more ends the process as it is: it waits for a
    trial that does not end, such as a plug-in's own endless loop.
    """
    n_heard = 0

    def handle() -> None:
        nonlocal n_heard
        n_heard += 1
        if n_heard == 2:
            raise Interrupted
        if n_heard > 2:
            os._exit(INTERRUPTED)
        stop.set()

    with listening(handle):
        yield
