"""Filters as small pictures, a column for each, and below them the maps that they make of samples.

Lengths are in inches, from the upper left corner of the figure: one pair of axes covers all of it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from nnbench.records.trials import Pictures
from nnbench.reporting import digits
from nnbench.reporting.blocks import FiltersFigure
from nnbench.reporting.figures.style import FAINT, GREY, INK, PALETTE
from nnbench.reporting.views.filters import are_signed, between, has_colours, is_sequence, span

_MOST_ACROSS = 16
_NAMES, _TOP, _BOTTOM = 0.78, 0.22, 0.42
_LARGEST, _ROOM = 0.72, 8.6  # of one tile; of all the tiles in a row
_GAP, _BETWEEN = 0.07, 0.16  # between tiles; between filters and maps, and between blocks of rows
_BAR_WIDE, _BAR_HIGH = 1.1, 0.09
_LEAST_PIXELS = 48  # of a tile: a viewer that smooths small pictures then blurs their edges alone
_SMALL, _SMALL_LETTER = 7.5, 0.075  # points; inches that a letter of that size takes
_SIGNED, _GREYS = "RdBu_r", "gray"
_BLUE = PALETTE[0]

_Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Where things lie. Filters that do not fit side by side go on in another block of rows."""

    plot: Axes
    figure: FiltersFigure
    across: int
    tile: float

    @property
    def pictures(self) -> Pictures:
        return self.figure.pictures

    def column(self, place: int) -> float:
        """Return the left edge of a filter's column; the samples stand in a column of their own before."""
        return _NAMES + self.tile + _BETWEEN + place * (self.tile + _GAP)

    def blocks(self) -> Iterator[tuple[float, range]]:
        """Yield the upper edge of each block of rows, and which filters it has."""
        n = self.pictures.learned.shape[-1]
        for place, start in enumerate(range(0, n, self.across)):
            yield _TOP + place * self.block_high, range(start, min(start + self.across, n))

    @property
    def block_high(self) -> float:
        return self.n_rows * (self.tile + _GAP) + 2 * _BETWEEN + _TOP

    @property
    def n_rows(self) -> int:
        return self.n_filter_rows + len(self.pictures.samples)

    @property
    def n_filter_rows(self) -> int:
        return 1 if is_sequence(self.pictures) else 2


def draw(figure: FiltersFigure) -> Figure:
    """Draw the filters as drawn and as learned, and each sample beside its maps."""
    n = figure.pictures.learned.shape[-1]
    down = math.ceil(n / _MOST_ACROSS)
    across = math.ceil(n / down)
    tile = min(_LARGEST, _ROOM / (across + 1) - _GAP)
    drawn = Figure()
    # Otherwise all tiles would become one large picture, as coarse as the page's pixels.
    drawn.suppressComposite = True
    plot = drawn.add_axes((0, 0, 1, 1))
    plot.set_axis_off()
    sheet = _Sheet(plot, figure, across, tile)
    for top, shown in sheet.blocks():
        _block(sheet, top, shown)
    wide, high = sheet.column(across), _TOP + down * sheet.block_high - _TOP + _BOTTOM
    _scales(sheet, high - _BOTTOM + 0.12)
    drawn.set_size_inches(max(wide, _NAMES + 2 * (_BAR_WIDE + 1.9)), high)
    plot.set(xlim=(0, drawn.get_figwidth()), ylim=(high, 0), aspect="auto", autoscale_on=False)
    return drawn


def _block(sheet: _Sheet, top: float, shown: range) -> None:
    pictures, step = sheet.pictures, sheet.tile + _GAP
    for place, index in enumerate(shown):
        centre = sheet.column(place) + sheet.tile / 2
        _write(sheet, str(index), centre, top - 0.03, ha="center", va="bottom", color=GREY)
        _filter(sheet, sheet.column(place), top, index)
    names = ("filters",) if is_sequence(pictures) else ("as drawn", "learned")
    for row, name in enumerate(names):
        _write(sheet, name, 0.04, top + row * step + sheet.tile / 2, va="center")
    top += sheet.n_filter_rows * step + _BETWEEN
    for row, sample in enumerate(pictures.samples):
        upper = top + row * step
        label = f"\nlabel {pictures.labels[row]}" if pictures.labels else ""
        _write(sheet, f"sample {sample}{label}", 0.04, upper + sheet.tile / 2, va="center")
        _sample(sheet, _NAMES, upper, pictures.inputs[row])
        for place, index in enumerate(shown):
            _map(sheet, sheet.column(place), upper, pictures.maps[row, ..., index])


def _filter(sheet: _Sheet, left: float, top: float, index: int) -> None:
    drawn, learned = (kernel[..., index] for kernel in (sheet.pictures.drawn, sheet.pictures.learned))
    limit = sheet.figure.weight_limit
    if is_sequence(sheet.pictures):
        _frame(sheet, left, top, zero=0.5)
        _line(sheet, left, top, drawn[:, 0], (-limit, limit), GREY)
        _line(sheet, left, top, learned[:, 0], (-limit, limit), _BLUE)
        return
    for row, kernel in enumerate((drawn, learned)):
        image = _coloured(sheet, kernel, limit)
        _image(sheet, left, top + row * (sheet.tile + _GAP), image)


def _coloured(sheet: _Sheet, kernel: _Values, limit: float) -> NDArray[Any]:
    if has_colours(sheet.pictures, kernel.shape[-1]):
        return _stretched(kernel)
    return _signed(kernel[..., 0], limit)


def _sample(sheet: _Sheet, left: float, top: float, values: _Values) -> None:
    if is_sequence(sheet.pictures):
        inputs = sheet.pictures.inputs[..., 0]
        span = float(inputs.min()), float(inputs.max())
        _frame(sheet, left, top)
        _line(sheet, left, top, values[:, 0], span, INK)
    elif has_colours(sheet.pictures, values.shape[-1]):
        _image(sheet, left, top, _stretched(values))
    else:
        _image(sheet, left, top, matplotlib.colormaps[_GREYS](_stretched(values[..., 0])))


def _map(sheet: _Sheet, left: float, top: float, values: _Values) -> None:
    limit = sheet.figure.map_limit
    if is_sequence(sheet.pictures):
        low = -limit if are_signed(sheet.pictures.maps) else 0.0
        _frame(sheet, left, top, zero=-low / ((limit - low) or 1.0))
        _line(sheet, left, top, values, (low, limit), _BLUE)
    else:
        _image(sheet, left, top, _signed(values, limit))


def _signed(values: _Values, limit: float) -> NDArray[Any]:
    return np.asarray(matplotlib.colormaps[_SIGNED](0.5 + values / (2 * limit or 1.0)))


def _stretched(values: _Values) -> _Values:
    """Return the values from 0, the least of them, to 1."""
    low, high = float(values.min()), float(values.max())
    return np.asarray((values - low) / ((high - low) or 1.0), dtype=np.float32)


def _image(sheet: _Sheet, left: float, top: float, colours: NDArray[Any]) -> None:
    """Put a picture into the middle of a tile, with square pixels and a thin frame."""
    rows, columns = colours.shape[:2]
    pixel = sheet.tile / max(rows, columns)
    wide, high = columns * pixel, rows * pixel
    left, top = left + (sheet.tile - wide) / 2, top + (sheet.tile - high) / 2
    times = math.ceil(_LEAST_PIXELS / max(rows, columns))
    enlarged = colours.repeat(times, axis=0).repeat(times, axis=1)
    sheet.plot.imshow(enlarged, extent=(left, left + wide, top + high, top), interpolation="none")
    sheet.plot.add_patch(Rectangle((left, top), wide, high, fill=False, edgecolor=GREY, linewidth=0.4))


def _frame(sheet: _Sheet, left: float, top: float, *, zero: float | None = None) -> None:
    """Draw the box of a small plot, with a line at this share of its height."""
    box = Rectangle((left, top), sheet.tile, sheet.tile, fill=False, edgecolor=GREY, linewidth=0.4)
    sheet.plot.add_patch(box)
    if zero:
        level = top + (1 - zero) * sheet.tile
        sheet.plot.plot([left, left + sheet.tile], [level, level], color=FAINT, linewidth=0.7)


def _line(
    sheet: _Sheet, left: float, top: float, values: _Values, span: tuple[float, float], colour: str
) -> None:
    low, high = span
    margin = 0.04 * sheet.tile
    inner = sheet.tile - 2 * margin
    x = left + margin + inner * np.linspace(0, 1, len(values))
    y = top + margin + inner * (1 - (values - low) / ((high - low) or 1.0))
    marker = "." if len(values) < 10 else ""
    sheet.plot.plot(x, y, color=colour, linewidth=1.0, marker=marker, markersize=2.5)


def _scales(sheet: _Sheet, top: float) -> None:
    """Write what the colours of filters and of maps stand for."""
    pictures, left = sheet.pictures, _NAMES
    signed = are_signed(pictures.maps)
    if is_sequence(pictures):
        words = f"filters {span(sheet.figure.weight_limit)}"
        if pictures.samples:
            maps = span(sheet.figure.map_limit, signed=signed)
            words += f", samples {between(pictures.inputs)}, maps {maps}"
        _write(sheet, words, left, top, va="top", color=GREY)
        return
    if not has_colours(pictures, pictures.learned.shape[-2]):
        left = _bar(sheet, "weight", left, top, sheet.figure.weight_limit, signed=True)
    if pictures.samples:
        _bar(sheet, "map", left, top, sheet.figure.map_limit, signed=signed)


def _bar(sheet: _Sheet, name: str, left: float, top: float, limit: float, *, signed: bool) -> float:
    """Draw a bar of colours with its ends, and return where the next one may begin."""
    high = digits.number(limit)
    words = f"{name} {digits.MINUS if signed else ''}{high if signed else 0}"
    start = left + _SMALL_LETTER * len(words)
    level = top + _BAR_HIGH / 2
    _write(sheet, words, start - 0.06, level, ha="right", va="center", color=GREY)
    colours = matplotlib.colormaps[_SIGNED](np.linspace(0.0 if signed else 0.5, 1.0, 128))[None]
    box = (start, start + _BAR_WIDE, top + _BAR_HIGH, top)
    sheet.plot.imshow(colours, extent=box, interpolation="none")
    _write(sheet, high, box[1] + 0.06, level, va="center", color=GREY)
    return box[1] + _SMALL_LETTER * len(high) + 0.4


def _write(sheet: _Sheet, text: str, x: float, y: float, **look: Any) -> None:
    sheet.plot.text(x, y, text, **{"fontsize": _SMALL, "color": INK, "linespacing": 1.15, **look})
