"""Records to put into a store: one plain example of each kind, and any that Hypothesis can think of."""

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnbench.records.trials import (
    Axes,
    CaseFacts,
    CaseRace,
    Point,
    Pruning,
    RunRecord,
    Search,
    Span,
    Stage,
    TrialRecord,
    Tuning,
)


def key_of(index: int) -> str:
    return hashlib.sha256(str(index).encode()).hexdigest()


def trial(index: int, **changes: Any) -> TrialRecord:
    """Return a trial as the runner leaves it; trials of different index differ in everything."""
    steps = np.arange(4, dtype=np.float32)
    plain = TrialRecord(
        key=key_of(index),
        case="digits",
        axes=Axes((("optimizer", "sgd(momentum=0.9)"), ("activation", "relu"))),
        seed=index,
        status="finished",
        final={"loss": 0.25 + index, "accuracy": 0.97},
        best={"loss": 0.125 + index, "accuracy": 0.98, "step": 30},
        steps=40,
        steps_to_target=20,
        train_s=0.01,
        digest=key_of(-index - 1),
        curves={"step_loss": steps + index, "eval_step": steps, "val_loss": steps[:2] * index},
    )
    return replace(plain, **changes)


# What the migrations after the second one added, undone: a store as an earlier nnbench left it.
_UNDONE = {
    2: ("DROP TABLE pictures",),
    3: ("ALTER TABLE tuned_rate DROP COLUMN optimizer",),
    4: (
        *(f"ALTER TABLE trial DROP COLUMN {name}" for name in ("numerics", "curves_sum", "checksum")),
        *(f"ALTER TABLE {table} DROP COLUMN checksum" for table in ("pictures", "run", "tuned_rate")),
        "ALTER TABLE run DROP COLUMN keys_sum",
    ),
    5: ("DROP TABLE measurement",),
}


def make_older(path: Path, version: int) -> None:
    """Turn a store without pictures into one of an earlier version."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for number in sorted(_UNDONE, reverse=True):
            for statement in _UNDONE[number] if number >= version else ():
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("PRAGMA journal_mode = DELETE")


def point(rate: str, stage: Stage = "grid") -> Point:
    return Point(Axes((("learning_rate", rate),)), (float(rate),), stage)


def search(configuration: str, **changes: Any) -> Search:
    """Return a search for a learning rate as ``tune`` leaves it."""
    chosen = (("optimizer", "sgd(momentum=0.9)"), ("learning_rate", "0.01"), ("batch_size", "32"))
    points = (point("0.001"), point("0.01"), point("0.0316", "refined"), point("0.1"), point("1", "grown"))
    plain = Search(
        case="digits",
        axes=Axes(chosen),
        configuration=configuration,
        spans=(Span("learning_rate", 0.001, 0.1, 0.01),),
        points=points,
        chosen=2,
    )
    return replace(plain, **changes)


def run(name: str, **changes: Any) -> RunRecord:
    plain = RunRecord(
        run=name,
        created="2026-01-31T09:15:02Z",
        command="nnbench run digits --optimizer sgd,adam",
        cases=(case("digits"),),
        varying=("optimizer",),
        against=None,
        trial_keys=(key_of(0), key_of(1)),
        environment={"cores": 2, "cpu_features": ["avx2", "fma"], "git": None},
        elapsed_s=1.5,
        n_new=2,
        n_cached=0,
    )
    return replace(plain, **changes)


def case(name: str) -> CaseFacts:
    return CaseFacts(
        name=name,
        summary="Handwritten digits of 8 by 8 pixels",
        metric="accuracy",
        direction="max",
        target=0.95,
        noticeable=0.005,
        chance=0.1,
        n_train=1437,
        n_validation=360,
        n_parameters=6570,
        epochs=20,
        batch_size=32,
        steps=900,
    )


# SQLite keeps whole numbers of 64 bits and text of Unicode; text from elsewhere (an error, a command
# line) may hold half a surrogate pair, which is no Unicode.
_wholes = st.integers(-(2**63), 2**63 - 1)
_names = st.text(st.characters(exclude_categories=["Cs"]))
_texts = st.text(st.characters())
_numbers = st.floats() | _wholes
# A column of SQLite drops the sign of -0.0. It matters in a metric, which is kept as JSON, not in a duration.
_seconds = st.floats().map(lambda seconds: seconds + 0.0)
_metrics = st.dictionaries(_texts, _numbers, max_size=4)
_axes = st.dictionaries(_texts, _texts, max_size=4).map(lambda chosen: Axes(tuple(chosen.items())))
_curves = st.dictionaries(_texts, hnp.arrays(np.float32, st.integers(0, 8)), max_size=3)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | _numbers
    | _texts
    | st.sampled_from(["inf", "-inf", "nan", "\\nan", "\\\\inf"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=8,
)

trials = st.builds(
    TrialRecord,
    key=_names,
    case=_names,
    axes=_axes,
    seed=_wholes,
    status=st.sampled_from(["finished", "diverged", "failed", "pruned", "cancelled"]),
    final=_metrics,
    best=_metrics,
    steps=_wholes,
    steps_to_target=st.none() | _wholes,
    train_s=_seconds,
    digest=_names,
    failure=st.none() | _names,
    error=st.none() | _texts,
    curves=_curves,
    numerics=_wholes,
)

_cases = st.builds(
    CaseFacts,
    name=_texts,
    summary=_texts,
    metric=_texts,
    direction=st.sampled_from(["max", "min"]),
    target=st.none() | st.floats(),
    noticeable=st.floats(),
    chance=st.floats(),
    **dict.fromkeys(("n_train", "n_validation", "n_parameters", "epochs", "batch_size", "steps"), _wholes),
    suite_version=st.none() | _wholes,
)

_chosen = st.lists(st.tuples(_names, _texts), max_size=3, unique_by=lambda pair: pair[0]).map(
    lambda pairs: Axes(tuple(pairs))
)
_spans = st.builds(Span, name=_texts, **dict.fromkeys(("low", "high", "default"), st.floats()))


def _searched_along(n: int) -> st.SearchStrategy[Search]:
    """Return any search with so many dimensions."""
    points = st.builds(
        Point,
        choices=_chosen,
        values=st.lists(st.floats(), min_size=n, max_size=n).map(tuple),
        stage=st.sampled_from(["grid", "grown", "refined", "point"]),
    )
    return st.builds(
        Search,
        case=_texts,
        axes=_chosen,
        configuration=_names,
        spans=st.lists(_spans, min_size=n, max_size=n).map(tuple),
        points=st.lists(points, min_size=1, max_size=3).map(tuple),
        chosen=st.none() | st.just(0),
    )


_searches = st.integers(0, 2).flatmap(_searched_along)
_tunings = st.builds(
    Tuning,
    strategy=st.sampled_from(["grid", "points"]),
    tuning_seeds=st.lists(_wholes, max_size=3).map(tuple),
    seeds=st.lists(_wholes, max_size=3).map(tuple),
    searches=st.lists(_searches, max_size=2).map(tuple),
)

_prunings = st.builds(
    Pruning,
    axes=_chosen,
    against=_chosen,
    interval=st.tuples(st.floats(), st.floats()),
    **dict.fromkeys(("look", "n_seeds", "n"), _wholes),
    **dict.fromkeys(("difference", "p"), st.floats()),
)
_races = st.builds(
    CaseRace,
    case=_texts,
    level=st.floats(),
    n_configurations=_wholes,
    looks=st.lists(_wholes, max_size=3).map(tuple),
    prunings=st.lists(_prunings, max_size=2).map(tuple),
    ending=st.sampled_from(["decided", "seeds", "budget", "stopped"]),
)

runs = st.builds(
    RunRecord,
    run=_names.filter(lambda name: name not in ("", "last")),
    created=_names,
    command=_texts,
    cases=st.lists(_cases, max_size=2).map(tuple),
    varying=st.lists(_texts, max_size=3).map(tuple),
    against=st.none() | _texts,
    trial_keys=st.lists(_names, max_size=3).map(tuple),
    environment=st.dictionaries(_texts, json_values, max_size=3),
    elapsed_s=st.floats(),
    n_new=_wholes,
    n_cached=_wholes,
    tuning=st.none() | _tunings,
    tuned_by=st.lists(_texts, max_size=2).map(tuple),
    races=st.lists(_races, max_size=2).map(tuple),
    budget_s=st.none() | st.floats(),
)


def spelled(value: Any) -> Any:
    """Return ``value`` as plain data that is equal only if types, order, signs and NaN are equal too."""
    if isinstance(value, np.ndarray):
        return (str(value.dtype), value.tobytes())
    if isinstance(value, dict):
        return [(name, spelled(inner)) for name, inner in value.items()]
    if isinstance(value, list | tuple):
        return [type(value).__name__, *map(spelled, value)]
    if hasattr(value, "__dataclass_fields__"):
        return [(field.name, spelled(getattr(value, field.name))) for field in fields(value)]
    return (type(value).__name__, repr(value))
