"""Trials in processes of this machine: short ones keep one interpreter's lock, and there it is one each."""

import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

from nnbench.cases import plugins
from nnbench.errors import EnvironmentProblem
from nnbench.machine.clock import Clock
from nnbench.machine.stopping import Stop
from nnbench.plan import described
from nnbench.plan.matrix import TrialSpec
from nnbench.records.trials import TrialRecord
from nnbench.running import messages
from nnbench.running.batches import BatchEngine, WorkerLost
from nnbench.running.engines import LISTEN_S, EngineLost

_COMMAND = (sys.executable, "-m", "nnbench.running.worker")
_MOST_STARTS = 5


def process_engine(n_workers: int, stop: Stop, clock: Clock) -> BatchEngine:
    """Return an engine of so many processes, which begin at once."""
    return BatchEngine([ProcessLane(stop) for _ in range(n_workers)], stop, clock)


class ProcessLane:
    """A worker of this machine. It ends when this end of the socket is closed, also by a kill."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._n_fruitless = 0  # workers, one after the other, that never answered
        self._start()

    def run(self, trials: Sequence[TrialSpec]) -> list[TrialRecord]:
        try:
            messages.send(self._socket.sendall, described.to_text(trials))
            records = self._answer()
        except (OSError, EOFError):
            raise self._lost() from None
        self._n_fruitless = 0
        return records

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
        self._answers.close()
        self._socket.close()
        self._process.wait()

    def _start(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            try:
                # In a session of its own: Ctrl-C is for this process, which then tells the workers.
                self._process = subprocess.Popen(
                    _COMMAND, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, start_new_session=True
                )
            except OSError as error:
                raise EnvironmentProblem(f"a worker cannot be started ({error.strerror}).") from error
        self._answers = self._socket.makefile("rb")
        with suppress(OSError):  # it has ended already, which is noticed when it is given a trial
            messages.send(
                self._socket.sendall, json.dumps([os.path.abspath(file) for file in plugins.files()])
            )

    def _answer(self) -> list[TrialRecord]:
        is_told = False
        while not select.select([self._socket], [], [], LISTEN_S)[0]:
            if self._stop.is_set() and not is_told:
                self._socket.shutdown(socket.SHUT_WR)
                is_told = True
        return messages.records_of(messages.receive(self._answers))

    def _lost(self) -> Exception:
        """Return what to raise; unless nothing can be run any more, another worker has been started."""
        self.close()
        code = self._process.returncode
        self._n_fruitless += 1
        if self._n_fruitless >= _MOST_STARTS:
            return EngineLost(
                f"{self._n_fruitless} workers, one after the other, ended with {code} before they had run"
                " anything. Their messages are above; --engine threads runs without them."
            )
        self._start()
        return WorkerLost(f"its worker was killed or ended ({code})")
