"""``nnbench merge``: several stores become one, which is what one machine would have recorded."""

import hashlib
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnbench.errors import UsageError
from nnbench.records.claims import Measurement
from nnbench.records.trials import RunRecord, TrialRecord, Tuning
from nnbench.store import Store
from nnbench.store.merging import Taken, merge
from tests.nnbench import fake_trial
from tests.nnbench.case_file import case_content, write_case
from tests.nnbench.picture_samples import pictures
from tests.nnbench.store_samples import key_of, run, search, spelled, trial
from tests.waiting import until

KEYS = tuple(map(key_of, range(200)))


def store(
    folder: Path, name: str, trials: Sequence[TrialRecord] = (), runs: Sequence[RunRecord] = ()
) -> Path:
    path = folder / name / "store.sqlite"
    with Store.open(path, create=True) as opened:
        opened.put_trials(trials)
        for each in runs:
            opened.put_run(each)
    return path


def held(path: Path) -> object:
    """Return all that a store holds, in plain words."""
    with Store.open(path, create=False) as opened:
        runs = [opened.run(each.run) for each in opened.runs()]
        configurations = [one.configuration for each in runs if each.tuning for one in each.tuning.searches]
        parts = (
            opened.trials(sorted(KEYS), with_curves=True),
            opened.pictures(sorted(KEYS)),
            runs,
            opened.tuned_rates(sorted(configurations)),
            opened.measurements(["m0", "m1"]),
        )
    return spelled(parts)


def content(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def new(taken: list[Taken]) -> list[tuple[int, int]]:
    return [(each.new_trials, each.new_runs) for each in taken]


def test_trials_runs_pictures_searches_and_measurements_are_copied_to_the_bit(tmp_path: Path) -> None:
    tuning = Tuning("grid", tuning_seeds=(9,), seeds=(0, 1), searches=(search("a"),))
    trials = [trial(index, pictures=pictures() if index == 2 else None) for index in range(5)]
    runs = [run("first", trial_keys=KEYS[:4], tuning=tuning), run("second", trial_keys=KEYS[2:7])]
    source = store(tmp_path, "a", trials, runs)
    with Store.open(source, create=True) as opened:
        opened.put_measurement(Measurement("m0", "slopes", 3, {"x": 0.1}, 0.2))
    before = content(source)

    (taken,) = merge([source], tmp_path / "c" / "store.sqlite")

    assert held(tmp_path / "c" / "store.sqlite") == held(source)
    assert (taken.trials, taken.runs, taken.new_pictures) == (5, 2, 1)
    assert (taken.new_rates, taken.new_measurements) == (1, 1)
    assert content(source) == before


def test_merging_again_changes_nothing(tmp_path: Path) -> None:
    a = store(tmp_path, "a", [trial(index) for index in range(6)], [run("one")])
    b = store(tmp_path, "b", [trial(index) for index in range(4, 9)], [run("two")])
    into = tmp_path / "c" / "store.sqlite"

    first = merge([a, b], into)
    before = held(into)
    again = merge([a, b, a], into)

    assert new(first) == [(6, 1), (3, 1)]
    assert not any(each.changes_anything for each in again)
    assert held(into) == before


def test_the_order_of_the_stores_is_of_no_account(tmp_path: Path) -> None:
    """Runs stand in the order in which they were begun, wherever that was."""
    times = [f"2026-01-0{day}T00:00:00Z" for day in range(1, 5)]
    runs = [run(f"r{place}", created=created) for place, created in enumerate(times)]
    a = store(tmp_path, "a", [trial(0)], [runs[1], runs[3]])
    b = store(tmp_path, "b", [trial(1)], [runs[0], runs[2]])

    merge([a, b], tmp_path / "ab.sqlite")
    merge([b, a], tmp_path / "ba.sqlite")

    assert held(tmp_path / "ab.sqlite") == held(tmp_path / "ba.sqlite")
    with Store.open(tmp_path / "ab.sqlite", create=False) as opened:
        assert [each.run for each in opened.runs()] == ["r3", "r2", "r1", "r0"]
        assert spelled(opened.run("last~2")) == spelled(runs[1])


@pytest.mark.parametrize("is_there", [False, True], ids=["new", "existing"])
def test_a_contradiction_is_named_and_nothing_is_written(tmp_path: Path, is_there: bool) -> None:
    """Key, case, axes, seed and both digests, in one line."""
    into = tmp_path / "c" / "store.sqlite"
    a = store(tmp_path, "a", [trial(index) for index in range(3)])
    b = store(tmp_path, "b", [trial(7), trial(1, digest="f" * 64)], [run("one")])
    if is_there:
        store(tmp_path, "c", [trial(9)])
        before = held(into)

    with pytest.raises(UsageError) as raised:
        merge([a, b], into)

    said = str(raised.value)
    assert all(part in said for part in (str(b), KEYS[1][:12], "case digits", "optimizer sgd", "seed 1"))
    assert trial(1).digest[:12] in said
    assert "f" * 12 in said
    assert held(into) == before if is_there else not into.exists()


def test_finished_and_diverged_contradict_each_other(tmp_path: Path) -> None:
    a = store(tmp_path, "a", [trial(1)])
    b = store(tmp_path, "b", [trial(1, status="diverged", digest="0" * 64, final={})])

    with pytest.raises(UsageError, match="diverged with 0000"):
        merge([a, b], tmp_path / "c.sqlite")


@pytest.mark.parametrize(
    ("one", "other", "kept"),
    [
        pytest.param(trial(1, status="cancelled", digest="c"), trial(1), 1, id="a result, not a stopped one"),
        pytest.param(trial(1), trial(1, status="failed", digest=""), 0, id="no failure for a result"),
        pytest.param(trial(1, digest="old"), trial(1, digest="new", numerics=2), 1, id="the newer bits"),
        pytest.param(trial(1, digest="new", numerics=2), trial(1, digest="old"), 0, id="no older bits"),
        pytest.param(trial(1), trial(1, train_s=9.0), 0, id="the first of two that are equal"),
        pytest.param(
            trial(1),
            trial(1, curves={**trial(1).curves, "probe": np.ones(2, np.float32)}),
            1,
            id="the one with more curves",
        ),
        pytest.param(
            trial(1, status="diverged", digest="nan"),
            trial(1, status="diverged", digest="-nan"),
            0,
            id="two that diverged",
        ),
    ],
)
def test_of_two_records_of_a_trial_the_better_stays(
    tmp_path: Path, one: TrialRecord, other: TrialRecord, kept: int
) -> None:
    a, b = store(tmp_path, "a", [one]), store(tmp_path, "b", [other])

    merge([a, b], tmp_path / "c.sqlite")

    with Store.open(tmp_path / "c.sqlite", create=False) as opened:
        assert spelled(opened.trials([KEYS[1]], with_curves=True)) == spelled([(one, other)[kept]])


def test_pictures_join_a_trial_that_has_none(tmp_path: Path) -> None:
    a, b = store(tmp_path, "a", [trial(1)]), store(tmp_path, "b", [trial(1, pictures=pictures())])

    merge([a, b], tmp_path / "c.sqlite")

    assert held(tmp_path / "c.sqlite") == held(b)


def test_a_run_that_had_begun_is_replaced_by_its_end(tmp_path: Path) -> None:
    begun = run("one", trial_keys=KEYS[:2], elapsed_s=0.0, n_new=0)
    ended = run("one", trial_keys=KEYS[:3], elapsed_s=7.0, n_new=3)
    a, b = store(tmp_path, "a", runs=[begun]), store(tmp_path, "b", runs=[ended])

    for order in ([a, b], [b, a]):
        merge(order, tmp_path / "c.sqlite")
        with Store.open(tmp_path / "c.sqlite", create=False) as opened:
            assert spelled(opened.run("one")) == spelled(ended)


def test_two_runs_of_one_name_are_both_kept(tmp_path: Path) -> None:
    """Jobs of an array begin in the same second, and four digits may be the same."""
    first, second = (run("one", command=f"nnbench run --shard {index}/2") for index in range(2))
    a, b = store(tmp_path, "a", runs=[first]), store(tmp_path, "b", runs=[second])

    for _ in range(2):
        merge([a, b], tmp_path / "c.sqlite")

    with Store.open(tmp_path / "c.sqlite", create=False) as opened:
        newer, older = (opened.run(each.run) for each in opened.runs())
    assert spelled(older) == spelled(first)
    assert newer.run.startswith("one-")
    assert spelled(replace(newer, run="one")) == spelled(second)


def test_damaged_records_are_named_and_left_out(tmp_path: Path) -> None:
    a = store(tmp_path, "a", [trial(index) for index in range(5)], [run("one"), run("two")])
    with closing(sqlite3.connect(a)) as other, other:
        other.execute("UPDATE trial SET final = '{}' WHERE key = ?", (KEYS[2],))
        other.execute("UPDATE run SET facts = '{}' WHERE run = 'two'")

    (taken,) = merge([a], tmp_path / "c.sqlite")

    assert (taken.new_trials, taken.new_runs) == (4, 1)
    assert any(KEYS[2][:12] in line for line in taken.damaged)
    assert any("1 of the runs" in line for line in taken.damaged)


def test_a_whole_record_takes_the_place_of_a_damaged_one(tmp_path: Path) -> None:
    a, into = store(tmp_path, "a", [trial(1)]), store(tmp_path, "c", [trial(1), trial(2)])
    with closing(sqlite3.connect(into)) as other, other:
        other.execute("UPDATE curves SET samples = zeroblob(length(samples)) WHERE trial_id = 1")

    (taken,) = merge([a], into)

    assert taken.new_trials == 1
    with Store.open(into, create=False) as opened:
        assert spelled(opened.trials(KEYS[1:3], with_curves=True)) == spelled([trial(1), trial(2)])


def test_a_store_of_an_earlier_version_is_read_and_stays_as_it_is(tmp_path: Path) -> None:
    former = tmp_path / "former.sqlite"
    shutil.copy(Path(__file__).parents[1] / "golden" / "store_1.sqlite", former)
    before = content(former)

    (taken,) = merge([former], tmp_path / "c.sqlite")

    assert content(former) == before
    assert taken.trials == taken.new_trials > 0
    with Store.open(former, create=False) as old, Store.open(tmp_path / "c.sqlite", create=False) as fresh:
        assert spelled(fresh.run("last")) == spelled(old.run("last"))


def test_a_killed_merge_leaves_the_store_whole_and_the_next_completes_it(tmp_path: Path) -> None:
    """Killed while it writes, with 150 of 200 trials taken: nothing of it is committed."""
    curve = np.zeros(5000, np.float32)
    a = store(tmp_path, "a", [trial(index, curves={"step_loss": curve}) for index in range(200)])
    into = store(tmp_path, "c", [trial(500)])
    late = tmp_path / "late"
    code = "import sys; from nnbench.cli import main; sys.exit(main(sys.argv[1:]))"
    slow = (
        "import pathlib, time, nnbench.store.merging as m\n"
        "put, taken = m._take_trial, []\n"
        "def take(*given):\n"
        "    taken.append(put(*given))\n"
        f"    if len(taken) == 150: pathlib.Path({str(late)!r}).touch(), time.sleep(600)\n"
        "    return taken[-1]\n"
        "m._take_trial = take\n"
    )

    merging = subprocess.Popen(
        [sys.executable, "-c", slow + code, "merge", str(a.parent), "--into", str(into.parent)]
    )
    until(late.exists)
    merging.send_signal(signal.SIGKILL)
    merging.wait()

    with Store.open(into, create=True) as opened:
        assert opened.damage() == []
        assert opened.has([*KEYS, key_of(500)]) == {key_of(500)}
    assert new(merge([a], into)) == [(200, 0)]


def test_eight_shards_merged_are_one_run(nnb: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Digest for digest, verdict for verdict, and the whole command trains nothing any more."""
    monkeypatch.chdir(tmp_path)
    fake_trial.install(monkeypatch)
    write_case(tmp_path / "small.toml", case_content())
    command = ("run", "small.toml", "--optimizer", "sgd,adam", "--seeds", "40", "--json")
    whole = json.loads(nnb(*command, "--store", "whole")[1])
    for index in range(8):
        assert nnb(*command, "--shard", f"{index}/8", "--store", f"s{index}")[0] == 0

    code, text, said = nnb("merge", *(f"s{index}" for index in range(8)), "--into", "all", "--json")
    merged = json.loads(nnb(*command, "--store", "all")[1])

    assert code == 0, said
    assert sum(row["new_trials"] for row in json.loads(text)["stores"]) == 80
    assert (merged["new"], merged["cached"]) == (0, 80)
    same = ("trials", "configurations", "verdicts", "may_be_best", "varying", "cases", "shard")
    assert {name: merged[name] for name in same} == {name: whole[name] for name in same}


def test_mistakes_are_one_line(nnb: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store(tmp_path, "a", [trial(1)])
    (tmp_path / "text").write_text("no store")

    for arguments, code, said in (
        ((), 2, "usage: nnbench merge"),
        (("a",), 2, "usage: nnbench merge"),
        (("a", "--into", "a"), 2, "not merged into itself"),
        (("a", "nowhere", "--into", "c"), 4, "no store here"),
        (("a", "text", "--into", "c"), 4, "not a store of nnbench"),
    ):
        found, _, told = nnb("merge", *arguments)
        assert (found, told.count("\n")) == (code, 1), told
        assert said in told
    assert not (tmp_path / "c").exists()
