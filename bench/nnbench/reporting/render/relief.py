"""A descent in letters: contours of dots, and a letter for each path, legible without colour."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nnbench.records.descent import Descent, Landscape, Values
from nnbench.reporting.digits import number
from nnbench.reporting.figures.levels import contour_levels

_ROWS = 22
_WIDEST = 78
_N_LEVELS = 6  # more lines than in a picture of many dots could not be told apart
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
# The dots of a braille sign, by row and column, in Unicode's order.
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
_MINIMUM, _SADDLE, _START = "+", "#", "@"


def relief(descent: Descent, width: int) -> list[str]:
    """Return the lines of the picture, none longer than ``width``."""
    across = max(20, min(width, _WIDEST) - 2)
    page = _contours(descent.landscape, across)
    for place in reversed(range(len(descent.paths))):
        letter = _LETTERS[place % len(_LETTERS)]
        points = descent.paths[place].points
        for column, row in _trace(descent.landscape, points, across):
            page[row, column] = letter
    for points, sign in ((descent.others, _SADDLE), (descent.minima, _MINIMUM)):
        for column, row in _cells(descent.landscape, points, across):
            page[row, column] = sign
    for place, path in enumerate(descent.paths):
        for column, row in _cells(descent.landscape, path.points[-1:], across):
            page[row, column] = _LETTERS[place % len(_LETTERS)].upper()
    for column, row in _cells(descent.landscape, descent.paths[0].points[:1], across):
        page[row, column] = _START
    frame = "─" * across
    inside = [f"│{''.join(line)}│" for line in page]
    return [f"┌{frame}┐", *inside, f"└{frame}┘", *_legend(descent, across + 2)]


def _legend(descent: Descent, width: int) -> Iterator[str]:
    over = descent.landscape
    ranges = [
        f"{label} {number(float(axis[0]))} … {number(float(axis[-1]))}"
        for label, axis in ((over.x_label, over.x), (over.y_label, over.y))
    ]
    signs = [f"{_START} start"]
    signs += [f"{_MINIMUM} minimum"] if len(descent.minima) else []
    signs += [f"{_SADDLE} other stationary point"] if len(descent.others) else []
    yield from _filled([*ranges, *signs], width)
    paths = [
        f"{_LETTERS[place % len(_LETTERS)]} {descent.label(path)}" for place, path in enumerate(descent.paths)
    ]
    yield from _filled([*paths, "the end of a path is a capital"], width)


def _filled(words: list[str], width: int) -> Iterator[str]:
    line = ""
    for word in words:
        if line and len(line) + 3 + len(word) > width:
            yield line
            line = ""
        line = f"{line} · {word}" if line else word
    yield line


def _contours(landscape: Landscape, across: int) -> NDArray[np.str_]:
    """Return the page (rows, columns) with a dot wherever a contour passes between two dots."""
    columns = np.linspace(0, len(landscape.x) - 1, 2 * across)
    rows = np.linspace(len(landscape.y) - 1, 0, 4 * _ROWS)  # the top first
    bands = np.digitize(_between(landscape.z, rows, columns), contour_levels(landscape, _N_LEVELS))
    edge = np.zeros(bands.shape, dtype=bool)
    edge[:, :-1] |= bands[:, :-1] != bands[:, 1:]
    edge[:-1] |= bands[:-1] != bands[1:]
    cells = edge.reshape(_ROWS, 4, across, 2).transpose(0, 2, 1, 3)
    signs = (cells * _DOTS).sum(axis=(2, 3))
    return np.array([[chr(0x2800 + int(sign)) if sign else " " for sign in row] for row in signs])


def _between(z: Values, rows: Values, columns: Values) -> Values:
    """Return values between those of a grid, by straight lines first along rows, then along columns."""
    along = np.array([np.interp(columns, np.arange(z.shape[1]), row) for row in z])
    return np.array([np.interp(rows, np.arange(z.shape[0]), column) for column in along.T]).T


def _cells(landscape: Landscape, points: Values, across: int) -> Iterator[tuple[int, int]]:
    """Yield the column and row of every point that lies on the page."""
    (left, right), (bottom, top) = landscape.x[[0, -1]], landscape.y[[0, -1]]
    for x, y in points:
        if left <= x <= right and bottom <= y <= top:
            column = int((x - left) / (right - left) * across)
            row = int((top - y) / (top - bottom) * _ROWS)
            yield min(column, across - 1), min(row, _ROWS - 1)


def _trace(landscape: Landscape, points: Values, across: int) -> Iterator[tuple[int, int]]:
    """Yield the cells along a path, also between its points; a leap beyond the page ends at its edge."""
    wide, high = np.ptp(landscape.x), np.ptp(landscape.y)
    for a, b in pairwise(points):
        cells = max(abs(b[0] - a[0]) / wide * across, abs(b[1] - a[1]) / high * _ROWS)
        n = int(min(2 * cells + 2, 4 * across))
        # Beyond the page nothing is drawn, so the part near it is followed closely enough.
        length = min(1.0, 4 * across / max(cells, 1e-9))
        yield from _cells(landscape, a + np.linspace(0, length, n)[:, None] * (b - a), across)
