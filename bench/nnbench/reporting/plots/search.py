"""The metric over what was searched as data: a line or points for each configuration, and what was chosen."""

from typing import Any

from nnbench.records.trials import Span
from nnbench.reporting.blocks import SearchFigure
from nnbench.reporting.figures.lines import window
from nnbench.reporting.figures.search import as_line, is_kept_share, is_log, near_best, shown_spans
from nnbench.reporting.plots import metric
from nnbench.reporting.plots.numbers import column
from nnbench.reporting.texts import words
from nnbench.statistics.tuning.searched import SearchedConfiguration, TriedPoint

_RATE = "learning_rate"


def data(figure: SearchFigure) -> dict[str, Any]:
    """Return a panel for each hyper-parameter of each configuration."""
    view = window([as_line(label, each) for label, each in figure.rows], figure.facts)
    axes = {name: _axis(span) for name, span in shown_spans(figure).items()}
    panels = [
        {
            "title": _title(label, each, span),
            "x": axes[span.name],
            "series": [_series(label, each, place, figure)],
        }
        for label, each in figure.rows
        for place, span in enumerate(each.search.spans)
    ]
    is_grid = all(len(each.search.spans) == 1 for _, each in figure.rows)
    return {
        "kind": "lines",
        "about": figure.alternative,
        "band": "median and quartiles",
        "sharesY": True,
        "together": is_grid and len(panels) > 1,
        "linked": not is_grid,
        "x": {"label": "value", "short": "x", "kind": "own", "kinds": ["own", "linear"]},
        "y": metric.axis(figure.facts, view),
        "panels": panels,
    }


def _axis(span: Span) -> dict[str, Any]:
    kind = "error" if is_kept_share(span) else "log" if is_log(span) else "linear"
    # What lies nearer to 1 than this cannot be written with the digits of a number here.
    return {"label": span.name, "kind": kind, "least": 1e-5}


def _title(label: str, each: SearchedConfiguration, span: Span) -> str:
    found = each.search.value(span.name)
    edge = " (edge)" if each.search.edge(span.name) else ""
    name = "" if len(each.search.spans) == 1 else f"{span.name} "
    return f"{label}: {name}none works" if found is None else f"{label}: {name}{found:g}{edge}"


def _series(label: str, each: SearchedConfiguration, place: int, figure: SearchFigure) -> dict[str, Any]:
    points, is_curve = each.points, each.search.points[0].stage != "point"
    marks, notes = _marks(each), {str(i): _note(point) for i, point in enumerate(points) if point.n_lost}
    for i, mark in marks.items():
        notes[i] = ", ".join(filter(None, (_MARKS[mark], notes.get(i, ""))))
    found: dict[str, Any] = {
        "label": label,
        "name": label,
        "axes": _varying(each, figure),
        "look": "line" if is_curve else "points",
        "dotted": is_curve,
        "x": column(point.values[place] for point in points),
        "y": column(point.median for point in points),
        "low": column(point.low for point in points),
        "high": column(point.high for point in points),
        "lost": {str(i): _is_mostly(point) for i, point in enumerate(points) if point.n_lost} or None,
        "marks": marks,
        "notes": notes or None,
    }
    if not is_curve:
        near = near_best(each, figure.facts)
        found |= {"names": [_setting(each, point) for point in points], "near": near and column(near)}
    elif each.sensitivity is not None:
        found["basin"] = column(each.sensitivity.basin)
    return found


_MARKS = {"chosen": "tuned", "default": "default", "both": "tuned, the default"}


def _marks(each: SearchedConfiguration) -> dict[str, str]:
    """Return the places of the default and of what was chosen, as far as they were tried."""
    search = each.search
    default = tuple(span.default for span in search.spans)
    chosen = None if search.best is None else search.best.values
    places = {point.values: str(i) for i, point in enumerate(each.points)}
    marks = {places[default]: "default"} if default in places else {}
    if chosen in places:
        marks[places[chosen]] = "both" if chosen == default else "chosen"
    return marks


def _note(point: TriedPoint) -> str:
    return f"{point.n_lost} of {point.n} diverged"


def _is_mostly(point: TriedPoint) -> bool:
    """Say whether so many trials were lost that the median has no value."""
    return not words.has_score(point.median)


def _setting(each: SearchedConfiguration, point: TriedPoint) -> str:
    pairs = zip(each.search.spans, point.values, strict=True)
    return ", ".join(f"{span.name} {value:.4g}" for span, value in pairs)


def _varying(each: SearchedConfiguration, figure: SearchFigure) -> dict[str, str]:
    """Return the choices on the axes on which the configurations of the figure differ."""
    every = [other.search.axes.as_dict() for _, other in figure.rows]
    own = each.search.axes.as_dict()
    return {
        axis: choice
        for axis, choice in own.items()
        if axis != _RATE and any(other.get(axis) != choice for other in every)
    }
