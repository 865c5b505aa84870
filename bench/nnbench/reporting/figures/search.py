"""The metric against what was searched: a small plot for each hyper-parameter of each configuration.

All heights are alike, and so is the width of a hyper-parameter wherever it is drawn.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes as Plot
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from nnbench.records.trials import CaseFacts, Span
from nnbench.reporting.blocks import SearchFigure
from nnbench.reporting.figures.lines import Line, Window, window
from nnbench.reporting.figures.metric_axis import draw_metric_axis, metric_name
from nnbench.reporting.figures.style import FAINT, GREY, INK, LETTER_INCHES, ONE_TWO_FIVE, PALETTE
from nnbench.reporting.texts import words
from nnbench.statistics.tuning.searched import SearchedConfiguration

_LEFT, _BOTTOM, _TOP = 0.8, 0.55, 0.3
_WIDE, _HIGH = 2.1, 1.45  # of one plot, in inches
_ACROSS_GAP, _DOWN_GAP = 0.2, 0.75
_MOST_ACROSS = 4  # hyper-parameters of a configuration
_CURVES_ACROSS = 3
_BLUE, _RED = PALETTE[0], PALETTE[3]
_LOG_FROM_RATIO = 5.0
_ROOM = 0.06  # of the width, beside the outermost values


@dataclass(frozen=True, slots=True)
class Panel:
    """One plot: a configuration against one of its hyper-parameters, and what part of its axis is shown."""

    title: str
    each: SearchedConfiguration
    span: Span
    row: int
    column: int

    @property
    def is_curve(self) -> bool:
        return self.each.search.points[0].stage != "point"

    @property
    def place(self) -> int:
        return self.each.search.place(self.span.name)


def draw(figure: SearchFigure) -> Figure:
    """Draw the panels."""
    panels = panels_of(figure)
    across, down = max(panel.column for panel in panels) + 1, panels[-1].row + 1
    wide = _LEFT + across * (_WIDE + _ACROSS_GAP)
    high = _BOTTOM + down * (_HIGH + _DOWN_GAP) - _DOWN_GAP + _TOP
    drawn = Figure(figsize=(wide, high))
    view = window([as_line(label, each) for label, each in figure.rows], figure.facts)
    for panel in panels:
        left = _LEFT + panel.column * (_WIDE + _ACROSS_GAP)
        bottom = _BOTTOM + (down - 1 - panel.row) * (_HIGH + _DOWN_GAP)
        plot = drawn.add_axes((left / wide, bottom / high, _WIDE / wide, _HIGH / high))
        _draw_panel(plot, panel, figure, view)
    centre = (_BOTTOM + high - _TOP) / 2 / high
    drawn.text(
        0.06 / wide, centre, metric_name(figure.facts, view), rotation=90, ha="left", va="center", color=INK,
        multialignment="center",
    )  # fmt: skip
    return drawn


def panels_of(figure: SearchFigure) -> list[Panel]:
    """Return the plots and their places: curves one after the other, others a row for each configuration."""
    shown = shown_spans(figure)
    panels: list[Panel] = []
    for label, each in figure.rows:
        first = panels[-1].row + 1 if panels else 0
        for place, span in enumerate(each.search.spans):
            row, column = divmod(place, _MOST_ACROSS)
            title = "" if column else f"{label}, continued" if row else label
            panels.append(Panel(title, each, shown[span.name], first + row, column))
    if not all(panel.is_curve for panel in panels):
        return panels
    across = 2 if len(panels) == 4 else _CURVES_ACROSS
    return [
        replace(panel, title=_curve_title(panel), row=index // across, column=index % across)
        for index, panel in enumerate(panels)
    ]


def is_kept_share(span: Span) -> bool:
    """Say of a hyper-parameter whether what matters is how far below 1 it lies, as of a momentum."""
    lost = (1.0 - span.low) / (1.0 - span.high) if span.high < 1.0 else 0.0
    return lost >= _LOG_FROM_RATIO and (span.low <= 0.0 or lost > span.high / span.low)


def shown_spans(figure: SearchFigure) -> dict[str, Span]:
    """Return of every hyper-parameter the span that holds what every configuration was searched at."""
    shown: dict[str, Span] = {}
    for _, each in figure.rows:
        for place, span in enumerate(each.search.spans):
            known = shown.get(span.name, span)
            values = [point.values[place] for point in each.points]
            low, high = min(*values, span.low, known.low), max(*values, span.high, known.high)
            shown[span.name] = replace(span, low=low, high=high)
    return shown


def _curve_title(panel: Panel) -> str:
    found = panel.each.search.value(panel.span.name)
    if found is None:
        return f"{panel.title}: none works"
    return f"{panel.title}: {found:g}" + (" (edge)" if panel.each.search.edges else "")


def as_line(label: str, each: SearchedConfiguration) -> Line:
    """Return the quartiles and medians of all points, in the order of the search."""
    columns = [[getattr(point, name) for point in each.points] for name in ("low", "median", "high")]
    low, median, high = (np.array(column, dtype=np.float64) for column in columns)
    return Line(label, "", np.arange(1.0, 1.0 + len(low)), low, median, high, len(low), ())


def _draw_panel(plot: Plot, panel: Panel, figure: SearchFigure, view: Window) -> None:
    _scale_values(plot, panel.span)
    draw_metric_axis(plot, figure.facts, view)
    plot.tick_params(labelleft=panel.column == 0)
    for text in plot.texts:  # the name of the target, once in a row
        text.set_visible(panel.column == 0)
    plot.set_title(panel.title, loc="left", fontsize=9, color=INK)
    if panel.is_curve:
        _draw_curve(plot, panel)
    else:
        _draw_points(plot, panel, figure)
    _draw_lost(plot, panel)
    _draw_marks(plot, panel)


def is_log(span: Span) -> bool:
    """Say of a hyper-parameter whether it is its factors that matter, as those of a rate."""
    return span.low > 0.0 and span.high >= _LOG_FROM_RATIO * span.low


def near_best(each: SearchedConfiguration, facts: CaseFacts) -> tuple[float, float] | None:
    """Return between which values of the metric a point is near the best; None where none has a score."""
    near = [point.median for point in each.near_best(facts)]
    if not near:
        return None
    best, sign = (max(near), -1.0) if facts.direction == "max" else (min(near), 1.0)
    low, high = sorted((best, best + sign * facts.noticeable))
    return low, high


def _scale_values(plot: Plot, span: Span) -> None:
    """Give the horizontal axis the scale on which the values were searched evenly, and its name."""
    low, high = span.low, span.high
    plot.xaxis.set_minor_locator(NullLocator())
    name = span.name
    if is_kept_share(span):
        name += " (log of 1 − value)"
        _scale_lost(plot, 1.0 - low, 1.0 - high)
    elif is_log(span):
        plot.set_xscale("log")
        room = (high / low) ** _ROOM
        plot.set_xlim(low / room, high * room)
        decades = math.log10(high / low)
        marks = ONE_TWO_FIVE if decades < 1.6 else (1.0,)
        plot.xaxis.set_major_locator(LogLocator(base=10.0 ** math.ceil(decades / 4), subs=marks))
        plot.xaxis.set_minor_locator(NullLocator())
        plot.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("e-0", "e-")))
    else:
        room = _ROOM * (high - low) or 0.5
        plot.set_xlim(low - room, high + room)
        plot.xaxis.set_major_locator(MaxNLocator(4))
        plot.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))
    plot.set_xlabel(name, fontsize=9, labelpad=2)


def _scale_lost(plot: Plot, most: float, least: float) -> None:
    """Spread a share over the logarithm of what it lacks of 1, and write it as it is: 0.9, 0.99."""
    room = (most / least) ** _ROOM
    plot.set_xscale(
        "function",
        functions=(
            lambda value: -np.log10(np.maximum(1.0 - value, least / 1e3)),
            lambda place: 1.0 - 10.0 ** -np.asarray(place),
        ),
    )
    plot.set_xlim(1.0 - most * room, 1.0 - least / room)
    plot.xaxis.set_major_locator(
        FixedLocator([1.0 - lost for lost in _lost_ticks(most * room, least / room)])
    )
    plot.xaxis.set_minor_locator(NullLocator())
    plot.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))


def _lost_ticks(most: float, least: float) -> list[float]:
    """Return round numbers between the ends, as many as there is room to write."""
    decades = range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)
    tens = [10.0**each for each in decades]
    for steps in (ONE_TWO_FIVE, (1.0, 3.0), (1.0,)):
        found = [step * ten for ten in tens for step in steps if least <= step * ten <= most]
        letters = [len(f"{1.0 - lost:.6g}") + 1 for lost in found]
        if sum(letters) * LETTER_INCHES <= _WIDE:
            return found
    return found[:: math.ceil(sum(letters) * LETTER_INCHES / _WIDE)]


def _draw_curve(plot: Plot, panel: Panel) -> None:
    """Draw medians and quartiles as a line with its band, and the basin below."""
    low, high = plot.get_ylim()
    rates = [point.values[panel.place] for point in panel.each.points]
    line = as_line("", panel.each)
    bounded = np.isfinite(line.low) & np.isfinite(line.high)
    ends = line.low.clip(low, high), line.high.clip(low, high)
    plot.fill_between(rates, *ends, where=bounded.tolist(), color=_BLUE, alpha=0.15, linewidth=0)
    # A gap where no rate scored: NaN breaks the line.
    median = np.where(np.isfinite(line.median), line.median, np.nan).clip(low, high)
    plot.plot(rates, median, color=_BLUE, linewidth=1.3, marker=".", markersize=3.5)
    if panel.each.sensitivity is not None:
        plot.plot(
            panel.each.sensitivity.basin, (0.03, 0.03), color=GREY, linewidth=3,
            transform=plot.get_xaxis_transform(), solid_capstyle="butt",
        )  # fmt: skip


def _draw_points(plot: Plot, panel: Panel, figure: SearchFigure) -> None:
    """Draw medians and quartiles apart, and the band of those near the best."""
    low, high = plot.get_ylim()
    near = near_best(panel.each, figure.facts)
    if near is not None:
        plot.axhspan(*np.clip(near, low, high), color=FAINT, zorder=0.5, linewidth=0)
    for point in panel.each.points:
        x = point.values[panel.place]
        if math.isfinite(point.median):
            ends = np.clip(np.nan_to_num([point.low, point.high], posinf=high, neginf=low), low, high)
            plot.vlines([x], [ends[0]], [ends[1]], color=_BLUE, linewidth=1.1, alpha=0.35)
            plot.plot([x], [np.clip(point.median, low, high)], ".", color=_BLUE, markersize=5, alpha=0.7)


def _draw_lost(plot: Plot, panel: Panel) -> None:
    """Mark the points at which trials diverged, on the side of the worst."""
    for point in panel.each.points:
        if point.n_lost:
            plot.plot(
                [point.values[panel.place]], [0.1], "x", color=_RED, markersize=5, markeredgewidth=1.3,
                alpha=0.4 if words.has_score(point.median) else 1.0, transform=plot.get_xaxis_transform(),
            )  # fmt: skip


def _draw_marks(plot: Plot, panel: Panel) -> None:
    """Mark the default, and filled what was chosen."""
    search = panel.each.search
    default = tuple(span.default for span in search.spans)
    chosen = None if search.best is None else search.best.values
    scored = {point.values: point.median for point in panel.each.points if math.isfinite(point.median)}
    for values in dict.fromkeys((default, chosen)):
        if values in scored:
            plot.plot(
                [values[panel.place]], [np.clip(scored[values], *plot.get_ylim())], "o", color=_BLUE,
                markersize=6, markerfacecolor=_BLUE if values == chosen else "white", markeredgewidth=1.3,
                zorder=4,
            )  # fmt: skip
