"""Opening the file of the store, for writing or for reading alone."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

from nnbench.errors import EnvironmentProblem
from nnbench.store.problems import MissingStore, one_line, primary_code, reachable
from nnbench.store.schema import MIGRATIONS, migrate, version_of

# A writer holds the lock for a fraction of a millisecond; whoever waits this long waits for a stopped one.
_BUSY_TIMEOUT_S = 20.0
# Keys are hashes, so their index is read at random: keep the index of 100,000 trials in memory.
_CACHE_KIB = 16_384
_JOURNAL_PAUSE_S = 0.01


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open the store at ``path``, with its folder, file and tables made or brought up to date as needed."""
    with reachable(path, "written"):
        _refuse_folder(path)
        path.parent.mkdir(parents=True, exist_ok=True)
    with one_line(path, "written"):
        connection = _connect(path, "mode=rwc")
        with _closed_on_error(connection):
            # Before anything is changed: a file of another program must stay as it is.
            with transaction(connection, "DEFERRED"):
                version_of(connection, path)
            _configure(connection)
            with transaction(connection, "IMMEDIATE"):
                migrate(connection, path)
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open an existing store that this process will not change, even on a disk that cannot be written.

    An older one is brought up to date where it lies.
    """
    connection, version = _open_as_it_is(path)
    if version == len(MIGRATIONS):
        return connection
    try:
        open_for_writing(path).close()
    except EnvironmentProblem:
        with one_line(path, "read"):
            return _brought_up_to_date(connection, path)
    connection.close()
    return open_for_reading(path)


def open_untouched(path: Path) -> sqlite3.Connection:
    """Open an existing store that stays as it is: an older one is brought up to date in a copy."""
    connection, version = _open_as_it_is(path)
    if version == len(MIGRATIONS):
        return connection
    with one_line(path, "read"):
        return _brought_up_to_date(connection, path)


def _open_as_it_is(path: Path) -> tuple[sqlite3.Connection, int]:
    with reachable(path, "read"):
        _refuse_folder(path)
        if not path.exists():
            raise MissingStore(path)
    with one_line(path, "read"):
        connection, version = _connect_for_reading(path)
    if version == 0:
        connection.close()
        raise MissingStore(path)
    return connection, version


def new_tables(path: Path) -> sqlite3.Connection:
    """Return an empty store in a file that is deleted when it is closed; errors name ``path``."""
    connection = sqlite3.connect("", isolation_level=None)
    with transaction(connection, "IMMEDIATE"):
        migrate(connection, path)
    return connection


def _brought_up_to_date(connection: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """Return a copy in memory of an older store that is not to be written."""
    copy = sqlite3.connect(":memory:", isolation_level=None)
    with _closed_on_error(copy):
        with closing(connection):
            connection.backup(copy)
        with transaction(copy, "IMMEDIATE"):
            migrate(copy, path)
    return copy


@contextmanager
def transaction(connection: sqlite3.Connection, kind: Literal["DEFERRED", "IMMEDIATE"]) -> Iterator[None]:
    """See one state of the store throughout the block, and do all of it or nothing, also when interrupted.

    To write, it must be IMMEDIATE, which takes the write lock now: a transaction that begins by reading
    and then wants to write fails at once if another process wrote in between, whatever the timeout.
    """
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk has rolled back already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    # Transactions are begun and ended here in so many words, hence isolation_level=None.
    uri = f"{path.absolute().as_uri()}?{mode}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_TIMEOUT_S)


def _configure(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    # Under WAL, NORMAL loses nothing when the process is killed, and the last trials at most when the
    # power fails. Where the file system cannot do WAL, only FULL is safe.
    level = "NORMAL" if _ask_for_wal(connection) == "wal" else "FULL"
    connection.execute(f"PRAGMA synchronous = {level}")


def _ask_for_wal(connection: sqlite3.Connection) -> str:
    """Return the journal mode that the file has afterwards."""
    # The timeout does not hold for this one statement: where two processes make the same store, SQLite
    # turns one of them away at once.
    for _ in range(int(_BUSY_TIMEOUT_S / _JOURNAL_PAUSE_S)):
        try:
            return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(_JOURNAL_PAUSE_S)
    return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])


def _connect_for_reading(path: Path) -> tuple[sqlite3.Connection, int]:
    # mode=rw falls back to reading where the file is protected, and cleans up behind a killed writer
    # where it is not; query_only keeps this process from changing any trial.
    try:
        return _ready_to_read(path, "mode=rw")
    except sqlite3.OperationalError as error:
        if primary_code(error) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            raise
    # WAL wants to make two files beside the store. Where it may not, nobody else can be writing, and
    # SQLite may take the file as it stands; but then it would pass over trials that wait in the log.
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size > 0:
        raise EnvironmentProblem(
            f"{path}: the last trials wait in {log.name}, and the folder cannot be written."
            " Copy the folder to where it can, and name the copy with --store."
        )
    return _ready_to_read(path, "immutable=1")


def _ready_to_read(path: Path, mode: str) -> tuple[sqlite3.Connection, int]:
    connection = _connect(path, mode)
    with _closed_on_error(connection):
        with transaction(connection, "DEFERRED"):
            version = version_of(connection, path)
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute("PRAGMA query_only = ON")
    return connection, version


def _refuse_folder(path: Path) -> None:
    if path.is_dir():
        inside = path / "store.sqlite"
        raise EnvironmentProblem(f"{path}: --store takes a file, and this is a folder. Try {inside}.")


@contextmanager
def _closed_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise
