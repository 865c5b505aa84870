"""Damage inside a store: what was changed is never handed out, it is named, and the next run mends it."""

import json
import random
import sqlite3
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from nnbench.errors import EnvironmentProblem
from nnbench.records.trials import RunRecord, TrialRecord, Tuning
from nnbench.store import Store
from nnbench.store.problems import DamagedStore
from nnbench.studies import checkup
from tests.nnbench import fake_trial
from tests.nnbench.case_file import case_content, write_case
from tests.nnbench.picture_samples import pictures
from tests.nnbench.store_samples import key_of, run, search, spelled, trial

Result = tuple[int, str, str]
KEYS = tuple(map(key_of, range(30)))
PAGE = 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with 30 trials, one of them with pictures, two runs and a tuned rate."""
    path = tmp_path / "store.sqlite"
    with Store.open(path, create=True) as store:
        store.put_trials(trial(index, pictures=pictures() if index == 3 else None) for index in range(30))
        tuning = Tuning("grid", tuning_seeds=(9,), seeds=(0, 1), searches=(search("a"),))
        store.put_run(run("first", trial_keys=KEYS[:20], tuning=tuning))
        store.put_run(run("second", trial_keys=KEYS[10:]))
    return path


def change(path: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as other, other:
        other.execute(statement, values)


COLUMNS = {
    "case": "digit",
    "axes": '{"optimizer":"sgd"}',
    "seed": 8,
    "status": "diverged",
    "final": '{"loss":0.5}',
    "best": '{"loss":0.5}',
    "steps": 41,
    "steps_to_target": None,
    "train_s": 0.02,
    "digest": "0",
    "failure": "chance",
    "error": '"x"',
    "numerics": 2,
}


@pytest.mark.parametrize("column", COLUMNS)
def test_a_trial_with_another_value_in_any_column_is_named_and_left_out(path: Path, column: str) -> None:
    """With the curves and without; all the others are handed out as they were."""
    change(path, f'UPDATE trial SET "{column}" = ? WHERE key = ?', COLUMNS[column], KEYS[7])
    others = [trial(index) for index in range(30) if index != 7]

    with Store.open(path, create=False) as store:
        for with_curves in (False, True):
            with pytest.warns(UserWarning, match=f"damaged and left out: 1 of the trials .{KEYS[7][:12]}"):
                found = store.trials(KEYS, with_curves=with_curves)
            if with_curves:
                assert spelled(found) == spelled(others)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE curves SET samples = zeroblob(length(samples)) WHERE trial_id = 8",
        "UPDATE curves SET lengths = replace(lengths, '2', '3') WHERE trial_id = 8",
        "DELETE FROM curves WHERE trial_id = 8",
        "UPDATE curves SET trial_id = trial_id + 100 WHERE trial_id = 8",
    ],
)
def test_a_trial_whose_curves_are_damaged_or_lost_is_trained_again(path: Path, statement: str) -> None:
    change(path, statement)

    with Store.open(path, create=True) as store:
        with pytest.warns(UserWarning, match="1 of the trials"):
            finished = store.finished_keys(KEYS)
        store.put_trial(trial(7))
        whole = store.trials(KEYS, with_curves=True)
        damage = store.damage()

    assert finished == set(KEYS) - {KEYS[7]}
    assert spelled(whole) == spelled([trial(index) for index in range(30)])
    assert damage == []
    assert path.with_name("store.sqlite.damaged").is_file()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE run SET facts = facts || ' ' WHERE run = 'second'",
        "UPDATE run SET created = 'never' WHERE run = 'second'",
        "UPDATE run_trial SET key = 'other' WHERE run_id = 2 AND position = 3",
        "DELETE FROM run_trial WHERE run_id = 2 AND position = 19",
    ],
)
def test_a_damaged_run_is_refused_by_name_and_the_other_is_read(path: Path, statement: str) -> None:
    change(path, statement)

    with Store.open(path, create=False) as store:
        with pytest.raises(DamagedStore, match=r"run second is damaged\. Run its command again"):
            store.run("last")
        assert store.run("first").trial_keys == KEYS[:20]


def test_a_damaged_tuned_rate_and_damaged_pictures_are_left_out(path: Path) -> None:
    change(path, "UPDATE tuned_rate SET learning_rate = '0.0317'")
    change(path, "UPDATE pictures SET samples = zeroblob(length(samples))")

    with Store.open(path, create=False) as store:
        with pytest.warns(UserWarning, match="1 of the tuned rates"):
            assert store.tuned_rates(["a"]) == {}
        with pytest.warns(UserWarning, match="1 of the pictures"):
            assert store.pictures(KEYS) == {}


def _flipped(content: bytes, chance: random.Random) -> bytes:
    place, changed = chance.randrange(8 * len(content)), bytearray(content)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


def _swapped(content: bytes, chance: random.Random) -> bytes:
    pages = [content[start : start + PAGE] for start in range(0, len(content), PAGE)]
    one, two = chance.sample(range(len(pages)), 2)
    pages[one], pages[two] = pages[two], pages[one]
    return b"".join(pages)


def _zeroed(content: bytes, chance: random.Random) -> bytes:
    start = PAGE * chance.randrange(len(content) // PAGE)
    return content[:start] + bytes(PAGE) + content[start + PAGE :]


def _read(path: Path) -> tuple[list[str], list[RunRecord], list[TrialRecord]]:
    with Store.open(path, create=False) as store:
        runs = [store.run(name) for name in ("last", "first")]
        return [one.run for one in store.runs()], runs, store.trials(KEYS, with_curves=True)


DAMAGES = [(_flipped, 120), (_swapped, 60), (_zeroed, 20)]


@pytest.mark.parametrize(("damage", "n"), DAMAGES, ids=["bits", "pages", "zeros"])
def test_whatever_is_changed_in_the_file_no_other_value_is_read(
    path: Path, damage: Callable[[bytes, random.Random], bytes], n: int
) -> None:
    """What is read is as it was written; where something is missing, that is said; or all is refused."""
    content, before = path.read_bytes(), _read(path)
    records = {record.key: spelled(record) for record in before[2]}
    outcomes = []
    for seed in range(n):
        path.write_bytes(damage(content, random.Random(seed)))
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                names, runs, trials = _read(path)
            except EnvironmentProblem:
                outcomes.append("refused")
                continue
        assert spelled(runs) == spelled(before[1])
        assert all(records[record.key] == spelled(record) for record in trials)
        assert said or (names, len(trials)) == (before[0], 30), seed
        outcomes.append("said" if said else "whole")

    assert {"refused", "said", "whole"} == set(outcomes)


@pytest.mark.parametrize(("damage", "n"), DAMAGES, ids=["bits", "pages", "zeros"])
def test_what_a_run_lost_it_can_record_again(
    path: Path, damage: Callable[[bytes, random.Random], bytes], n: int
) -> None:
    """Afterwards all of its trials are whole, unless the file was refused before anything was done."""
    content = path.read_bytes()
    for seed in range(n // 2):
        path.write_bytes(damage(content, random.Random(seed)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                store = Store.open(path, create=True)
            except EnvironmentProblem:
                continue
            with store:
                finished = store.finished_keys(KEYS)
                store.put_trials(trial(index) for index in range(30) if KEYS[index] not in finished)
                store.put_run(run("third", trial_keys=KEYS))
                found = store.trials(store.run("third").trial_keys, with_curves=True)
        assert spelled(found) == spelled([trial(index) for index in range(30)]), seed


def test_mending_keeps_the_trials_on_both_sides_of_a_page_that_is_lost(path: Path) -> None:
    """The table cannot be read across the page: it is read up to there, and then from its end."""
    content = path.read_bytes()
    places = [at for at in range(0, len(content), PAGE) if b"sgd(momentum=0.9)" in content[at : at + PAGE]]
    lost = places[len(places) // 2]
    on_it = {key for key in KEYS if key.encode() in content[lost : lost + PAGE]}
    path.write_bytes(content[:lost] + bytes(PAGE) + content[lost + PAGE :])

    with Store.open(path, create=True) as store, pytest.warns(UserWarning, match="the store is mended"):
        finished = store.finished_keys(KEYS)

    assert on_it
    assert {KEYS[0], KEYS[-1]}.isdisjoint(on_it)
    assert finished == set(KEYS) - on_it


@pytest.mark.filterwarnings("always")  # as in a process of its own
def test_the_commands_name_the_damage_and_the_next_run_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nnb: Callable[..., Result]
) -> None:
    monkeypatch.chdir(tmp_path)
    fake_trial.install(monkeypatch)
    monkeypatch.setattr(checkup, "_noise", lambda: checkup.Check("noise", "ok", "quiet"))
    write_case(tmp_path / "small.toml", case_content())
    command = ("run", "small.toml", "--optimizer", "sgd,adam", "--seeds", "5", "--store", "s.sqlite")
    command += ("--json",)
    first = json.loads(nnb(*command)[1])
    key = first["trials"][3]["key"]
    change(Path("s.sqlite"), "UPDATE trial SET final = replace(final, '0.8', '0.9') WHERE key = ?", key)

    report = nnb("report", "--store", "s.sqlite", "--json")
    compared = nnb("compare", "adam", "sgd", "--store", "s.sqlite", "--json")
    doctor = nnb("doctor", "--store", "s.sqlite", "--json")
    again = nnb(*command)
    cured = nnb("doctor", "--store", "s.sqlite", "--json")

    named = f"nnbench: warning: s.sqlite: damaged and left out: 1 of the trials ({key[:12]}); the next run"
    assert report[0] == compared[0] == again[0] == cured[0] == 0
    assert (report[2].startswith(named), len(report[2].splitlines())) == (True, 1)
    assert [one["key"] for one in json.loads(report[1])["trials"]] == [
        one["key"] for one in first["trials"] if one["key"] != key
    ]
    assert json.loads(compared[1])["verdicts"][0]["n"] == 4
    assert doctor[0] == 4
    assert "1 of the trials" in doctor[1]
    assert (json.loads(again[1])["new"], json.loads(again[1])["cached"]) == (1, 9)
    assert json.loads(again[1])["trials"] == first["trials"]
