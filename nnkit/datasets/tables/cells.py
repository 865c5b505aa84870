"""From the texts of cells to a column, block by block: numbers, numbers with decimal commas, dates, texts.

A kind of column takes a block, or refuses it. The first kind that takes all blocks of a column is the
column's kind; texts take anything.
"""

import hashlib
import re
import warnings
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nnkit.datasets.tables.table import MISSING, MOST_VALUES, Column, Numbers, Texts, texts_of

Cells = Sequence[str]
_DATE = re.compile(r"\d{4}[-/]\d\d([-/]\d\d([ T]\d\d(:\d\d(:\d\d(\.\d+)?)?)?Z?)?)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?|[+-]?\d+([eE][+-]?\d+)?")
_TRUTH = {"true": 1.0, "false": 0.0}
_SECONDS_A_DAY = 86_400.0


class Reader(Protocol):
    """Collects the cells of one column."""

    def take(self, cells: Cells) -> bool:
        """Take the cells of a block, or return False where they are not of this kind."""

    def column(self, name: str) -> Column: ...


class _Values:
    """Cells that a function turns into numbers."""

    def __init__(self, convert: Callable[[Cells], NDArray[np.float64] | None], *, is_date: bool) -> None:
        self._convert = convert
        self._is_date = is_date
        self._blocks: list[NDArray[np.float64]] = []

    def take(self, cells: Cells) -> bool:
        values = self._convert(cells)
        if values is None:
            return False
        self._blocks.append(values)
        return True

    def column(self, name: str) -> Column:
        values = np.concatenate(self._blocks) if self._blocks else np.empty(0)
        self._blocks = []
        return Numbers(name, values, is_date=self._is_date and not np.isnan(values).all())


class _Codes(dict[str, int]):
    """The number of a text by its cell; a cell is stripped and looked up once for all that are like it."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def __missing__(self, cell: str) -> int:
        text = cell.strip()
        code = -1 if text.lower() in MISSING else self.known.setdefault(text, len(self.known))
        self[cell] = code
        return code


class _TextValues:
    """Texts, of which each is kept once; of too many, only numbers that tell them apart."""

    def __init__(self) -> None:
        self._blocks: list[NDArray[np.int64]] = []
        self._codes = _Codes()
        self._hashed: list[NDArray[np.int64]] = []

    def take(self, cells: Cells) -> bool:
        if self._hashed or len(self._codes.known) > MOST_VALUES:
            self._codes.clear()
            self._hashed.append(_hashes([cell.strip() for cell in cells]))
        else:
            self._blocks.append(np.array([self._codes[cell] for cell in cells], dtype=np.int64))
        return True

    def column(self, name: str) -> Column:
        codes = np.concatenate(self._blocks) if self._blocks else np.empty(0, dtype=np.int64)
        values = list(self._codes.known)
        if len(values) <= MOST_VALUES and not self._hashed:
            return _truths(name, codes, values) or texts_of(name, codes, values)
        place = np.append(_hashes(values), _MISSING_HASH)
        hashes = np.concatenate([place[codes], *self._hashed])
        distinct, codes = np.unique(hashes, return_inverse=True)
        has_missing = distinct.size > 0 and distinct[0] == _MISSING_HASH
        return Texts(name, codes - int(has_missing), distinct.size - int(has_missing), (), tuple(values[:3]))


_MISSING_HASH = np.iinfo(np.int64).min  # the smallest, so that it is the first of the distinct ones


def _hashes(cells: Cells) -> NDArray[np.int64]:
    def hashed(cell: str) -> int:
        if cell.lower() in MISSING:
            return int(_MISSING_HASH)
        # 63 bits: that two of a million texts share a number has a chance of one in ten million.
        digest = hashlib.blake2b(cell.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest, "little") >> 1

    return np.array([hashed(cell) for cell in cells], dtype=np.int64)


def _truths(name: str, codes: NDArray[np.int64], values: list[str]) -> Numbers | None:
    """Return a column of true and false as one of 1 and 0."""
    if not values or not {value.lower() for value in values} <= _TRUTH.keys():
        return None
    return Numbers(name, np.array([*(_TRUTH[value.lower()] for value in values), np.nan])[codes])


def readers(*, decimal_comma: bool) -> list[Callable[[], Reader]]:
    """Return the kinds of columns in the order they are tried; the last one takes anything."""
    of_numbers = _with_commas if decimal_comma else _numbers
    return [
        lambda: _Values(of_numbers, is_date=False),
        lambda: _Values(_numbers, is_date=False),
        lambda: _Values(_days, is_date=True),
        _TextValues,
    ]


def _numbers(cells: Cells) -> NDArray[np.float64] | None:
    try:
        values = np.array(cells, dtype=np.float64)
    except ValueError:
        try:
            values = np.array([_or_nan(cell) for cell in cells], dtype=np.float64)
        except ValueError:
            return None
    # Python reads 1_000 as a number, which no table means.
    return None if "_" in "".join(cells) else values


def _with_commas(cells: Cells) -> NDArray[np.float64] | None:
    known = [_or_nan(cell) for cell in cells]
    if not all(cell == "nan" or _DECIMAL_COMMA.fullmatch(cell) for cell in known):
        return None
    return np.array([cell.replace(",", ".") for cell in known], dtype=np.float64)


def _or_nan(cell: str) -> str:
    cell = cell.strip()
    return "nan" if cell.lower() in MISSING else cell


def _days(cells: Cells) -> NDArray[np.float64] | None:
    known = [_or_nan(cell) for cell in cells]
    if not all(cell == "nan" or _DATE.fullmatch(cell) for cell in known):
        return None
    texts = ["NaT" if cell == "nan" else cell.removesuffix("Z").replace("/", "-") for cell in known]
    try:
        with warnings.catch_warnings(action="error"):
            moments = np.array(texts, dtype="datetime64[s]")
    except (ValueError, Warning):  # the 30th of February
        return None
    seconds = moments.astype(np.int64).astype(np.float64)
    return np.where(np.isnat(moments), np.nan, seconds / _SECONDS_A_DAY)
