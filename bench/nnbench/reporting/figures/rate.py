"""The metric against the learning rate: a small plot for each configuration, all on the same scales."""

import math

import numpy as np
from matplotlib.axes import Axes as Plot
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from nnbench.reporting.blocks import RatesFigure
from nnbench.reporting.figures.lines import Line, Window, window
from nnbench.reporting.figures.metric_axis import draw_metric_axis, metric_name
from nnbench.reporting.figures.style import GREY, INK, PALETTE
from nnbench.reporting.texts import words
from nnbench.statistics.tuning.tuning import TunedConfiguration

_LEFT, _BOTTOM, _TOP = 0.8, 0.5, 0.3
_WIDE, _HIGH = 2.35, 1.55  # of one plot, in inches
_ACROSS_GAP, _DOWN_GAP = 0.2, 0.45
_BLUE, _RED = PALETTE[0], PALETTE[3]
_MOST_TICKS = 5


def draw(figure: RatesFigure) -> Figure:
    """Draw the panels, three in a row."""
    n = len(figure.panels)
    across = min(n, 2 if n == 4 else 3)
    down = math.ceil(n / across)
    wide = _LEFT + across * (_WIDE + _ACROSS_GAP)
    high = _BOTTOM + down * (_HIGH + _DOWN_GAP) - _DOWN_GAP + _TOP
    drawn = Figure(figsize=(wide, high))
    view = _view(figure)
    for place, (label, each) in enumerate(figure.panels):
        row, column = divmod(place, across)
        left = _LEFT + column * (_WIDE + _ACROSS_GAP)
        bottom = _BOTTOM + (down - 1 - row) * (_HIGH + _DOWN_GAP)
        plot = drawn.add_axes((left / wide, bottom / high, _WIDE / wide, _HIGH / high))
        _prepare(plot, figure, view)
        plot.tick_params(labelleft=column == 0)
        plot.set_title(_title(label, each), loc="left", fontsize=9, color=INK)
        _curve(plot, each)
    _name_axes(drawn, figure, view, middle=(_LEFT + wide) / 2)
    return drawn


def _view(figure: RatesFigure) -> Window:
    """Return the window that shows every median and quartile, chance, and all rates with some room."""
    lines = [_as_line(label, each) for label, each in figure.panels]
    view = window(lines, figure.facts)
    rates = [point.rate for _, each in figure.panels for point in each.points]
    room = (max(rates) / min(rates)) ** 0.04
    return Window(min(rates) / room, max(rates) * room, view.low, view.high, view.scale, view.resolution)


def _as_line(label: str, each: TunedConfiguration) -> Line:
    columns = [[getattr(point, name) for point in each.points] for name in ("rate", "low", "median", "high")]
    steps, low, median, high = (np.array(column, dtype=np.float64) for column in columns)
    return Line(label, "", steps, low, median, high, len(steps), ())


def _prepare(plot: Plot, figure: RatesFigure, view: Window) -> None:
    plot.set_xscale("log")
    plot.set_xlim(view.first_step, view.last_step)
    every = math.ceil((math.log10(view.last_step) - math.log10(view.first_step)) / _MOST_TICKS)
    ticks = LogLocator(base=10.0**every, numticks=_MOST_TICKS + 2)
    plot.xaxis.set_major_locator(ticks)
    plot.xaxis.set_minor_locator(NullLocator())
    plot.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("e-0", "e-")))
    draw_metric_axis(plot, figure.facts, view)


def _title(label: str, each: TunedConfiguration) -> str:
    found = each.search.learning_rate
    if found is None:
        return f"{label}: none works"
    return f"{label}: {found}" + (" (edge)" if each.search.edge else "")


def _curve(plot: Plot, each: TunedConfiguration) -> None:
    low, high = plot.get_ylim()
    line = _as_line("", each)
    finite = np.isfinite(line.median)
    bounded = np.isfinite(line.low) & np.isfinite(line.high)
    plot.fill_between(
        line.steps,
        line.low.clip(low, high),
        line.high.clip(low, high),
        where=bounded.tolist(),
        color=_BLUE,
        alpha=0.15,
        linewidth=0,
    )
    # A gap where no rate scored: NaN breaks the line.
    shown = np.where(finite, line.median, np.nan).clip(low, high)
    plot.plot(line.steps, shown, color=_BLUE, linewidth=1.3, marker=".", markersize=3.5)
    _lost(plot, each)
    _mark(plot, each, each.search.default_rate, filled=False)
    if each.search.learning_rate is not None:
        _mark(plot, each, each.search.learning_rate, filled=True)
    if each.sensitivity is not None:
        place = plot.get_xaxis_transform()
        plot.plot(
            each.sensitivity.basin, (0.03, 0.03), color=GREY, linewidth=3, transform=place,
            solid_capstyle="butt",
        )  # fmt: skip


def _lost(plot: Plot, each: TunedConfiguration) -> None:
    """Mark the rates at which trials diverged, on the side of the worst."""
    for point in each.points:
        if point.n_lost:
            plot.plot(
                [point.rate], [0.1], "x", color=_RED, markersize=5, markeredgewidth=1.3,
                alpha=0.4 if words.has_score(point.median) else 1.0, transform=plot.get_xaxis_transform(),
            )  # fmt: skip


def _mark(plot: Plot, each: TunedConfiguration, rate: str, *, filled: bool) -> None:
    median = next((point.median for point in each.points if point.rate == float(rate)), math.nan)
    if math.isfinite(median):
        plot.plot(
            [float(rate)], [np.clip(median, *plot.get_ylim())], "o", color=_BLUE, markersize=6,
            markerfacecolor=_BLUE if filled else "white", markeredgewidth=1.3, zorder=4,
        )  # fmt: skip


def _name_axes(drawn: Figure, figure: RatesFigure, view: Window, *, middle: float) -> None:
    wide, high = drawn.get_size_inches()
    centre = (_BOTTOM + high - _TOP) / 2 / high
    drawn.text(middle / wide, 0.06 / high, "learning rate", ha="center", va="bottom", color=INK)
    drawn.text(
        0.06 / wide, centre, metric_name(figure.facts, view), rotation=90, ha="left", va="center", color=INK,
        multialignment="center",
    )  # fmt: skip
