"""The runner: every trial once, whatever happens to some of them."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from nnbench.errors import EnvironmentProblem
from nnbench.plan.matrix import TrialSpec
from nnbench.records.trials import TrialRecord
from nnbench.running.engines import ThreadEngine
from nnbench.running.runner import run_trials
from tests.nnbench.fake_trial import run_trial
from tests.nnbench.test_matrix import crossed


def some_trials(n: int) -> list[TrialSpec]:
    return crossed(optimizer="adam", seeds=str(n)).trials()


def run(
    trials: Any, execute: Callable[[TrialSpec], TrialRecord] = run_trial, *, jobs: int = 2, **options: Any
) -> list[TrialRecord]:
    kept: list[TrialRecord] = []
    engine = ThreadEngine(jobs)
    keep = options.pop("keep", kept.extend)
    stop = options.pop("stop", threading.Event())
    try:
        run_trials(trials, execute=execute, engine=engine, keep=keep, stop=stop)
    finally:
        engine.close()
    return kept


@pytest.mark.parametrize("jobs", [1, 2, 8])
def test_every_trial_is_kept_once(jobs: int) -> None:
    trials = some_trials(100)

    kept = run(trials, jobs=jobs)

    assert sorted(record.key for record in kept) == sorted(trial.key for trial in trials)


def test_one_worker_keeps_the_order() -> None:
    trials = some_trials(20)

    assert [record.key for record in run(trials, jobs=1)] == [trial.key for trial in trials]


def test_nothing_to_run_is_no_trouble() -> None:
    assert run([]) == []


def test_an_exception_becomes_a_failed_record_and_the_run_goes_on() -> None:
    trials = some_trials(6)

    def execute(trial: TrialSpec) -> TrialRecord:
        if trial.seed == 3:
            raise ValueError("no\nluck")
        return run_trial(trial)

    kept = {record.seed: record for record in run(trials, execute)}

    assert kept[3].status == "failed"
    assert kept[3].error == "ValueError: no luck"
    assert (kept[3].key, kept[3].axes) == (trials[3].key, trials[3].axes)
    assert [kept[seed].status for seed in (0, 1, 2, 4, 5)] == ["finished"] * 5


def test_only_the_calling_thread_keeps_records() -> None:
    keepers = set()

    run(some_trials(30), keep=lambda records: keepers.add(threading.get_ident()))

    assert keepers == {threading.get_ident()}


def test_a_record_is_kept_before_the_run_is_over() -> None:
    started, may_end, kept = [], threading.Event(), []

    def execute(trial: TrialSpec) -> TrialRecord:
        started.append(trial.seed)
        if trial.seed == 1:
            assert may_end.wait(10)
        return run_trial(trial)

    def keep(records: Sequence[TrialRecord]) -> None:
        kept.extend(record.seed for record in records)
        may_end.set()

    run(some_trials(2), execute, keep=keep)

    assert kept == [0, 1]


def test_only_a_few_trials_are_submitted_at_a_time() -> None:
    """Expansion may be lazy: what is taken from the iterator is what has run, and a few more."""
    taken = 0

    def trials() -> Iterator[TrialSpec]:
        nonlocal taken
        for trial in some_trials(200):
            taken += 1
            yield trial

    most_ahead = 0
    n_kept = 0

    def keep(records: Sequence[TrialRecord]) -> None:
        nonlocal most_ahead, n_kept
        n_kept += len(records)
        most_ahead = max(most_ahead, taken - n_kept)

    run(trials(), keep=keep, jobs=2)

    assert n_kept == 200
    assert most_ahead <= 20


def test_stopping_begins_no_further_trial_and_keeps_none_that_was_cut_short() -> None:
    stop = threading.Event()
    kept: list[TrialRecord] = []

    def execute(trial: TrialSpec) -> TrialRecord:
        return run_trial(trial, stop=stop)

    def keep(records: Sequence[TrialRecord]) -> None:
        kept.extend(records)
        if len(kept) >= 5:
            stop.set()

    run(some_trials(1000), execute, keep=keep, stop=stop)

    assert 5 <= len(kept) <= 25
    assert {record.status for record in kept} == {"finished"}


def test_a_full_disk_ends_the_run_and_stops_the_workers() -> None:
    stop = threading.Event()

    def keep(records: Sequence[TrialRecord]) -> None:
        raise EnvironmentProblem("store: the disk is full.")

    with pytest.raises(EnvironmentProblem, match="disk is full"):
        run(some_trials(50), keep=keep, stop=stop)

    assert stop.is_set()


def test_any_executor_of_futures_can_be_an_engine() -> None:
    class InPlace:
        n_workers = 1
        n_submitted = 4

        def submit(self, execute: Any, trial: TrialSpec) -> "Future[TrialRecord]":
            future: Future[TrialRecord] = Future()
            future.set_result(execute(trial))
            return future

        def close(self) -> None:
            pass

    kept: list[TrialRecord] = []
    run_trials(some_trials(10), execute=run_trial, engine=InPlace(), keep=kept.extend, stop=threading.Event())

    assert [record.seed for record in kept] == list(range(10))
