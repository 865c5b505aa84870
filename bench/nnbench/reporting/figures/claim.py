"""The picture of a claim: dots with intervals, each on an axis of its own; lines with bands; or images."""

import math
import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes as Plot
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from nnbench.reporting import digits
from nnbench.reporting.blocks import ClaimFigure, DotRow, LabelledImage
from nnbench.reporting.figures.style import DASHES, FAINT, GREY, INK, PALETTE

_WIDE = 6.4
_ROW_HIGH = 0.74  # of one quantity: its words above its axis
_LINES_HIGH = 3.1
_ACROSS = 3  # images in a row
_IMAGE = 1.95  # inches
_TITLE = 0.46  # above an image, two lines
_TITLE_LETTERS = 30
_MANY_CLASSES = 8
_SIDE = "#DCEFE6"


def draw(figure: ClaimFigure) -> Figure:
    """Return the picture."""
    if figure.lines:
        return _lines(figure)
    return _images(figure) if figure.images else _dots(figure)


def _dots(figure: ClaimFigure) -> Figure:
    high = _ROW_HIGH * len(figure.dots) + 0.1
    drawn = Figure(figsize=(_WIDE, high))
    for place, row in enumerate(figure.dots):
        top = high - 0.05 - place * _ROW_HIGH
        drawn.text(0.02, top / high, f"{row.label}", ha="left", va="top", color=INK if row.counts else GREY)
        plot = drawn.add_axes((0.03, (top - 0.41) / high, 0.94, 0.17 / high))
        _dot_row(plot, row)
    return drawn


def _dot_row(plot: Plot, row: DotRow) -> None:
    """Draw the interval, the rule's edge as a line, and in green the side of it where the claim holds."""
    known = [value for value in (row.mean, row.low, row.high, *row.edges) if math.isfinite(value)]
    low, high = min(known), max(known)
    room = 0.12 * (high - low) or 0.5 * abs(high) or 1.0
    plot.set_xlim(low - room, high + room)
    plot.set_ylim(-1, 1)
    left, right = plot.get_xlim()
    ends = (row.edges[0], right) if row.side > 0 else (left, row.edges[0])
    plot.axvspan(*(row.edges if row.side == 0 else ends), color=_SIDE, zorder=0)
    for edge in row.edges:
        plot.axvline(edge, color=GREY, linewidth=0.9)
    colour = PALETTE[0] if row.counts else GREY
    bounds = [max(row.low, left), min(row.high, right)]
    plot.plot(bounds, (0, 0), color=colour, linewidth=2.2, solid_capstyle="butt")
    plot.plot(row.mean, 0, marker="o", markersize=6, color=colour)
    plot.axis("off")
    plot.annotate(
        row.text, (0, -0.1), xycoords="axes fraction", ha="left", va="top", color=GREY, fontsize=8,
    )  # fmt: skip


def _lines(figure: ClaimFigure) -> Figure:
    labels = [each.label for each in figure.lines]
    columns = _legend_columns(labels)
    rows = math.ceil(len(labels) / columns)
    high = _LINES_HIGH + 0.22 * rows
    drawn = Figure(figsize=(_WIDE, high))
    plot = drawn.add_axes((0.11, 0.5 / high, 0.86, (_LINES_HIGH - 0.65) / high))
    for place, each in enumerate(figure.lines):
        colour, dashes = PALETTE[place % len(PALETTE)], DASHES[place // len(PALETTE) % len(DASHES)]
        line = each.line
        plot.fill_between(line.x, line.low, line.high, color=colour, alpha=0.15, linewidth=0)
        marker: Any = "o" if len(line.x) <= 25 else None
        plot.plot(
            line.x, line.mean, color=colour, linestyle=dashes, linewidth=1.6, marker=marker, markersize=3.5,
            label=each.label,
        )  # fmt: skip
    _scales(plot, figure)
    plot.grid(axis="y", color=FAINT, linewidth=0.6)
    plot.set_axisbelow(True)
    plot.set_xlabel(figure.x_label)
    plot.set_ylabel(figure.y_label)
    if len(labels) > 1:
        drawn.legend(
            loc="upper left", bbox_to_anchor=(0.09, 1.0), ncols=columns, frameon=False, labelcolor=INK,
            handlelength=1.6, borderaxespad=0.2, columnspacing=1.4,
        )  # fmt: skip
    return drawn


def _legend_columns(labels: list[str]) -> int:
    """Return how many labels fit beside one another; letters outside of ASCII are twice as wide, about."""
    longest = max(sum(1 if letter.isascii() else 2 for letter in label) for label in labels)
    return 3 if longest <= 24 else 2 if longest <= 42 else 1


def _scales(plot: Plot, figure: ClaimFigure) -> None:
    if figure.ticks:
        xs = sorted({x for each in figure.lines for x in each.line.x})
        plot.set_xticks(xs[: len(figure.ticks)], list(figure.ticks[: len(xs)]))
    elif figure.x_is_log:
        plot.set_xscale("log")
        plot.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=12))
        plot.xaxis.set_minor_locator(NullLocator())
        plot.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    else:
        whole = all(x.is_integer() for each in figure.lines for x in each.line.x)
        plot.xaxis.set_major_locator(MaxNLocator(8, integer=whole))
    if figure.y_is_log:
        plot.set_yscale("log")
        plot.yaxis.set_minor_locator(NullLocator())
        plot.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    else:
        plot.yaxis.set_major_formatter(
            FuncFormatter(lambda value, _: f"{value:g}".replace("-", digits.MINUS))
        )


def _images(figure: ClaimFigure) -> Figure:
    n = len(figure.images)
    across = min(n, _ACROSS)
    down = math.ceil(n / across)
    wide, high = across * (_IMAGE + 0.12) + 0.12, down * (_IMAGE + _TITLE)
    drawn = Figure(figsize=(wide, high))
    for place, each in enumerate(figure.images):
        row, column = divmod(place, across)
        left, low = 0.12 + column * (_IMAGE + 0.12), high - (row + 1) * (_IMAGE + _TITLE) + 0.06
        plot = drawn.add_axes((left / wide, low / high, _IMAGE / wide, _IMAGE / high))
        _image(plot, each)
    return drawn


def _image(plot: Plot, each: LabelledImage) -> None:
    values = np.array(each.image.values, dtype=float)
    extent = each.extent or (0.0, float(values.shape[1]), 0.0, float(values.shape[0]))
    if each.is_classes:
        colours = ListedColormap(PALETTE)
        plot.imshow(
            values % _MANY_CLASSES, cmap=colours, vmin=0, vmax=len(PALETTE) - 1, alpha=0.35, origin="lower",
            extent=extent, aspect="auto", interpolation="nearest",
        )  # fmt: skip
    else:
        limit = float(np.nanmax(np.abs(values))) or 1.0
        signed = bool((values < 0).any())
        plot.imshow(
            values, cmap="RdBu_r" if signed else "cividis", vmin=-limit if signed else None,
            vmax=limit if signed else None, origin="upper" if each.extent is None else "lower",
            extent=extent, aspect="auto", interpolation="nearest",
        )  # fmt: skip
    for label in sorted({label for _, _, label in each.image.points}):
        xs, ys = zip(*((x, y) for x, y, own in each.image.points if own == label), strict=True)
        plot.plot(xs, ys, "o", markersize=2, color=PALETTE[label % len(PALETTE)])
    plot.set_xlim(extent[0], extent[1])
    plot.set_ylim(extent[2], extent[3])
    plot.set_xticks([])
    plot.set_yticks([])
    plot.set_title("\n".join(textwrap.wrap(each.label, _TITLE_LETTERS)), fontsize=8.5, color=INK, pad=3)
    for spine in plot.spines.values():
        spine.set_color(GREY)
