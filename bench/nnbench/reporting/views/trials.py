"""The long listing: one row per trial, for the reader who wants to see for himself."""

from collections.abc import Mapping

from nnbench.evidence.case import CaseEvidence
from nnbench.records.trials import TrialRecord
from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column, Table
from nnbench.reporting.texts import words

_STEP = "step"


def trials(case: CaseEvidence) -> Table:
    """List every trial of a case in the order in which the run asked for it."""
    unit = digits.scale_of(case.facts).unit
    metric = case.facts.metric.replace("_", " ")
    has_errors = any(trial.error for trial in case.trials)
    axes = case.varying or ("configuration",)
    columns = (
        *(Column(axis, wraps=True) for axis in axes),
        Column("seed", "right"),
        Column("status"),
        Column(words.unit_after(f"final {metric}", unit), "decimal"),
        Column(words.unit_after("best", unit), "decimal", rank=2),
        Column("at step", "right", rank=2),
        Column("to target", "right", rank=1),
        Column("time", "right", rank=3),
        Column("key", rank=4),
        Column("weights", rank=5),
        *([Column("error", rank=6, wraps=True)] if has_errors else []),
    )
    rows = tuple(_row(case, trial, has_errors) for trial in case.trials)
    notes = (*words.seconds_of_python(case.interpreted), *words.seconds_of_subjects([case.facts]))
    return Table(f"{digits.counted(len(rows), 'trial')} of {case.facts.name}", columns, rows, notes)


def _row(case: CaseEvidence, trial: TrialRecord, has_errors: bool) -> tuple[Cell, ...]:
    chosen = trial.axes.as_dict()
    choices = [chosen.get(axis, "") for axis in case.varying] or [case.label(trial.axes)]
    failure = words.what_happened(trial, case.facts)
    went_wrong = f"{trial.status}: {failure}" if failure not in ("", trial.status) else trial.status
    infinity = float("inf")
    return (
        *(Cell(choice) for choice in choices),
        Cell(str(trial.seed)),
        Cell(went_wrong, "bad" if failure else "plain"),
        Cell(_metric(case, trial.final)),
        Cell(_metric(case, trial.best)),
        Cell(digits.count(trial.best.get(_STEP, float("nan")))),
        Cell(digits.count(infinity if trial.steps_to_target is None else trial.steps_to_target)),
        Cell(digits.seconds(trial.train_s)),
        Cell(trial.key[:12], "quiet"),
        Cell(trial.digest[:12], "quiet"),
        *([Cell(trial.error or "")] if has_errors else []),
    )


def _metric(case: CaseEvidence, values: Mapping[str, float]) -> str:
    value = values.get(case.facts.metric, float("nan"))
    scale = digits.scale_of(case.facts)
    return digits.scaled(value, scale, decimals=None if scale.decimals is None else scale.decimals + 1)
