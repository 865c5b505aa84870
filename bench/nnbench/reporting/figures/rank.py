"""The picture of the critical difference: average ranks on a line, and bars that join what may be alike.

Source: Demšar (2006), J. Mach. Learn. Res. 7, figure 1.
"""

import math
from collections.abc import Callable

from matplotlib.axes import Axes as Plot
from matplotlib.figure import Figure

from nnbench.reporting.blocks import RanksFigure
from nnbench.reporting.figures.style import GREY, INK, LETTER_INCHES, PALETTE

_WIDE = 3.6  # of the line of ranks, in inches
_ROW = 0.22  # from one label to the next
_TOP = 0.75  # above the line: its numbers, and the critical difference
_BAR = 0.11  # from one bar to the next
_MARGIN = 0.12


def draw(figure: RanksFigure) -> Figure:
    """Draw the better half of the labels on the left, the others on the right."""
    half = math.ceil(len(figure.ranks) / 2)
    left, right = figure.ranks[:half], figure.ranks[half:]
    critical = figure.critical_difference
    groups = [] if critical is None else alike(figure.ranks, critical)
    bars = _BAR * (len(groups) + 1)
    aside = [LETTER_INCHES * max((len(label) + 6 for label, _ in side), default=0) for side in (left, right)]
    wide = _MARGIN + aside[0] + 0.25 + _WIDE + 0.25 + aside[1] + _MARGIN
    high = _TOP + bars + _ROW * half + _MARGIN
    drawn = Figure(figsize=(wide, high))
    plot = drawn.add_axes((0, 0, 1, 1))
    plot.set_xlim(0, wide)
    plot.set_ylim(high, 0)  # inches from the top
    plot.axis("off")
    start = _MARGIN + aside[0] + 0.25
    last = max(len(figure.ranks), 2)

    def at(rank: float) -> float:
        return start + _WIDE * (rank - 1) / (last - 1)

    _scale(plot, at, last, critical)
    for place, (first, end) in enumerate(groups):
        y = _TOP + _BAR * (place + 1)
        reach = at(figure.ranks[first][1]) - 0.04, at(figure.ranks[end][1]) + 0.04
        plot.plot(reach, (y, y), color=PALETTE[0], linewidth=3.5, solid_capstyle="round")
    for row, (label, rank) in enumerate(left):
        _label(plot, label, rank, at(rank), _TOP + bars + _ROW * row, start - 0.2, "right")
    for row, (label, rank) in enumerate(reversed(right)):
        _label(plot, label, rank, at(rank), _TOP + bars + _ROW * row, start + _WIDE + 0.2, "left")
    return drawn


def alike(ranks: tuple[tuple[str, float], ...], critical_difference: float) -> list[tuple[int, int]]:
    """Return the longest stretches, by their first and last places, within the critical difference."""
    found: list[tuple[int, int]] = []
    for first, (_, rank) in enumerate(ranks):
        end = max(i for i, (_, other) in enumerate(ranks) if other - rank <= critical_difference)
        if end > first and not (found and found[-1][1] >= end):
            found.append((first, end))
    return found


def _scale(plot: Plot, at: Callable[[float], float], last: int, critical_difference: float | None) -> None:
    plot.plot((at(1), at(last)), (_TOP, _TOP), color=INK, linewidth=1.2)
    every = max(1, math.ceil(last / 10))
    for rank in range(1, last + 1, every):
        plot.plot((at(rank), at(rank)), (_TOP - 0.06, _TOP), color=INK, linewidth=1.0)
        plot.text(at(rank), _TOP - 0.1, str(rank), ha="center", va="bottom", color="#555555")
    if critical_difference is None:
        return
    end = at(1 + critical_difference)
    if end > at(last):  # wider than the whole scale: then everything is joined, and a bar would mislead
        plot.text(at(1), 0.16, f"CD {critical_difference:.2f}, more than the whole scale", color=INK)
        return
    plot.plot((at(1), end), (0.3, 0.3), color=INK, linewidth=1.2)
    for edge in (at(1), end):
        plot.plot((edge, edge), (0.25, 0.35), color=INK, linewidth=1.2)
    plot.text((at(1) + end) / 2, 0.2, f"CD {critical_difference:.2f}", ha="center", va="bottom", color=INK)


def _label(plot: Plot, label: str, rank: float, x: float, y: float, edge: float, align: str) -> None:
    plot.plot((x, x, edge), (_TOP, y, y), color=GREY, linewidth=0.9)
    text = f"{label}  {rank:.2f}" if align == "right" else f"{rank:.2f}  {label}"
    gap = -0.05 if align == "right" else 0.05
    plot.text(edge + gap, y, text, ha=align, va="center", color=INK)
