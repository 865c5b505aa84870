"""What the probes of a run's trials saw, by activation and initialisation."""

from nnbench.evidence.case import CaseEvidence
from nnbench.records.probes import ProbeSummary, summary_of
from nnbench.records.trials import TrialRecord
from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column, Table
from nnbench.reporting.views.diagnosis.medians import METHOD, share, share_with_interval, size_with_interval
from nnbench.reporting.views.matrix import levels

# What decides over signals and gradients; the other choices are pooled.
_FACTORS = ("activation", "init", "norm")


def diagnostics(case: CaseEvidence) -> Table | None:
    """Return the table of a case whose trials ran with probes; None where they did not."""
    probed = [(trial, found) for trial in case.trials if (found := summary_of(trial)) is not None]
    return _by_factor(case, probed) if probed else None


def _by_factor(case: CaseEvidence, probed: list[tuple[TrialRecord, ProbeSummary]]) -> Table:
    factors = tuple(axis for axis in _FACTORS if axis in case.varying)
    groups: dict[tuple[str, ...], list[ProbeSummary]] = {}
    for trial, found in probed:
        chosen = trial.axes.as_dict()
        groups.setdefault(tuple(chosen[axis] for axis in factors), []).append(found)
    order = {axis: levels(case, axis) for axis in factors}
    keys = sorted(
        groups, key=lambda key: [order[axis].index(name) for axis, name in zip(factors, key, strict=True)]
    )
    columns = (
        *(Column(axis, wraps=True) for axis in factors),
        *([] if factors else [Column("trials of")]),
        Column("n", "right", rank=1),
        Column("dead units, % [95%]", "decimal"),
        Column("revived, %", "decimal", rank=2),
        Column("saturated, % [95%]", "decimal"),
        Column("gradient, first / last layer [95%]", "decimal"),
    )
    rows = tuple(
        (
            *(Cell(name) for name in key),
            *([] if factors else [Cell(case.facts.name)]),
            Cell(digits.count(len(groups[key]))),
            share_with_interval([each.dead_share for each in groups[key]]),
            share([_revived(each) for each in groups[key]]),
            share_with_interval([each.saturated_share for each in groups[key]]),
            size_with_interval([each.gradient_ratio for each in groups[key]]),
        )
        for key in keys
    )
    pooled = [axis for axis in case.varying if axis not in factors]
    over = f", over all choices of {' and '.join(pooled)}" if pooled else ""
    note = (
        f"Medians over trials at their last evaluation{over}; {METHOD}. Dead: no slope for any validation "
        "sample. Revived: dead at some evaluation, alive at the end. Saturated: values whose slope is under "
        "5 % of the steepest, mean over layers. Gradient: ratio of Euclidean lengths. `nnbench diagnose` "
        "shows one configuration layer by layer."
    )
    return Table("What the probes saw", columns, rows, (note,))


def _revived(each: ProbeSummary) -> float:
    return float(each.units @ each.revived / each.units.sum()) if each.units.size else float("nan")
