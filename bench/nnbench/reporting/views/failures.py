"""What went wrong, trial by trial and counted for each choice on each axis."""

from nnbench.evidence.case import CaseEvidence
from nnbench.records.trials import Axes, TrialRecord
from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column, Table
from nnbench.reporting.texts import words
from nnbench.statistics.trials.failures import failures_by_level


def failures(case: CaseEvidence) -> Table | None:
    """Return one row for each configuration and kind of failure, or None where nothing failed."""
    groups: dict[tuple[Axes, str], list[TrialRecord]] = {}
    for trial in case.trials:
        if kind := words.what_happened(trial, case.facts):
            groups.setdefault((trial.axes, kind), []).append(trial)
    if not groups:
        return None
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
    return Table("Failures", tuple(columns), tuple(rows), notes=tuple(filter(None, [_by_level(case)])))


def _row(
    case: CaseEvidence, axes: Axes, kind: str, trials: list[TrialRecord], has_errors: bool
) -> tuple[Cell, ...]:
    steps = sorted({trial.steps for trial in trials})
    span = (
        digits.count(steps[0]) if len(steps) == 1 else f"{digits.count(steps[0])}–{digits.count(steps[-1])}"
    )
    errors = dict.fromkeys(trial.error for trial in trials if trial.error)
    cells = (
        Cell(case.label(axes)),
        Cell(kind, "bad"),
        Cell(f"{len(trials)}/{len(case.trials_of(axes))}"),
        Cell(digits.ranges([trial.seed for trial in trials])),
        Cell(span),
    )
    return (*cells, Cell("; ".join(errors))) if has_errors else cells


def _by_level(case: CaseEvidence) -> str:
    """Count for each axis how many trials of each choice went wrong."""
    counted = failures_by_level(case.trials, case.facts)
    axes = [
        f"{axis} " + ", ".join(f"{choice} {each.kinds.total()}/{each.n}" for choice, each in found.items())
        for axis in case.varying
        if len(found := counted.get(axis, {})) > 1
    ]
    return f"By choice: {'; '.join(axes)}." if axes else ""
