"""Heat maps: the value in every cell, its interval below, and a colour that repeats it."""

import math

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from nnbench.reporting.blocks import HeatCell, HeatMap, HeatMaps
from nnbench.reporting.figures.style import GREY, INK, LETTER_INCHES

_ACROSS, _DOWN = 0.98, 0.46  # of a cell, in inches: an interval fits in
_LINE = 0.135  # from one line in a cell to the next
_TITLE, _HEADER, _GAP, _MARGIN = 0.28, 0.24, 0.3, 0.08
_WIDEST = 10.0  # of a row of maps
_COLOURS = "cividis"  # for all kinds of sight: Nunez, Anderton and Renslow (2018), PLOS ONE 13(7)
_LOG_FROM_RATIO = 10.0
_DARK = 0.5  # below this luminance letters are white


def draw(figure: HeatMaps) -> Figure:
    """Draw the maps side by side, in as many rows as it takes, all with the same colours."""
    places, wide, high = _laid_out(figure.maps)
    drawn = Figure(figsize=(wide, high))
    plot = drawn.add_axes((0, 0, 1, 1))
    plot.set_xlim(0, wide)
    plot.set_ylim(high, 0)  # inches from the top
    plot.axis("off")
    colour = _Colours(figure)
    for each, (left, top) in zip(figure.maps, places, strict=True):
        _draw_map(plot, each, left, top, colour)
    return drawn


def is_log(figure: HeatMaps) -> bool:
    """Say whether the colours follow the logarithm of a value.

    Losses may lie decades apart; on a linear scale all the good ones would look alike.
    """
    values = [cell.value for each in figure.maps for row in each.cells for cell in row]
    known = [value for value in values if math.isfinite(value)]
    return not figure.more_is_better and 0.0 < min(known) * _LOG_FROM_RATIO < max(known)


def stops(n: int, low: float = 0.0, high: float = 1.0) -> list[str]:
    """Return so many colours from the worst to the best, or of a part of the ramp between them."""
    ramp = matplotlib.colormaps[_COLOURS]
    return [matplotlib.colors.to_hex(ramp(place)) for place in np.linspace(low, high, n)]


class _Colours:
    """From a value to the colour of its cell and of the letters on it; brighter is better."""

    def __init__(self, figure: HeatMaps) -> None:
        values = np.array([cell.value for each in figure.maps for row in each.cells for cell in row])
        values = values[np.isfinite(values)]
        self._is_log = is_log(figure)
        ends = np.log(values) if self._is_log else values
        self._scale = Normalize(float(ends.min()), float(ends.max()))
        self._more_is_better = figure.more_is_better

    def of(self, value: float) -> tuple[str, str]:
        if not math.isfinite(value):
            return "white", INK
        place = 0.5
        if self._scale.vmax != self._scale.vmin:
            place = float(self._scale(math.log(value) if self._is_log else value))
        red, green, blue, _ = matplotlib.colormaps[_COLOURS](place if self._more_is_better else 1.0 - place)
        luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        return matplotlib.colors.to_hex((red, green, blue)), "white" if luminance < _DARK else "black"


def _laid_out(maps: tuple[HeatMap, ...]) -> tuple[list[tuple[float, float]], float, float]:
    """Return the left upper corner of every map, and the size of them all."""
    places = []
    left, top, row_high, wide = _MARGIN, _MARGIN, 0.0, 0.0
    for each in maps:
        map_wide, map_high = _size(each)
        if left > _MARGIN and left + map_wide > _WIDEST:
            left, top, row_high = _MARGIN, top + row_high + _GAP, 0.0
        places.append((left, top))
        wide, row_high = max(wide, left + map_wide), max(row_high, map_high)
        left += map_wide + _GAP
    return places, wide + _MARGIN, top + row_high + _MARGIN


def _names_wide(each: HeatMap) -> float:
    return LETTER_INCHES * max(map(len, each.rows)) + 0.1


def _cell_wide(each: HeatMap) -> float:
    """A column is as wide as its cells need, or the name above them."""
    return max(_ACROSS, LETTER_INCHES * max(map(len, each.columns)) + 0.1)


def _cell_high(each: HeatMap) -> float:
    most = max(len(cell.lines) for row in each.cells for cell in row)
    return _DOWN + _LINE * max(0, most - 2)


def _size(each: HeatMap) -> tuple[float, float]:
    # The title may be wider than the map.
    title = LETTER_INCHES * len(each.title)
    return (
        max(title, _names_wide(each) + _cell_wide(each) * len(each.columns)),
        _TITLE + _HEADER + _cell_high(each) * len(each.rows),
    )


def _draw_map(plot: Axes, each: HeatMap, left: float, top: float, colours: _Colours) -> None:
    plot.text(left, top + 0.14, each.title, ha="left", va="center", color=INK, fontsize=9.5)
    start, first = left + _names_wide(each), top + _TITLE + _HEADER
    across, down = _cell_wide(each), _cell_high(each)
    for i, name in enumerate(each.columns):
        plot.text(start + across * (i + 0.5), first - 0.1, name, ha="center", va="center", color=INK)
    for j, (name, row) in enumerate(zip(each.rows, each.cells, strict=True)):
        plot.text(start - 0.07, first + down * (j + 0.5), name, ha="right", va="center", color=INK)
        for i, cell in enumerate(row):
            _draw_cell(plot, cell, (start + across * i, first + down * j, across, down), colours)


def _draw_cell(plot: Axes, cell: HeatCell, box: tuple[float, float, float, float], colours: _Colours) -> None:
    left, top, wide, high = box
    fill, ink = colours.of(cell.value)
    is_missing = not math.isfinite(cell.value)
    plot.add_patch(
        Rectangle(
            (left + 0.01, top + 0.01), wide - 0.02, high - 0.02, facecolor=fill,
            edgecolor=GREY if is_missing else fill, linewidth=0.7,
            linestyle=(0, (3, 2)) if is_missing else "-",
        )
    )  # fmt: skip
    middle = top + high / 2 - _LINE * (len(cell.lines) - 1) / 2
    for i, line in enumerate(cell.lines):
        size = 9.0 if i == 0 else 7.0
        plot.text(
            left + wide / 2, middle + _LINE * i, line, ha="center", va="center", color=ink, fontsize=size
        )
