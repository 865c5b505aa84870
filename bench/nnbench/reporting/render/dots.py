"""Dots and intervals in letters: a line for each configuration, on one axis, as a page has them."""

import math
from collections.abc import Iterator

from rich.cells import cell_len

from nnbench.machine.writing import printable
from nnbench.reporting import digits
from nnbench.reporting.blocks import Standing, StandingsFigure
from nnbench.reporting.plots.standings import reach
from nnbench.reporting.render.columns import wrapped
from nnbench.reporting.texts import words

_FULL, _HOLLOW, _LINE, _ZERO, _CROSSED, _BAND = "●○─│┼░"
_BEYOND = ("◀", "▶")  # the interval, or the dot itself, goes on beyond the axis
_LEAST = 36  # cells of the axis; longer labels have a line of their own
_MOST = 100  # more would only lead the eye further away from the label


def dots(figure: StandingsFigure, width: int) -> Iterator[tuple[str, bool]]:
    """Yield lines of at most this width, and of each whether it is that of a filled dot.

    The first is the scale: the ends of the axis and the zero of the reference. A label that leaves the axis
    too little room stands above its dots.
    """
    labels = [printable(row.label) for row in figure.rows]
    scale = digits.scale_of(figure.facts)
    name = words.unit_after("difference", scale.difference_unit)
    longest = max(map(cell_len, (name, *labels)))
    is_beside = longest + 2 + _LEAST <= width
    left = longest + 2 if is_beside else 2
    axis = _Axis(*reach(figure), wide=min(_MOST, max(width - left, 2)), factor=scale.factor)
    if not is_beside:
        yield name, False
    yield (_padded(name, left) if is_beside else " " * left) + axis.scale(), False
    for label, row in zip(labels, figure.rows, strict=True):
        if not is_beside:
            yield from ((line, row.may_be_best) for line in wrapped(label, width).split("\n"))
        line = (_padded(label, left) if is_beside else " " * left) + axis.row(row, figure.facts.noticeable)
        yield line.rstrip(), row.may_be_best


def legend(figure: StandingsFigure) -> str:
    """Return what the letters mean, of those that occur."""
    filled, hollow = figure.meaning
    said = [f"{_FULL} {filled}", f"{_LINE} interval"]
    if not all(row.may_be_best for row in figure.rows):
        said.insert(1, f"{_HOLLOW} {hollow}")
    if figure.facts.noticeable:
        said.append(f"{_BAND} within {words.noticeable(figure.facts)}")
    if figure.n_left_out:
        n = len(figure.rows)
        said.append(f"the first {n} of {n + figure.n_left_out}, the table has all")
    low, high = reach(figure)
    ends = [end for row in figure.rows for end in (*row.interval, row.difference)]
    if any(end < low or end > high for end in ends):
        said.append("".join(_BEYOND) + " further out")
    return "; ".join(said) + "."


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


class _Axis:
    """Numbers become places on a line."""

    def __init__(self, low: float, high: float, *, wide: int, factor: float) -> None:
        self.low, self.high, self.wide, self.factor = low, high, wide, factor

    def place(self, value: float) -> int:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(share * (self.wide - 1))

    def scale(self) -> str:
        """Return the numbers at both ends, and the zero where there is room for it."""
        low, high = (self.written(end) for end in (self.low, self.high))
        cells = low + " " * (self.wide - len(low) - len(high)) + high
        zero = self.place(0.0)
        has_room = len(low) + 1 < zero < self.wide - len(high) - 2
        return cells[:zero] + "0" + cells[zero + 1 :] if has_room else cells

    def written(self, value: float, n_digits: int = 2) -> str:
        rounded = float(f"{value * self.factor:.{n_digits}g}")
        return f"{rounded:+.6g}".replace("-", digits.MINUS)

    def row(self, row: Standing, noticeable: float) -> str:
        """Return the band around zero, over it the interval, over that the dot; in a crossing is zero."""
        cells = [" "] * self.wide
        if noticeable:
            low, high = self.place(-noticeable), self.place(noticeable)
            cells[low : high + 1] = _BAND * (high + 1 - low)
        cells[self.place(0.0)] = _ZERO
        if not any(map(math.isnan, row.interval)):
            low, high = (self.place(end) for end in row.interval)
            cells[low : high + 1] = _LINE * (high + 1 - low)
            if low <= self.place(0.0) <= high:
                cells[self.place(0.0)] = _CROSSED
        if row.interval[0] < self.low:
            cells[0] = _BEYOND[0]
        if row.interval[1] > self.high:
            cells[-1] = _BEYOND[1]
        if self.low <= row.difference <= self.high:
            cells[self.place(row.difference)] = _FULL if row.may_be_best else _HOLLOW
            return "".join(cells)
        return self._far(cells, row.difference)

    def _far(self, cells: list[str], difference: float) -> str:
        """Return the line of a dot beyond the axis: an arrow, and where it would be."""
        text = self.written(difference, 3)
        line = "".join(cells)
        if difference < self.low:
            return f"{_BEYOND[0]} {text} {line[len(text) + 3 :]}"
        return f"{line[: -len(text) - 3]} {text} {_BEYOND[1]}"
