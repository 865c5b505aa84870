"""What goes into the store comes out of it, exactly, in order, and later records replace earlier ones."""

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnbench.errors import NothingMeasured, UsageError
from nnbench.records.trials import Axes, Pictures, Point, RunRecord, Status, TrialRecord, Tuning
from nnbench.store import Store
from nnbench.store.encoding import checksum, from_json, to_json
from nnbench.store.rows import TRIAL_COLUMNS, TunedRate
from tests.nnbench.picture_samples import any_pictures, pictures
from tests.nnbench.store_samples import key_of, run, runs, search, spelled, trial, trials

# The examples share a store, or a folder, and give each record, or store, a name of its own.
SHARED_FOLDER = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.sqlite", create=True) as opened:
        yield opened


@SHARED_FOLDER
@given(record=trials)
def test_a_trial_comes_back_exactly(store: Store, record: TrialRecord) -> None:
    """Also NaN, infinities, -0.0, empty curves, odd characters, and the order of axes and curves."""
    fresh = replace(record, key=f"{record.key} {store._connection.total_changes}")

    store.put_trial(fresh)

    assert spelled(store.trials([fresh.key], with_curves=True)) == spelled([fresh])
    assert spelled(store.trials([fresh.key])) == spelled([replace(fresh, curves={})])


@SHARED_FOLDER
@given(left=any_pictures)
def test_pictures_come_back_exactly(store: Store, left: Pictures) -> None:
    """Also NaN, shapes without a value, and a shape apart from its values; and only where asked for."""
    key = key_of(store._connection.total_changes)

    store.put_trial(trial(1, key=key, pictures=left))

    found = store.pictures([key, "other"])
    assert spelled(found) == spelled({key: left})
    for name in ("drawn", "learned", "inputs", "maps"):
        assert getattr(found[key], name).shape == getattr(left, name).shape
    assert store.trials([key], with_curves=True)[0].pictures is None


def test_a_trial_recorded_again_without_pictures_keeps_those_it_has(store: Store) -> None:
    """Where another run shows another seed of the configuration; newer ones replace them."""
    store.put_trial(trial(1, pictures=pictures()))
    store.put_trial(trial(1))
    kept = store.pictures([key_of(1)])
    store.put_trial(trial(1, pictures=pictures(filters=3)))

    assert spelled(kept) == spelled({key_of(1): pictures()})
    assert spelled(store.pictures([key_of(1)])) == spelled({key_of(1): pictures(filters=3)})


def test_a_lesser_trial_leaves_the_pictures_alone(store: Store) -> None:
    store.put_trial(trial(1, pictures=pictures()))

    store.put_trial(trial(1, status="failed", pictures=pictures(filters=3)))

    assert spelled(store.pictures([key_of(1)])) == spelled({key_of(1): pictures()})


def test_trials_with_pictures_are_told_from_others(store: Store) -> None:
    store.put_trials(trial(index, pictures=pictures() if index % 3 == 0 else None) for index in range(10))

    assert store.keys_with_pictures(map(key_of, range(20))) == {key_of(index) for index in (0, 3, 6, 9)}


@SHARED_FOLDER
@given(record=runs)
def test_a_run_comes_back_exactly(store: Store, record: RunRecord) -> None:
    """Facts of the cases, environment and the order of its trials included."""
    store.put_run(record)

    assert spelled(store.run(record.run)) == spelled(record)


def test_every_field_of_a_trial_has_a_column() -> None:
    """A field that is added to TrialRecord without a column and a migration would be lost in silence."""
    apart = {"curves", "pictures", "kind"}  # tables of their own, and what every reader works out anew
    assert {field.name for field in fields(TrialRecord)} - apart == set(TRIAL_COLUMNS)


def test_numbers_of_numpy_are_kept_as_numbers(store: Store) -> None:
    """SQLite would take numpy's for bytes, and they would come back as such."""
    numpys = trial(
        1, seed=np.int64(7), steps=np.int32(3), train_s=np.float32(0.5), final={"loss": np.float32(2)}
    )

    store.put_trial(numpys)

    (kept,) = store.trials([numpys.key])
    assert spelled((kept.seed, kept.steps, kept.train_s, kept.final["loss"])) == spelled((7, 3, 0.5, 2.0))


def test_trials_come_in_the_order_asked_for_without_those_not_recorded(store: Store) -> None:
    """Whatever the order of recording; over several queries of keys; a key asked for twice comes twice."""
    store.put_trials(trial(index) for index in range(2500))
    wanted = [2400, 3, 9999, 0, 2400, 1700]

    found = store.trials([key_of(index) for index in wanted])

    assert [record.seed for record in found] == [2400, 3, 0, 2400, 1700]
    backwards = [key_of(index) for index in reversed(range(3000))]
    assert [record.seed for record in store.trials(backwards)] == list(reversed(range(2500)))


def test_has_tells_recorded_keys_from_others(store: Store) -> None:
    store.put_trials(trial(index) for index in range(0, 2000, 2))

    found = store.has(key_of(index) for index in range(2000))

    assert found == {key_of(index) for index in range(0, 2000, 2)}
    assert store.has([]) == set()


def test_keys_are_found_by_an_index(store: Store) -> None:
    """Without one, a hundred thousand keys in a hundred thousand trials would take minutes."""
    plan = store._connection.execute(
        "EXPLAIN QUERY PLAN SELECT key FROM trial WHERE key IN (?, ?)", ("a", "b")
    )

    assert [row[3] for row in plan] == ["SEARCH trial USING COVERING INDEX sqlite_autoindex_trial_1 (key=?)"]


def test_only_settled_trials_need_not_run_again(store: Store) -> None:
    """Finished and diverged are results; failed, pruned and cancelled ones are run again."""
    statuses: tuple[Status, ...] = ("finished", "diverged", "failed", "pruned", "cancelled")
    store.put_trials(trial(index, status=status) for index, status in enumerate(statuses))
    keys = [key_of(index) for index in range(6)]

    assert store.finished_keys(keys) == {keys[0], keys[1]}
    assert store.finished_keys(keys, counting=("finished", "pruned")) == {keys[0], keys[3]}
    assert store.has(keys) == set(keys[:5])


def test_a_trial_recorded_again_is_replaced_with_its_curves(store: Store) -> None:
    store.put_trial(trial(1, status="cancelled"))
    again = trial(1, final={"loss": 9.0}, curves={"val_loss": np.ones(7, np.float32)})

    store.put_trial(again)

    assert spelled(store.trials([again.key], with_curves=True)) == spelled([again])


@pytest.mark.parametrize("status", ["failed", "pruned", "cancelled"])
@pytest.mark.parametrize("settled", ["finished", "diverged"])
def test_a_settled_trial_is_not_given_up_for_a_lesser_one(store: Store, settled: str, status: str) -> None:
    """The key holds everything that can change the result, so the result stays true; curves stay with it."""
    kept = trial(1, status=settled)
    store.put_trial(kept)

    store.put_trial(trial(1, status=status, final={}, curves={"val_loss": np.ones(7, np.float32)}))

    assert spelled(store.trials([kept.key], with_curves=True)) == spelled([kept])


def test_many_trials_are_recorded_together_or_not_at_all(store: Store) -> None:
    """An interrupt halfway leaves none of them, and the store works on."""

    def interrupted() -> Iterator[TrialRecord]:
        yield trial(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.put_trials(interrupted())

    assert store.has([key_of(1)]) == set()
    store.put_trial(trial(2))
    assert store.has([key_of(2)]) == {key_of(2)}


def test_curves_are_kept_as_float32_alone(store: Store) -> None:
    """A curve of another type would come back with other values, so it is refused."""
    with pytest.raises(AssertionError, match="'val_loss' must be float32 with 1 axis, found float64"):
        store.put_trial(trial(1, curves={"val_loss": np.ones(3)}))

    assert store.has([key_of(1)]) == set()


def test_curves_read_cannot_be_changed_by_accident(store: Store) -> None:
    store.put_trial(trial(1))
    (kept,) = store.trials([key_of(1)], with_curves=True)

    with pytest.raises(ValueError, match="read-only"):
        kept.curves["step_loss"][0] = 0.0


def test_a_trial_has_the_curves_asked_for_only_where_it_has_all_of_them(store: Store) -> None:
    """Those of more names are found by fewer; a trial without curves, and one not recorded, have none."""
    store.put_trials([trial(0), trial(1, curves={})])
    keys = [key_of(index) for index in range(3)]

    assert store.keys_with_curves(keys, ["step_loss", "val_loss"]) == {key_of(0)}
    assert store.keys_with_curves(keys, ["step_loss", "no such curve"]) == set()


def test_runs_are_listed_newest_first(store: Store) -> None:
    """A run recorded again, when it ends, keeps its place."""
    store.put_run(run("first", elapsed_s=0.0, trial_keys=()))
    store.put_run(run("second"))
    store.put_run(run("first", elapsed_s=8.0))

    listed = store.runs()

    assert [summary.run for summary in listed] == ["second", "first"]
    assert (listed[1].elapsed_s, listed[1].n_trials, listed[1].cases) == (8.0, 2, ("digits",))
    assert store.run("last").run == "second"
    assert store.run("first").trial_keys == run("first").trial_keys


def test_a_clock_that_was_set_back_does_not_make_a_run_older(store: Store) -> None:
    """The newest run is the one that was begun last, whatever time it was said to be."""
    store.put_run(run("before", created="2031-05-01T12:00:00+00:00"))
    store.put_run(run("after", created="2026-05-01T12:00:00+00:00"))

    assert [summary.run for summary in store.runs()] == ["after", "before"]
    assert (store.run("last").run, store.run("last~1").run) == ("after", "before")


def test_a_run_recorded_again_has_its_new_trials_alone(store: Store) -> None:
    store.put_run(run("r", trial_keys=tuple(map(key_of, range(5)))))
    shorter = run("r", trial_keys=(key_of(3),))

    store.put_run(shorter)

    assert spelled(store.run("r")) == spelled(shorter)


def test_a_run_is_found_by_the_beginning_of_its_name(store: Store) -> None:
    """As long as one run begins so; a whole name wins over a longer one; % and _ are ordinary characters."""
    for name in ("alpha", "alphabet", "b_1", "bx1"):
        store.put_run(run(name))

    assert store.run("alphab").run == "alphabet"
    assert store.run("alpha").run == "alpha"
    assert store.run("b_").run == "b_1"
    with pytest.raises(UsageError, match=r"run 'al': 2 runs begin so: alpha, alphabet\. Write more"):
        store.run("al")


@pytest.mark.parametrize("name", ["gamma", "", "%", "alphabets"])
def test_a_run_that_is_not_there_is_a_mistake_of_the_user(store: Store, name: str) -> None:
    store.put_run(run("alphabet"))

    with pytest.raises(UsageError, match=r"no such run\. The newest: alphabet\."):
        store.run(name)


@pytest.mark.parametrize("name", ["last", "r"])
def test_a_store_without_runs_has_nothing_measured(store: Store, name: str) -> None:
    with pytest.raises(NothingMeasured, match="no run is recorded"):
        store.run(name)

    assert store.runs() == []


@settings(SHARED_FOLDER, max_examples=15)
@given(order=st.permutations(range(6)), n=st.integers(0, 6))
def test_the_order_of_recording_does_not_matter(tmp_path: Path, order: list[int], n: int) -> None:
    with Store.open(tmp_path / f"{n}{''.join(map(str, order))}.sqlite", create=True) as store:
        store.put_trials(trial(index) for index in order[:n])

        found = store.trials([key_of(index) for index in range(6)])

    assert [record.seed for record in found] == sorted(order[:n])


def _tune(name: str, *searches: object) -> RunRecord:
    return run(name, tuning=Tuning("grid", tuning_seeds=(9,), seeds=(0, 1), searches=searches))  # type: ignore[arg-type]


def test_the_newest_search_says_what_the_tuned_rate_is(store: Store) -> None:
    """Each configuration has its own; one that no search knows is absent, one without any score is None."""
    store.put_run(_tune("first", search("a"), search("b", chosen=0)))
    store.put_run(_tune("second", search("a", chosen=3), search("c", chosen=None)))
    store.put_run(run("no search at all"))

    found = store.tuned_rates(["a", "b", "c", "d"])

    assert found == {
        "a": TunedRate("0.1", None, "second"),
        "b": TunedRate("0.001", "learning_rate", "first"),
        "c": TunedRate(None, None, "second"),
    }


def test_a_run_of_an_earlier_version_has_no_tuning(store: Store) -> None:
    """Its facts do not know the word."""
    store.put_run(run("old"))
    (facts,) = store._connection.execute("SELECT facts FROM run").fetchone()
    earlier = {name: value for name, value in from_json(facts).items() if not name.startswith("tun")}
    row = list(
        store._connection.execute("SELECT run, created, n_trials, facts, keys_sum FROM run").fetchone()
    )
    row[3] = to_json(earlier)
    store._connection.execute("UPDATE run SET facts = ?, checksum = ?", (row[3], checksum(*row)))

    assert store.run("old") == run("old")


def _as_earlier(store: Store, name: str, facts: dict[str, object]) -> RunRecord:
    """Record a run whose facts have a search in the shape of an earlier version, and read it again."""
    store.put_run(run(name))
    columns = "run, created, n_trials, facts, keys_sum"
    (row,) = store._connection.execute(f"SELECT {columns} FROM run WHERE run = ?", (name,)).fetchall()
    written = to_json({**from_json(row[3]), **facts})
    found = checksum(*row[:3], written, row[4])
    store._connection.execute("UPDATE run SET facts = ?, checksum = ? WHERE run = ?", (written, found, name))
    return store.run(name)


SEEDS = {"tuning_seeds": [9], "seeds": [0, 1]}


def test_a_search_for_rates_of_an_earlier_version_is_read_as_what_it_is_now(store: Store) -> None:
    """It had the rates by why they were tried, and the choices without the rate."""
    choices = [["optimizer", "sgd(momentum=0.9)"], ["batch_size", "32"]]
    earlier = {
        "case": "digits",
        "axes": {"values": choices},
        "configuration": "a",
        "default_rate": "0.01",
        "grid": ["0.001", "0.01", "0.1"],
        "grown": ["1"],
        "refined": ["0.0316"],
        "learning_rate": "0.0316",
        "edge": None,
    }
    on_edge = {**earlier, "learning_rate": "1", "edge": "high"}
    lost = {**earlier, "learning_rate": None}

    found = _as_earlier(store, "old", {"tuning": {**SEEDS, "searches": [earlier, on_edge, lost]}})

    expected = [search("a"), search("a", chosen=4), search("a", chosen=None)]
    assert found.tuning == Tuning("grid", (9,), (0, 1), tuple(expected))
    assert expected[1].edge("learning_rate") == "high"


def test_a_search_over_several_of_an_earlier_version_is_read_as_what_it_is_now(store: Store) -> None:
    """It stood under another word, with points and values side by side."""
    settings = [
        {"optimizer": "momentum", "learning_rate": "0.01"},
        {"optimizer": "momentum(momentum=0.5)", "learning_rate": "0.1"},
    ]
    spans = [
        {"name": "learning_rate", "low": 0.001, "high": 0.1, "default": 0.01},
        {"name": "momentum", "low": 0.0, "high": 0.99, "default": 0.9},
    ]
    asked = [["optimizer", "momentum"], ["learning_rate", "0.01"]]
    earlier = {
        "case": "digits",
        "axes": {"values": asked},
        "configuration": "a",
        "spans": spans,
        "points": settings,
        "values": [[0.01, 0.9], [0.1, 0.5]],
        "chosen": 1,
        "edges": ["learning_rate"],
    }

    found = _as_earlier(store, "old", {"tuning": None, "sampling": {**SEEDS, "searches": [earlier]}})

    assert found.tuning is not None
    (only,) = found.tuning.searches
    assert found.tuning.strategy == "points"
    assert only.best == Point(Axes(tuple(settings[1].items())), (0.1, 0.5), "point")
    assert only.at(only.points[0]) == only.axes
    assert (only.value("momentum"), only.edge("learning_rate"), only.edge("momentum")) == (0.5, "high", "low")
