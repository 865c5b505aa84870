"""The quantities of a claim as data: on an axis each, with what every seed measured."""

import math
from typing import Any

from nnbench.reporting.blocks import ClaimFigure, DotRow
from nnbench.reporting.plots.numbers import column, rounded

_LARGEST_EXPONENT = 700.0  # exp of more is infinite


def data(figure: ClaimFigure) -> dict[str, Any]:
    """Return a row for each quantity, in the numbers that are shown."""
    return {"kind": "dots", "about": figure.alternative, "rows": [_row(row) for row in figure.dots]}


def _row(row: DotRow) -> dict[str, Any]:
    return {
        "label": row.label,
        "text": row.text,
        "told": row.told,
        "unit": row.unit,
        "scale": "log" if row.is_log else "linear",
        "mean": rounded(_shown(row.mean, row)),
        # An end that is infinite is none: the script draws it to the edge.
        "interval": column(_shown(end, row) for end in (row.low, row.high)),
        "edges": column(_shown(edge, row) for edge in row.edges),
        "side": row.side,
        "counts": row.counts,
        "seeds": [[seed, rounded(_shown(value, row))] for seed, value in row.seeds],
    }


def _shown(value: float, row: DotRow) -> float:
    if row.is_log:
        return math.exp(min(value, _LARGEST_EXPONENT)) if math.isfinite(value) else value
    return row.factor * value
