"""Rows and columns for spreadsheets and data frames: of a run one row per trial, of others one per entry.

Numbers are written in full and with a point; an empty field is a value that does not exist.
"""

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from nnbench.evidence.case import Findings

_FORMULA = ("=", "+", "-", "@")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


def render(found: Findings) -> str:
    """Return the trials of a run as comma-separated values with a header."""
    trials = found.trials
    axes = union(trial.axes.as_dict() for trial in trials)
    final = union(trial.final for trial in trials)
    best = union(trial.best for trial in trials)
    measured = {case.name: (case.metric, case.direction, case.noticeable) for case in found.run.cases}
    header = [
        *("run", "case"),
        *axes,
        *("seed", "status", "failure"),
        *(f"final_{name}" for name in final),
        *(f"best_{name}" for name in best),
        *("steps", "steps_to_target", "train_s", "key", "digest", "error"),
        *("metric", "direction", "noticeable"),
    ]
    rows = (
        [
            *(found.run.run, trial.case),
            *(trial.axes.as_dict().get(axis, "") for axis in axes),
            *(trial.seed, trial.status, trial.failure),
            *(trial.final.get(name) for name in final),
            *(trial.best.get(name) for name in best),
            *(trial.steps, trial.steps_to_target, trial.train_s, trial.key, trial.digest, trial.error),
            *measured[trial.case],
        ]
        for trial in trials
    )
    return _written(header, rows)


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows of data: what lies inside a value has columns of its own, an interval a low and a high."""
    flat = [dict(_flat(row)) for row in rows]
    header = union(flat)
    return _written(header, ([row.get(name) for name in header] for row in flat))


def _flat(row: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in row.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}_")
        elif isinstance(value, list | tuple) and name.endswith(("interval", "quartiles")):
            yield from zip((f"{prefix}{name}_low", f"{prefix}{name}_high"), value, strict=True)
        else:
            yield prefix + name, value


def line(fields: Iterable[object]) -> str:
    """Return one row, with the end of its line."""
    return _written(list(map(_field, fields)), ())


def _written(header: list[str], rows: Iterable[Iterable[object]]) -> str:
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerows([header, *(map(_field, row) for row in rows)] if header else [])
    return target.getvalue()


def union(mappings: Iterable[Iterable[str]]) -> list[str]:
    """Return every key that occurs, in order of first appearance."""
    return list(dict.fromkeys(key for mapping in mappings for key in mapping))


def _field(value: object) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(float(value))
    if isinstance(value, list | tuple) and not any(isinstance(each, Mapping) for each in value):
        return ", ".join(map(_field, value))
    return _inert(
        " ".join((value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)).split())
    )


def _inert(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would take for a formula; a number with a sign is none."""
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text
