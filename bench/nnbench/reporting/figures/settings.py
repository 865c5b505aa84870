"""The metric against several hyper-parameters: rows of small plots for each configuration, heights alike."""

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes as Plot
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from nnbench.records.trials import SpanSearched
from nnbench.reporting.blocks import SettingsFigure
from nnbench.reporting.figures.lines import Line, Window, window
from nnbench.reporting.figures.metric_axis import draw_metric_axis, metric_name
from nnbench.reporting.figures.style import FAINT, INK, LETTER_INCHES, ONE_TWO_FIVE, PALETTE
from nnbench.reporting.texts import words
from nnbench.statistics.tuning.sampled import SampledConfiguration, TriedPoint

_LEFT, _BOTTOM, _TOP = 0.8, 0.55, 0.3
_WIDE, _HIGH = 2.1, 1.45  # of one plot, in inches
_ACROSS_GAP, _DOWN_GAP = 0.2, 0.75
_MOST_ACROSS = 4
_BLUE, _RED = PALETTE[0], PALETTE[3]
_LOG_FROM_RATIO = 5.0
_ROOM = 0.06  # of the width, beside the outermost values


@dataclass(frozen=True, slots=True)
class Panel:
    """One plot: a configuration against one of its hyper-parameters. The title is on the first of a row."""

    title: str
    each: SampledConfiguration
    span: SpanSearched
    row: int
    column: int


def draw(figure: SettingsFigure) -> Figure:
    """Draw the panels; every configuration begins a new row."""
    panels = panels_of(figure)
    across, down = max(panel.column for panel in panels) + 1, panels[-1].row + 1
    wide = _LEFT + across * (_WIDE + _ACROSS_GAP)
    high = _BOTTOM + down * (_HIGH + _DOWN_GAP) - _DOWN_GAP + _TOP
    drawn = Figure(figsize=(wide, high))
    view = _view(figure)
    for panel in panels:
        left = _LEFT + panel.column * (_WIDE + _ACROSS_GAP)
        bottom = _BOTTOM + (down - 1 - panel.row) * (_HIGH + _DOWN_GAP)
        plot = drawn.add_axes((left / wide, bottom / high, _WIDE / wide, _HIGH / high))
        _scale_values(plot, panel)
        draw_metric_axis(plot, figure.facts, view)
        plot.tick_params(labelleft=panel.column == 0)
        for text in plot.texts:  # the name of the target, once in a row
            text.set_visible(panel.column == 0)
        plot.set_title(panel.title, loc="left", fontsize=9, color=INK)
        _draw_points(plot, panel, figure)
    centre = (_BOTTOM + high - _TOP) / 2 / high
    drawn.text(
        0.06 / wide, centre, metric_name(figure.facts, view), rotation=90, ha="left", va="center", color=INK,
        multialignment="center",
    )  # fmt: skip
    return drawn


def panels_of(figure: SettingsFigure) -> list[Panel]:
    """Return the plots and their places."""
    panels: list[Panel] = []
    for label, each in figure.rows:
        first = panels[-1].row + 1 if panels else 0
        for place, span in enumerate(each.search.spans):
            row, column = divmod(place, _MOST_ACROSS)
            title = "" if column else f"{label}, continued" if row else label
            panels.append(Panel(title, each, span, first + row, column))
    return panels


def is_kept_share(span: SpanSearched) -> bool:
    """Say of a hyper-parameter whether what matters is how far below 1 it lies, as of a momentum."""
    lost = (1.0 - span.low) / (1.0 - span.high) if span.high < 1.0 else 0.0
    return lost >= _LOG_FROM_RATIO and (span.low <= 0.0 or lost > span.high / span.low)


def _view(figure: SettingsFigure) -> Window:
    """Return the window that shows every median and quartile."""
    lines = [_as_line(label, each) for label, each in figure.rows]
    return window(lines, figure.facts)


def _as_line(label: str, each: SampledConfiguration) -> Line:
    columns = [[getattr(point, name) for point in each.points] for name in ("low", "median", "high")]
    low, median, high = (np.array(column, dtype=np.float64) for column in columns)
    return Line(label, "", np.arange(1.0, 1.0 + len(low)), low, median, high, len(low), ())


def _scale_values(plot: Plot, panel: Panel) -> None:
    """Give the horizontal axis the scale on which the values were searched evenly, and its name."""
    span = panel.span
    values = [point.values[panel.each.place(span.name)] for point in panel.each.points]
    low, high = min(*values, span.low), max(*values, span.high)
    plot.xaxis.set_minor_locator(NullLocator())
    name = span.name
    if is_kept_share(span):
        name += " (log of 1 − value)"
        _scale_lost(plot, 1.0 - low, 1.0 - high)
    elif low > 0.0 and high >= _LOG_FROM_RATIO * low:
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


def _draw_points(plot: Plot, panel: Panel, figure: SettingsFigure) -> None:
    each, place = panel.each, panel.each.place(panel.span.name)
    low, high = plot.get_ylim()
    near = [point.median for point in each.near_best(figure.facts)]
    if near:
        best = max(near) if figure.facts.direction == "max" else min(near)
        reach = figure.facts.noticeable * (-1.0 if figure.facts.direction == "max" else 1.0)
        plot.axhspan(*np.clip(sorted((best, best + reach)), low, high), color=FAINT, zorder=0.5, linewidth=0)
    for point in each.points:
        x = point.values[place]
        if math.isfinite(point.median):
            ends = np.clip(np.nan_to_num([point.low, point.high], posinf=high, neginf=low), low, high)
            plot.vlines([x], [ends[0]], [ends[1]], color=_BLUE, linewidth=1.1, alpha=0.35)
            plot.plot([x], [np.clip(point.median, low, high)], ".", color=_BLUE, markersize=5, alpha=0.7)
        if point.n_lost:
            plot.plot(
                [x], [0.1], "x", color=_RED, markersize=5, markeredgewidth=1.3,
                alpha=0.4 if words.has_score(point.median) else 1.0, transform=plot.get_xaxis_transform(),
            )  # fmt: skip
    default, chosen = each.search.values[0], each.search.chosen
    _mark(plot, each, default, place, filled=chosen == 0)
    if chosen:
        _mark(plot, each, each.search.values[chosen], place, filled=True)


def _mark(
    plot: Plot, each: SampledConfiguration, values: tuple[float, ...], place: int, *, filled: bool
) -> None:
    found: TriedPoint | None = next((point for point in each.points if point.values == values), None)
    if found is not None and math.isfinite(found.median):
        plot.plot(
            [values[place]], [np.clip(found.median, *plot.get_ylim())], "o", color=_BLUE, markersize=6,
            markerfacecolor=_BLUE if filled else "white", markeredgewidth=1.3, zorder=4,
        )  # fmt: skip
