"""Curves of any quantity as data: profiles, several plots over one x, and the lines of a claim."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from nnbench.reporting import digits
from nnbench.reporting.blocks import ClaimFigure, Curve, LabelledLine, Plot, ProfileFigure, SmallMultiples
from nnbench.reporting.figures.heat_map import stops
from nnbench.reporting.plots import dots
from nnbench.reporting.plots.numbers import column

_PERCENT = {"factor": 100.0, "unit": "%"}
# Colours of lines in an order; one end of the ramp is lost on white, the other on black.
_STOPS, _SEEN = 17, ((0.0, 0.9), (0.3, 1.0))
_PLAIN = {"factor": 1.0, "unit": ""}


def profile(figure: ProfileFigure) -> dict[str, Any]:
    """Return the profiles; between two factors a share stays what it was."""
    y = {"label": figure.y_label, **_PERCENT}
    series = [_series(curve) | {"steps": True} for curve in figure.curves]
    x = _x(figure.x_label, unit=figure.unit)
    if figure.unit == digits.TIMES:
        x |= {"kinds": ["linear", "log"]}
    return _lines(figure.alternative, x, y, [("", None, series)])


def multiples(figure: SmallMultiples) -> dict[str, Any]:
    """Return the plots, each with a scale of its own."""
    x = _x(figure.x_label, figure.ticks)
    panels = [(plot.title, _scale(plot), [_series(curve) for curve in plot.curves]) for plot in figure.plots]
    found = _lines(figure.alternative, x, _scale(figure.plots[0]), panels)
    return found if figure.order is None else found | {"ramp": [stops(_STOPS, *part) for part in _SEEN]}


def claim(figure: ClaimFigure) -> dict[str, Any] | None:
    """Return the lines of a claim, or its dots; None where its picture is of images."""
    if figure.dots:
        return dots.data(figure)
    if not figure.lines:
        return None
    xs = sorted({x for each in figure.lines for x in each.line.x})
    # Names stand at the places of their numbers, which then need not be whole.
    places = {x: float(place) for place, x in enumerate(xs)} if figure.ticks else {x: x for x in xs}
    is_log = figure.x_is_log and not figure.ticks
    x = _x(figure.x_label, figure.ticks, kind="log" if is_log else "linear")
    kinds = ["log", "linear"] if figure.y_is_log else ["linear"]
    y = {"label": figure.y_label, **_PLAIN, "kind": kinds[0], "kinds": kinds}
    return _lines(
        figure.alternative, x, y, [("", None, [_of_claim(each, places) for each in figure.lines])]
    ) | {"band": "mean and interval"}


def _of_claim(each: LabelledLine, places: dict[float, float]) -> dict[str, Any]:
    line = each.line
    xs = tuple(places[x] for x in line.x)
    return _series(Curve(each.label, xs, line.mean, line.low, line.high))


def _x(label: str, ticks: Sequence[str] = (), *, unit: str = "", kind: str = "linear") -> dict[str, Any]:
    kinds = ["linear", "log"] if kind == "log" else ["linear"]
    return {"label": label, "unit": unit, "ticks": list(ticks) or None, "kind": kind, "kinds": kinds}


def _scale(plot: Plot) -> dict[str, Any]:
    is_log = plot.is_log and any(value > 0 for curve in plot.curves for value in curve.y)
    written = {"label": "%", **_PERCENT} if plot.is_share else {"label": "", **_PLAIN}
    return {**written, "kind": "log" if is_log else "linear", "isShare": plot.is_share or None}


def _lines(
    about: str,
    x: dict[str, Any],
    y: dict[str, Any],
    panels: Iterable[tuple[str, dict[str, Any] | None, list[dict[str, Any]]]],
) -> dict[str, Any]:
    made = [{"title": title, "y": own, "series": series} for title, own, series in panels]
    return {
        "kind": "lines",
        "about": about,
        "band": "lines and bands",
        "sharesY": len(made) == 1,
        "x": x,
        "y": {"kind": "linear", "kinds": [y.get("kind", "linear")], "least": 1e-4} | y,
        "panels": made,
    }


def _series(curve: Curve) -> dict[str, Any]:
    found: dict[str, Any] = {"label": curve.label, "x": column(curve.x), "y": column(curve.y)}
    if curve.look != "line":
        found["look"] = curve.look
    if any(math.isfinite(end) for end in curve.low):
        found |= {"low": column(curve.low), "high": column(curve.high)}
    return found
