"""A descent as a picture: contours, the paths over them, and where each begins and ends."""

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nnbench.records.descent import Descent
from nnbench.reporting.blocks import DescentFigure
from nnbench.reporting.figures.levels import contour_levels
from nnbench.reporting.figures.style import DASHES, FAINT, GREY, INK, PALETTE

_WIDE, _HIGH, _LEGEND_LINE = 6.4, 4.6, 0.19  # inches
_BANDS = 10  # of colour
_COLOURS = "Greys"
_LIGHTEST, _DARKEST = 0.02, 0.34  # of the colours: paths must stand out from any band
_DOTTED_UP_TO = 200  # steps; more dots than that hide the line
_NAMED = 12  # paths in the legend


def draw(figure: DescentFigure) -> Figure:
    """Draw the picture with its legend below."""
    descent = figure.descent
    named = min(len(descent.paths), _NAMED)
    legend = _LEGEND_LINE * (1 + (named + 1) // 2)
    drawn = Figure(figsize=(_WIDE, _HIGH + legend))
    share = legend / (_HIGH + legend)
    plot = drawn.add_axes((0.1, share + 0.1 * (1 - share), 0.87, 0.87 * (1 - share)))
    _draw_landscape(plot, descent)
    for place in reversed(range(len(descent.paths))):
        _draw_path(plot, descent, place)
    _draw_points(plot, descent)
    handles, labels = plot.get_legend_handles_labels()
    order = np.argsort([int(label.partition("\0")[0]) for label in labels])[:_NAMED]
    drawn.legend(
        [handles[i] for i in order],
        [labels[i].partition("\0")[2] for i in order],
        loc="lower left", bbox_to_anchor=(0.09, 0.0), ncols=2, frameon=False, fontsize=8.5,
    )  # fmt: skip
    return drawn


def _draw_landscape(plot: Axes, descent: Descent) -> None:
    over = descent.landscape
    bands = contour_levels(over, _BANDS)
    colours = _shades(len(bands) + 1)
    plot.contourf(over.x, over.y, over.z, levels=bands, colors=colours, extend="both")
    plot.contour(over.x, over.y, over.z, levels=bands, colors=GREY, linewidths=0.5, alpha=0.7)
    plot.set_xlim(over.x[0], over.x[-1])
    plot.set_ylim(over.y[0], over.y[-1])
    plot.set_xlabel(over.x_label)
    plot.set_ylabel(over.y_label)


def _shades(n: int) -> list[tuple[float, ...]]:
    chosen = matplotlib.colormaps[_COLOURS](np.linspace(_LIGHTEST, _DARKEST, n))
    return [tuple(colour) for colour in chosen]


def _draw_path(plot: Axes, descent: Descent, place: int) -> None:
    path = descent.paths[place]
    colour, dash = PALETTE[place % len(PALETTE)], DASHES[place // len(PALETTE) % len(DASHES)]
    x, y = path.points.T
    # Points far beyond the picture would be written into the file as numbers that no viewer can place.
    reach = 5 * np.array([np.ptp(descent.landscape.x), np.ptp(descent.landscape.y)])
    middle = np.array([descent.landscape.x.mean(), descent.landscape.y.mean()])
    inside = (np.abs(path.points - middle) <= reach).all(axis=1)
    last = len(inside) if inside.all() else int(np.argmin(inside))
    label = f"{place}\0{descent.label(path)}: {path.end.replace('_', ' ')}"
    plot.plot(x[:last], y[:last], color=colour, linestyle=dash, linewidth=1.3, label=label)
    if last <= _DOTTED_UP_TO:
        plot.plot(x[:last], y[:last], ".", color=colour, markersize=3.5)
    if last == len(inside):
        plot.plot(x[-1:], y[-1:], "o", color=colour, markersize=6, markeredgecolor="white")


def _draw_points(plot: Axes, descent: Descent) -> None:
    for points, sign in ((descent.minima, "+"), (descent.others, "x")):
        if len(points):
            plot.plot(*points.T, sign, color=INK, markersize=8, markeredgewidth=1.4)
    plot.plot(*descent.paths[0].points[0], "s", color="white", markeredgecolor=INK, markersize=6, zorder=5)
    plot.tick_params(color=FAINT)
