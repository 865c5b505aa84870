"""Profiles: the share of cases within a factor, or of trials above a score, with their bands."""

from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from nnbench.reporting.blocks import ProfileFigure
from nnbench.reporting.figures.style import DASHES, FAINT, INK, LETTER_INCHES, PALETTE

_LEFT, _BOTTOM, _TOP = 0.65, 0.5, 0.1
_WIDE, _HIGH = 4.2, 2.8
_LABEL_HIGH = 0.19  # a line of the legend
_MOST_BANDS = 4  # more of them would cover one another


def draw(figure: ProfileFigure) -> Figure:
    """Draw one line for each configuration, and the legend beside it in the order of the scores."""
    labels = [curve.label for curve in figure.curves]
    aside = 0.5 + LETTER_INCHES * max(map(len, labels))
    high = max(_BOTTOM + _HIGH + _TOP, _LABEL_HIGH * len(labels) + 0.4)
    wide = _LEFT + _WIDE + 0.15 + aside
    drawn = Figure(figsize=(wide, high))
    plot = drawn.add_axes((_LEFT / wide, _BOTTOM / high, _WIDE / wide, (high - _BOTTOM - _TOP) / high))
    for place, curve in enumerate(figure.curves):
        colour = PALETTE[place % len(PALETTE)]
        dashes: Any = DASHES[place % len(DASHES)]  # lines may lie on one another
        if place < _MOST_BANDS:
            plot.fill_between(
                curve.x, curve.low, curve.high, step="post", color=colour, alpha=0.13, linewidth=0
            )
        plot.step(
            curve.x, curve.y, where="post", color=colour, linestyle=dashes, linewidth=1.7, label=curve.label
        )  # fmt: skip
    plot.set_xlim(figure.curves[0].x[0], figure.curves[0].x[-1])
    plot.set_ylim(-0.02, 1.03)
    plot.yaxis.set_major_locator(MultipleLocator(0.25))
    plot.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f}"))
    plot.xaxis.set_major_locator(MaxNLocator(7))
    plot.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}{figure.unit}"))
    plot.grid(axis="y", color=FAINT, linewidth=0.6)
    plot.set_axisbelow(True)
    plot.legend(
        loc="upper left", bbox_to_anchor=(1.02, 1.02), frameon=False, title=figure.legend, alignment="left",
        labelcolor=INK, handlelength=1.6, borderaxespad=0,
    )  # fmt: skip
    drawn.text(
        (_LEFT + _WIDE / 2) / wide, 0.06 / high, figure.x_label,
        ha="center", va="bottom", color=INK,
    )  # fmt: skip
    drawn.text(
        0.06 / wide, (_BOTTOM + high - _TOP) / 2 / high, figure.y_label, rotation=90, ha="left",
        va="center", color=INK,
    )  # fmt: skip
    return drawn
