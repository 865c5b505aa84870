"""Several stores become one: their rows are copied as they are, checksums included, in one transaction.

A trial that both sides have must be the same one: the same key, made by the same version of the bits, has one
digest. Merging again changes nothing.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from nnbench.errors import UsageError
from nnbench.store import mending
from nnbench.store.database import new_tables, open_for_writing, open_untouched, transaction
from nnbench.store.encoding import checksum, curve_names, from_json
from nnbench.store.mending import Row
from nnbench.store.problems import one_line
from nnbench.store.rows import TRIAL_COLUMNS
from nnbench.store.store import SETTLED, Store

_TRIAL = ("id", *TRIAL_COLUMNS, "curves_sum", "checksum")
_PLACE = {name: place for place, name in enumerate(_TRIAL)}
_OWN = ", ".join(f'"{name}"' for name in _TRIAL[1:])
_PUT_TRIAL = f"""
    INSERT INTO trial ({_OWN}) VALUES ({", ".join("?" for _ in _TRIAL[1:])})
    ON CONFLICT (key) DO UPDATE SET {", ".join(f'"{name}" = excluded."{name}"' for name in _TRIAL[1:])}
"""
_GET_TRIAL = "SELECT trial.*, lengths FROM trial LEFT JOIN curves ON trial_id = trial.id WHERE key = ?"
_RUN_VALUES = "run, created, n_trials, facts, keys_sum, checksum"
_PUT_RUN = f"""
    INSERT INTO run ({_RUN_VALUES}) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (run) DO UPDATE SET created = excluded.created, n_trials = excluded.n_trials,
    facts = excluded.facts, keys_sum = excluded.keys_sum, checksum = excluded.checksum
"""
# A run's name begins with its time, so the greater name is that of the newer search.
_PUT_TUNED = """
    INSERT INTO tuned_rate VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (configuration) DO UPDATE SET learning_rate = excluded.learning_rate, edge = excluded.edge,
    run = excluded.run, optimizer = excluded.optimizer, checksum = excluded.checksum
    WHERE excluded.run > tuned_rate.run
"""
_SHOWN_DIGITS = 12


@dataclass(slots=True)
class Taken:
    """How much one store holds, and how much of it was new where it went."""

    path: Path
    damaged: list[str]  # what of it was left out, in words
    trials: int = 0
    new_trials: int = 0
    runs: int = 0
    new_runs: int = 0
    new_pictures: int = 0
    new_rates: int = 0
    new_measurements: int = 0

    @property
    def changes_anything(self) -> bool:
        return any((self.new_trials, self.new_runs, self.new_pictures, self.new_rates, self.new_measurements))


def merge(sources: Sequence[Path], into: Path) -> list[Taken]:
    """Copy into one store what the others hold, all of it or nothing; the others stay as they are.

    Raise UsageError where two of the stores contradict each other.
    """
    if any(path.exists() and into.exists() and path.samefile(into) for path in sources):
        raise UsageError(f"{into}: a store is not merged into itself. What it holds stays: leave it out.")
    with ExitStack() as opened:
        found = [(path, opened.enter_context(closing(open_untouched(path)))) for path in sources]
        taken = [Taken(path, Store(path, source, may_write=False).damage()) for path, source in found]
        for _, source in found:
            mending.read_any_text(source)
        if not into.exists():  # who is refused leaves no empty store behind
            with closing(new_tables(into)) as rehearsal:
                _copy_all(found, rehearsal, [Taken(path, []) for path in sources])
        with closing(open_for_writing(into)) as target:
            _mend(target, into)
            with one_line(into, "written"), transaction(target, "IMMEDIATE"):
                _copy_all(found, target, taken)
                if any(each.new_runs for each in taken):
                    _in_order_of_time(target)
    return taken


def _mend(target: sqlite3.Connection, path: Path) -> None:
    """Take out of the store what is damaged, so that whole records can stand in its place."""
    if Store(path, target, may_write=False).damage():
        with one_line(path, "written"):
            mending.mend(target, path)


def _copy_all(
    found: Sequence[tuple[Path, sqlite3.Connection]], target: sqlite3.Connection, taken: Sequence[Taken]
) -> None:
    for (path, source), counts in zip(found, taken, strict=True):
        with _one_state(source):
            for trial, curves, pictures in mending.whole_trials(source):
                counts.trials += 1
                counts.new_trials += _take_trial(target, trial, curves, path)
                counts.new_pictures += pictures is not None and _take_pictures(target, trial, pictures)
            for run, keys in mending.whole_runs(source):
                counts.runs += 1
                counts.new_runs += _take_run(target, run, keys)
            for row in mending.whole_rows(source, "tuned_rate"):
                counts.new_rates += target.execute(_PUT_TUNED, row).rowcount
            for row in mending.whole_rows(source, "measurement"):
                put = "INSERT OR IGNORE INTO measurement VALUES (?, ?, ?, ?, ?, ?)"
                counts.new_measurements += target.execute(put, row).rowcount


@contextmanager
def _one_state(source: sqlite3.Connection) -> Iterator[None]:
    """See the store as it is now, whatever another process records in it meanwhile."""
    with transaction(source, "DEFERRED"):
        yield


def _take_trial(target: sqlite3.Connection, trial: Row, curves: Row, path: Path) -> bool:
    """Copy a trial that is new, or better than the one of this key; return whether it was."""
    known = target.execute(_GET_TRIAL, (trial[_PLACE["key"]],)).fetchone()
    if known is not None:
        _refuse_contradiction(known, trial, path)
        if not _is_better(trial, curves, known):
            return False
    target.execute(_PUT_TRIAL, trial[1:])
    target.execute(
        "INSERT OR REPLACE INTO curves SELECT id, ?, ? FROM trial WHERE key = ?",
        (*curves[1:], trial[_PLACE["key"]]),
    )
    return True


def _is_better(trial: Row, curves: Row, known: Row) -> bool:
    """Return whether a trial says more than the known one: a result, of newer bits, or with more curves."""
    settled, was_settled = (row[_PLACE["status"]] in SETTLED for row in (trial, known))
    if settled != was_settled:
        return settled
    newer = trial[_PLACE["numerics"]] - known[_PLACE["numerics"]]
    return newer > 0 or (newer == 0 and settled and curve_names(known[-1]) < curve_names(curves[1]))


def _refuse_contradiction(known: Row, trial: Row, path: Path) -> None:
    """Raise UsageError where one key led to two results. Two that diverged may differ in the bits of NaN."""
    both = [{name: row[place] for name, place in _PLACE.items()} for row in (known, trial)]
    statuses = {each["status"] for each in both}
    same_bits = both[0]["digest"] == both[1]["digest"] or both[0]["numerics"] != both[1]["numerics"]
    if same_bits or not statuses <= set(SETTLED) or statuses == {"diverged"}:
        return
    chosen = ", ".join(f"{axis} {choice}" for axis, choice in from_json(both[1]["axes"]).items())
    one, other = (f"{each['status']} with {each['digest'][:_SHOWN_DIGITS]}" for each in both)
    raise UsageError(
        f"{path}: trial {both[1]['key'][:_SHOWN_DIGITS]} (case {both[1]['case']}, {chosen}, seed"
        f" {both[1]['seed']}) {other}, and {one} in a store before it. The same key has one digest, so one of"
        " the machines computes wrong. Nothing was written: leave one of the stores out."
    )


def _take_pictures(target: sqlite3.Connection, trial: Row, pictures: Row) -> bool:
    return bool(
        target.execute(
            "INSERT OR IGNORE INTO pictures SELECT id, ?, ?, ? FROM trial WHERE key = ? AND digest = ?",
            (*pictures[1:], trial[_PLACE["key"]], trial[_PLACE["digest"]]),
        ).rowcount
    )


def _take_run(target: sqlite3.Connection, run: Row, keys: Sequence[Row]) -> bool:
    """Copy a run that is new, or further than the one of its name; return whether it was."""
    values = run[1:]
    known = target.execute(f"SELECT {_RUN_VALUES} FROM run WHERE run = ?", values[:1]).fetchone()
    if known is not None and _origin(known) != _origin(values):
        values = _renamed(values)
        known = target.execute(f"SELECT {_RUN_VALUES} FROM run WHERE run = ?", values[:1]).fetchone()
    if known is not None and _seconds(known) >= _seconds(values):
        return False
    target.execute(_PUT_RUN, values)
    (run_id,) = target.execute("SELECT id FROM run WHERE run = ?", values[:1]).fetchone()
    target.execute("DELETE FROM run_trial WHERE run_id = ?", (run_id,))
    target.executemany(
        "INSERT INTO run_trial VALUES (?, ?, ?)", ((run_id, position, key) for _, position, key in keys)
    )
    return True


def _origin(values: Row) -> tuple[str, str]:
    """Return what two records of one run share; two runs of one second may share the name."""
    return values[1], from_json(values[3])["command"]


def _renamed(values: Row) -> Row:
    own = (f"{values[0]}-{values[-1]:08x}", *values[1:-1])
    return (*own, checksum(*own))


def _seconds(values: Row) -> float:
    """Return for how long a run has gone: what was recorded when it began is replaced by its end."""
    return float(from_json(values[3])["elapsed_s"])


def _in_order_of_time(target: sqlite3.Connection) -> None:
    """Number the runs anew by the time when they began: the greatest number is the newest run."""
    runs = target.execute("SELECT id FROM run ORDER BY created, id").fetchall()
    for place, (run_id,) in enumerate(runs, 1):
        # Below zero first: the number may still be another run's.
        target.execute("UPDATE run SET id = ? WHERE id = ?", (-place, run_id))
        target.execute("UPDATE run_trial SET run_id = ? WHERE run_id = ?", (-place, run_id))
    target.execute("UPDATE run SET id = -id")
    target.execute("UPDATE run_trial SET run_id = -run_id")
