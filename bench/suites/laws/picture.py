"""The laws as one picture: a panel for each, both axes logarithmic, cliffs in another colour."""

import io
from collections.abc import Callable, Sequence
from itertools import pairwise

import matplotlib
from matplotlib.axes import Axes as Plot
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from laws import law
from laws.sweeps import Sweep
from nnbench.reporting.figures.style import FAINT, GREY, INK, PALETTE, SETTINGS

_COLUMNS, _WIDE, _HIGH = 3, 3.4, 2.7
_COST, _MEMORY, _CLIFF = PALETTE[0], PALETTE[1], PALETTE[3]


def svg(sweeps: Sequence[Sweep], heading: str) -> bytes:
    """Return the file: time on the left of each panel, memory on its right, dashed what the law allows."""
    with matplotlib.rc_context(SETTINGS | {"svg.hashsalt": "laws", "font.size": 8.0}):
        n_rows = -(-len(sweeps) // _COLUMNS)
        drawn = Figure(figsize=(_COLUMNS * _WIDE, n_rows * _HIGH + 0.5), layout="constrained")
        drawn.suptitle(heading, fontsize=9.0, color=INK)
        plots = drawn.subplots(n_rows, _COLUMNS, squeeze=False).ravel()
        for plot, sweep in zip(plots, sweeps, strict=False):
            _panel(plot, sweep)
        for plot in plots[len(sweeps) :]:
            plot.axis("off")
        target = io.BytesIO()
        drawn.savefig(target, format="svg", metadata={"Date": None, "Creator": None, "Title": "Cost laws"})
    return target.getvalue()


def _panel(plot: Plot, sweep: Sweep) -> None:
    sizes = [point.size for point in sweep.points]
    costs = [point.cost for point in sweep.points]
    errors = [[p.cost - p.low for p in sweep.points], [p.high - p.cost for p in sweep.points]]
    plot.set_xscale("log")
    plot.set_yscale("log")
    plot.grid(color=FAINT, linewidth=0.6)
    plot.set_title(sweep.name, fontsize=8.5, color=INK, loc="left")
    plot.set_xlabel(sweep.size)
    plot.set_ylabel("time", color=_COST)
    _scale(plot, costs, seconds)
    plot.errorbar(sizes, costs, errors, color=_COST, marker="o", markersize=3, linewidth=1.2, zorder=3)
    steepest = [costs[0] * (size / sizes[0]) ** sweep.exponent for size in sizes]
    plot.plot(sizes, steepest, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    for piece in law.pieces(sweep.points):
        inside = [p for p in sweep.points if piece.first <= p.size <= piece.last]
        middle = inside[len(inside) // 2]
        plot.annotate(
            f"n^{piece.exponent:.2f}", (middle.size, middle.cost), xytext=(4, -11),
            textcoords="offset points", fontsize=7.5, color=_COST,
        )  # fmt: skip
    leaps = {(cliff.before, cliff.after) for cliff in law.cliffs(sweep.points, sweep.exponent)}
    for before, after in pairwise(sweep.points):
        if (before.size, after.size) in leaps:
            ends = [before.size, after.size], [before.cost, after.cost]
            plot.plot(*ends, color=_CLIFF, linewidth=3, zorder=4)
    memory = plot.twinx()
    memory.set_yscale("log")
    memory.set_ylabel("memory", color=_MEMORY)
    _scale(memory, sweep.peak_bytes, size)
    memory.plot(sizes, sweep.peak_bytes, color=_MEMORY, marker="s", markersize=2.5, linewidth=1.0)


def _scale(plot: Plot, values: Sequence[float], text: Callable[[float], str]) -> None:
    """Show the values with room around them, two decades at least, and a word at each decade."""
    low, high = min(values), max(values)
    room = max(2.0, (100.0 * low / high) ** 0.5)
    plot.set_ylim(low / room, high * room)
    plot.yaxis.set_major_locator(LogLocator())
    plot.yaxis.set_minor_formatter(NullFormatter())
    plot.yaxis.set_major_formatter(FuncFormatter(lambda value, _: text(value)))


def seconds(value: float) -> str:
    """Return ``"2.65 ms"``."""
    for unit, factor in (("s", 1.0), ("ms", 1e-3)):
        if value >= 0.9999 * factor:
            return f"{value / factor:.3g} {unit}"
    return f"{value * 1e6:.3g} µs"


def size(n_bytes: float) -> str:
    """Return ``"368 kB"``."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= 0.9999 * factor:
            return f"{n_bytes / factor:.3g} {unit}"
    return f"{n_bytes / 1e3:.3g} kB"
