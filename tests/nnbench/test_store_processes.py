"""Several processes, and processes that are killed: no recorded trial is lost."""

import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Barrier, Event, Timer
from typing import Any

import pytest

import nnbench.records.trials
from nnbench.store import Store
from tests.nnbench import store_samples, store_writer
from tests.nnbench.store_samples import key_of, run, spelled, trial

_TIMEOUT_S = 30
_FOLDERS = [
    str(Path(store_samples.__file__).parents[2]),
    str(Path(nnbench.records.trials.__file__).parents[1]),
]


@contextmanager
def _writer(path: Path, *span: int) -> Iterator[subprocess.Popen[str]]:
    """Start a process that is ready to write the trials of ``span`` to ``path``."""
    boot = (
        f"import sys; sys.path[:0] = {_FOLDERS!r}; import {store_writer.__name__} as w; w.main(*sys.argv[1:])"
    )
    command = [sys.executable, "-c", boot, str(path), *map(str, span)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def _begin(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def _assert_sound(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_killed_writer_loses_no_recorded_trial(tmp_path: Path) -> None:
    """SIGKILL in the middle of writing; what was said to be recorded is read back, whole."""
    path = tmp_path / "store.sqlite"
    with _writer(path, 0) as process:
        _begin(process)
        assert process.stdout is not None
        said = [process.stdout.readline().strip() for _ in range(50)]
        process.kill()
        said += process.stdout.read().split()

    with Store.open(path, create=False) as store:
        kept = store.trials(said, with_curves=True)

    assert len(said) >= 50
    assert spelled(kept) == spelled([trial(index) for index in range(len(said))])
    _assert_sound(path)


def test_processes_that_make_and_write_a_store_at_once_lose_nothing(tmp_path: Path) -> None:
    """Their trials overlap by half, and all of them find no store when they begin."""
    path = tmp_path / "store.sqlite"
    with _writer(path, 0, 200) as one, _writer(path, 100, 300) as two, _writer(path, 50, 150) as three:
        processes = (one, two, three)
        for process in processes:
            _begin(process)
        said = [process.communicate(timeout=_TIMEOUT_S)[0].split() for process in processes]
        ended = [process.returncode for process in processes]

    assert ended == [0, 0, 0]
    assert list(map(len, said)) == [200, 200, 100]
    with Store.open(path, create=False) as store:
        assert [record.seed for record in store.trials([key_of(i) for i in range(301)])] == list(range(300))
    _assert_sound(path)


def test_of_those_that_make_a_store_at_the_same_moment_none_is_turned_away(tmp_path: Path) -> None:
    """Threads here: they start closer together than processes, and SQLite treats their connections alike."""
    n_makers = 4
    with ThreadPoolExecutor(n_makers) as pool:
        for attempt in range(10):
            path = tmp_path / f"{attempt}.sqlite"
            barrier = Barrier(n_makers, timeout=_TIMEOUT_S)

            def make(index: int, path: Path = path, barrier: Barrier = barrier) -> None:
                barrier.wait()
                with Store.open(path, create=True) as store:
                    store.put_trial(trial(index))

            list(pool.map(make, range(n_makers)))
            with Store.open(path, create=False) as store:
                assert len(store.has(map(key_of, range(n_makers)))) == n_makers


def test_who_makes_a_store_waits_for_another_who_is_just_making_it(tmp_path: Path) -> None:
    """For the change to WAL, too, where SQLite itself does not wait."""
    path = tmp_path / "store.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        releasing = Event()

        def release() -> None:
            releasing.set()
            other.execute("ROLLBACK")

        timer = Timer(0.1, release)
        timer.start()
        with Store.open(path, create=True) as store:
            waited = releasing.is_set()
            store.put_trial(trial(0))
        timer.join()

    assert waited
    _assert_sound(path)


def test_a_writer_of_this_process_goes_on_beside_another(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with _writer(path, 0, 150) as other, Store.open(path, create=True) as store:
        _begin(other)
        for index in range(150, 300):
            store.put_trial(trial(index))
        other.communicate(timeout=_TIMEOUT_S)
        recorded = store.has(map(key_of, range(300)))

    assert other.returncode == 0
    assert len(recorded) == 300


def test_what_another_process_records_between_two_looks_is_not_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report beside a running run looks at the rows, and then at the keys: both are of one moment."""
    path = tmp_path / "store.sqlite"
    with Store.open(path, create=True) as writer:
        writer.put_trials([trial(0)])
        writer.put_run(run("a"))
        with Store.open(path, create=True) as reader:
            fetch, n_fetched = reader._fetch, 0

            def fetch_beside_a_writer(query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
                nonlocal n_fetched
                found = fetch(query, values)
                n_fetched += 1
                if n_fetched < 6:
                    writer.put_trial(trial(n_fetched))
                if n_fetched in (1, 10):
                    writer.put_run(run(f"b{n_fetched}"))
                return found

            monkeypatch.setattr(reader, "_fetch", fetch_beside_a_writer)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                found = reader.trials([key_of(index) for index in range(9)])
                n_fetched = 9
                runs = reader.runs()

    assert key_of(0) in {each.key for each in found}
    assert len(runs) == 3
    assert not list(tmp_path.glob("*damaged*"))


def test_a_run_that_is_recorded_again_while_it_is_read_is_not_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A race records its run at every look; a report of it then sees the row of before or of after."""
    path = tmp_path / "store.sqlite"
    with Store.open(path, create=True) as writer:
        writer.put_run(run("a", trial_keys=(key_of(0),)))
        with Store.open(path, create=False) as reader:
            fetch, n_recorded = reader._fetch, 1

            def fetch_beside_a_writer(query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
                nonlocal n_recorded
                if "run_trial" in query and n_recorded < 4:
                    n_recorded += 1
                    writer.put_run(run("a", trial_keys=tuple(map(key_of, range(n_recorded)))))
                return fetch(query, values)

            monkeypatch.setattr(reader, "_fetch", fetch_beside_a_writer)
            found = reader.run("a")

    assert found.trial_keys == tuple(map(key_of, range(4)))
