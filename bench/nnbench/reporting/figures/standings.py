"""The dot-and-interval plot of a table: differences to the reference, and the set that may be the best."""

import numpy as np
from matplotlib.axes import Axes as Plot
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from nnbench.reporting import digits
from nnbench.reporting.blocks import Standing, StandingsFigure
from nnbench.reporting.figures.style import FAINT, GREY, INK, LETTER_INCHES, PALETTE
from nnbench.reporting.plots.standings import reach
from nnbench.reporting.texts import words

_WIDE, _ROW, _ABOVE, _BELOW, _MARGIN = 4.6, 0.24, 0.15, 0.55, 0.12  # inches


def draw(figure: StandingsFigure) -> Figure:
    """Draw one row for each configuration, in the order given."""
    rows = figure.rows
    aside = LETTER_INCHES * max(len(row.label) for row in rows) + 0.25
    high = _ABOVE + _ROW * len(rows) + _BELOW
    drawn = Figure(figsize=(_MARGIN + aside + _WIDE + 0.6, high))
    wide, _ = drawn.get_size_inches()
    box = ((_MARGIN + aside) / wide, _BELOW / high, _WIDE / wide, _ROW * len(rows) / high)
    plot = drawn.add_axes(box)
    low, top = reach(figure)
    plot.set_xlim(low, top)
    plot.set_ylim(len(rows) - 0.5, -0.5)
    plot.axvspan(-figure.facts.noticeable, figure.facts.noticeable, color=FAINT, zorder=0)
    plot.axvline(0.0, color=GREY, linewidth=0.9, zorder=1)
    for place, row in enumerate(rows):
        _draw_row(plot, row, place, (low, top), figure)
    plot.set_yticks(range(len(rows)), [row.label for row in rows])
    for tick, row in zip(plot.get_yticklabels(), rows, strict=True):
        tick.set_color(INK if row.may_be_best else GREY)
        tick.set_fontweight("bold" if row.may_be_best else "normal")
    plot.tick_params(axis="y", length=0)
    plot.spines["left"].set_visible(False)
    scale = digits.scale_of(figure.facts)
    plot.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    plot.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _written(value * scale.factor)))
    plot.set_xlabel(words.unit_after("difference", scale.difference_unit))
    return drawn


def _draw_row(
    plot: Plot, row: Standing, place: int, ends: tuple[float, float], figure: StandingsFigure
) -> None:
    color = PALETTE[0] if row.may_be_best else GREY
    low, high = ends
    if not low < row.difference < high:
        at = low if row.difference < low else high
        scale = digits.scale_of(figure.facts)
        text = _written(float(f"{row.difference * scale.factor:.3g}"))
        plot.plot(at, place, marker="<" if at == low else ">", color=color, clip_on=False, markersize=5)
        plot.annotate(
            text, (at, place), xytext=(7 if at == low else -7, 0), textcoords="offset points",
            ha="left" if at == low else "right", va="center", color=color, fontsize=8,
        )  # fmt: skip
        return
    bounds = np.clip(row.interval, low, high)
    plot.plot(bounds, (place, place), color=color, linewidth=1.8, solid_capstyle="butt")
    plot.plot(
        row.difference, place, marker="o", markersize=5.5, color=color,
        markerfacecolor=color if row.may_be_best else "white", zorder=3,
    )  # fmt: skip


def _written(value: float) -> str:
    return f"{value:+.6g}".replace("-", digits.MINUS) if value else "0"
