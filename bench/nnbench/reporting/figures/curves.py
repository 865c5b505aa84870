"""Learning curves as SVG: the median over seeds with its quartiles, one line for each configuration.

The same records give the same bytes: no dates, no random identifiers, no global state of matplotlib.
Text stays text, so a figure can be searched and is small.
"""

import io
import math
import warnings
from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes as Plot
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from nnbench.records.trials import CaseFacts
from nnbench.reporting import digits
from nnbench.reporting.blocks import (
    CircuitFigure,
    ClaimFigure,
    CurvesFigure,
    DescentAnimation,
    DescentFigure,
    FigureRef,
    FiltersFigure,
    HeatMaps,
    ProfileFigure,
    RanksFigure,
    RooflineFigure,
    SearchFigure,
    SmallMultiples,
    StandingsFigure,
)
from nnbench.reporting.figures import animation, small_multiples
from nnbench.reporting.figures import circuit as circuit_figure
from nnbench.reporting.figures import claim as claim_figure
from nnbench.reporting.figures import contours as contours_figure
from nnbench.reporting.figures import filters as filters_figure
from nnbench.reporting.figures import heat_map as heat_map_figure
from nnbench.reporting.figures import profile as profile_figure
from nnbench.reporting.figures import rank as rank_figure
from nnbench.reporting.figures import roofline as roofline_figure
from nnbench.reporting.figures import search as search_figure
from nnbench.reporting.figures import standings as standings_figure
from nnbench.reporting.figures.lines import LOG_STEPS_FROM_RATIO, Line, Window, as_line, spread, window
from nnbench.reporting.figures.metric_axis import draw_metric_axis, metric_name
from nnbench.reporting.figures.style import (
    DASHES,
    INK,
    LETTER_INCHES,
    ONE_TWO_FIVE,
    PALETTE,
    POINTS,
    SETTINGS,
)

_LONG_LABEL = 36  # letters; a longer one takes a line for each of its choices
_LABEL_POINTS = 11.5  # from one label to the next
# Inches around and of a plot; text is placed by hand, so that it is where it was put in every viewer.
_LEFT, _BOTTOM, _PLOT_WIDE = 0.8, 0.5, 4.5


def svg(figure: FigureRef) -> bytes:
    """Draw a figure and return the file."""
    if isinstance(figure, DescentAnimation):
        return animation.write(figure)
    # Salted with the name, so that two figures on one page do not share identifiers.
    with matplotlib.rc_context(SETTINGS | {"svg.hashsalt": figure.name}), warnings.catch_warnings():
        # Text stays text, and whoever looks at it has the letters; this machine need not.
        warnings.filterwarnings("ignore", "(Glyph|findfont)")
        drawn = draw(figure)
        target = io.BytesIO()
        # Neither a date nor a version: the file changes when the records do, and only then.
        metadata = {"Date": None, "Creator": None, "Title": figure.alternative}
        drawn.savefig(target, format="svg", metadata=metadata)
    return target.getvalue()


def draw(figure: FigureRef) -> Figure:
    """Return the figure, to be rendered by whichever canvas the caller has."""
    match figure:
        case CurvesFigure():
            return _curves(figure)
        case CircuitFigure():
            return circuit_figure.draw(figure)
        case ClaimFigure():
            return claim_figure.draw(figure)
        case SearchFigure():
            return search_figure.draw(figure)
        case FiltersFigure():
            return filters_figure.draw(figure)
        case ProfileFigure():
            return profile_figure.draw(figure)
        case RanksFigure():
            return rank_figure.draw(figure)
        case StandingsFigure():
            return standings_figure.draw(figure)
        case HeatMaps():
            return heat_map_figure.draw(figure)
        case RooflineFigure():
            return roofline_figure.draw(figure)
        case DescentFigure():
            return contours_figure.draw(figure)
        case SmallMultiples():
            return small_multiples.draw(figure)
    raise TypeError(f"nobody draws a {type(figure).__name__}")


def _curves(figure: CurvesFigure) -> Figure:
    panels = [
        (panel.title, [as_line(series, figure.facts) for series in panel.series])
        for panel in figure.still or figure.panels
    ]
    colours = _colours([line.label for _, lines in panels for line in lines])
    if len(panels) == 1:
        return _single(figure.facts, panels[0][1], colours)
    return _multiples(figure.facts, panels, colours)


_Style = tuple[str, Any]


def _colours(labels: Sequence[str]) -> dict[str, _Style]:
    """Give each label one colour and pattern, the same on every panel."""
    return {
        label: (PALETTE[i % len(PALETTE)], DASHES[i // len(PALETTE) % len(DASHES)])
        for i, label in enumerate(dict.fromkeys(labels))
    }


def _single(facts: CaseFacts, lines: list[Line], styles: dict[str, _Style]) -> Figure:
    """Draw one panel with the labels at the ends of the lines, outside of the data."""
    longest = max((len(part) for line in lines for part in _legend(line).split("\n")), default=0)
    needed = sum(map(_label_height, lines)) / POINTS
    height = max(2.6, needed)
    wide, high = _LEFT + _PLOT_WIDE + 0.35 + LETTER_INCHES * longest, _BOTTOM + height + 0.15
    figure = Figure(figsize=(wide, high))
    plot = figure.add_axes((_LEFT / wide, _BOTTOM / high, _PLOT_WIDE / wide, height / high))
    _prepare(plot, facts, window(lines, facts))
    for line in lines:
        _line(plot, line, styles[line.label])
    _label_ends(plot, lines, styles, height_points=height * POINTS)
    _name_axes(figure, facts, window(lines, facts), centre=((_LEFT + _PLOT_WIDE / 2), (_BOTTOM + height / 2)))
    return figure


def _multiples(facts: CaseFacts, panels: list[tuple[str, list[Line]]], styles: dict[str, _Style]) -> Figure:
    """Draw a panel for each choice on the first axis, on the same scales, with one legend above."""
    across = 2 if len(panels) in (2, 4) else 3
    down = math.ceil(len(panels) / across)
    wide = _LEFT + 2.6 * across
    longest = max(map(len, styles))
    legend_columns = max(1, int((wide - _LEFT) / (0.45 + LETTER_INCHES * longest)))
    legend_high = 0.2 * math.ceil(len(styles) / legend_columns) + 0.1
    high = _BOTTOM + 2.0 * down - 0.1 + legend_high
    figure = Figure(figsize=(wide, high))
    view = window([line for _, lines in panels for line in lines], facts)
    for place, (title, lines) in enumerate(panels):
        row, column = divmod(place, across)
        box = (_LEFT + 2.6 * column, _BOTTOM + 2.0 * (down - 1 - row), 2.45, 1.6)
        plot = figure.add_axes((box[0] / wide, box[1] / high, box[2] / wide, box[3] / high))
        _prepare(plot, facts, view)
        plot.tick_params(labelleft=column == 0, labelbottom=place + across >= len(panels))
        plot.set_title(title, loc="left", fontsize=9, color=INK)
        for line in lines:
            _line(plot, line, styles[line.label])
        _note_lost(plot, lines)
    handles = [Line2D([], [], color=colour, linestyle=dashes) for colour, dashes in styles.values()]
    corner = (_LEFT / wide, 1.0 - 0.05 / high)
    figure.legend(
        handles,
        list(styles),
        loc="upper left",
        bbox_to_anchor=corner,
        ncols=legend_columns,
        frameon=False,
        borderaxespad=0,
        borderpad=0,
        handlelength=1.6,
        handletextpad=0.5,
        columnspacing=1.2,
    )
    _name_axes(figure, facts, view, centre=((wide + _LEFT) / 2, (_BOTTOM + high - legend_high) / 2))
    return figure


def _prepare(plot: Plot, facts: CaseFacts, view: Window) -> None:
    """Set scales, ticks and the line of the target."""
    plot.set_xlim(view.first_step, view.last_step)
    if view.last_step >= LOG_STEPS_FROM_RATIO * view.first_step:
        plot.set_xscale("log")
        plot.xaxis.set_major_locator(LogLocator(subs=ONE_TWO_FIVE))
    else:
        plot.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    plot.xaxis.set_minor_locator(NullLocator())
    plot.xaxis.set_major_formatter(FuncFormatter(lambda value, _: digits.count(value)))
    draw_metric_axis(plot, facts, view)


def _line(plot: Plot, line: Line, style: _Style) -> None:
    colour, dashes = style
    low, high = plot.get_ylim()
    # A band whose end is infinite would shade half the plot: the crosses say the same with less ink.
    bounded = np.isfinite(line.low) & np.isfinite(line.high)
    plot.fill_between(
        line.steps,
        line.low.clip(low, high),
        line.high.clip(low, high),
        where=bounded.tolist(),
        color=colour,
        alpha=0.15,
        linewidth=0,
    )
    shown = slice(0, line.n_finite)
    plot.plot(
        line.steps[shown], line.median[shown].clip(low, high), color=colour, linestyle=dashes, linewidth=1.6
    )
    if line.ends:
        steps, values = zip(*line.ends, strict=True)
        plot.plot(steps, np.clip(values, low, high), "x", color=colour, markersize=4.5, markeredgewidth=1.2)


def _legend(line: Line) -> str:
    label = line.label if len(line.label) <= _LONG_LABEL else line.label.replace(" · ", " ·\n")
    return f"{label}\n{line.lost}" if line.lost else label


def _label_height(line: Line) -> float:
    return _LABEL_POINTS * len(_legend(line).split("\n")) + 1


def _label_ends(plot: Plot, lines: list[Line], styles: dict[str, _Style], *, height_points: float) -> None:
    """Write each label beside the end of its line, moved apart where they would overlap."""
    low, high = plot.get_ylim()
    bottom, top = (float(plot.transScale.transform((1, end))[1]) for end in (low, high))
    wanted = []
    for line in lines:
        end = line.median[line.n_finite - 1] if line.n_finite else low
        place = float(plot.transScale.transform((1, min(max(end, low), high)))[1])
        wanted.append((place - bottom) / (top - bottom) * height_points)
    places = spread(wanted, [_label_height(line) for line in lines], height_points)
    for line, start, place in zip(lines, wanted, places, strict=True):
        colour, dashes = styles[line.label]
        plot.annotate(
            _legend(line),
            (1.0, start / height_points),
            xycoords="axes fraction",
            xytext=(1.0 + 16 / (_PLOT_WIDE * POINTS), place / height_points),
            textcoords="axes fraction",
            color=INK,
            va="center",
            linespacing=1.1,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 1.4,
                "linestyle": dashes,
                "shrinkA": 1,
                "shrinkB": 2,
                "relpos": (0, 0.5),
            },
            annotation_clip=False,
        )


def _note_lost(plot: Plot, lines: list[Line]) -> None:
    lost = [f"{line.label}: {line.lost}" for line in lines if line.lost]
    if lost:
        plot.text(
            0.98, 0.03, "\n".join(lost), transform=plot.transAxes, ha="right", fontsize=7.5, color="#555555"
        )


def _name_axes(figure: Figure, facts: CaseFacts, view: Window, *, centre: tuple[float, float]) -> None:
    wide, high = figure.get_size_inches()
    x, y = centre[0] / wide, centre[1] / high
    name = metric_name(facts, view)
    figure.text(x, 0.06 / high, "training steps", ha="center", va="bottom", color=INK)
    figure.text(0.06 / wide, y, name, rotation=90, ha="left", va="center", color=INK, multialignment="center")
