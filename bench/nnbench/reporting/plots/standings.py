"""Dots and intervals as data: a row for each configuration, in the order of the figure."""

from typing import Any

from nnbench.reporting import digits
from nnbench.reporting.blocks import Standing, StandingsFigure
from nnbench.reporting.figures.standings import reach
from nnbench.reporting.plots.numbers import column, rounded
from nnbench.reporting.texts import words


def data(figure: StandingsFigure) -> dict[str, Any]:
    """Return the rows, and the axis that they lie on."""
    scale = digits.scale_of(figure.facts)
    return {
        "kind": "standings",
        "about": figure.alternative,
        "label": words.unit_after("difference", scale.difference_unit),
        "factor": scale.factor,
        "noticeable": figure.facts.noticeable,
        "reach": column(reach(figure)),
        "rows": [_row(row, scale) for row in figure.rows],
    }


def _row(row: Standing, scale: digits.Scale) -> dict[str, Any]:
    is_reference = row.difference == 0.0 and row.interval == (0.0, 0.0)
    written = "" if is_reference else str(digits.difference(row.difference, row.interval, scale))
    return {
        "label": row.label,
        "axes": dict(row.choices),
        "text": written,
        "difference": rounded(row.difference),
        # An end that is infinite is none: the script draws it to the edge.
        "interval": column(row.interval),
        "best": row.may_be_best,
    }
