"""Pictures in letters, for a terminal: intervals on a line, lines on a grid, a circuit as a tree."""

import math
import string
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from nnbench.reporting import digits
from nnbench.reporting.blocks import CircuitFigure, ClaimFigure, DotRow

_HIGH = 11
_MARGIN = 10  # letters beside the grid, for the numbers


def sketch(figure: ClaimFigure | CircuitFigure, width: int) -> list[str]:
    """Return the picture as lines of at most this width; of images nothing."""
    if isinstance(figure, CircuitFigure):
        return _tree(figure)
    wide = max(24, min(width, 80) - 4)
    if figure.dots:
        return [
            line for row in figure.dots for line in (f"  {row.label}: {row.text}", f"  {_dot_row(row, wide)}")
        ]
    return list(_lines(figure, wide)) if figure.lines else []


def _dot_row(row: DotRow, wide: int) -> str:
    """``░`` is the side on which the claim holds, ``│`` its edge, ``─`` the interval, ``●`` the mean."""
    known = [value for value in (row.mean, row.low, row.high, *row.edges) if math.isfinite(value)]
    low, high = min(known), max(known)
    room = 0.12 * (high - low) or 0.5 * abs(high) or 1.0
    low, high = low - room, high + room

    def place(value: float) -> int:
        return round(min(max((value - low) / (high - low), 0.0), 1.0) * (wide - 1))

    edges = [place(edge) for edge in row.edges]
    cells = [" "] * wide
    start = edges[0] if row.side >= 0 else 0
    end = {1: wide, 0: edges[-1], -1: edges[0]}[row.side]
    cells[start:end] = "░" * (end - start)
    for at in range(place(row.low), place(row.high) + 1):
        cells[at] = "─"
    for edge in edges:
        cells[edge] = "│"
    cells[place(row.mean)] = "●"
    return "".join(cells).rstrip()


def _lines(figure: ClaimFigure, wide: int) -> Iterator[str]:
    wide -= _MARGIN
    xs = [x for each in figure.lines for x in each.line.x]
    ys = [y for each in figure.lines for y in each.line.mean if math.isfinite(y)]
    if not ys:
        return
    across, down = _scale(xs, figure.x_is_log), _scale(ys, figure.y_is_log)
    cells = [[" "] * wide for _ in range(_HIGH)]
    for letter, each in zip(string.ascii_lowercase, figure.lines, strict=False):
        for x, y in zip(each.line.x, each.line.mean, strict=True):
            if math.isfinite(y) and _can_show(x, y, figure):
                row = _HIGH - 1 - round(_share(y, down, figure.y_is_log) * (_HIGH - 1))
                column = round(_share(x, across, figure.x_is_log) * (wide - 1))
                cells[row][column] = letter if cells[row][column] in (" ", letter) else "*"
    yield f"  {figure.y_label}"
    for place, row_cells in enumerate(cells):
        number = {0: f"{max(ys):.3g}", _HIGH - 1: f"{min(ys):.3g}"}.get(place, "")
        yield f"  {number:>{_MARGIN - 3}} │{''.join(row_cells)}".rstrip()
    ends = f"{min(xs):g}{max(xs):>{max(1, wide - len(f'{min(xs):g}'))}g}"
    yield f"  {'':>{_MARGIN - 3}} └{'─' * wide}"
    yield f"  {'':>{_MARGIN - 2}}{ends}"
    legend = "   ".join(
        f"{letter} {each.label}" for letter, each in zip(string.ascii_lowercase, figure.lines, strict=False)
    )
    yield (
        f"  {figure.x_label}:  {legend}   * {'several'}"
        if _overlap(cells)
        else f"  {figure.x_label}:  {legend}"
    )


def _overlap(cells: Sequence[Sequence[str]]) -> bool:
    return any("*" in row for row in cells)


def _can_show(x: float, y: float, figure: ClaimFigure) -> bool:
    return (x > 0 or not figure.x_is_log) and (y > 0 or not figure.y_is_log)


def _scale(values: Sequence[float], is_log: bool) -> tuple[float, float]:
    shown = [value for value in values if value > 0] if is_log else list(values)
    return (min(shown), max(shown)) if shown else (1.0, 1.0)


def _share(value: float, ends: tuple[float, float], is_log: bool) -> float:
    low, high = map(math.log, ends) if is_log else ends
    value = math.log(value) if is_log else value
    return 0.5 if low == high else (value - low) / (high - low)


def _tree(figure: CircuitFigure) -> list[str]:
    """Return the nodes, what each reads below it; one that was there before is not opened again."""
    nodes = figure.circuit.nodes
    rows: list[tuple[str, str, str]] = []
    seen: set[int] = set()

    def grow(place: int, own: str, below: str) -> None:
        node = nodes[place]
        label = node.label + (" …" if place in seen and node.reads else "")
        rows.append((own + label, digits.number(node.value), digits.number(node.gradient)))
        if place not in seen:
            seen.add(place)
            for which, source in enumerate(node.reads, 1):
                is_last = which == len(node.reads)
                grow(source, below + ("└ " if is_last else "├ "), below + ("  " if is_last else "│ "))

    grow(len(nodes) - 1, "", "")
    heads = ("", *figure.tree_heads)
    first, *others = (max(map(cell_len, column)) for column in zip(heads, *rows, strict=True))
    return [
        "  "
        + row[0]
        + " " * (first - cell_len(row[0]))
        + "".join(
            " " * (wide + 3 - cell_len(text)) + text for text, wide in zip(row[1:], others, strict=True)
        )
        for row in (heads, *rows)
    ]
