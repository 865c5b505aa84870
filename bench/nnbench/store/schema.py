"""The tables of the store, and how an older file becomes a newer one.

The file's ``user_version`` counts the migrations that were applied to it; its ``application_id`` says that
the file is a store of nnbench and not another program's.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from nnbench.errors import EnvironmentProblem
from nnbench.store.encoding import checksum

APPLICATION_ID = int.from_bytes(b"nnbe")

# Curves stand apart from their trial, so that a table of results is read without passing over them.
_TRIALS_AND_RUNS = (
    """
    CREATE TABLE trial (
        id              INTEGER PRIMARY KEY,
        key             TEXT NOT NULL UNIQUE,
        "case"          TEXT NOT NULL,
        axes            TEXT NOT NULL,  -- JSON object, in print order
        seed            INTEGER NOT NULL,
        status          TEXT NOT NULL,
        final           TEXT NOT NULL,  -- JSON object of numbers
        best            TEXT NOT NULL,  -- JSON object of numbers
        steps           INTEGER NOT NULL,
        steps_to_target INTEGER,        -- NULL: never reached
        train_s         REAL,           -- NULL is NaN, which SQLite has not
        digest          TEXT NOT NULL,
        failure         TEXT,
        error           TEXT            -- JSON string
    )
    """,
    """
    CREATE TABLE curves (
        trial_id INTEGER PRIMARY KEY REFERENCES trial(id),
        lengths  TEXT NOT NULL,  -- JSON object: how many samples each curve has, in order
        samples  BLOB NOT NULL   -- float32, little-endian, one curve after the other
    )
    """,
    """
    CREATE TABLE run (
        id       INTEGER PRIMARY KEY,
        run      TEXT NOT NULL UNIQUE,
        created  TEXT NOT NULL,
        n_trials INTEGER NOT NULL,
        facts    TEXT NOT NULL  -- JSON object: the remaining fields of the record
    )
    """,
    """
    CREATE TABLE run_trial (
        run_id   INTEGER NOT NULL REFERENCES run(id),
        position INTEGER NOT NULL,
        key      TEXT NOT NULL,  -- the trial may not be recorded: it was cancelled
        PRIMARY KEY (run_id, position)
    ) WITHOUT ROWID
    """,
)

_TUNED_RATES = (
    """
    CREATE TABLE tuned_rate (
        configuration TEXT PRIMARY KEY,  -- hash of everything but learning rate and seed
        learning_rate TEXT,              -- as it is spelt; NULL: no rate left a score
        edge          TEXT,              -- NULL: the best rate was no end of those tried
        run           TEXT NOT NULL      -- the search that found it, the newest one
    ) WITHOUT ROWID
    """,
)

# Apart from the curves: every report reads those, and only one that is drawn reads pictures.
_PICTURES = (
    """
    CREATE TABLE pictures (
        trial_id INTEGER PRIMARY KEY REFERENCES trial(id),
        facts    TEXT NOT NULL,  -- JSON object: the fields of the record, of arrays their shapes, in order
        samples  BLOB NOT NULL   -- float32, little-endian, one array after the other
    )
    """,
)

_TUNED_OPTIMIZERS = (
    # As it is spelt with the hyper-parameters that were found; NULL: as it was asked for.
    "ALTER TABLE tuned_rate ADD COLUMN optimizer TEXT",
)

# SQLite keeps no checksum of what it stores. crc() is encoding.checksum(); the sum of a trial's row has that
# of its curves in it, and the sum of a run's row that of its keys.
_CHECKSUMS = (
    "ALTER TABLE trial ADD COLUMN numerics INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE trial ADD COLUMN curves_sum INTEGER",
    "ALTER TABLE trial ADD COLUMN checksum INTEGER",
    "ALTER TABLE pictures ADD COLUMN checksum INTEGER",
    "ALTER TABLE run ADD COLUMN keys_sum INTEGER",
    "ALTER TABLE run ADD COLUMN checksum INTEGER",
    "ALTER TABLE tuned_rate ADD COLUMN checksum INTEGER",
    "UPDATE trial SET curves_sum = (SELECT crc(lengths, samples) FROM curves WHERE trial_id = trial.id)",
    """
    UPDATE trial SET checksum = crc(key, "case", axes, seed, status, final, best, steps, steps_to_target,
                                    train_s, digest, failure, error, numerics, curves_sum)
    """,
    """
    UPDATE pictures SET checksum = crc((SELECT key FROM trial WHERE id = trial_id), facts, samples)
    """,
    """
    UPDATE run SET keys_sum = crc(coalesce((SELECT group_concat(key, ' ') FROM (
        SELECT key FROM run_trial WHERE run_id = run.id ORDER BY position)), ''))
    """,
    "UPDATE run SET checksum = crc(run, created, n_trials, facts, keys_sum)",
    "UPDATE tuned_rate SET checksum = crc(configuration, learning_rate, edge, run, optimizer)",
)

# What experiments of claims gave, one seed a row.
_MEASUREMENTS = (
    """
    CREATE TABLE measurement (
        key        TEXT PRIMARY KEY,  -- hash of the function, its arguments and the seed
        experiment TEXT NOT NULL,
        seed       INTEGER NOT NULL,
        "values"   TEXT NOT NULL,     -- JSON object of numbers and lists of them
        seconds    REAL NOT NULL,
        checksum   INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
)

Migration = Sequence[str]
MIGRATIONS: tuple[Migration, ...] = (
    *(_TRIALS_AND_RUNS, _TUNED_RATES, _PICTURES, _TUNED_OPTIMIZERS, _CHECKSUMS, _MEASUREMENTS),
)


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """Return how many migrations the file has seen; 0 is an empty file. Raise if it is not ours to read.

    The caller holds a transaction: another process may make the store between two of these questions.
    """
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (n_tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application_id != APPLICATION_ID and (application_id or version or n_tables):
        raise EnvironmentProblem(
            f"{path}: this SQLite file belongs to another program. Name another file with --store."
        )
    if version > len(MIGRATIONS):
        raise EnvironmentProblem(
            f"{path}: the store has version {version}, this nnbench knows versions up to {len(MIGRATIONS)}."
            " Update nnbench, or name another file with --store."
        )
    return int(version)


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Apply the migrations that are missing. The caller holds an IMMEDIATE transaction."""
    version = version_of(connection, path)
    if version == len(MIGRATIONS):
        return
    connection.create_function("crc", -1, checksum, deterministic=True)
    for statements in MIGRATIONS[version:]:
        for statement in statements:
            connection.execute(statement)
    # Pragmas take no bound values. Both are written inside the transaction, together with the tables.
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
