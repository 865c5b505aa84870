"""Whatever is wrong with the file, the disk or the folder: one clear line, and what is recorded is kept."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from nnbench.errors import EnvironmentProblem
from nnbench.plan.settings import DEFAULT_PATH
from nnbench.store import MissingStore, Store, schema
from nnbench.store.rows import TunedRate
from tests.nnbench.picture_samples import pictures
from tests.nnbench.store_samples import key_of, make_older, run, spelled, trial


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with 40 trials and one run."""
    path = tmp_path / "store.sqlite"
    _fill(path)
    return path


def _fill(path: Path) -> None:
    with Store.open(path, create=True) as store:
        store.put_trials(trial(index) for index in range(40))
        store.put_run(run("r", trial_keys=tuple(map(key_of, range(40)))))


def _read_all(path: Path) -> int:
    with Store.open(path, create=False) as store:
        return len(store.trials(store.run("last").trial_keys, with_curves=True))


def _refusal(action: Callable[[], object], path: Path) -> str:
    """Return the line of the EnvironmentProblem, which must name the file and be one line of words."""
    with pytest.raises(EnvironmentProblem) as refused:
        action()
    line = str(refused.value)
    assert line.startswith(f"{path}: ")
    assert "\n" not in line
    assert line.endswith(".")
    assert refused.value.exit_code == 4
    return line


def test_reading_where_no_store_is_says_how_to_make_one(tmp_path: Path) -> None:
    """And leaves no trace: a reader makes neither folder nor file."""
    path = tmp_path / DEFAULT_PATH

    line = _refusal(lambda: Store.open(path, create=False), path)

    assert "no store here. Go to the folder where you ran nnbench, or name its store with --store;" in line
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(MissingStore):
        Store.open(path, create=False)


def test_writing_makes_folder_and_file(tmp_path: Path) -> None:
    """In a place that is easy to get wrong as an address, too."""
    path = tmp_path / "50% done? #1 ü" / DEFAULT_PATH

    _fill(path)

    assert path.is_file()
    assert _read_all(path) == 40
    assert [entry.name for entry in path.parent.iterdir()] == ["store.sqlite"]


@pytest.mark.parametrize("create", [True, False])
def test_a_folder_is_not_a_store(tmp_path: Path, create: bool) -> None:
    line = _refusal(lambda: Store.open(tmp_path, create=create), tmp_path)

    assert f"this is a folder. Try {tmp_path / 'store.sqlite'}" in line


@pytest.mark.parametrize("create", [True, False])
def test_a_store_cannot_lie_inside_a_file(tmp_path: Path, create: bool) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "store.sqlite"

    with pytest.raises(EnvironmentProblem, match="file"):
        Store.open(path, create=create)


@pytest.mark.parametrize("create", [True, False])
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path, create: bool) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("optimizer,accuracy\n" * 500)

    line = _refusal(lambda: Store.open(path, create=create), path)

    assert "not a store of nnbench" in line
    assert path.read_text() == "optimizer,accuracy\n" * 500


@pytest.mark.parametrize("create", [True, False])
@pytest.mark.parametrize(
    "mark", ["CREATE TABLE trial (x)", "PRAGMA user_version = 1", "PRAGMA application_id = 5"]
)
def test_the_database_of_another_program_is_refused_and_left_alone(
    tmp_path: Path, create: bool, mark: str
) -> None:
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as other:
        other.execute(mark)
    before = path.read_bytes()

    line = _refusal(lambda: Store.open(path, create=create), path)

    assert "belongs to another program" in line
    assert path.read_bytes() == before


@pytest.mark.parametrize("create", [True, False])
def test_the_store_of_a_newer_nnbench_is_refused_and_left_alone(path: Path, create: bool) -> None:
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("PRAGMA user_version = 99")
    before = path.read_bytes()

    line = _refusal(lambda: Store.open(path, create=create), path)

    known = len(schema.MIGRATIONS)
    assert f"has version 99, this nnbench knows versions up to {known}. Update nnbench" in line
    assert path.read_bytes() == before


@pytest.mark.parametrize("create", [True, False])
def test_a_refused_file_is_let_go(path: Path, create: bool) -> None:
    """Else it could not be moved away on Windows while the program runs, as the message says to do."""
    open_files = Path("/proc/self/fd")
    if not open_files.is_dir():
        pytest.skip("this system does not list the files of a process")
    path.write_bytes(path.read_bytes()[:10_000])

    with pytest.raises(EnvironmentProblem) as refused:
        Store.open(path, create=create)

    # While the exception lives, so do the local names of the functions that it passed.
    assert refused.value.__cause__ is not None
    assert str(path) not in {os.path.realpath(link) for link in open_files.iterdir()}


def test_an_empty_file_is_no_store_yet(tmp_path: Path) -> None:
    """A process killed while it made the store leaves one; the next writer goes on, a reader says so."""
    path = tmp_path / "store.sqlite"
    path.touch()

    with pytest.raises(MissingStore):
        Store.open(path, create=False)
    _fill(path)

    assert _read_all(path) == 40


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("create", [True, False])
def test_a_truncated_store_is_damaged(path: Path, share: float, create: bool) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])

    line = _refusal(lambda: Store.open(path, create=create), path)

    assert "damaged" in line or "not a store" in line


def test_a_schema_that_contradicts_itself_is_named_as_damage(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content.replace(b"CREATE TABLE curves", b"CREATE TABLE curled"))

    line = _refusal(lambda: _read_all(path), path)

    assert "the store is damaged" in line


def test_a_full_disk_keeps_what_is_recorded_and_the_store_goes_on_when_there_is_room(path: Path) -> None:
    """SQLite's own limit on the size of the file stands in for a disk without room."""
    with Store.open(path, create=True) as store:
        store._connection.execute("PRAGMA max_page_count = 1")
        line = _refusal(lambda: store.put_trials(trial(index) for index in range(40, 400)), path)
        assert "the disk is full. Make room" in line
        assert store.has(map(key_of, range(400))) == set(map(key_of, range(40)))

        store._connection.execute("PRAGMA max_page_count = 100000")
        store.put_trial(trial(40))

    with Store.open(path, create=False) as store:
        assert len(store.trials([key_of(index) for index in range(41)])) == 41


def test_a_lock_that_is_never_released_is_reported(path: Path) -> None:
    with (
        Store.open(path, create=True) as store,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        store._connection.execute("PRAGMA busy_timeout = 10")

        line = _refusal(lambda: store.put_trial(trial(99)), path)

    assert "another program keeps the store locked" in line


def test_a_reader_cannot_write(path: Path) -> None:
    with Store.open(path, create=False) as store:
        _refusal(lambda: store.put_trial(trial(99)), path)

        assert store.has([key_of(99)]) == set()


def test_a_reader_sees_what_a_writer_has_recorded_meanwhile(path: Path) -> None:
    with Store.open(path, create=False) as reader, Store.open(path, create=True) as writer:
        writer.put_trial(trial(77))

        assert spelled(reader.trials([key_of(77)], with_curves=True)) == spelled([trial(77)])


# Protected folders. The administrator may write everywhere, so those tests step down to another user.


@pytest.fixture
def protected() -> Iterator[Path]:
    """A store in a folder that every user can reach, unlike pytest's own."""
    if not hasattr(os, "geteuid"):
        pytest.skip("this system has other permissions")
    folder = Path(tempfile.mkdtemp())
    path = folder / "store.sqlite"
    _fill(path)
    yield path
    folder.chmod(0o755)
    shutil.rmtree(folder)


@contextmanager
def _ordinary_user(path: Path) -> Iterator[None]:
    administrator = os.geteuid() == 0
    if administrator:
        os.seteuid(65534)
    try:
        if not os.access(path.parent.parent, os.X_OK):
            pytest.skip("an ordinary user cannot reach the temporary folder")
        yield
    finally:
        if administrator:
            os.seteuid(0)


def test_a_store_on_a_read_only_disk_can_be_reported_from(protected: Path) -> None:
    """WAL wants to make files beside the store, and may not: reading works all the same, and makes none."""
    protected.chmod(0o444)
    protected.parent.chmod(0o555)

    with _ordinary_user(protected):
        n_read = _read_all(protected)

    assert n_read == 40
    assert [entry.name for entry in protected.parent.iterdir()] == ["store.sqlite"]


def test_a_store_on_a_read_only_disk_cannot_be_written(protected: Path) -> None:
    """And that is said when the run begins, not after its first trial."""
    protected.chmod(0o444)
    protected.parent.chmod(0o555)

    with _ordinary_user(protected):
        line = _refusal(lambda: Store.open(protected, create=True), protected)

    assert "the store cannot be written" in line
    assert "permissions" in line


def test_no_store_can_be_made_in_a_read_only_folder(protected: Path) -> None:
    protected.parent.chmod(0o555)

    with _ordinary_user(protected):
        new = protected.with_name("new.sqlite")
        assert "cannot be written" in _refusal(lambda: Store.open(new, create=True), new)
        below = protected.parent / DEFAULT_PATH
        assert "cannot be written (Permission denied)" in _refusal(
            lambda: Store.open(below, create=True), below
        )


@pytest.mark.parametrize("create", [True, False])
def test_a_store_that_may_not_be_read_says_so(protected: Path, create: bool) -> None:
    protected.chmod(0o000)

    with _ordinary_user(protected):
        assert "permissions" in _refusal(lambda: Store.open(protected, create=create), protected)

    protected.parent.chmod(0o000)
    with _ordinary_user(protected):
        assert "permissions" in _refusal(lambda: Store.open(protected, create=create), protected)


def test_trials_that_wait_in_the_log_are_not_passed_over(protected: Path) -> None:
    """A killed writer leaves its last trials in a log beside the store; a read-only copy cannot merge it."""
    copy = protected.with_name("copy.sqlite")
    with Store.open(protected, create=True) as store:
        store.put_trial(trial(99))
        shutil.copy(protected, copy)
        shutil.copy(f"{protected}-wal", f"{copy}-wal")
    protected.parent.chmod(0o555)

    with _ordinary_user(protected):
        line = _refusal(lambda: Store.open(copy, create=False), copy)
    protected.parent.chmod(0o755)

    assert "the last trials wait in copy.sqlite-wal" in line
    with Store.open(copy, create=False) as merged:
        assert merged.has([key_of(99)]) == {key_of(99)}


# Migrations.


def test_an_older_store_is_brought_up_to_date_with_all_it_holds(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a reader too; each missing migration is applied once."""
    published = schema.MIGRATIONS
    later = ("CREATE TABLE tuned (key TEXT)", "INSERT INTO tuned SELECT key FROM trial")
    for module in ("schema", "database"):
        monkeypatch.setattr(f"nnbench.store.{module}.MIGRATIONS", (*published, later))

    n_read = [_read_all(path) for _ in range(2)]

    assert n_read == [40, 40]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM tuned").fetchone() == (40,)
        assert connection.execute("PRAGMA user_version").fetchone() == (len(published) + 1,)


@pytest.mark.parametrize("version", [2, 3, 4, 5])
def test_a_store_of_any_earlier_version_keeps_all_it_holds(path: Path, version: int) -> None:
    """Its rows get their checksums, and what came later is empty, or what it was before."""
    make_older(path, version)

    with Store.open(path, create=False) as store:
        trials = store.trials(store.run("last").trial_keys, with_curves=True)
        has_pictures = store.keys_with_pictures(map(key_of, range(40)))
        damage = store.damage()

    assert spelled(trials) == spelled([trial(index) for index in range(40)])
    assert (has_pictures, damage) == (set(), [])
    assert {record.numerics for record in trials} == {1}


def test_a_store_from_before_there_were_pictures_takes_them(path: Path) -> None:
    make_older(path, 2)

    with Store.open(path, create=True) as store:
        assert store.pictures([key_of(1)]) == {}
        store.put_trial(trial(1, pictures=pictures()))
        assert store.keys_with_pictures([key_of(1), key_of(2)]) == {key_of(1)}


def test_a_tuned_rate_from_before_there_were_tuned_optimizers_stays(path: Path) -> None:
    """Its optimizer is the one that was asked for."""
    make_older(path, 3)
    with closing(sqlite3.connect(path)) as older, older:
        older.execute("INSERT INTO tuned_rate VALUES ('a', '0.5', 'high', 'old')")

    with Store.open(path, create=False) as store:
        assert store.tuned_rates(["a"]) == {"a": TunedRate("0.5", "high", "old", None)}


def test_an_older_store_on_a_read_only_disk_can_be_reported_from(protected: Path) -> None:
    """It cannot be brought up to date there: a copy in memory is, and the file stays as it was."""
    make_older(protected, 4)
    before = protected.read_bytes()
    protected.chmod(0o444)
    protected.parent.chmod(0o555)

    with _ordinary_user(protected):
        n_read = _read_all(protected)

    assert n_read == 40
    assert protected.read_bytes() == before


def test_a_migration_that_fails_halfway_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = ("CREATE TABLE tuned (key TEXT)", "INSERT INTO nowhere VALUES (1)")
    with monkeypatch.context() as patch:
        patch.setattr("nnbench.store.schema.MIGRATIONS", (*schema.MIGRATIONS, broken))
        _refusal(lambda: Store.open(path, create=True), path)

    assert _read_all(path) == 40
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'tuned'").fetchone() == (
            0,
        )


def test_the_first_migration_stays_as_it_was_published() -> None:
    """Files made with it exist: a change needs a migration of its own. Comments may change."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in schema.MIGRATIONS[0]:
            connection.execute(statement)
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE sql NOT NULL")]
        columns = {
            table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})")] for table in tables
        }

    trial_columns = (
        "id key case axes seed status final best steps steps_to_target train_s digest failure error"
    )
    assert columns == {
        "trial": trial_columns.split(),
        "curves": ["trial_id", "lengths", "samples"],
        "run": ["id", "run", "created", "n_trials", "facts"],
        "run_trial": ["run_id", "position", "key"],
    }
