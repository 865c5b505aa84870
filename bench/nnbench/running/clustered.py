"""Trials on a cluster: dask.distributed carries them to its workers, and this process alone records them.

Every worker shows what it computes with before its first trial: versions, the sources of plug-ins, and the
digest of one small trial. A worker that differs from this process in any of them ends the run.
"""

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nnbench.cases import plugins
from nnbench.errors import EnvironmentProblem
from nnbench.machine import environment
from nnbench.machine.clock import Clock
from nnbench.machine.stopping import Stop
from nnbench.plan.matrix import TrialSpec
from nnbench.plan.settings import read_settings
from nnbench.records.trials import TrialRecord
from nnbench.running.batches import BatchEngine, WorkerLost
from nnbench.running.budget import not_begun
from nnbench.running.carried import Carried, here, pack
from nnbench.running.engines import LISTEN_S, EngineLost

_INSTALL = '--engine dask needs dask.distributed. Install it: pip install "nnkit-bench[cluster]"'
_CONNECT_S = 10.0
# One batch runs and one lies ready, for every thread of the cluster.
_LANES_PER_THREAD = 2
_SPEAKERS = ("distributed", "tornado", "asyncio")
_COMPARED = ("nnkit", "numpy", "numba", "python")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a process computes with: versions, sources of plug-ins, and the digest of one small trial."""

    facts: tuple[tuple[str, str], ...]

    def difference(self, other: "Fingerprint") -> str | None:
        """Return the first fact in which the two differ, with both values, or None."""
        theirs = dict(other.facts)
        for name, value in self.facts:
            if theirs.get(name) != value:
                return f"{name} is {theirs.get(name)}, and here {value}"
        return None


class WorkerDiffers(EngineLost):
    """A worker of the cluster would compute something else."""


@lru_cache(maxsize=8)
def fingerprint(files: tuple[str, ...]) -> Fingerprint:
    """Return what this process computes with, once the plug-ins in these files are loaded."""
    from nnbench.plan import request
    from nnbench.training.trial import run_trial

    plugins.load(files)
    versions = environment.machine()
    facts = {name: str(versions[name]) for name in _COMPARED}
    facts |= {f"plug-in {name}": source[:12] for name, source in sorted(plugins.sources().items())}
    case = request.one_case("iris").trained_for(1)
    (trial, *_) = request.plan_for([case], read_settings()).trials()
    facts["the digest of a small trial"] = run_trial(trial).digest[:12]
    return Fingerprint(tuple(facts.items()))


def _of_this_process(files: tuple[str, ...]) -> Fingerprint:
    return fingerprint(files)


def run_there(
    trials: Sequence[TrialSpec], files: tuple[str, ...], expected: Fingerprint, *data: Carried
) -> list[TrialRecord]:
    """Run trials on a worker that computes as it should; it may have joined a moment ago."""
    from nnbench.running.worker import run_batch

    if difference := expected.difference(fingerprint(files)):
        raise WorkerDiffers(f"a worker differs: {difference}.")
    carried = {each.content: each for each in data}
    there = [
        here(trial, carried[trial.case.data.content]) if trial.case.data.content else trial
        for trial in trials
    ]
    return run_batch(there, Stop())


def dask_engine(n_workers: int, scheduler: str | None, stop: Stop, clock: Clock) -> BatchEngine:
    """Return an engine on the cluster of a scheduler, or on one of this machine with so many workers.

    Raise EnvironmentProblem where it cannot be reached, or a worker computes something else.
    """
    try:
        import distributed
    except ImportError:
        raise EnvironmentProblem(f"{_INSTALL}.") from None
    _silence()
    client = _client(distributed, n_workers, scheduler)
    try:
        files = tuple(plugins.files())
        expected = _of_this_process(files)
        _check(client, files, expected)
        n_lanes = _LANES_PER_THREAD * sum(client.nthreads().values())
        where = scheduler or "this machine"
        sent = _Sent(client)
        lanes = [_DaskLane(client, files, expected, sent, stop, where) for _ in range(n_lanes)]
        return BatchEngine(lanes, stop, clock, at_end=lambda: _close(client))
    except BaseException:
        _close(client)
        raise


def _silence() -> None:
    """Turn off what dask logs, with tracebacks, when a connection ends: it is said here, in one line."""
    for name in (*_SPEAKERS, *logging.root.manager.loggerDict):
        if name.partition(".")[0] in _SPEAKERS:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _client(distributed: Any, n_workers: int, scheduler: str | None) -> Any:
    try:
        if scheduler is not None:
            client = distributed.Client(scheduler, timeout=_CONNECT_S, set_as_default=False)
            client.wait_for_workers(1, timeout=_CONNECT_S)
            return client
        cluster = distributed.LocalCluster(
            n_workers=n_workers, threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL
        )
        return distributed.Client(cluster, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        said = " ".join(str(error).split())
        raise EnvironmentProblem(
            f"--scheduler {scheduler}: no dask scheduler with workers answers there ({said})."
        ) from error


def _check(client: Any, files: tuple[str, ...], expected: Fingerprint) -> None:
    """Compare every worker with this process before anything is run."""
    try:
        found = client.run(fingerprint, files, on_error="return")
    except Exception as error:
        raise EnvironmentProblem(f"the workers cannot be asked what they compute with: {error}") from error
    for worker, theirs in sorted(found.items()):
        if isinstance(theirs, BaseException):
            said = " ".join(f"{type(theirs).__name__}: {theirs}".split())
            raise EnvironmentProblem(f"worker {worker} cannot run nnbench ({said}).")
        if difference := expected.difference(theirs):
            raise WorkerDiffers(
                f"worker {worker} differs: {difference}. Let all machines have the same, or leave it out."
            )


def _close(client: Any) -> None:
    cluster = client.cluster
    client.close(timeout=_CONNECT_S)
    if cluster is not None:
        cluster.close(timeout=_CONNECT_S)


class _Sent:
    """The files of cases, each sent once: dask moves them on to every worker that needs them."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._futures: dict[str, Any] = {}

    def needed_by(self, trials: Sequence[TrialSpec]) -> list[Any]:
        """Return what stands for the files of these trials on the cluster."""
        with self._lock:
            sections = {trial.case.data.content: trial.case.data for trial in trials}
            for content in sections.keys() - self._futures.keys() - {""}:
                self._futures[content] = self._client.scatter(pack(sections[content]), hash=False)
            return [self._futures[content] for content in sections if content]


class _DaskLane:
    """A place in the line of the cluster."""

    def __init__(
        self,
        client: Any,
        files: tuple[str, ...],
        expected: Fingerprint,
        sent: _Sent,
        stop: Stop,
        where: str,
    ) -> None:
        self._client = client
        self._sent = sent
        self._more = files, expected
        self._stop = stop
        self._where = where

    def run(self, trials: Sequence[TrialSpec]) -> list[TrialRecord]:
        from distributed.scheduler import KilledWorker

        try:
            data = self._sent.needed_by(trials)
            future = self._client.submit(run_there, list(trials), *self._more, *data, pure=False)
            return list(self._result(future, trials))
        except KilledWorker:
            raise WorkerLost("its worker was killed") from None
        except (CancelledError, OSError, RuntimeError) as error:
            if self._client.status == "running" and not isinstance(error, CancelledError):
                raise
            raise EngineLost(
                f"the dask scheduler of {self._where} is lost. Every trial that ended is kept; the same"
                " command goes on from here."
            ) from error

    def _result(self, future: Any, trials: Sequence[TrialSpec]) -> Sequence[TrialRecord]:
        has_ended = threading.Event()
        future.add_done_callback(lambda _: has_ended.set())
        while not has_ended.wait(LISTEN_S):
            if self._stop.is_set():
                future.cancel()
                return [not_begun(trial) for trial in trials]
            if self._client.status != "running":
                raise CancelledError
        found: list[TrialRecord] = future.result()
        return found

    def close(self) -> None:
        pass
