"""What went wrong, trial by trial and counted for each choice on each axis."""

from collections.abc import Mapping, Sequence

from nnbench.evidence.case import CaseEvidence
from nnbench.records.trials import Axes, TrialRecord
from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column, Table
from nnbench.reporting.texts import words
from nnbench.reporting.views.matrix import levels
from nnbench.statistics.trials.failures import LevelFailures, failures_by_level


def failures(case: CaseEvidence) -> list[Table]:
    """Return a row for each configuration and kind of failure, and counts by choice; [] if nothing failed."""
    groups: dict[tuple[Axes, str], list[TrialRecord]] = {}
    for trial in case.trials:
        if kind := words.what_happened(trial, case.facts):
            groups.setdefault((trial.axes, kind), []).append(trial)
    if not groups:
        return []
    has_errors = any(trial.error for trials in groups.values() for trial in trials)
    columns = [
        Column("configuration", wraps=True),
        Column("what happened"),
        Column("trials", "right"),
        Column("seeds", wraps=True),
        Column("after steps", rank=1),
        *([Column("error", wraps=True)] if has_errors else []),
    ]
    rows = [_row(case, axes, kind, trials, has_errors) for (axes, kind), trials in groups.items()]
    note, by_level = _by_level(case)
    return [Table("Failures", tuple(columns), tuple(rows), notes=(note,) if note else ()), *by_level]


def _row(
    case: CaseEvidence, axes: Axes, kind: str, trials: list[TrialRecord], has_errors: bool
) -> tuple[Cell, ...]:
    steps = sorted({trial.steps for trial in trials})
    span = (
        digits.count(steps[0]) if len(steps) == 1 else f"{digits.count(steps[0])}–{digits.count(steps[-1])}"
    )
    if not case.facts.steps and case.facts.subject is None:  # results made elsewhere need not say
        span = digits.MISSING
    errors = dict.fromkeys(trial.error for trial in trials if trial.error)
    cells = (
        Cell(case.label(axes)),
        Cell(kind, "bad"),
        Cell(f"{len(trials)}/{len(case.trials_of(axes))}"),
        Cell(digits.ranges([trial.seed for trial in trials])),
        Cell(span),
    )
    return (*cells, Cell("; ".join(errors))) if has_errors else cells


def _by_level(case: CaseEvidence) -> tuple[str, list[Table]]:
    """Count for each choice on each axis how many trials went wrong: a note, or a table of several kinds."""
    counted = failures_by_level(case.trials, case.facts)
    found = {axis: counted[axis] for axis in case.varying if len(counted.get(axis, ())) > 1}
    kinds = list(
        dict.fromkeys(kind for choices in found.values() for each in choices.values() for kind in each.kinds)
    )
    if len(kinds) > 1:
        return "", [_of_kinds(case, found, kinds)]
    axes = [
        f"{axis} " + ", ".join(f"{choice} {each.kinds.total()}/{each.n}" for choice, each in choices.items())
        for axis, choices in found.items()
    ]
    return f"By choice: {'; '.join(axes)}." if axes else "", []


def _of_kinds(
    case: CaseEvidence, found: Mapping[str, Mapping[str, LevelFailures]], kinds: Sequence[str]
) -> Table:
    columns = (
        Column("axis"),
        Column("choice", wraps=True),
        Column("trials", "right"),
        *(Column(kind.replace("_", " "), "right") for kind in kinds),
    )
    rows = tuple(
        (Cell(axis), Cell(choice), Cell(digits.count(choices[choice].n)), *_counts(choices[choice], kinds))
        for axis, choices in found.items()
        for choice in levels(case, axis)
        if choice in choices
    )
    return Table("Failures by choice", columns, rows)


def _counts(each: LevelFailures, kinds: Sequence[str]) -> list[Cell]:
    return [Cell(digits.count(each.kinds[kind]), "bad" if each.kinds[kind] else "quiet") for kind in kinds]
