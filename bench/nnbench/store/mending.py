"""A damaged store becomes a whole one: every row whose checksum is right is copied into new tables."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from nnbench.store.database import new_tables
from nnbench.store.encoding import checksum
from nnbench.store.problems import reachable

_Row = tuple[Any, ...]


def mend(connection: sqlite3.Connection, path: Path) -> str:
    """Replace what the file holds by its whole rows; return the name under which it is kept as it was."""
    kept = path.with_name(f"{path.name}.damaged")
    with reachable(kept, "written"):
        shutil.copyfile(path, kept)
    connection.text_factory = lambda content: content.decode("utf-8", "backslashreplace")
    with closing(new_tables(path)) as fresh:
        for copy in (_copy_trials, _copy_runs, _copy_tuned, _copy_measurements):
            copy(connection, fresh)
        connection.text_factory = str
        fresh.backup(connection)
    return kept.name


def _copy_trials(old: sqlite3.Connection, fresh: sqlite3.Connection) -> None:
    for trial in _rows(old, "SELECT * FROM trial NOT INDEXED", "id"):
        trial_id, curves_sum = trial[0], trial[-2]
        curves = _one(old, "SELECT * FROM curves WHERE trial_id = ?", trial_id)
        if checksum(*trial[1:-1]) == trial[-1] and curves and checksum(*curves[1:]) == curves_sum:
            _put(fresh, "trial", trial)
            _put(fresh, "curves", curves)
            pictures = _one(old, "SELECT * FROM pictures WHERE trial_id = ?", trial_id)
            if pictures and checksum(trial[1], *pictures[1:-1]) == pictures[-1]:
                _put(fresh, "pictures", pictures)


def _copy_runs(old: sqlite3.Connection, fresh: sqlite3.Connection) -> None:
    for run in _rows(old, "SELECT * FROM run NOT INDEXED", "id"):
        keys = list(_rows(old, f"SELECT * FROM run_trial WHERE run_id = {int(run[0])}", "position", place=1))
        keys_sum = checksum(" ".join(str(key) for _, _, key in keys))
        if checksum(*run[1:-1]) == run[-1] and keys_sum == run[-2]:
            _put(fresh, "run", run)
            for key in keys:
                _put(fresh, "run_trial", key)


def _copy_tuned(old: sqlite3.Connection, fresh: sqlite3.Connection) -> None:
    for tuned in _rows(old, "SELECT * FROM tuned_rate", "configuration"):
        if checksum(*tuned[:-1]) == tuned[-1]:
            _put(fresh, "tuned_rate", tuned)


def _copy_measurements(old: sqlite3.Connection, fresh: sqlite3.Connection) -> None:
    for measured in _rows(old, "SELECT * FROM measurement", "key"):
        if checksum(*measured[:-1]) == measured[-1]:
            _put(fresh, "measurement", measured)


def _put(fresh: sqlite3.Connection, table: str, row: _Row) -> None:
    fresh.execute(f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' for _ in row)})", row)


def _one(connection: sqlite3.Connection, query: str, row_id: object) -> _Row | None:
    try:
        found: _Row | None = connection.execute(query, (row_id,)).fetchone()
    except sqlite3.DatabaseError:
        return None
    return found


def _rows(connection: sqlite3.Connection, query: str, order: str, *, place: int = 0) -> Iterator[_Row]:
    """Yield the rows up to where the table cannot be read on, and then those from its end up to there.

    ``order`` is the column at ``place`` of a row. sqlite3 looks a row ahead of the one that it returns, so
    the row beside what cannot be read is asked for alone.
    """
    both = "AND" if " WHERE " in query else "WHERE"
    for direction, beyond in (("ASC", ">"), ("DESC", "<")):
        last = None
        try:
            for row in connection.execute(f"{query} ORDER BY {order} {direction}"):
                yield row
                last = row[place]
        except sqlite3.DatabaseError:
            where = "" if last is None else f"{both} {order} {beyond} ?"
            try:
                values = () if last is None else (last,)
                yield from connection.execute(f"{query} {where} ORDER BY {order} {direction} LIMIT 1", values)
            except sqlite3.DatabaseError:
                continue
            continue
        return
