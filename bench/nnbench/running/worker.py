"""A worker: a process that trains trials for another one, which alone records them.

Run as a program it reads batches from standard input, a socket, and answers on it. Where the other end is
closed, or its process is killed, the trial that runs is cut short and the worker ends.
"""

import json
import os
import sys
import threading
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from queue import SimpleQueue
from typing import BinaryIO

from nnbench.cases import plugins
from nnbench.cases.spec import CaseSpec
from nnbench.machine.stopping import Stop
from nnbench.plan import described
from nnbench.plan.matrix import TrialSpec
from nnbench.records.trials import TrialRecord
from nnbench.running import messages
from nnbench.running.runner import failed
from nnbench.training.trial import run_together

# How long a worker goes on whose other end is closed.
_LAST_S = 10.0


def run_batch(trials: Sequence[TrialSpec], stop: Stop) -> list[TrialRecord]:
    """Return the record of every trial; one that raises has a record that says so."""
    same = {id(trial.case): _the_same(trial.case) for trial in trials}
    given = [_of(trial, same[id(trial.case)]) for trial in trials]
    found = run_together(given, stop=stop)
    return [
        failed(trial, each) if isinstance(each, BaseException) else each
        for trial, each in zip(given, found, strict=True)
    ]


def _of(trial: TrialSpec, case: CaseSpec) -> TrialSpec:
    return trial if trial.case is case else replace(trial, case=case)


@lru_cache(maxsize=256)
def _the_same(case: CaseSpec) -> CaseSpec:
    """Return the first case that was equal: caches that ask for a case find the same object sooner."""
    return case


def _serve(asking: BinaryIO, answering: BinaryIO) -> None:
    stop, has_ended = Stop(), threading.Event()
    asked: SimpleQueue[str | None] = SimpleQueue()
    files: Sequence[str] = json.loads(messages.receive(asking)[0])
    plugins.load(files)

    def listen() -> None:
        try:
            while True:
                asked.put(messages.receive(asking)[0])
        except (EOFError, OSError):
            asked.put(None)
            stop.set()
            # A plug-in may have an endless loop, and nobody is left to end it.
            if not has_ended.wait(_LAST_S):
                os._exit(1)

    threading.Thread(target=listen, daemon=True).start()
    while (text := asked.get()) is not None:
        records = run_batch(described.from_text(text), stop)
        messages.send(answering.write, *messages.of_records(records))
        answering.flush()
    has_ended.set()


def _as_a_program() -> None:
    channel = os.dup(0)
    # What a plug-in reads or prints must not be taken from, or for, the answers.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    warnings.showwarning = lambda message, *_: print(f"nnbench: {message}", file=sys.stderr)
    with (
        suppress(ConnectionError),
        open(channel, "rb") as asking,
        open(os.dup(channel), "wb") as answering,
    ):
        _serve(asking, answering)


if __name__ == "__main__":
    _as_a_program()
