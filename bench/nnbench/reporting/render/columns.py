"""Which columns of a table fit a width, how wide each becomes, and where long names may break."""

import re
from dataclasses import dataclass

from rich.cells import cell_len  # a letter of some scripts takes two places

from nnbench.reporting.blocks import BREAKS, Cell, Column, Table
from nnbench.reporting.digits import MISSING

GAPS = (2, 1)  # between columns; the second where the first leaves no room for what must stay
# A column of prose narrower than this is a tower of words; it is dropped before it gets there.
_COMFORTABLE = 24
_FEW = 4


Columns = tuple[Column, ...]
Texts = list[list[str]]  # by column, then by row


@dataclass(frozen=True, slots=True)
class Fitted:
    """A table cut to a width: the columns that stay, their widths, and the headers that had to go."""

    columns: Columns
    headers: tuple[str, ...]  # broken into lines, all of the same number
    widths: tuple[int, ...]
    gap: int
    rows: tuple[tuple[Cell, ...], ...]
    below: tuple[str, ...]  # what must be said of each row and has no column
    left_out: tuple[str, ...]

    @property
    def width(self) -> int:
        return _total(list(self.widths), self.gap)


def fit(table: Table, width: int) -> Fitted:
    """Drop the columns of the highest rank until the rest fits, then let the wrapping ones give way.

    Where even those that must stay are too wide, intervals move under their values. What is still too wide
    then is left to the terminal: a table that runs over the edge is poor, one that loses letters is wrong.
    """
    texts = [_aligned(column, [row[i].text for row in table.rows]) for i, column in enumerate(table.columns)]
    kept = _kept(table.columns, texts, width)
    if _total(_least_of(table, texts, kept), GAPS[-1]) > width:
        texts = [[text.replace(" [", "\n[") for text in column] for column in texts]
    if _total(_least_of(table, texts, kept), GAPS[-1]) > width:
        kept = [i for i in kept if not table.columns[i].below]
    columns = tuple(table.columns[i] for i in kept)
    texts = [texts[i] for i in kept]
    gap, comfort = _spacing(columns, texts, width)
    widths = _share(columns, _natural(columns, texts), _least(columns, texts, comfort), width, gap)
    texts = [
        [wrapped(text, room, column.breaks) for text in column_texts] if column.wraps else column_texts
        for column, column_texts, room in zip(columns, texts, widths, strict=True)
    ]
    rows = tuple(
        tuple(Cell(texts[k][r], row[i].tone) for k, i in enumerate(kept)) for r, row in enumerate(table.rows)
    )
    lost = [i for i in range(len(table.columns)) if i not in kept]
    left_out = [table.columns[i].header.split(",")[0] for i in lost if not table.columns[i].below]
    return Fitted(
        columns,
        tuple(_headers(columns, widths)),
        tuple(widths),
        gap,
        rows,
        tuple(_below(table, row, lost) for row in table.rows),
        tuple(dict.fromkeys(left_out)),
    )


def _below(table: Table, row: tuple[Cell, ...], lost: list[int]) -> str:
    said = [table.columns[i].below.format(row[i].text) for i in lost if row[i].text not in ("", MISSING)]
    return "; ".join(filter(None, said))


def _headers(columns: Columns, widths: list[int]) -> list[str]:
    """Break the headers, and fill them from above so that all end on the line over the first row."""
    broken = [_in_two_lines(column.header, width) for column, width in zip(columns, widths, strict=True)]
    most = max(header.count("\n") for header in broken)
    return ["\n" * (most - header.count("\n")) + header for header in broken]


def _kept(columns: Columns, texts: Texts, width: int) -> list[int]:
    least = _least(columns, texts, _COMFORTABLE)
    kept = list(range(len(columns)))
    while _total([least[i] for i in kept], GAPS[0]) > width:
        last = max(kept, key=lambda i: (columns[i].rank, i))
        if columns[last].rank == 0:
            break
        kept.remove(last)
    return kept


def _spacing(columns: Columns, texts: Texts, width: int) -> tuple[int, int]:
    """Return the gap and the comfort of the wrapping columns: the most generous that fit."""
    for comfort in (_COMFORTABLE, 0):
        for gap in GAPS:
            if _total(_least(columns, texts, comfort), gap) <= width:
                return gap, comfort
    return GAPS[-1], 0


def _total(widths: list[int], gap: int) -> int:
    return sum(widths) + gap * (len(widths) - 1)


def _natural(columns: Columns, texts: Texts) -> list[int]:
    return [
        max(cell_len(column.header), *map(_widest_line, column_texts), 0)
        for column, column_texts in zip(columns, texts, strict=True)
    ]


def _least_of(table: Table, texts: Texts, kept: list[int]) -> list[int]:
    """Return the widths below which these columns cannot go."""
    return _least(tuple(table.columns[i] for i in kept), [texts[i] for i in kept], 0)


def _least(columns: Columns, texts: Texts, comfort: int) -> list[int]:
    return [
        _least_width(column, column_texts, comfort)
        for column, column_texts in zip(columns, texts, strict=True)
    ]


def _least_width(column: Column, texts: list[str], comfort: int) -> int:
    header = _width_in_two_lines(column.header)
    longest = max(map(_widest_line, texts), default=0)
    if not column.wraps:
        return max(header, longest)
    pieces = [cell_len(piece.rstrip()) for text in texts for piece in _pieces(text, column.breaks)]
    return max(header, *pieces, min(longest, comfort))


def _widest_line(text: str) -> int:
    return max(map(cell_len, text.split("\n")))


def _width_in_two_lines(header: str) -> int:
    return min(max(map(len, halves)) for halves in _halves(header))


def _in_two_lines(header: str, width: int) -> str:
    if cell_len(header) <= width:
        return header
    fitting = [halves for halves in _halves(header) if max(map(len, halves)) <= width]
    return "\n".join(fitting[-1]) if fitting else header


def _halves(header: str) -> list[tuple[str, str]]:
    words = header.split(" ")
    return [(" ".join(words[:k]), " ".join(words[k:])) for k in range(1, len(words) + 1)]


def _share(columns: Columns, natural: list[int], least: list[int], width: int, gap: int) -> list[int]:
    """Give every column its natural width if there is room for all, else share the rest by need.

    What lacks only a few cells gets them. The others go, one by one, to the wrapping column that is furthest
    from its natural width: rows stay low.
    """
    if _total(natural, gap) <= width:
        return natural
    # Headers wrap first: they are read once, the rows many times.
    widths = list(least)
    for i, column in enumerate(columns):
        lacks = natural[i] - widths[i]
        if column.wraps and lacks <= min(_FEW, width - _total(widths, gap)):
            widths[i] = natural[i]
    open_ = [i for i, column in enumerate(columns) if column.wraps and widths[i] < natural[i]]
    for _ in range(width - _total(widths, gap)):
        if not open_:
            break
        neediest = max(open_, key=lambda i: natural[i] / widths[i])
        widths[neediest] += 1
        if widths[neediest] == natural[neediest]:
            open_.remove(neediest)
    return widths


def _aligned(column: Column, texts: list[str]) -> list[str]:
    """Put the decimal points of a column's first numbers under one another."""
    if column.align != "decimal":
        return texts
    starts = [_before_point(text) for text in texts]
    most = max((start for start in starts if start is not None), default=0)
    return [
        text if start is None else " " * (most - start) + text
        for text, start in zip(texts, starts, strict=True)
    ]


def _before_point(text: str) -> int | None:
    found = re.match(r"[-+−<>]?[\d,]+", text)
    return found.end() if found else None


def wrapped(text: str, width: int, breaks: str = BREAKS) -> str:
    """Break a long name or sentence behind one of these letters."""
    lines = [""]
    for piece in _pieces(text, breaks):
        if lines[-1] and cell_len(lines[-1]) + cell_len(piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)


def _pieces(text: str, breaks: str) -> list[str]:
    return re.findall(f"[^{breaks}]*[{breaks}]+|[^{breaks}]+", text)
