"""The medians as a grid, for runs in which exactly two axes vary: who wins where, at one look."""

from nnbench.evidence.case import CaseEvidence
from nnbench.records.trials import ConfigurationSummary
from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column, Table
from nnbench.reporting.texts import words

_LEAST = 3


def matrix(case: CaseEvidence) -> Table | None:
    """Return the grid of medians, or None unless exactly two axes vary and neither has just two choices.

    A grid two choices wide says nothing that the verdict table does not show as well.
    """
    if len(case.varying) != 2:
        return None
    down, across = case.varying
    rows, columns = levels(case, down), levels(case, across)
    if len(rows) < _LEAST or len(columns) < _LEAST:
        return None
    found = {(each.axes.as_dict()[down], each.axes.as_dict()[across]): each for each in case.ranking}
    unit = digits.scale_of(case.facts).unit
    return Table(
        title=words.unit_after(f"Median {words.metric(case.facts)}", unit) + f": {down} by {across}",
        columns=(Column(down), *(Column(name, "decimal") for name in columns)),
        rows=tuple(
            (Cell(row), *(_cell(case, found.get((row, column))) for column in columns)) for row in rows
        ),
    )


def levels(case: CaseEvidence, axis: str) -> list[str]:
    """Return the choices on an axis in the order in which the run asked for them."""
    return list(
        dict.fromkeys(trial.axes.as_dict()[axis] for trial in case.trials if axis in trial.axes.as_dict())
    )


def _cell(case: CaseEvidence, summary: ConfigurationSummary | None) -> Cell:
    if summary is None:
        return Cell(digits.MISSING, "quiet")
    if not words.has_score(summary.median):
        return Cell("no score", "bad")
    scale = digits.scale_of(case.facts)
    text = digits.estimate(summary.median, words.scored(summary.interval), scale).value
    return Cell(text, "good" if summary is case.ranking[0] else "plain")
