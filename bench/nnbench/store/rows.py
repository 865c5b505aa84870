"""Records as rows of the tables, and rows as records."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from sys import intern
from typing import Any

from nnbench.records.claims import Measurement
from nnbench.records.trials import (
    Axes,
    CaseFacts,
    CaseRace,
    MetricFacts,
    Pictures,
    Pruning,
    RunRecord,
    TrialRecord,
)
from nnbench.store.encoding import (
    Curves,
    checksum,
    each_from_json,
    from_json,
    pack_arrays,
    to_json,
    unpack_arrays,
    unpack_curves,
)
from nnbench.store.searches import chosen_axes, tuning_of

# The order of a row of the table "trial"; the names are the fields of TrialRecord.
TRIAL_COLUMNS = (
    "key",
    "case",
    "axes",
    "seed",
    "status",
    "final",
    "best",
    "steps",
    "steps_to_target",
    "train_s",
    "digest",
    "failure",
    "error",
    "numerics",
)
# The fields of RunRecord that have columns of their own; the others share one JSON object.
_RUN_COLUMNS = ("run", "created", "trial_keys")
# The fields of Pictures that are arrays.
_ARRAYS = ("drawn", "learned", "inputs", "maps")


@dataclass(frozen=True, slots=True)
class TunedRate:
    """What the newest search found for a configuration; ``learning_rate`` is None where no rate worked."""

    learning_rate: str | None
    edge: str | None  # the hyper-parameters on whose ends it is; of earlier versions, which end of the rates
    run: str
    optimizer: str | None = None  # as it is spelt with what was found; None: as it was asked for


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One line of the list of runs."""

    run: str
    created: str
    command: str
    cases: tuple[str, ...]
    n_trials: int
    n_new: int
    n_cached: int
    elapsed_s: float


def row_of_trial(record: TrialRecord) -> tuple[object, ...]:
    """Return the values of TRIAL_COLUMNS."""
    # int() and float() because SQLite's binding stores numpy's numbers as raw bytes.
    target = record.steps_to_target
    return (
        record.key,
        record.case,
        _choices_text(record.axes),
        int(record.seed),
        record.status,
        to_json(record.final),
        to_json(record.best),
        int(record.steps),
        None if target is None else int(target),
        # SQLite has no NaN, and no negative zero.
        None if math.isnan(record.train_s) else float(record.train_s) + 0.0,
        record.digest,
        record.failure,
        None if record.error is None else to_json(record.error),
        int(record.numerics),
    )


@lru_cache(maxsize=1024)
def _choices_text(axes: Axes) -> str:
    """Return the choices that identify a configuration as JSON: the same text for all its seeds."""
    chosen = dict(axes.values)
    assert len(chosen) == len(axes.values), f"an axis stands twice in {axes.values!r}"
    return to_json(chosen)


@dataclass(frozen=True, slots=True)
class Block:
    """Trials that were read together: the fields of their records, and the curves as they are stored."""

    fields: Sequence[dict[str, Any]]
    lengths: Sequence[str]  # empty where no curves were asked for
    samples: Sequence[bytes]

    def curves(self, place: int) -> Curves:
        return unpack_curves(self.lengths[place], self.samples[place]) if self.lengths else {}

    def record(self, place: int) -> TrialRecord:
        """Return one of the trials with all of its curves."""
        return TrialRecord(**self.fields[place], curves=self.curves(place))

    def records(self) -> list[TrialRecord]:
        return list(map(self.record, range(len(self.fields))))


def block_of_rows(rows: Sequence[Sequence[Any]], with_curves: bool) -> Block:
    """Return the trials of rows that begin with TRIAL_COLUMNS, and end with the curves."""
    n = len(TRIAL_COLUMNS)
    found = [dict(zip(TRIAL_COLUMNS, row[:n], strict=True)) for row in rows]
    for name in ("final", "best"):
        for values, value in zip(found, each_from_json([values[name] for values in found]), strict=True):
            values[name] = value
    for values in found:
        values["axes"] = _axes(values["axes"])
        # A few words that all trials share take the room of one.
        values["case"], values["status"] = intern(values["case"]), intern(values["status"])
        if values["error"] is not None:
            values["error"] = from_json(values["error"])
        if values["train_s"] is None:
            values["train_s"] = math.nan
    if not with_curves:
        return Block(found, (), ())
    return Block(found, [row[-2] for row in rows], [row[-1] for row in rows])


@lru_cache(maxsize=2**14)  # the seeds of a configuration share it
def _axes(text: str) -> Axes:
    return Axes(tuple(from_json(text).items()))


def choices_of_row(axes: str) -> frozenset[tuple[str, str]]:
    """Return the choices of the column ``axes``."""
    return frozenset(from_json(axes).items())


def row_of_pictures(pictures: Pictures) -> tuple[str, bytes]:
    """Return the facts and the values of the pictures of a trial."""
    shapes, values = pack_arrays({name: getattr(pictures, name) for name in _ARRAYS})
    facts = {field.name: getattr(pictures, field.name) for field in fields(Pictures)}
    return to_json({**facts, **shapes}), values


def summed_pictures(key: str, pictures: Pictures) -> tuple[str, bytes, int, str]:
    """Return the row with its checksum, and the key of the trial."""
    facts, values = row_of_pictures(pictures)
    return facts, values, checksum(key, facts, values), key


def pictures_of_row(facts: str, values: bytes) -> Pictures:
    found: dict[str, Any] = from_json(facts)
    found |= {name: tuple(found[name]) for name in ("samples", "labels")}
    return Pictures(**{**found, **unpack_arrays({name: found[name] for name in _ARRAYS}, values)})


def facts_of_run(record: RunRecord) -> str:
    """Return all fields but those with a column of their own, as JSON."""
    shared = (field.name for field in fields(RunRecord) if field.name not in _RUN_COLUMNS)
    facts = {name: getattr(record, name) for name in shared}
    facts["cases"] = [asdict(case) for case in record.cases]
    facts["tuning"] = None if record.tuning is None else asdict(record.tuning)
    facts["shown"] = [[case, asdict(axes)] for case, axes in record.shown]
    facts["races"] = [asdict(race) for race in record.races]
    return to_json(facts)


def run_of_row(run: str, created: str, facts: str, trial_keys: tuple[str, ...]) -> RunRecord:
    """Return the record of a run; what an earlier version did not write has its neutral value."""
    values: dict[str, Any] = from_json(facts)
    values["cases"] = tuple(map(_case, values["cases"]))
    values["varying"] = tuple(values["varying"])
    values.setdefault("state_bytes", {})
    values["tuned_by"] = tuple(values.get("tuned_by", ()))
    values["tuning"] = tuning_of(values.get("tuning"), values.pop("sampling", None))
    values["shown"] = tuple((case, chosen_axes(axes)) for case, axes in values.get("shown", ()))
    values["races"] = tuple(map(_race, values.get("races", ())))
    return RunRecord(run=run, created=created, trial_keys=trial_keys, **values)


def _case(values: dict[str, Any]) -> CaseFacts:
    return CaseFacts(**{**values, "also": tuple(MetricFacts(**each) for each in values.get("also", ()))})


def _race(values: dict[str, Any]) -> CaseRace:
    prunings = tuple(map(_pruning, values["prunings"]))
    return CaseRace(**{**values, "looks": tuple(values["looks"]), "prunings": prunings})


def _pruning(values: dict[str, Any]) -> Pruning:
    low, high = values["interval"]
    both = {name: chosen_axes(values[name]) for name in ("axes", "against")}
    return Pruning(**{**values, **both, "interval": (low, high)})


def summary_of_row(run: str, created: str, n_trials: int, facts: str) -> RunSummary:
    values: Mapping[str, Any] = from_json(facts)
    names = tuple(case["name"] for case in values["cases"])
    counted = {name: values[name] for name in ("command", "n_new", "n_cached", "elapsed_s")}
    return RunSummary(run=run, created=created, cases=names, n_trials=n_trials, **counted)


def row_of_measurement(measured: Measurement) -> tuple[Any, ...]:
    """Return the values of the table ``measurement``, without the checksum."""
    values = to_json(dict(measured.values))
    return measured.key, measured.experiment, measured.seed, values, measured.seconds


def measurement_of_row(row: tuple[Any, ...]) -> Measurement:
    key, experiment, seed, values, seconds = row
    return Measurement(key, experiment, seed, from_json(values), seconds)
