"""The axis of a metric in a figure: its scale, its ticks, its name and the line of the target."""

import numpy as np
from matplotlib.axes import Axes as Plot
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from nnbench.records.trials import CaseFacts
from nnbench.reporting import digits
from nnbench.reporting.figures.lines import Window
from nnbench.reporting.figures.style import FAINT, GREY, ONE_TWO_FIVE
from nnbench.reporting.texts import words

_ERRORS = (0.9, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001)


def draw_metric_axis(plot: Plot, facts: CaseFacts, view: Window) -> None:
    """Give the vertical axis the window's scale and limits, plain ticks, and the target as a line."""
    scale = digits.scale_of(facts)
    _scale_values(plot, view)
    plot.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value * scale.factor:.6g}".replace("-", digits.MINUS))
    )
    plot.grid(axis="y", color=FAINT, linewidth=0.6)
    plot.set_axisbelow(True)
    if facts.target is not None and view.low <= facts.target <= view.high:
        plot.axhline(facts.target, color=GREY, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1.5)
        plot.annotate(
            f"target {words.metric_value(facts.target, facts)}",
            (0.0, facts.target),
            xycoords=("axes fraction", "data"),
            xytext=(4, 2),
            textcoords="offset points",
            fontsize=8,
            color="#555555",
        )


def metric_name(facts: CaseFacts, view: Window) -> str:
    """Return what to write beside the axis."""
    name = words.unit_after(words.metric(facts), digits.scale_of(facts).unit)
    return f"{name}\n(log of the error)" if view.scale == "log of the error" else name


def _scale_values(plot: Plot, view: Window) -> None:
    if view.scale == "log":
        plot.set_yscale("log")
        plot.yaxis.set_major_locator(LogLocator(subs=ONE_TWO_FIVE))
    elif view.scale == "log of the error":
        plot.set_yscale(
            "function",
            functions=(
                lambda value: -np.log10(np.maximum(1.0 - value, view.resolution / 10)),
                lambda place: 1.0 - 10.0 ** -np.asarray(place),
            ),
        )
        plot.yaxis.set_major_locator(FixedLocator([1.0 - error for error in _ERRORS]))
    else:
        plot.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    plot.yaxis.set_minor_locator(NullLocator())
    plot.set_ylim(view.low, view.high)
