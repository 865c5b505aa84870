"""Small plots of several quantities over the same x, with one legend for all of them."""

import math
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from nnbench.reporting import digits
from nnbench.reporting.blocks import Curve, Plot, SmallMultiples
from nnbench.reporting.figures.style import DASHES, FAINT, GREY, INK, LETTER_INCHES, PALETTE

_LEFT, _BOTTOM, _TITLE = 0.55, 0.5, 0.3
_WIDE, _HIGH = 2.3, 1.45  # of one plot, in inches
_ACROSS_GAP, _DOWN_GAP = 0.65, 0.5
_LINE_HIGH = 0.2  # of the legend
_TICK_LETTERS = 0.062  # inches of room that a letter of a turned tick label takes
_MOST_DECADES = 14.0
_BAND = 0.25  # how much ink the bands of a plot may put on one another

_Look = tuple[str, Any]


def draw(figure: SmallMultiples) -> Figure:
    """Draw the plots, three in a row or two by two."""
    n = len(figure.plots)
    across = min(n, 2 if n in (2, 4) else 3)
    down = math.ceil(n / across)
    looks = _legend_looks(figure)
    wide = _LEFT + across * (_WIDE + _ACROSS_GAP) - _ACROSS_GAP + 0.1
    rows, legend_columns = _legend_size(looks, wide)
    tick_room = _TICK_LETTERS * max(map(len, figure.ticks), default=0)
    bottom = _BOTTOM + tick_room
    high = bottom + down * (_HIGH + _DOWN_GAP) - _DOWN_GAP + _TITLE + _LINE_HIGH * rows
    drawn = Figure(figsize=(wide, high))
    for place, plot in enumerate(figure.plots):
        row, column = divmod(place, across)
        left = _LEFT + column * (_WIDE + _ACROSS_GAP)
        low = bottom + (down - 1 - row) * (_HIGH + _DOWN_GAP)
        axes = drawn.add_axes((left / wide, low / high, _WIDE / wide, _HIGH / high))
        _draw_plot(axes, plot, _looks_of(plot, looks, figure), figure)
        axes.tick_params(labelbottom=place + across >= n)
    drawn.text(0.5, 0.06 / high, figure.x_label, ha="center", va="bottom", color=INK)
    if looks:
        _legend(drawn, looks, legend_columns)
    return drawn


def _legend_looks(figure: SmallMultiples) -> dict[str, _Look]:
    """Return the lines that the legend explains."""
    if figure.order is not None:
        most = max(len(plot.curves) for plot in figure.plots)
        return dict(zip(figure.order, (_ramp(0, most), _ramp(most - 1, most)), strict=True))
    curves = [curve for plot in figure.plots for curve in plot.curves]
    labels = list(dict.fromkeys(curve.label for curve in curves if curve.look != "expected"))
    return {
        label: (PALETTE[i % len(PALETTE)], DASHES[i // len(PALETTE) % len(DASHES)])
        for i, label in enumerate(labels)
    }


def _looks_of(plot: Plot, looks: dict[str, _Look], figure: SmallMultiples) -> dict[str, _Look]:
    if figure.order is None:
        return looks
    return {curve.label: _ramp(place, len(plot.curves)) for place, curve in enumerate(plot.curves)}


def _ramp(place: int, n: int) -> _Look:
    """Return a colour between dark blue and yellow that everybody sees, and print keeps in order."""
    # cividis: Nunez, Anderton and Renslow (2018), PLOS ONE 13(7). Its pale end is lost on white.
    share = 0.9 * place / max(1, n - 1)
    return matplotlib.colors.to_hex(matplotlib.colormaps["cividis"](share)), "-"


def _legend_size(looks: dict[str, _Look], wide: float) -> tuple[int, int]:
    """Return the rows and columns of the legend; a single label needs none."""
    if len(looks) < 2:
        return 0, 1
    columns = max(1, int((wide - _LEFT) / (0.45 + LETTER_INCHES * max(map(len, looks)))))
    return math.ceil(len(looks) / columns), columns


def _draw_plot(axes: Axes, plot: Plot, looks: dict[str, _Look], figure: SmallMultiples) -> None:
    axes.set_title(plot.title, loc="left", fontsize=9, color=INK)
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    for curve in plot.curves:
        _draw_curve(axes, curve, looks.get(curve.label, (GREY, "-")), band=_BAND / len(plot.curves) ** 0.5)
    _scale_y(axes, plot)
    if figure.ticks:
        axes.xaxis.set_major_locator(FixedLocator(list(range(len(figure.ticks)))))
        axes.set_xticklabels(figure.ticks, rotation=90, fontsize=8)
        axes.set_xlim(-0.5, len(figure.ticks) - 0.5)
    else:
        ends = [end for each in figure.plots for curve in each.curves for end in curve.x]
        axes.set_xlim(_with_margin(min(ends), max(ends)))
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: digits.count(value)))


def _with_margin(low: float, high: float) -> tuple[float, float]:
    margin = 0.04 * (high - low) or 0.5
    return low - margin, high + margin


def _draw_curve(axes: Axes, curve: Curve, look: _Look, *, band: float) -> None:
    colour, dashes = look
    x, y = np.array(curve.x, dtype=np.float64), np.array(curve.y, dtype=np.float64)
    if curve.look == "expected":
        axes.plot(x, y, "_", color=INK, markersize=11, markeredgewidth=1.4, zorder=3)
        return
    if curve.low:
        low, high = np.array(curve.low, dtype=np.float64), np.array(curve.high, dtype=np.float64)
        known = np.isfinite(low) & np.isfinite(high)
        if curve.look == "points":
            axes.vlines(x[known], low[known], high[known], color=colour, linewidth=1.4)
        else:
            axes.fill_between(x, low, high, where=known.tolist(), color=colour, alpha=band, linewidth=0)
    if curve.look == "points":
        axes.plot(x, y, "o", color=colour, markersize=3.5)
    else:
        axes.plot(x, y, color=colour, linestyle=dashes, linewidth=1.3)


def _scale_y(axes: Axes, plot: Plot) -> None:
    axes.yaxis.set_minor_locator(NullLocator())
    values = np.array([value for curve in plot.curves for value in (*curve.y, *curve.low, *curve.high)])
    values = values[np.isfinite(values)]
    positive = values[values > 0]
    if plot.is_log and positive.size:
        axes.set_yscale("log")
        top = float(positive.max())
        bottom = max(float(positive.min()), top * 10.0**-_MOST_DECADES)
        margin = max((top / bottom) ** 0.06, 1.15)
        axes.set_ylim(bottom / margin, top * margin)
        decades = math.log10(top / bottom)
        if decades > 1.5:
            axes.yaxis.set_major_locator(LogLocator(base=10.0 ** math.ceil(decades / 5)))
        else:
            axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _power(value)))
        return
    if plot.is_share:
        top = min(1.0, max(0.05, 1.1 * float(values.max(initial=0.0))))
        axes.set_ylim(-0.03 * top, 1.03 * top)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))


def _power(value: float) -> str:
    if 1e-3 <= value < 1e4:
        return f"{value:g}"
    mantissa, exponent = f"{value:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}".replace("-", digits.MINUS)


def _legend(drawn: Figure, looks: dict[str, _Look], columns: int) -> None:
    if len(looks) < 2:
        return
    wide, high = drawn.get_size_inches()
    drawn.legend(
        [Line2D([], [], color=colour, linestyle=dashes) for colour, dashes in looks.values()],
        list(looks),
        loc="upper left",
        bbox_to_anchor=(_LEFT / wide, 1.0 - 0.03 / high),
        ncols=columns,
        frameon=False,
        borderaxespad=0,
        borderpad=0,
        handlelength=1.6,
        handletextpad=0.5,
        columnspacing=1.2,
    )
