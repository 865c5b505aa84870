"""A file of comma-separated values as text: its header, its rows, and on which line each of them stands."""

import ast
import csv
import hashlib
import io
import json
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from nnbench.cases.files import read_bytes
from nnbench.errors import NothingMeasured, UsageError

MOST_BYTES = 200_000_000
_DELIMITERS = ",;\t"
_NO_NUMBER = re.compile(
    r"(?<=[ :])-?(nan|inf|NaN|Infinity)(?=[,}])"
)  # in a dictionary, where Python has no word
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d+$)")


@dataclass(frozen=True, slots=True)
class Sheet:
    """Every cell without the blanks around it; ``lines`` are counted from 1, the header's included."""

    name: str
    sha256: str
    header: tuple[str, ...]
    rows: tuple[list[str], ...]
    lines: tuple[int, ...]

    def column(self, name: str) -> list[str]:
        place = self.header.index(name)
        return [row[place] for row in self.rows]

    def cell(self, row: int, column: str) -> str:
        """Return what stands there; nothing where there is no such column."""
        return self.rows[row][self.header.index(column)] if column in self.header else ""

    def found(self, row: int, column: str) -> str:
        """Return what stands where, as a message ends."""
        what = repr(self.cell(row, column)[:40]) if self.cell(row, column) else "nothing"
        return f"{self.name}, line {self.lines[row]}, column {column}: found {what}"


def read(file: str) -> Sheet:
    """Read a file, or standard input for ``-``; raise UsageError with what is wrong with it."""
    if file == "-":
        name, content = "standard input", sys.stdin.buffer.read()
    else:
        name, content = file, read_bytes(Path(file), what="a CSV file", most_bytes=MOST_BYTES)
    numbered = list(_rows(_text(content, name), name))
    if not numbered:
        raise UsageError(f"{name}: empty. Expected a header such as config,seed,accuracy, and rows below.")
    header = _header(numbered.pop(0)[1], name)
    if not numbered:
        raise NothingMeasured(f"{name}: a header without rows, so there is nothing to judge.")
    for line, row in numbered:
        if len(row) < len(header) or any(row[len(header) :]):
            raise UsageError(
                f"{name}, line {line}: expected {len(header)} cells as in the header, found {len(row)}."
                " Quote a cell that holds a delimiter."
            )
    lines, rows = zip(*numbered, strict=True)
    sheet = Sheet(name, hashlib.sha256(content).hexdigest(), header, rows, lines)
    for column in ("config", "summary"):
        if column in header and all(cell.startswith("{") for cell in sheet.column(column)):
            sheet = _unfolded(sheet, column)
    return sheet


def _text(content: bytes, name: str) -> str:
    if b"\0" in content:
        raise UsageError(f"{name}: not text but binary (or UTF-16). Expected a CSV file, saved as UTF-8.")
    try:
        return content.decode("utf-8-sig")  # spreadsheets put a byte-order mark
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: not UTF-8 text (see byte {error.start}). Save it as UTF-8.") from None


def _rows(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    # The delimiter is the one that cuts the header into the most columns.
    delimiter = max(_DELIMITERS, key=lambda each: len(next(csv.reader([first], delimiter=each), [])))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if delimiter != ",":  # a spreadsheet that writes decimals with commas divides by semicolons
                cells = [_DECIMAL_COMMA.sub(".", cell) for cell in cells]
            if any(cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise UsageError(
            f"{name}, line {reader.line_num}: not CSV: {error}. See to the quotes there."
        ) from None


def _header(cells: list[str], name: str) -> tuple[str, ...]:
    if len(cells) == 1:
        raise UsageError(
            f"{name}: expected columns divided by commas, semicolons or tabs, found one: {cells[0][:40]!r}."
            " The first line must name them, as in config,seed,accuracy."
        )
    header = tuple(cell or f"(column {place})" for place, cell in enumerate(cells, 1))
    for place, cell in enumerate(header):
        if cell in header[:place]:
            raise UsageError(f"{name}: two columns are called {cell!r}. Rename one of them.")
    return header


def _unfolded(sheet: Sheet, column: str) -> Sheet:
    """Return the sheet with a column for each key of a column of dictionaries.

    That is how a table of runs looks that was made with the interface of Weights & Biases and pandas.
    """
    found = [_dictionary(sheet, row, column) for row in range(len(sheet.rows))]
    # Keys with a line below are the tracker's own.
    keys = dict.fromkeys(key for each in found for key in each if not key.startswith("_"))
    place = sheet.header.index(column)
    header = (*sheet.header[:place], *(f"{column}.{key}" for key in keys), *sheet.header[place + 1 :])
    rows = tuple(
        [*row[:place], *("" if each.get(key) is None else str(each[key]) for key in keys), *row[place + 1 :]]
        for row, each in zip(sheet.rows, found, strict=True)
    )
    return replace(sheet, header=header, rows=rows)


def _dictionary(sheet: Sheet, row: int, column: str) -> dict[str, object]:
    """Return a dictionary as Python or JSON writes it."""
    text = sheet.cell(row, column)
    quoted = _NO_NUMBER.sub(r"'\g<0>'", text)  # Python has no literal for them
    for parse, written in ((json.loads, text), (ast.literal_eval, quoted)):
        with suppress(ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            return {str(key): value for key, value in dict(parse(written)).items()}
    raise UsageError(f"{sheet.found(row, column)}, expected a dictionary as Python or JSON writes it.")
