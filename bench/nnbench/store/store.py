"""The store as the rest of nnbench sees it: records go in, records come out.

Every row has a checksum. A row that was damaged is never handed out: it is named on stderr, and a store that
is open to be written is mended, so that the run trains again what it lost.
"""

import sqlite3
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from nnbench.records.claims import Measurement
from nnbench.records.trials import Pictures, RunRecord, Status, TrialRecord
from nnbench.store import mending, rows
from nnbench.store.database import open_for_reading, open_for_writing, transaction
from nnbench.store.encoding import checksum, curve_names, pack_curves
from nnbench.store.names import counts_back, row_named
from nnbench.store.problems import DamagedStore, legible, one_line
from nnbench.store.searches import tuned_rates

T = TypeVar("T")
Row = tuple[Any, ...]

# A trial with one of these is a result. The others say that it was stopped, and it is run again.
SETTLED: tuple[Status, ...] = ("finished", "diverged")

# SQLite before 3.32 takes at most 999 bound values in one statement.
_KEYS_PER_QUERY = 900

_COLUMNS = (*rows.TRIAL_COLUMNS, "curves_sum", "checksum")
_NAMES = ", ".join(f'"{name}"' for name in _COLUMNS)
_MARKS = ", ".join("?" for _ in _COLUMNS)
_SETTLED_SQL = ", ".join(f"'{status}'" for status in SETTLED)
# The key holds everything that can change a result: a settled one stays true, even if the same trial is
# cancelled or fails when somebody runs it once more.
_PUT_TRIAL = f"""
    INSERT INTO trial ({_NAMES}) VALUES ({_MARKS})
    ON CONFLICT (key) DO UPDATE SET {", ".join(f'"{n}" = excluded."{n}"' for n in _COLUMNS)}
    WHERE trial.status NOT IN ({_SETTLED_SQL}) OR excluded.status IN ({_SETTLED_SQL})
"""
_PUT_CURVES = "INSERT OR REPLACE INTO curves SELECT id, ?, ? FROM trial WHERE key = ?"
_PUT_PICTURES = "INSERT OR REPLACE INTO pictures SELECT id, ?, ?, ? FROM trial WHERE key = ?"
_WITH_PICTURES = "FROM trial JOIN pictures ON pictures.trial_id = trial.id"
# The id stays when a run is recorded again: it is the order in which runs were begun.
_PUT_RUN = """
    INSERT INTO run (run, created, n_trials, facts, keys_sum, checksum) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (run) DO UPDATE SET created = excluded.created, n_trials = excluded.n_trials,
    facts = excluded.facts, keys_sum = excluded.keys_sum, checksum = excluded.checksum
"""
_PUT_MEASUREMENT = "INSERT OR REPLACE INTO measurement VALUES (?, ?, ?, ?, ?, ?)"
_PUT_TUNED_RATE = "INSERT OR REPLACE INTO tuned_rate VALUES (?, ?, ?, ?, ?, ?)"
_GET_TRIALS = f"SELECT {_NAMES} FROM trial"
# LEFT: a trial whose curves are lost must not be lost in silence.
_GET_TRIALS_AND_CURVES = f"""
    SELECT {_NAMES}, lengths, samples FROM trial LEFT JOIN curves ON curves.trial_id = trial.id
"""
_GET_RUNS = "SELECT id, run, created, n_trials, facts, keys_sum, checksum FROM run"
# A shard compared nothing. In JSON a quote inside a text has a backslash, so no text holds this.
_NO_SHARD = """run_id NOT IN (SELECT id FROM run WHERE facts LIKE '%"shard":"%')"""
_DAMAGED_IN_MESSAGE = 3
_RUN_AGAIN = "Run its command again: what is whole is kept, the rest is trained again."


class Store:
    """An open store. One thread uses it, and ``with`` closes it."""

    def __init__(self, path: Path, connection: sqlite3.Connection, *, may_write: bool) -> None:
        self.path = path
        self._connection = connection
        self._may_write = may_write

    @classmethod
    def open(cls, path: Path | str, *, create: bool) -> Self:
        """Open the store at ``path``: with ``create`` to write, made if it is not there; else to read.

        Raise MissingStore if there is nothing to read, EnvironmentProblem if the file or disk refuses.
        """
        path = Path(path)
        store = cls(path, open_for_writing(path) if create else open_for_reading(path), may_write=create)
        if create:
            store._mend_runs()
        return store

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

    def recorded_seeds(self) -> list[tuple[str, str, int]]:
        """Return case, choices as they are written, and seed of every trial; no checksum is looked at."""
        return self._fetch('SELECT "case", axes, seed FROM trial')

    def finished_keys(self, keys: Iterable[str], *, counting: Sequence[Status] = SETTLED) -> set[str]:
        """Return those of ``keys`` that need not be run again: recorded whole, with a status that counts."""
        place = _COLUMNS.index("status")
        whole = self._whole_trials(list(keys), _GET_TRIALS_AND_CURVES, lambda some: [r[place] for r in some])
        return {key for key, status in whole.items() if status in counting}

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
        given = list(records)

        def put(connection: sqlite3.Connection) -> None:
            for record in given:
                lengths, samples = pack_curves(record.curves)
                row = (*rows.row_of_trial(record), checksum(lengths, samples))
                if connection.execute(_PUT_TRIAL, (*row, checksum(*row))).rowcount:
                    connection.execute(_PUT_CURVES, (lengths, samples, record.key))
                    # Run again where another seed of its run is shown, a trial keeps those that it has.
                    if record.pictures is not None:
                        connection.execute(_PUT_PICTURES, rows.summed_pictures(record.key, record.pictures))

        self._write(put)

    def trials(self, keys: Sequence[str], *, with_curves: bool = False) -> list[TrialRecord]:
        """Return the recorded ones of ``keys``, in the order of ``keys``; curves cost time and memory."""
        return self.trials_as(keys, rows.Block.records, with_curves=with_curves)

    def trials_as(
        self, keys: Sequence[str], of: Callable[[rows.Block], Sequence[T]], *, with_curves: bool = True
    ) -> list[T]:
        """Return ``of`` these trials, called as some are read: what it leaves out takes no room."""
        query = _GET_TRIALS_AND_CURVES if with_curves else _GET_TRIALS
        with legible(self.path):
            found = self._whole_trials(keys, query, lambda some: of(rows.block_of_rows(some, with_curves)))
        return [found[key] for key in keys if key in found]

    def keys_with_pictures(self, keys: Iterable[str]) -> set[str]:
        """Return those of ``keys`` whose trial left pictures."""
        return {key for (key,) in self._select(f"SELECT key {_WITH_PICTURES}", keys)}

    def pictures(self, keys: Iterable[str]) -> dict[str, Pictures]:
        """Return the pictures of those of ``keys`` that have any."""
        found = self._select(f"SELECT key, facts, samples, pictures.checksum {_WITH_PICTURES}", keys)
        whole = self._whole_rows(found, "of the pictures", "the trials are whole")
        with legible(self.path):
            return {key: rows.pictures_of_row(facts, values) for key, facts, values in whole}

    def put_run(self, run: RunRecord) -> None:
        """Record a run, or replace what was recorded of it when it began."""
        row = (run.run, run.created, len(run.trial_keys), rows.facts_of_run(run), _sum_of(run.trial_keys))
        found = [] if run.tuning is None else tuned_rates(run.run, run.tuning)

        def put(connection: sqlite3.Connection) -> None:
            connection.execute(_PUT_RUN, (*row, checksum(*row)))
            (run_id,) = connection.execute("SELECT id FROM run WHERE run = ?", (run.run,)).fetchone()
            connection.execute("DELETE FROM run_trial WHERE run_id = ?", (run_id,))
            connection.executemany(
                "INSERT INTO run_trial (run_id, position, key) VALUES (?, ?, ?)",
                ((run_id, position, key) for position, key in enumerate(run.trial_keys)),
            )
            connection.executemany(_PUT_TUNED_RATE, ((*tuned, checksum(*tuned)) for tuned in found))

        self._write(put)

    def tuned_rates(self, configurations: Iterable[str]) -> dict[str, rows.TunedRate]:
        """Return what the newest searches found, for those of the configurations that have one."""
        query = "SELECT configuration, learning_rate, edge, run, optimizer, checksum FROM tuned_rate"
        found = self._select(query, configurations, column="configuration")
        whole = self._whole_rows(found, "of the tuned rates", "the same search finds them again")
        return {configuration: rows.TunedRate(*rest) for configuration, *rest in whole}

    def put_measurement(self, measured: Measurement) -> None:
        """Record what an experiment gave for one seed."""
        row = rows.row_of_measurement(measured)
        self._write(lambda connection: connection.execute(_PUT_MEASUREMENT, (*row, checksum(*row))))

    def measurements(self, keys: Iterable[str]) -> dict[str, Measurement]:
        """Return what was measured under those of the keys that are recorded."""
        found = self._whole_rows(
            self._select("SELECT * FROM measurement", keys), "of the measurements", "they are made again"
        )
        with legible(self.path):
            return {row[0]: rows.measurement_of_row(row) for row in found}

    def runs(self) -> list[rows.RunSummary]:
        """Return a summary of each run, the newest first."""
        whole = self._whole_rows(
            (row[1:] for row in self._run_rows()), "of the runs", "their commands record them again"
        )
        with legible(self.path):
            return [rows.summary_of_row(*row[:4]) for row in whole]

    def run(self, name: str) -> RunRecord:
        """Return the run called ``name``, or whose name begins so, or the newest for ``"last"``.

        ``"last~1"`` is the one before the newest, and so on.
        """
        row, before = self._find_run(name), None
        while row != before:  # until no other process records the run again while its trials are read
            before = row
            found = self._fetch("SELECT key FROM run_trial WHERE run_id = ? ORDER BY position", (row[0],))
            keys, row = tuple(key for (key,) in found), self._find_run(row[1])
        _, run, created, n_trials, facts, keys_sum, sum_of_row = row
        if checksum(run, created, n_trials, facts, keys_sum) != sum_of_row or _sum_of(keys) != keys_sum:
            raise DamagedStore(f"{self.path}: what is recorded of run {run} is damaged. {_RUN_AGAIN}")
        with legible(self.path):
            return rows.run_of_row(run, created, facts, keys)

    def damage(self) -> list[str]:
        """Return what of the store is damaged, in words; everything is read for it."""
        quiet = Store(self.path, self._connection, may_write=False)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            for look in (quiet._look_at_trials, quiet._look_at_runs, quiet._look_at_pages):
                try:
                    look()
                except DamagedStore as error:
                    warnings.warn(str(error), stacklevel=1)
        return [str(one.message).removeprefix(f"{self.path}: ") for one in told]

    def asked_by_runs(self, keys: Iterable[str]) -> list[set[str]]:
        """Return which of ``keys`` each run asked for, runs that asked for none left out, and shards."""
        wanted, found = set(keys), defaultdict[int, set[str]](set)
        with suppress(DamagedStore):  # what cannot be read was not looked at again either
            for run_id, key in self._fetch(f"SELECT run_id, key FROM run_trial WHERE {_NO_SHARD}"):
                if key in wanted:
                    found[run_id].add(key)
        return list(found.values())

    def has_run(self, name: str) -> bool:
        """True where this is the whole name of a run, or counts back from the newest."""
        return counts_back(name) is not None or any(summary.run == name for summary in self.runs())

    def _find_run(self, name: str) -> Row:
        return row_named(name, self._run_rows(), self.path)

    # -- what is whole, and what is not ---------------------------------------------------------------------

    def _whole_trials(
        self, keys: Sequence[str], query: str, of: Callable[[list[Row]], Sequence[T]]
    ) -> dict[str, T]:
        """Return ``of`` the rows of these trials that are as they were written; name the others, and mend."""
        whole: dict[str, T] = {}
        damaged: set[str] = set()

        def read(wanted: Iterable[str]) -> None:
            for found in self._select_some(query, wanted):
                some = [row for row in found if _is_whole(row)]
                whole.update(zip((row[0] for row in some), of(some), strict=True))
                damaged.update({row[0] for row in found} - {row[0] for row in some})

        read(keys)
        missing = set(keys) - whole.keys()
        known, is_readable = self._known_keys() if missing else (missing, True)
        # What another process recorded in the meantime is known, and no damage: it can be read now.
        read(missing & known)
        missing -= whole.keys()
        damaged = missing & (damaged | known)
        if is_readable and not damaged:
            return whole
        some = ", ".join(sorted(key[:12] for key in damaged)[:_DAMAGED_IN_MESSAGE])
        some += ", …" if len(damaged) > _DAMAGED_IN_MESSAGE else ""
        what = f"{len(damaged)} of the trials ({some})" if damaged else "a part without the trials asked for"
        if not self._may_write:
            self._say(f"damaged and left out: {what}; the next run trains them again.")
            return whole
        self._mend(f"damaged and left out: {what}")
        return self._whole_trials(keys, query, of)

    def _known_keys(self) -> tuple[set[str], bool]:
        """Return the keys of the table and of its index, and whether both could be read to their ends.

        They are read through: a lookup may miss a key that is there.
        """
        known: set[str] = set()
        is_readable = True
        for how in ("NOT INDEXED", "INDEXED BY sqlite_autoindex_trial_1"):
            try:
                known.update(key for (key,) in self._fetch(f"SELECT key FROM trial {how}"))
            except DamagedStore:
                is_readable = False
        return known, is_readable

    def _whole_rows(self, found: Iterable[Row], what: str, remedy: str) -> list[Row]:
        """Return the rows without their last value, which must be the checksum of the others."""
        given = list(found)
        whole = [row[:-1] for row in given if checksum(*row[:-1]) == row[-1]]
        if n := len(given) - len(whole):
            self._say(f"damaged and left out: {n} {what}; {remedy}.")
        return whole

    def _run_rows(self) -> list[Row]:
        """Return the rows of the table of runs, the newest first, none of which is lost."""
        before = self._indexed_runs()  # another process may record a run between two of these
        found = self._fetch(f"{_GET_RUNS} ORDER BY id DESC")
        if not before <= {row[1] for row in found} <= self._indexed_runs():
            raise DamagedStore(f"{self.path}: the list of runs is damaged. {_RUN_AGAIN}")
        return found

    def _indexed_runs(self) -> set[str]:
        return {run for (run,) in self._fetch("SELECT run FROM run INDEXED BY sqlite_autoindex_run_1")}

    def _say(self, text: str) -> None:
        warnings.warn(f"{self.path}: {text}", stacklevel=1)

    def _mend(self, why: str) -> None:
        """Keep of the file what is whole, in place."""
        with one_line(self.path, "written"):
            kept = mending.mend(self._connection, self.path)
        self._say(f"{why}; the store is mended. The file as it was is kept as {kept}.")

    def _mend_runs(self) -> None:
        try:
            n = sum(checksum(*row[1:-1]) != row[-1] for row in self._run_rows())
        except DamagedStore:
            n = 1
        if n:
            self._mend(f"damaged and left out: {n} of the runs")

    def _look_at_trials(self) -> None:
        keys = sorted(self._known_keys()[0])
        self._whole_trials(keys, _GET_TRIALS_AND_CURVES, lambda rows: [None] * len(rows))
        self.pictures(keys)

    def _look_at_runs(self) -> None:
        for summary in self.runs():
            self.run(summary.run)
        known = [configuration for (configuration,) in self._fetch("SELECT configuration FROM tuned_rate")]
        self.tuned_rates(known)
        self.measurements(key for (key,) in self._fetch("SELECT key FROM measurement"))

    def _look_at_pages(self) -> None:
        (first,) = self._fetch("PRAGMA integrity_check(1)")[0]
        if first != "ok":
            raise DamagedStore(f"SQLite finds the file damaged: {' '.join(str(first).split())}")

    # -- SQLite ---------------------------------------------------------------------------------------------

    def _write(self, put: Callable[[sqlite3.Connection], object]) -> None:
        """Do all that ``put`` does, or nothing; where the file is damaged, mend it first."""
        try:
            self._in_transaction(put)
        except DamagedStore as error:
            if not self._may_write:
                raise
            self._mend(str(error).removeprefix(f"{self.path}: ").partition(".")[0])
            self._in_transaction(put)

    def _in_transaction(self, put: Callable[[sqlite3.Connection], object]) -> None:
        with one_line(self.path, "written"), transaction(self._connection, "IMMEDIATE"):
            put(self._connection)

    def _fetch(self, query: str, values: Sequence[object] = ()) -> list[Row]:
        with one_line(self.path, "read"):
            return self._connection.execute(query, values).fetchall()

    def _select(self, query: str, keys: Iterable[str], *, column: str = "key") -> Iterator[Row]:
        return chain.from_iterable(self._select_some(query, keys, column=column))

    def _select_some(self, query: str, keys: Iterable[str], *, column: str = "key") -> Iterator[list[Row]]:
        """Yield the rows of a query that have one of these keys and can be read: some at once, unordered."""
        wanted = list(keys)
        for start in range(0, len(wanted), _KEYS_PER_QUERY):
            some = wanted[start : start + _KEYS_PER_QUERY]
            try:
                yield self._fetch(f"{query} WHERE {column} IN ({', '.join('?' for _ in some)})", some)
            except DamagedStore:
                for key in some:
                    with suppress(DamagedStore):
                        yield self._fetch(f"{query} WHERE {column} = ?", (key,))


def _is_whole(row: Sequence[Any]) -> bool:
    """Return whether a trial's row, and its curves where they were read, are as they were written."""
    n = len(_COLUMNS)
    curves = row[n:]
    return checksum(*row[: n - 1]) == row[n - 1] and (not curves or checksum(*curves) == row[n - 2])


def _sum_of(keys: Iterable[str]) -> int:
    return checksum(" ".join(keys))
