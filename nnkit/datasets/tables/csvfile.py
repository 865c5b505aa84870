"""CSV and its relatives: any encoding, delimiter and kind of numbers, with or without a header.

The file is read in blocks of rows. A column begins as numbers, and becomes dates or texts where a block is
none; where that shows late, the file is read again for this column alone.
"""

import csv
import itertools
from collections.abc import Callable, Iterator, Sequence

from nnkit.datasets.tables import cells
from nnkit.datasets.tables.table import MISSING, Column, Table
from nnkit.datasets.tables.text import delimiter_of, encoding_of, lines_of
from nnkit.errors import InvalidData

_N_ROWS_A_BLOCK = 4096
_N_GUESSED = 200  # rows that tell whether there is a header, and which decimal mark

Row = list[str]


def read_csv(
    content: bytes, name: str, digest: str, *, tabs: bool = False, header: bool | None = None
) -> Table:
    """Return the table in these bytes, or raise InvalidData with the line that is wrong and what to do.

    ``tabs``: cells are separated by tabs, whatever else is in them. ``header``: whether the first line has
    the names; None finds out.
    """
    encoding, notes = encoding_of(content, name)
    lines = _Lines(content, encoding, "\t" if tabs else delimiter_of(content, encoding), name)
    start = list(itertools.islice(lines.rows(), _N_GUESSED))
    if not start:
        raise InvalidData(f"{name}: this file is empty. Name a file with a line of names, and rows below it.")
    has_header = not any(map(_is_number, start[0])) if header is None else header
    names = _names(start[0], has_header)
    if len(start) == has_header:
        raise InvalidData(f"{name}: there is no row below the line of names.")
    if header is None and not has_header:
        notes = (
            *notes,
            f"its first line is read as data: the columns are called {names[0]} to {names[-1]}",
        )
    decimal_comma = lines.delimiter != "," and _has_decimal_commas(start[has_header:])
    kinds = cells.readers(decimal_comma=decimal_comma)
    columns = _columns(lambda: itertools.islice(lines.rows(), int(has_header), None), names, kinds)
    return Table(name, tuple(columns), digest, notes)


class _Lines:
    """The rows of a file, as often as they are asked for."""

    def __init__(self, content: bytes, encoding: str, delimiter: str, name: str) -> None:
        self.delimiter = delimiter
        self._content, self._encoding, self._name = content, encoding, name

    def rows(self) -> Iterator[Row]:
        """Yield every row that is not blank; all of them have as many cells."""
        reader = csv.reader(lines_of(self._content, self._encoding), delimiter=self.delimiter, strict=True)
        width, first, begins = 0, 0, 1
        try:
            for row in reader:
                if row and (len(row) > 1 or row[0].strip()):
                    if not width:
                        width, first = len(row), begins
                    if len(row) == width + 1 and not row[-1].strip():
                        row.pop()  # a delimiter behind the last cell
                    if len(row) != width:
                        raise self._ragged(begins, len(row), width, first)
                    yield row
                begins = reader.line_num + 1
        except csv.Error as error:
            raise InvalidData(
                f"{self._name}, line {begins}: {_plain(error)}. Look at the quotes in it."
            ) from None

    def _ragged(self, line: int, found: int, width: int, first: int) -> InvalidData:
        mark = {"\t": "tab"}.get(self.delimiter, repr(self.delimiter))
        return InvalidData(
            f"{self._name}, line {line}: expected {width} cells as in line {first}, found {found}"
            f" (separated by {mark}). Mend the line, or put quotes around cells with {mark} inside."
        )


def _plain(error: csv.Error) -> str:
    text = str(error)
    if "field larger" in text:
        return "a cell of more than 131,072 letters, as after a quote that is never closed"
    if "unexpected end" in text:
        return "a quote is opened and never closed"
    return f"not valid CSV: {text}"


def _is_number(cell: str) -> bool:
    try:
        float(cell.strip().replace(",", "."))
    except ValueError:
        return False
    return cell.strip().lower() not in MISSING


def _names(first: Row, has_header: bool) -> list[str]:
    given = [cell.strip() for cell in first] if has_header else [""] * len(first)
    return [name or f"column_{place}" for place, name in enumerate(given, start=1)]


def _has_decimal_commas(rows: Sequence[Row]) -> bool:
    return any("," in cell and "." not in cell and _is_number(cell) for row in rows for cell in row)


def _columns(
    rows: Callable[[], Iterator[Row]], names: Sequence[str], kinds: Sequence[Callable[[], cells.Reader]]
) -> list[Column]:
    found: dict[int, Column] = {}
    pending = dict.fromkeys(range(len(names)), 0)  # the kind that a column is tried as
    while pending:
        pending = _read(rows(), pending, kinds, names, found)
    return [found[place] for place in range(len(names))]


def _read(
    rows: Iterator[Row],
    pending: dict[int, int],
    kinds: Sequence[Callable[[], cells.Reader]],
    names: Sequence[str],
    found: dict[int, Column],
) -> dict[int, int]:
    """Read the pending columns to the end; return those that have to be read again, as another kind."""
    readers = {place: kinds[kind]() for place, kind in pending.items()}
    kind_of, again, is_first = dict(pending), {}, True
    while block := list(itertools.islice(rows, _N_ROWS_A_BLOCK)):
        columns = list(zip(*block, strict=True))
        for place in list(readers):
            while not readers[place].take(columns[place]):
                kind_of[place] += 1
                if not is_first:
                    again[place] = kind_of[place]
                    del readers[place]
                    break
                readers[place] = kinds[kind_of[place]]()
        is_first = False
    for place, reader in readers.items():
        found[place] = reader.column(names[place])
    return again
