"""The runner: keeps the workers of an engine busy and hands every record on as soon as it is there.

Only the thread that calls ``run_trials`` touches the store. At most a few trials per worker are submitted at
a time, so a matrix of 100,000 trials costs no more per trial than one of 100.
"""

import itertools
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from queue import Empty, SimpleQueue

from nnbench.cases import plugins
from nnbench.machine.stopping import Interrupted, listening
from nnbench.plan.matrix import TrialSpec
from nnbench.records.trials import TrialRecord
from nnbench.running.engines import LISTEN_S, Engine, EngineLost, Execute

INTERRUPTED = 130
_MOST_KEPT_AT_ONCE = 64

_Done = tuple[TrialSpec, "Future[TrialRecord]"]


def run_trials(
    trials: Iterable[TrialSpec],
    *,
    execute: Execute,
    engine: Engine,
    keep: Callable[[Sequence[TrialRecord]], None],
    stop: threading.Event,
) -> None:
    """Run the trials in their order and call ``keep`` with the records that have come, as they finish.

    An exception in a trial becomes a record with status ``failed``. Once ``stop`` is set no further trial
    begins, and those that are cut short are not kept.
    """
    done: SimpleQueue[_Done] = SimpleQueue()
    waiting = iter(() if stop.is_set() else trials)
    n_submitted = _submit(itertools.islice(waiting, engine.n_submitted), execute, engine, done)
    try:
        while n_submitted:
            ended = _ended(done)
            n_submitted -= len(ended)
            records: list[TrialRecord] = []
            try:
                records.extend(_record(trial, future) for trial, future in ended)
            finally:  # what ends the run does not take along what ended before it
                if finished := [record for record in records if record.status != "cancelled"]:
                    keep(finished)
            if not stop.is_set():
                n_submitted += _submit(itertools.islice(waiting, len(ended)), execute, engine, done)
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


def _ended(done: "SimpleQueue[_Done]") -> list[_Done]:
    """Wait for a trial to end, and return it with those that ended meanwhile: one transaction keeps them."""
    ended: list[_Done] = []
    while not ended:
        with suppress(Empty):
            ended.append(done.get(timeout=LISTEN_S))
    with suppress(Empty):
        while len(ended) < _MOST_KEPT_AT_ONCE:
            ended.append(done.get_nowait())
    return ended


def _announce(trial: TrialSpec, done: "SimpleQueue[_Done]", future: "Future[TrialRecord]") -> None:
    done.put((trial, future))


def _record(trial: TrialSpec, future: "Future[TrialRecord]") -> TrialRecord:
    """Return the trial's record, or one that says why there is none.

    Whatever a plug-in raises is its trial's own, SystemExit too.
    """
    error = future.exception()
    if error is None:
        return future.result()
    return failed(trial, error)


def failed(trial: TrialSpec, error: BaseException) -> TrialRecord:
    """Return the record of a trial that raised; raise what ends the run itself."""
    if isinstance(error, EngineLost) or not (isinstance(error, Exception) or plugins.place_of(error)):
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
