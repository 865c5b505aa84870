"""Performance profiles: the share of cases within a factor of the fastest, with their bands."""

from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from nnbench.reporting.blocks import ProfileFigure
from nnbench.reporting.digits import TIMES
from nnbench.reporting.figures.style import DASHES, FAINT, INK, LETTER_INCHES, PALETTE

_LEFT, _BOTTOM, _TOP = 0.65, 0.5, 0.1
_WIDE, _HIGH = 4.2, 2.8
_LABEL_HIGH = 0.19  # a line of the legend
_MOST_BANDS = 4  # more of them would cover one another


def draw(figure: ProfileFigure) -> Figure:
    """Draw one line for each configuration, and the legend beside it in the order of the scores."""
    labels = [f"{label}  {profile.score:.2f}" for label, profile in figure.profiles]
    aside = 0.5 + LETTER_INCHES * max(map(len, labels))
    high = max(_BOTTOM + _HIGH + _TOP, _LABEL_HIGH * len(labels) + 0.4)
    wide = _LEFT + _WIDE + 0.15 + aside
    drawn = Figure(figsize=(wide, high))
    plot = drawn.add_axes((_LEFT / wide, _BOTTOM / high, _WIDE / wide, (high - _BOTTOM - _TOP) / high))
    for place, ((_, profile), label) in enumerate(zip(figure.profiles, labels, strict=True)):
        colour = PALETTE[place % len(PALETTE)]
        dashes: Any = DASHES[place % len(DASHES)]  # lines may lie on one another
        if place < _MOST_BANDS:
            plot.fill_between(
                profile.factors, profile.low, profile.high, step="post", color=colour, alpha=0.13, linewidth=0
            )
        plot.step(
            profile.factors, profile.share, where="post", color=colour, linestyle=dashes, linewidth=1.7,
            label=label,
        )  # fmt: skip
    factors = figure.profiles[0][1].factors
    plot.set_xlim(float(factors[0]), float(factors[-1]))
    plot.set_ylim(-0.02, 1.03)
    plot.yaxis.set_major_locator(MultipleLocator(0.25))
    plot.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f}"))
    plot.xaxis.set_major_locator(MultipleLocator(0.5))
    plot.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}{TIMES}"))
    plot.grid(axis="y", color=FAINT, linewidth=0.6)
    plot.set_axisbelow(True)
    plot.legend(
        loc="upper left", bbox_to_anchor=(1.02, 1.02), frameon=False, title="score", alignment="left",
        labelcolor=INK, handlelength=1.6, borderaxespad=0,
    )  # fmt: skip
    drawn.text(
        (_LEFT + _WIDE / 2) / wide, 0.06 / high, "steps to target over those of the fastest",
        ha="center", va="bottom", color=INK,
    )  # fmt: skip
    drawn.text(
        0.06 / wide, (_BOTTOM + high - _TOP) / 2 / high, "share of cases, %", rotation=90, ha="left",
        va="center", color=INK,
    )  # fmt: skip
    return drawn
