"""The store as the rest of nnbench sees it: records go in, records come out."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from nnbench.errors import NothingMeasured, UsageError
from nnbench.records.trials import Pictures, RunRecord, Status, TrialRecord
from nnbench.store import rows
from nnbench.store.database import open_for_reading, open_for_writing, transaction
from nnbench.store.encoding import curve_names, pack_curves, unpack_curves
from nnbench.store.problems import legible, one_line
from nnbench.store.searches import tuned_rates

DEFAULT_PATH = Path(".nnbench") / "store.sqlite"
# A trial with one of these is a result. The others say that it was stopped, and it is run again.
SETTLED: tuple[Status, ...] = ("finished", "diverged")

# SQLite before 3.32 takes at most 999 bound values in one statement.
_KEYS_PER_QUERY = 900
_RUNS_IN_MESSAGE = 5

_NAMES = ", ".join(f'"{name}"' for name in rows.TRIAL_COLUMNS)
_MARKS = ", ".join("?" for _ in rows.TRIAL_COLUMNS)
_SETTLED_SQL = ", ".join(f"'{status}'" for status in SETTLED)
# The key holds everything that can change a result: a settled one stays true, even if the same trial is
# cancelled or fails when somebody runs it once more.
_PUT_TRIAL = f"""
    INSERT INTO trial ({_NAMES}) VALUES ({_MARKS})
    ON CONFLICT (key) DO UPDATE SET {", ".join(f'"{n}" = excluded."{n}"' for n in rows.TRIAL_COLUMNS)}
    WHERE trial.status NOT IN ({_SETTLED_SQL}) OR excluded.status IN ({_SETTLED_SQL})
"""
_PUT_CURVES = "INSERT OR REPLACE INTO curves SELECT id, ?, ? FROM trial WHERE key = ?"
_PUT_PICTURES = "INSERT OR REPLACE INTO pictures SELECT id, ?, ? FROM trial WHERE key = ?"
_WITH_PICTURES = "FROM trial JOIN pictures ON pictures.trial_id = trial.id"
# The id stays when a run is recorded again: it is the order in which runs were begun.
_PUT_RUN = """
    INSERT INTO run (run, created, n_trials, facts) VALUES (?, ?, ?, ?)
    ON CONFLICT (run) DO UPDATE
    SET created = excluded.created, n_trials = excluded.n_trials, facts = excluded.facts
"""
_PUT_TUNED_RATE = "INSERT OR REPLACE INTO tuned_rate VALUES (?, ?, ?, ?, ?)"
_GET_TRIALS = f"SELECT {_NAMES} FROM trial"
_GET_TRIALS_AND_CURVES = f"""
    SELECT {_NAMES}, lengths, samples FROM trial JOIN curves ON curves.trial_id = trial.id
"""


class Store:
    """An open store. One thread uses it, and ``with`` closes it."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    @classmethod
    def open(cls, path: Path | str, *, create: bool) -> Self:
        """Open the store at ``path``: with ``create`` to write, made if it is not there; else to read.

        Raise MissingStore if there is nothing to read, EnvironmentProblem if the file or disk refuses.
        """
        path = Path(path)
        return cls(path, open_for_writing(path) if create else open_for_reading(path))

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def has(self, keys: Iterable[str]) -> set[str]:
        """Return those of ``keys`` that are recorded, with whatever status."""
        return {key for (key,) in self._select("SELECT key FROM trial", keys)}

    def finished_keys(self, keys: Iterable[str], *, counting: Sequence[Status] = SETTLED) -> set[str]:
        """Return those of ``keys`` that need not be run again: recorded, with a status that counts."""
        found = self._select("SELECT key, status FROM trial", keys)
        return {key for key, status in found if status in counting}

    def keys_with_curves(self, keys: Iterable[str], names: Iterable[str]) -> set[str]:
        """Return those of ``keys`` whose record has all curves of these names."""
        wanted = set(names)
        found = self._select("SELECT key, lengths FROM trial JOIN curves ON curves.trial_id = trial.id", keys)
        with legible(self.path):
            return {key for key, lengths in found if wanted <= curve_names(lengths)}

    def put_trial(self, record: TrialRecord) -> None:
        """Record one trial in a transaction of its own: when this returns, killing the process keeps it."""
        self.put_trials([record])

    def put_trials(self, records: Iterable[TrialRecord]) -> None:
        """Record all of the trials or none. A record with the same key is replaced, unless by a lesser one:
        a settled result is never given up for a cancelled, failed or pruned one."""
        with self._writing() as connection:
            for record in records:
                put = connection.execute(_PUT_TRIAL, rows.row_of_trial(record))
                if put.rowcount:
                    connection.execute(_PUT_CURVES, (*pack_curves(record.curves), record.key))
                    _put_pictures(connection, record)

    def trials(self, keys: Sequence[str], *, with_curves: bool = False) -> list[TrialRecord]:
        """Return the recorded ones of ``keys``, in the order of ``keys``; curves cost time and memory."""
        found: dict[str, TrialRecord] = {}
        with legible(self.path):
            if with_curves:
                for key, *rest, lengths, samples in self._select(_GET_TRIALS_AND_CURVES, keys):
                    found[key] = rows.trial_of_row((key, *rest), unpack_curves(lengths, samples))
            else:
                for key, *rest in self._select(_GET_TRIALS, keys):
                    found[key] = rows.trial_of_row((key, *rest), {})
        return [found[key] for key in keys if key in found]

    def keys_with_pictures(self, keys: Iterable[str]) -> set[str]:
        """Return those of ``keys`` whose trial left pictures."""
        return {key for (key,) in self._select(f"SELECT key {_WITH_PICTURES}", keys)}

    def pictures(self, keys: Iterable[str]) -> dict[str, Pictures]:
        """Return the pictures of those of ``keys`` that have any."""
        found = self._select(f"SELECT key, facts, samples {_WITH_PICTURES}", keys)
        with legible(self.path):
            return {key: rows.pictures_of_row(facts, values) for key, facts, values in found}

    def put_run(self, run: RunRecord) -> None:
        """Record a run, or replace what was recorded of it when it began."""
        row = (run.run, run.created, len(run.trial_keys), rows.facts_of_run(run))
        with self._writing() as connection:
            connection.execute(_PUT_RUN, row)
            (run_id,) = connection.execute("SELECT id FROM run WHERE run = ?", (run.run,)).fetchone()
            connection.execute("DELETE FROM run_trial WHERE run_id = ?", (run_id,))
            connection.executemany(
                "INSERT INTO run_trial (run_id, position, key) VALUES (?, ?, ?)",
                ((run_id, position, key) for position, key in enumerate(run.trial_keys)),
            )
            if run.tuning is not None:
                connection.executemany(_PUT_TUNED_RATE, tuned_rates(run.run, run.tuning))

    def tuned_rates(self, configurations: Iterable[str]) -> dict[str, rows.TunedRate]:
        """Return what the newest searches found, for those of the configurations that have one."""
        query = "SELECT configuration, learning_rate, edge, run, optimizer FROM tuned_rate"
        found = self._select(query, configurations, column="configuration")
        return {configuration: rows.TunedRate(*rest) for configuration, *rest in found}

    def runs(self) -> list[rows.RunSummary]:
        """Return a summary of each run, the newest first."""
        query = "SELECT run, created, n_trials, facts FROM run ORDER BY id DESC"
        with legible(self.path):
            return [rows.summary_of_row(*row) for row in self._fetch(query)]

    def run(self, name: str) -> RunRecord:
        """Return the run called ``name``, or whose name begins so, or the newest for ``"last"``."""
        run_id, run, created, facts = self._find_run(name)
        keys = self._fetch("SELECT key FROM run_trial WHERE run_id = ? ORDER BY position", (run_id,))
        with legible(self.path):
            return rows.run_of_row(run, created, facts, tuple(key for (key,) in keys))

    def _find_run(self, name: str) -> tuple[Any, ...]:
        query = "SELECT id, run, created, facts FROM run"
        newest = self._fetch(f"{query} ORDER BY id DESC LIMIT {_RUNS_IN_MESSAGE}")
        if not newest:
            raise NothingMeasured(f"{self.path}: no run is recorded. Run `nnbench run digits` first.")
        if name == "last":
            return newest[0]
        exact = self._fetch(f"{query} WHERE run = ?", (name,))
        found = exact or self._fetch(f"{query} WHERE substr(run, 1, length(?1)) = ?1 ORDER BY run", (name,))
        if name and len(found) == 1:
            return found[0]
        if name and found:
            matches = ", ".join(row[1] for row in found[:_RUNS_IN_MESSAGE])
            raise UsageError(f"run {name!r}: {len(found)} runs begin so: {matches}. Write more of the name.")
        known = ", ".join(row[1] for row in newest)
        raise UsageError(f"run {name!r}: {self.path} has no such run. The newest: {known}. Or write 'last'.")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with one_line(self.path, "written"), transaction(self._connection, "IMMEDIATE"):
            yield self._connection

    def _fetch(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with one_line(self.path, "read"):
            return self._connection.execute(query, values).fetchall()

    def _select(self, query: str, keys: Iterable[str], *, column: str = "key") -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query that have one of these keys, in no order that means anything."""
        wanted = list(keys)
        for start in range(0, len(wanted), _KEYS_PER_QUERY):
            some = wanted[start : start + _KEYS_PER_QUERY]
            yield from self._fetch(f"{query} WHERE {column} IN ({', '.join('?' for _ in some)})", some)


def _put_pictures(connection: sqlite3.Connection, record: TrialRecord) -> None:
    # A trial that is run again where another seed of its run is shown keeps those that it has.
    if record.pictures is not None:
        connection.execute(_PUT_PICTURES, (*rows.row_of_pictures(record.pictures), record.key))
