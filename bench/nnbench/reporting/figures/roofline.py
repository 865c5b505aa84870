"""The roofline as a picture: what kernels reach, over the operations they do for each byte they move.

After Williams, Waterman and Patterson (2009), Communications of the ACM 52(4).
"""

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes as Plot
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from nnbench.reporting import digits
from nnbench.reporting.blocks import RooflineFigure, RooflinePoint
from nnbench.reporting.figures.style import GREY, INK, LETTER_INCHES, PALETTE, POINTS

# A family has a colour and a mark of its own: either alone would do.
_MARKS = ("o", "s", "^", "D", "v", "P", "X")
_LEFT, _BOTTOM, _RIGHT = 0.75, 0.5, 0.2
_WIDE, _HIGH = 6.0, 4.0  # of the plot, in inches
_LEGEND_LINE = 0.2
_ROOM = 1.6  # beside the outermost points, as a factor
_SMALL = 7.5  # points of the letters inside the plot
_LETTER = _SMALL / 9.0 * LETTER_INCHES * POINTS  # width of one of them, in points
_MARK = 5.0  # width of a mark, in points
_AWAY = 5  # points from a mark to its name
# Where a name may stand: to the right or to the left of its mark, beside it or a line lower or higher.
_SIDES = tuple((side, down) for down in (0.0, 9.0, -9.0, 18.0) for side in (1, -1))
# Lines do not strike names through.
_PAPER: Any = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6}
_MOST_LABELS = 3  # of the farthest from the ceiling; and as many of the fastest


def draw(figure: RooflineFigure) -> Figure:
    """Draw ceilings, points, and the names of the points that stand apart."""
    families = list(dict.fromkeys(point.family for point in figure.points))
    columns = max(1, int(_WIDE / (0.45 + LETTER_INCHES * max(map(len, families)))))
    legend_high = _LEGEND_LINE * math.ceil(len(families) / columns) + 0.1
    wide, high = _LEFT + _WIDE + _RIGHT, _BOTTOM + _HIGH + legend_high
    drawn = Figure(figsize=(wide, high))
    plot = drawn.add_axes((_LEFT / wide, _BOTTOM / high, _WIDE / wide, _HIGH / high))
    _prepare(plot, figure)
    _ceilings(plot, figure)
    for place, family in enumerate(families):
        _scatter(plot, [point for point in figure.points if point.family == family], family, place)
    _labels(plot, figure)
    drawn.legend(
        loc="upper left",
        bbox_to_anchor=(_LEFT / wide, 1.0 - 0.03 / high),
        ncols=columns,
        frameon=False,
        borderaxespad=0,
        borderpad=0,
        handletextpad=0.2,
        columnspacing=1.2,
    )
    drawn.text((_LEFT + _WIDE / 2) / wide, 0.06 / high, "FLOP per byte", ha="center", va="bottom", color=INK)
    middle = (_BOTTOM + _HIGH / 2) / high
    drawn.text(0.06 / wide, middle, "GFLOP/s", rotation=90, ha="left", va="center", color=INK)
    return drawn


def _prepare(plot: Plot, figure: RooflineFigure) -> None:
    plot.set_xscale("log")
    plot.set_yscale("log")
    intensities = [point.flops_per_byte for point in figure.points]
    rates = [point.flops_s / 1e9 for point in figure.points]
    # As far as the slowest memory needs to reach the peak, so that every ceiling is seen whole.
    ridge = figure.peak_flops_s / figure.levels[-1][1]
    plot.set_xlim(min(intensities) / _ROOM, max(*intensities, ridge) * _ROOM)
    plot.set_ylim(min(rates) / _ROOM, figure.peak_flops_s / 1e9 * _ROOM)
    for axis in (plot.xaxis, plot.yaxis):
        axis.set_major_locator(LogLocator())
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _ceilings(plot: Plot, figure: RooflineFigure) -> None:
    """Draw the peak, and a slope for each level of the memory with its bandwidth beside it."""
    low, high = plot.get_xlim()
    peak = figure.peak_flops_s / 1e9
    for place, (size_bytes, bytes_s) in enumerate(figure.levels):
        ridge = figure.peak_flops_s / bytes_s
        plot.plot([low, ridge], [low * bytes_s / 1e9, peak], color=GREY, linewidth=0.9, zorder=1)
        where = "memory" if place == len(figure.levels) - 1 else _size(size_bytes)
        _along(plot, bytes_s, f"{digits.number(bytes_s / 1e9)} GB/s, {where}")
    first = figure.peak_flops_s / figure.levels[0][1]
    plot.plot([first, high], [peak, peak], color=GREY, linewidth=0.9, zorder=1)
    plot.annotate(
        f"{digits.number(peak)} GFLOP/s", (first, peak), xytext=(0, 3), textcoords="offset points",
        ha="left", fontsize=_SMALL, color="#555555", bbox=_PAPER, zorder=1.5,
    )  # fmt: skip


def _along(plot: Plot, bytes_s: float, text: str) -> None:
    """Write a text along a slope, where the slope comes into the picture."""
    (left, right), (bottom, top) = plot.get_xlim(), plot.get_ylim()
    x = max(left, bottom * 1e9 / bytes_s) * 1.08
    decades_across, decades_up = math.log10(right / left), math.log10(top / bottom)
    angle = math.degrees(math.atan2(_HIGH / decades_up, _WIDE / decades_across))
    plot.annotate(
        text, (x, x * bytes_s / 1e9), xytext=(-2, 2), textcoords="offset points", rotation=angle,
        rotation_mode="anchor", ha="left", va="bottom", fontsize=_SMALL - 1, color="#555555",
        bbox=_PAPER, zorder=1.5,
    )  # fmt: skip


def _scatter(plot: Plot, points: Sequence[RooflinePoint], family: str, place: int) -> None:
    plot.scatter(
        [point.flops_per_byte for point in points],
        [point.flops_s / 1e9 for point in points],
        s=22,
        marker=_MARKS[place % len(_MARKS)],
        color=PALETTE[place % len(PALETTE)],
        edgecolors="white",
        linewidths=0.4,
        label=family,
        zorder=2,
    )


def _labels(plot: Plot, figure: RooflineFigure) -> None:
    """Name the kernels that are farthest from their ceiling, and the fastest, where there is room."""
    taken = [_box(*_place(plot, point), _MARK, _MARK, 0.0) for point in figure.points]
    for point in outliers(figure):
        text = f"{point.name} {point.shape.replace('x', digits.TIMES)}"
        across, up = _place(plot, point)
        for side, down in _SIDES:
            box = _box(across + side * _AWAY, up - down, len(text) * _LETTER, _SMALL, side)
            inside = box[0] > 0 and box[2] < _WIDE * POINTS
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                _write(plot, point, text, side, down)
                break


def _write(plot: Plot, point: RooflinePoint, text: str, side: int, down: float) -> None:
    plot.annotate(
        text, (point.flops_per_byte, point.flops_s / 1e9), xytext=(side * _AWAY, -down),
        textcoords="offset points", ha="left" if side > 0 else "right", va="center",
        fontsize=_SMALL, color=INK, bbox=_PAPER,
    )  # fmt: skip


def _place(plot: Plot, point: RooflinePoint) -> tuple[float, float]:
    """Return where a point lies, in points from the corner of the plot."""
    pixels = plot.transData.transform((point.flops_per_byte, point.flops_s / 1e9))
    x, y = plot.transAxes.inverted().transform(pixels)
    return float(x) * _WIDE * POINTS, float(y) * _HIGH * POINTS


def _box(x: float, y: float, wide: float, high: float, side: float) -> tuple[float, float, float, float]:
    """Return the box that begins at x (side 1), ends there (-1) or has it in its middle (0)."""
    left = x - wide / 2 + side * wide / 2
    return left, y - high / 2, left + wide, y + high / 2


def outliers(figure: RooflineFigure) -> list[RooflinePoint]:
    """Return the kernels farthest below the highest ceiling, and the fastest, each kernel once."""

    def reached(point: RooflinePoint) -> float:
        return point.flops_s / min(figure.peak_flops_s, point.flops_per_byte * figure.levels[0][1])

    slowest = _first_of_each(sorted(figure.points, key=reached))
    fastest = _first_of_each(sorted(figure.points, key=lambda point: -point.flops_s))
    return list(dict.fromkeys([*slowest, *fastest]))


def _first_of_each(points: Sequence[RooflinePoint]) -> list[RooflinePoint]:
    first: dict[str, RooflinePoint] = {}
    for point in points:
        first.setdefault(point.name, point)
    return list(first.values())[:_MOST_LABELS]


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _size(n_bytes: int) -> str:
    return f"{n_bytes >> 20} MiB" if n_bytes >= 1 << 20 else f"{n_bytes >> 10} KiB"
