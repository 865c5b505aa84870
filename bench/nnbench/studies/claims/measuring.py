"""Experiments: a function measures one seed at a time, in processes of their own, and the store keeps it."""

import hashlib
import importlib
import importlib.util
import math
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnbench.cases.claims import ExperimentSection
from nnbench.cases.plugins import said_of
from nnbench.cases.spec import canonical_json
from nnbench.errors import UsageError
from nnbench.machine.stopping import Stop
from nnbench.records.claims import Measurement
from nnbench.running.engines import LISTEN_S

_EXPERIMENTS = "nnbench.studies.claims.experiments"
# Linear algebra libraries start a thread for every core, and two processes of them hinder each other.
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


@dataclass(frozen=True, slots=True)
class Task:
    """One experiment on one seed."""

    call: str
    folder: Path  # of the claim's file: where "file.py:function" is looked for
    arguments: Mapping[str, Any]
    seed: int
    key: str
    timed: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """A task that left no measurement, and why."""

    task: Task
    why: str


def tasks(section: ExperimentSection, folder: Path, seeds: Sequence[int]) -> list[Task]:
    """Return what an experiment asks for: each seed has a key, the hash of all that it follows from."""
    same = {"call": section.call, "version": section.version, "with": section.arguments}
    if ".py:" in section.call:
        same["source"] = _source_digest(folder / section.call.partition(":")[0])
    return [
        Task(section.call, folder, section.arguments, seed, _key({**same, "seed": seed}), section.timed)
        for seed in seeds
    ]


def carry_out(
    todo: Sequence[Task],
    *,
    jobs: int,
    stop: Stop,
    keep: Callable[[Measurement], None],
    tell: Callable[[int, int], None],
) -> list[Failed]:
    """Measure every task, hand each result on as soon as it is there, and return those that failed.

    What measures time runs last and alone. Once the stop is set no further task begins.
    """
    together = [task for task in todo if not task.timed]
    alone = [task for task in todo if task.timed]
    failed: list[Failed] = []
    for n_done, (task, outcome) in enumerate(_outcomes(together, alone, jobs, stop), 1):
        tell(n_done, len(todo))
        if isinstance(outcome, Measurement):
            keep(outcome)
        else:
            failed.append(Failed(task, outcome))
    return failed


def measure(task: Task) -> Measurement:
    """Return what an experiment gives for a seed, or raise what it raises."""
    function = _function(task)
    began_s = time.perf_counter()
    values = function(task.seed, **task.arguments)
    seconds = time.perf_counter() - began_s
    if not isinstance(values, Mapping):
        raise TypeError(f"{task.call} must return a dict, found {type(values).__name__}")
    plain = {str(name): _plain(value, f"{task.call}, {name}") for name, value in values.items()}
    return Measurement(task.key, task.call, task.seed, plain, seconds)


def _outcomes(
    together: Sequence[Task], alone: Sequence[Task], jobs: int, stop: Stop
) -> Iterator[tuple[Task, Measurement | str]]:
    n_workers = min(jobs, len(together))
    yield from _in_turn(together, stop) if n_workers <= 1 else _at_once(together, n_workers, stop)
    yield from _in_turn(alone, stop)


def _in_turn(todo: Sequence[Task], stop: Stop) -> Iterator[tuple[Task, Measurement | str]]:
    for task in todo:
        if stop.is_set():
            return
        try:
            yield task, measure(task)
        except Exception as error:
            yield task, said_of(error)


def _at_once(todo: Sequence[Task], n_workers: int, stop: Stop) -> Iterator[tuple[Task, Measurement | str]]:
    """Measure in processes: much of an experiment is Python, which one process runs on one core only."""
    context = multiprocessing.get_context("spawn")
    with _one_thread_each():
        pool = ProcessPoolExecutor(n_workers, mp_context=context, initializer=_leave_signals)
        waiting: dict[Future[Measurement], Task] = {pool.submit(measure, task): task for task in todo}
    try:
        while waiting and not stop.is_set():
            for future in wait(waiting, LISTEN_S, return_when="FIRST_COMPLETED").done:
                yield waiting.pop(future), _outcome(future)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        if waiting:
            for process in multiprocessing.active_children():
                process.terminate()


def _outcome(future: "Future[Measurement]") -> Measurement | str:
    try:
        return future.result()
    except BrokenProcessPool:
        return "the process that measured it was ended from outside, for want of memory perhaps"
    except Exception as error:
        return said_of(error)


def _leave_signals() -> None:
    """Let the parent alone answer Ctrl-C, which the terminal sends to every process."""
    with suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _function(task: Task) -> Callable[..., Any]:
    place, _, name = task.call.partition(":")
    if not place.endswith(".py"):
        module = importlib.import_module(f"{_EXPERIMENTS}.{place}")
    else:
        path = task.folder / place
        found = importlib.util.spec_from_file_location(path.stem, path)
        assert found is not None, path
        assert found.loader is not None, path
        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
    function = getattr(module, name, None)
    if not callable(function):
        raise AttributeError(f"{place} has no function {name!r}")
    checked: Callable[..., Any] = function
    return checked


def _plain(value: Any, where: str) -> Any:
    """Return numbers as Python's own, and arrays as lists."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(inner, where) for inner in value]
    if isinstance(value, bool | int | float):
        number = float(value)
        return int(number) if number.is_integer() and math.isfinite(number) else number
    raise TypeError(f"{where} must be a number or a list of them, found {type(value).__name__}")


def _source_digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}.") from None


def _key(what: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical_json(what).encode()).hexdigest()
