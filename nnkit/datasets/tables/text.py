"""Bytes of a text file: in which encoding they are, and what stands between the cells of a line."""

import codecs
import csv
import io
import itertools
from collections import Counter
from collections.abc import Iterator

from nnkit.errors import InvalidData

_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# What is no text but is often given where a table is meant, by its first bytes.
_OTHER_FILES = {
    b"PK\x03\x04": "a zip file (as .xlsx is). Save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel file. Save the sheet as CSV",
    b"\x1f\x8b": "a gzip file. Unpack it first",
    b"BZh": "a bzip2 file. Unpack it first",
    b"\x93NUMPY": "an array of NumPy. Name it .npy",
    b"PAR1": "a Parquet file. Name it .parquet",
}
_DELIMITERS = (";", "\t", ",", "|")
_N_SNIFFED = 100
_CHUNK = 1 << 20
_CONTROLS = frozenset(range(9)) | frozenset(range(14, 27))  # that no text holds


def encoding_of(content: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """Return the encoding of a text, and a note where it is a guess, or raise InvalidData for other bytes."""
    for start, what in _OTHER_FILES.items():
        if content.startswith(start):
            raise InvalidData(f"{name}: expected a table in a text file, found {what}.")
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            _check(content, encoding, name)
            return encoding, ()
    head = content[:1000]
    if b"\0" in head:
        # Of plain letters in UTF-16, every other byte is 0: the first of two, or the second.
        encoding = "utf-16-be" if head[0] == 0 else "utf-16-le"
        if 3 * head[head[0] != 0 :: 2].count(0) < len(head):
            raise _no_text(name)
        _check(content, encoding, name)
        return encoding, ()
    if _CONTROLS & set(head):
        raise _no_text(name)
    if _is_valid(content, "utf-8"):
        return "utf-8", ()
    if _is_korean(content):
        return "cp949", ("it is not UTF-8, and was read as CP949, which is Korean: look at the names",)
    return "latin-1", ("it is not UTF-8, and was read as Latin-1: look at accented letters",)


def _is_korean(content: bytes) -> bool:
    """Return whether the bytes are CP949, and most pairs of them common syllables, unlike accents."""
    if not _is_valid(content, "cp949"):
        return False
    text = content[:_CHUNK].decode("cp949", "ignore")
    foreign = [letter for letter in text if letter > "\x7f"]
    # Common syllables are those of KS X 1001: both of their bytes are above 160. A capital umlaut before a
    # small letter is a rare syllable too.
    common = sum("가" <= letter <= "힣" and min(letter.encode("cp949")) > 160 for letter in foreign)
    return 2 * common > len(foreign)


def _no_text(name: str) -> InvalidData:
    return InvalidData(f"{name}: expected a table in a text file, found bytes that are none. Save it as CSV.")


def _check(content: bytes, encoding: str, name: str) -> None:
    if not _is_valid(content, encoding):
        raise InvalidData(f"{name}: its first bytes say {encoding}, and not all of it is. Save it as UTF-8.")


def _is_valid(content: bytes, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for start in range(0, len(content), _CHUNK):
            decoder.decode(content[start : start + _CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def lines_of(content: bytes, encoding: str) -> io.TextIOWrapper:
    """Return the text, line by line; it is not copied as a whole."""
    return io.TextIOWrapper(io.BytesIO(content), encoding=encoding, newline="")


def delimiter_of(content: bytes, encoding: str) -> str:
    """Return what stands between cells: the first of ; tab , and | with which all lines have as many."""
    start = list(itertools.islice(lines_of(content, encoding), _N_SNIFFED))
    widths = {mark: _widths(start, mark) for mark in _DELIMITERS}
    for mark, counted in widths.items():
        if len(counted) == 1 and max(counted) > 1:
            return mark
    # Some line is not as the others. The mark that most lines agree about shows which.
    agreeing = {mark: _most_common(counted) for mark, counted in widths.items()}
    best = max(agreeing, key=lambda mark: agreeing[mark])
    return best if agreeing[best] else ","


def _widths(lines: list[str], mark: str) -> Counter[int]:
    return Counter(len(row) for row in _rows(lines, mark) if row)


def _rows(lines: list[str], mark: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines, delimiter=mark)
    except csv.Error:
        return


def _most_common(counted: Counter[int]) -> int:
    return max((n for width, n in counted.items() if width > 1), default=0)
