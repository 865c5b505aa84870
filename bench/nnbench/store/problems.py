"""What SQLite refuses, said in one line that names the file and the remedy."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nnbench.errors import EnvironmentProblem


class MissingStore(EnvironmentProblem):
    """A command wants to read a store and nothing was recorded yet."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: no store here. Go to the folder where you ran nnbench, or name its store with --store;"
            " the first is made by `nnbench run digits`."
        )


class DamagedStore(EnvironmentProblem):
    """What was asked for cannot be read: the file holds something else than what was written."""


_DAMAGED = "the store is damaged ({error}). Move it away to start a new one, or restore a copy"
_REFUSED = "the store cannot be {verb} ({error}). Check that the folder exists, and its permissions"
_BUSY = "another program keeps the store locked. Try again when it is done"
_FULL = "the disk is full. Make room and run the same command again: what is recorded is kept"
_FAILING = "the store cannot be {verb}, the disk fails ({error}). Check its health and the free space"
_FOREIGN = "this file is not a store of nnbench. Name another with --store"
_LOCKLESS = "the store cannot be locked here ({error}). Keep it on a local disk, with --store"
# Of some rows; the rest of the file may well be read.
_DAMAGE = (
    *(0, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_CONSTRAINT),
)
# Keyed by SQLite's primary result code. 0 is Python's own complaint that a text is not UTF-8, and
# SQLITE_ERROR that a table or column of ours is missing.
_WORDS = {
    **dict.fromkeys(_DAMAGE, _DAMAGED),
    0: _DAMAGED.format(error="a text is not UTF-8"),
    sqlite3.SQLITE_ERROR: _DAMAGED,
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_CANTOPEN: _REFUSED,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR: _FAILING,
    sqlite3.SQLITE_NOTADB: _FOREIGN,
    sqlite3.SQLITE_PERM: _REFUSED,
    sqlite3.SQLITE_PROTOCOL: _LOCKLESS,
    sqlite3.SQLITE_READONLY: _REFUSED,
}


@contextmanager
def one_line(path: Path, verb: str) -> Iterator[None]:
    """Turn what the disk refuses while the store at ``path`` is ``verb`` into an EnvironmentProblem.

    Errors of another kind are mistakes in the program, and pass unchanged.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        words = _WORDS.get(primary_code(error))
        if words is None:
            raise
        code = primary_code(error)
        problem = DamagedStore if code in _DAMAGE else EnvironmentProblem
        raise problem(f"{path}: {words.format(verb=verb, error=error)}.") from error
    except UnicodeDecodeError as error:  # SQLite quotes damaged bytes in its own message
        raise DamagedStore(f"{path}: {_DAMAGED.format(error=error)}.") from error


@contextmanager
def legible(path: Path) -> Iterator[None]:
    """Turn a row that cannot be decoded into a DamagedStore."""
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DamagedStore(f"{path}: {_DAMAGED.format(error=error)}.") from error


@contextmanager
def reachable(path: Path, verb: str) -> Iterator[None]:
    """Turn what the folders on the way to ``path`` refuse into an EnvironmentProblem."""
    try:
        yield
    except OSError as error:
        raise EnvironmentProblem(f"{path}: {_REFUSED.format(verb=verb, error=error.strerror)}.") from error


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's result code without the details above its low byte; 0 for a text that is not UTF-8."""
    unset = 0 if type(error) is sqlite3.OperationalError else -1
    return int(getattr(error, "sqlite_errorcode", unset)) & 0xFF
