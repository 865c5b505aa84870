"""Heat maps as data: a value and its words for every cell, and the colours from the worst to the best."""

from typing import Any

from nnbench.reporting import digits
from nnbench.reporting.blocks import HeatMap, HeatMaps
from nnbench.reporting.figures.heat_map import is_log, stops
from nnbench.reporting.plots.numbers import rounded

_STOPS = 17  # between them colours are mixed; no eye tells the result from the whole ramp


def data(figure: HeatMaps) -> dict[str, Any]:
    """Return the maps, and how the distance of a value from the best is written."""
    scale = digits.scale_of(figure.facts)
    values = [cell.value for each in figure.maps for row in each.cells for cell in row]
    return {
        "kind": "heat",
        "about": figure.alternative,
        "unit": scale.difference_unit,
        "factor": scale.factor,
        "moreIsBetter": figure.more_is_better,
        "scale": "log" if is_log(figure) else "linear",
        # A value that is missing (NaN) is none that a logarithm could fail at.
        "scales": ["linear", "log"] if not any(value <= 0.0 for value in values) else ["linear"],
        "colours": stops(_STOPS),
        "maps": [_map(each) for each in figure.maps],
    }


def _map(each: HeatMap) -> dict[str, Any]:
    return {
        "title": each.title,
        "axes": list(each.axes),
        "rows": list(each.rows),
        "columns": list(each.columns),
        "lines": [[list(cell.lines) for cell in row] for row in each.cells],
        "values": [[rounded(cell.value) for cell in row] for row in each.cells],
    }
