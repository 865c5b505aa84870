"""A damaged store becomes a whole one: every row whose checksum is right is copied into new tables."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

from nnbench.store.database import new_tables
from nnbench.store.encoding import checksum
from nnbench.store.problems import reachable

Row = tuple[Any, ...]


def mend(connection: sqlite3.Connection, path: Path) -> str:
    """Replace what the file holds by its whole rows; return the name under which it is kept as it was."""
    kept = path.with_name(f"{path.name}.damaged")
    with reachable(kept, "written"):
        shutil.copyfile(path, kept)
    read_any_text(connection)
    with closing(new_tables(path)) as fresh:
        for parts in whole_trials(connection):
            for table, row in zip(("trial", "curves", "pictures"), parts, strict=True):
                _put(fresh, table, row)
        for run, keys in whole_runs(connection):
            _put(fresh, "run", run)
            for key in keys:
                _put(fresh, "run_trial", key)
        for row in whole_rows(connection, "tuned_rate"):
            _put(fresh, "tuned_rate", row)
        for row in whole_rows(connection, "measurement"):
            _put(fresh, "measurement", row)
        connection.text_factory = str
        fresh.backup(connection)
    return kept.name


def read_any_text(connection: sqlite3.Connection) -> None:
    """Let text that is not UTF-8 be read: the checksum of its row is wrong, and the others must be found."""
    connection.text_factory = lambda content: content.decode("utf-8", "backslashreplace")


def whole_trials(old: sqlite3.Connection) -> Iterator[tuple[Row, Row, Row | None]]:
    """Yield the row of every whole trial, that of its curves, and that of its pictures if they are whole."""
    for trial in _rows(old, "SELECT * FROM trial NOT INDEXED", "id"):
        trial_id, curves_sum = trial[0], trial[-2]
        curves = _one(old, "SELECT * FROM curves WHERE trial_id = ?", trial_id)
        if checksum(*trial[1:-1]) == trial[-1] and curves and checksum(*curves[1:]) == curves_sum:
            pictures = _one(old, "SELECT * FROM pictures WHERE trial_id = ?", trial_id)
            is_whole = pictures and checksum(trial[1], *pictures[1:-1]) == pictures[-1]
            yield trial, curves, pictures if is_whole else None


def whole_runs(old: sqlite3.Connection) -> Iterator[tuple[Row, list[Row]]]:
    """Yield the row of every whole run, and the rows of the keys of its trials."""
    for run in _rows(old, "SELECT * FROM run NOT INDEXED", "id"):
        keys = list(_rows(old, f"SELECT * FROM run_trial WHERE run_id = {int(run[0])}", "position", place=1))
        keys_sum = checksum(" ".join(str(key) for _, _, key in keys))
        if checksum(*run[1:-1]) == run[-1] and keys_sum == run[-2]:
            yield run, keys


def whole_rows(old: sqlite3.Connection, table: Literal["tuned_rate", "measurement"]) -> Iterator[Row]:
    """Yield the whole rows of a table whose first column is its key."""
    first = {"tuned_rate": "configuration", "measurement": "key"}[table]
    for row in _rows(old, f"SELECT * FROM {table}", first):
        if checksum(*row[:-1]) == row[-1]:
            yield row


def _put(fresh: sqlite3.Connection, table: str, row: Row | None) -> None:
    if row is not None:
        fresh.execute(f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' for _ in row)})", row)


def _one(connection: sqlite3.Connection, query: str, row_id: object) -> Row | None:
    try:
        found: Row | None = connection.execute(query, (row_id,)).fetchone()
    except sqlite3.DatabaseError:
        return None
    return found


def _rows(connection: sqlite3.Connection, query: str, order: str, *, place: int = 0) -> Iterator[Row]:
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
