"""One row per trial, one column per axis and metric: for spreadsheets and data frames.

Numbers are written in full and with a point; an empty field is a value that does not exist.
"""

import csv
import io
import math
from collections.abc import Iterable

from nnbench.evidence.case import Findings


def render(found: Findings) -> str:
    """Return the trials of a run as comma-separated values with a header."""
    trials = found.trials
    axes = _union(trial.axes.as_dict() for trial in trials)
    final = _union(trial.final for trial in trials)
    best = _union(trial.best for trial in trials)
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(
        [
            *("run", "case"),
            *axes,
            *("seed", "status", "failure"),
            *(f"final_{name}" for name in final),
            *(f"best_{name}" for name in best),
            *("steps", "steps_to_target", "train_s", "key", "digest", "error"),
        ]
    )
    for trial in trials:
        chosen = trial.axes.as_dict()
        writer.writerow(
            [
                *(found.run.run, trial.case),
                *(chosen.get(axis, "") for axis in axes),
                *(trial.seed, trial.status, trial.failure or ""),
                *(_number(trial.final.get(name)) for name in final),
                *(_number(trial.best.get(name)) for name in best),
                *(trial.steps, "" if trial.steps_to_target is None else trial.steps_to_target),
                *(_number(trial.train_s), trial.key, trial.digest, _one_line(trial.error)),
            ]
        )
    return target.getvalue()


def _union(mappings: Iterable[Iterable[str]]) -> list[str]:
    """Return every key that occurs, in order of first appearance."""
    return list(dict.fromkeys(key for mapping in mappings for key in mapping))


def _number(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return ""
    return repr(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
