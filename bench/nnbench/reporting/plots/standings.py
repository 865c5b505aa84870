"""Dots and intervals as data: a row for each configuration, in the order of the figure."""

import math
from typing import Any

from nnbench.reporting import digits
from nnbench.reporting.blocks import RanksFigure, Standing, StandingsFigure
from nnbench.reporting.plots.numbers import column, rounded
from nnbench.reporting.texts import words

# What lies further out than so many times the reach of the set is drawn as an arrow at the edge: one
# configuration that learns nothing would squeeze all the others into one dot.
_MOST_REACH = 6.0
_FEWEST_IN_REACH = 3
_LONGEST_NAME = 60  # letters


def data(figure: StandingsFigure) -> dict[str, Any]:
    """Return the rows, and the axis that they lie on."""
    scale = digits.scale_of(figure.facts)
    return {
        "kind": "standings",
        "about": figure.alternative,
        "label": words.unit_after("difference", scale.difference_unit),
        "factor": scale.factor,
        "noticeable": figure.facts.noticeable,
        "meaning": list(figure.meaning),
        "reach": column(reach(figure)),
        "rows": [_row(row, scale) for row in figure.rows],
    }


def reach(figure: StandingsFigure) -> tuple[float, float]:
    """Return the ends of the axis: those of the set that may be the best, and what lies not far beyond."""
    near = sorted(figure.rows, key=lambda row: (not row.may_be_best, abs(row.difference)))
    n_set = max(_FEWEST_IN_REACH, sum(row.may_be_best for row in near))
    ends = [end for row in near[:n_set] for end in (*row.interval, row.difference) if math.isfinite(end)]
    limit = _MOST_REACH * max([figure.facts.noticeable, *map(abs, ends)], default=1.0) or 1.0
    seen = [end for row in near for end in (*row.interval, row.difference) if abs(end) <= limit]
    seen += [-figure.facts.noticeable, figure.facts.noticeable]
    low, high = min(seen), max(seen)
    room = 0.06 * (high - low or 1.0)
    return low - room, high + room


def ranks(figure: RanksFigure) -> dict[str, Any]:
    """Return a row for each configuration by its average rank, and how far apart two of them must be."""
    last = max(len(figure.ranks), 2)
    room = 0.04 * (last - 1)
    return {
        "kind": "ranks",
        "about": figure.alternative,
        "label": "average rank",
        "critical": None if figure.critical_difference is None else rounded(figure.critical_difference),
        "reach": column((1 - room, last + room)),
        "rows": [
            {
                "label": label,
                "axes": {},
                "text": f"{rank:.2f}",
                "difference": rounded(rank),
                "interval": column((rank, rank)),
            }
            for label, rank in figure.ranks
        ],
    }


def _row(row: Standing, scale: digits.Scale) -> dict[str, Any]:
    is_reference = row.difference == 0.0 and row.interval == (0.0, 0.0)
    written = "" if is_reference else str(digits.difference(row.difference, row.interval, scale))
    return {
        "label": _shortened(row.label),
        "axes": dict(row.choices),
        "text": written,
        "difference": rounded(row.difference),
        # An end that is infinite is none: the script draws it to the edge.
        "interval": column(row.interval),
        "best": row.may_be_best,
    }


def _shortened(label: str) -> str:
    """Return a name that leaves room for what is drawn beside it; the table has all of it."""
    return label if len(label) <= _LONGEST_NAME else f"{label[: _LONGEST_NAME - 16]}…{label[-15:]}"
