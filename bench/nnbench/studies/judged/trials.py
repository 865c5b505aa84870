"""From the rows of a sheet to trials: one for each configuration and seed of a case."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from nnbench.errors import UsageError
from nnbench.records.trials import Axes, CaseFacts, TrialRecord
from nnbench.statistics.trials.curves import steps_to_target
from nnbench.studies.judged.cells import EMPTY, Lost, number
from nnbench.studies.judged.columns import Columns, plain
from nnbench.studies.judged.sheet import Sheet

Scores = Mapping[int, float | Lost]  # by row
Course = Sequence[tuple[int, float | Lost]]  # of a trial, by step


def trials_of(sheet: Sheet, columns: Columns, scores: Scores, facts: CaseFacts) -> list[TrialRecord]:
    """Return the trials of a case, in the order in which they appear; a score is the one at the last step.

    A trial that has no value at a later step, at which others have one, has lost it. A step at which nobody
    has one says nothing: there only something else was logged.
    """
    axes = _axes(sheet, columns, scores)
    seeds = _numbers(sheet, columns.seed, scores, "a seed, a whole number")
    steps = _numbers(sheet, columns.step, scores, "the number of a step") if columns.step else {}
    groups: dict[tuple[Axes, int], list[int]] = {}
    for row in scores:
        groups.setdefault((axes[row], seeds[row]), []).append(row)
    evaluated = {steps.get(row, 0) for row, score in scores.items() if isinstance(score, float)}
    trials = []
    for (chosen, seed), rows in groups.items():
        rows.sort(key=lambda row: steps.get(row, 0))
        for one, other in pairwise(rows):
            if steps.get(one) == steps.get(other):
                raise UsageError(_twice(sheet, columns, one, other))
        told = [row for row in rows if scores[row] is not EMPTY or steps.get(row, 0) in evaluated] or rows
        course = [(steps.get(row, 0), scores[row]) for row in told]
        trial = _trial(chosen, seed, course, facts)
        trials.append(_with_curve(trial, course, facts) if steps else trial)
    return trials


def _trial(axes: Axes, seed: int, course: Course, facts: CaseFacts) -> TrialRecord:
    step, last = course[-1]
    for earlier, score in reversed(course):  # what is lost is lost at the first of its rows
        if isinstance(score, float):
            break
        step = earlier
    status, failure = ("finished", None) if isinstance(last, float) else last
    said = f"{facts.name}\n{axes.values}\n{seed}\n{course}"
    return TrialRecord(
        key=hashlib.sha256(said.encode()).hexdigest(),
        case=facts.name,
        axes=axes,
        seed=seed,
        status=status,
        final={facts.metric: last} if isinstance(last, float) else {},
        best={},
        steps=step,
        steps_to_target=None,
        train_s=0.0,
        digest="",
        failure=failure,
    )


def _with_curve(trial: TrialRecord, course: Course, facts: CaseFacts) -> TrialRecord:
    scored = [(step, score) for step, score in course if isinstance(score, float)]
    steps, values = np.array(scored, dtype=float).reshape(-1, 2).T
    reached = math.inf
    if facts.target is not None:
        reached = steps_to_target(steps, values, facts.target, direction=facts.direction)
    return replace(
        trial,
        steps_to_target=int(reached) if math.isfinite(reached) else None,
        curves={"eval_step": steps.astype("f4"), facts.curve: values.astype("f4")},
    )


def _axes(sheet: Sheet, columns: Columns, rows: Scores) -> dict[int, Axes]:
    """Return the configuration of each row: one column is the axis ``config``, several keep their names."""
    names = tuple(map(plain, columns.config)) if len(columns.config) > 1 else ("config",)
    cells = list(zip(*map(sheet.column, columns.config), strict=True))
    made: dict[tuple[str, ...], Axes] = {}
    for row in rows:
        if cells[row] not in made:
            if not any(cells[row]):
                raise UsageError(f"{sheet.found(row, columns.config[0])}, expected a configuration's name.")
            choices = (choice or "—" for choice in cells[row])
            made[cells[row]] = Axes(tuple(zip(names, choices, strict=True)))
    return {row: made[cells[row]] for row in rows}


def _numbers(sheet: Sheet, column: str, rows: Scores, what: str) -> dict[int, int]:
    cells = sheet.column(column)
    known: dict[str, int] = {}
    for row in rows:
        if cells[row] not in known:
            value = number(cells[row])
            if value is None or not value.is_integer():
                raise UsageError(
                    f"{sheet.found(row, column)}, expected {what}. Correct it, or name another column."
                )
            known[cells[row]] = int(value)
    return {row: known[cells[row]] for row in rows}


def _twice(sheet: Sheet, columns: Columns, one: int, other: int) -> str:
    """Say which two rows are the same trial, and what may tell them apart."""
    names = [*columns.config, columns.seed, *([columns.step] if columns.step else [])]
    both = ", ".join(f"{name} {sheet.cell(one, name)}" for name in names)
    apart = [name for name in sheet.header if sheet.cell(one, name) != sheet.cell(other, name)]
    apart = [name for name in apart if name not in (columns.metric, columns.status)]
    remedy = "Remove one of them" + ("" if columns.step else ", or name the column of steps: --step COLUMN")
    if apart:
        choice = ",".join([*columns.config, apart[0]])
        remedy = f"They differ in {', '.join(apart[:6])}; if that is a choice: --config {choice}"
    lines = f"lines {sheet.lines[one]} and {sheet.lines[other]}"
    return f"{sheet.name}, {lines}: both are {both}. {remedy}."
