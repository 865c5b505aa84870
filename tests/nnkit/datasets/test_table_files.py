"""CSV files as people have them: each is read right, or refused in one line that says what to do."""

import codecs
import csv
import io
import math
from collections.abc import Sequence

import numpy as np
import pytest

from nnkit.datasets.tables.csvfile import read_csv
from nnkit.datasets.tables.table import Numbers, Table, Texts
from nnkit.errors import InvalidData

PLAIN = "a,b,c\n1,2.5,red\n-3,,blue\n"


def read(text: str | bytes, **how: bool) -> Table:
    return read_csv(text.encode() if isinstance(text, str) else text, "t.csv", "0" * 64, **how)


def cells(table: Table) -> dict[str, list[float | str | None]]:
    """Return the columns as plain lists, None for what is missing."""
    return {
        column.name: [None if math.isnan(value) else value for value in column.values.tolist()]
        if isinstance(column, Numbers)
        else [None if code < 0 else column.values[code] for code in column.codes.tolist()]
        for column in table
    }


EXPECTED = {"a": [1.0, -3.0], "b": [2.5, None], "c": ["red", "blue"]}

SAME = {
    "plain": PLAIN,
    "UTF-8 with a byte-order mark": codecs.BOM_UTF8 + PLAIN.encode(),
    "UTF-16 with a mark": PLAIN.encode("utf-16"),
    "UTF-16 big end first": codecs.BOM_UTF16_BE + PLAIN.encode("utf-16-be"),
    "UTF-16 without a mark": PLAIN.encode("utf-16-le"),
    "UTF-16 big end first without a mark": PLAIN.encode("utf-16-be"),
    "lines of Windows": PLAIN.replace("\n", "\r\n"),
    "lines of old Macs": PLAIN.replace("\n", "\r"),
    "no line break at the end": PLAIN.rstrip("\n"),
    "blank lines": "\n" + PLAIN.replace("\n", "\n\n") + "  \n",
    "quotes": '"a","b","c"\n"1","2.5","red"\n"-3","","blue"\n',
    "spaces": "a , b,c \n 1, 2.5 ,red \n-3, , blue\n",
    "semicolons": PLAIN.replace(",", ";"),
    "semicolons and decimal commas": "a;b;c\n1;2,5;red\n-3;;blue\n",
    "tabs": PLAIN.replace(",", "\t"),
    "bars": PLAIN.replace(",", "|"),
    "a delimiter behind the last cell": "a,b,c\n1,2.5,red,\n-3,,blue,\n",
}


@pytest.mark.parametrize("content", SAME.values(), ids=SAME)
def test_the_same_table_is_read_from_every_spelling(content: str | bytes) -> None:
    """A delimiter behind every line, with a name of its own missing, is no column."""
    table = read(content)

    assert cells(table) == EXPECTED
    assert not table.notes


@pytest.mark.parametrize(
    "missing", ["", "NA", "n/a", "NaN", "nan", "null", "None", "?", "-", ".", " NA ", "#N/A", "<NA>"]
)
def test_what_stands_for_nothing_is_missing_among_numbers_and_texts(missing: str) -> None:
    table = read(f"n,t\n1,x\n{missing},{missing}\n2,y\n")

    assert cells(table) == {"n": [1.0, None, 2.0], "t": ["x", None, "y"]}


COLUMNS = {
    "whole numbers": (["1", "20", "-3"], [1.0, 20.0, -3.0]),
    "exponents": (["1e3", "-2.5E-1", "+.5"], [1000.0, -0.25, 0.5]),
    "huge whole numbers": (["12345678901234567890", "1", "0"], [12345678901234567890.0, 1.0, 0.0]),
    "truths": (["true", "False", "TRUE"], [1.0, 0.0, 1.0]),
    "dates": (["1970-01-02", "1970-01-01", "2000-01-01"], [1.0, 0.0, 10957.0]),
    "moments": (["1970-01-01T12:00", "1970-01-01 06:00:00", "1970-01-02T00:00:00Z"], [0.5, 0.25, 1.0]),
    "dates with slashes": (["1970/01/02", "", "1970/01/03"], [1.0, None, 2.0]),
    "no date": (["2001-02-30", "2001-02-28", "2001-03-01"], ["2001-02-30", "2001-02-28", "2001-03-01"]),
    "a word of dates": (["now", "today", "2001-03-01"], ["now", "today", "2001-03-01"]),
    "numbers as only Python writes them": (["1_000", "2", "3"], ["1_000", "2", "3"]),
    "thousands": (["1,234", "5", "6"], ["1,234", "5", "6"]),
    "texts in quotes": (['a "b", c', "d\ne", "ü"], ['a "b", c', "d\ne", "ü"]),
}


@pytest.mark.parametrize(("given", "expected"), COLUMNS.values(), ids=COLUMNS)
def test_a_column_is_what_all_of_its_cells_are(given: Sequence[str], expected: Sequence[object]) -> None:
    """Written by Python's own writer, with a column of numbers beside it."""
    stream = io.StringIO()
    csv.writer(stream).writerows([["n", "c"], *([str(place), cell] for place, cell in enumerate(given))])

    assert cells(read(stream.getvalue()))["c"] == expected


def test_a_column_that_becomes_text_late_is_read_again_from_its_start() -> None:
    """Numbers for 10,000 rows, and a word in the last one: every number before it is a text."""
    n = 10_000
    table = read("a,b\n" + "".join(f"{row % 7},{row}\n" for row in range(n)) + f"x,{n}\n")

    column, other = table.columns
    assert isinstance(column, Texts)
    assert column.values == ("0", "1", "2", "3", "4", "5", "6", "x")
    assert column.codes.tolist() == [row % 7 for row in range(n)] + [7]
    assert isinstance(other, Numbers)
    assert other.values.tolist() == list(range(n + 1))


def test_of_too_many_texts_only_what_tells_them_apart_is_kept() -> None:
    n = 12_000
    table = read("t,n\n" + "".join(f"id{row % (n - 1)},{row}\n" for row in range(n)) + f",{n}\n")

    column = table.columns[0]
    assert isinstance(column, Texts)
    assert (column.values, column.n_values) == ((), n - 1)
    assert column.codes[0] == column.codes[n - 1]  # the one text that is there twice
    assert len(np.unique(column.codes[:-1])) == n - 1
    assert column.codes[-1] == -1


def test_a_file_without_a_header_gets_names_and_says_so() -> None:
    table = read("1,red\n2,blue\n")

    assert cells(table) == {"column_1": [1.0, 2.0], "column_2": ["red", "blue"]}
    assert table.notes == ("its first line is read as data: the columns are called column_1 to column_2",)


def test_whether_there_is_a_header_can_be_said() -> None:
    """Years are names of columns to those who wrote them; a line of words may be a row."""
    assert read("country,1960,1961\nKR,1,2\n", header=True).names == ("country", "1960", "1961")
    assert cells(read("a,b\nc,d\n", header=False)) == {"column_1": ["a", "c"], "column_2": ["b", "d"]}


def test_a_column_without_a_name_is_called_by_its_place() -> None:
    assert read(",b,\n1,2,3\n").names == ("column_1", "b", "column_3")


def test_a_single_column_is_a_table() -> None:
    assert cells(read("a\n1\n\n2\n")) == {"a": [1.0, 2.0]}


def test_thousands_of_columns_are_read() -> None:
    n = 3000
    names = ",".join(f"c{place}" for place in range(n))
    table = read(names + "\n" + ",".join(map(str, range(n))) + "\n" + ",".join(["0"] * n) + "\n")

    assert len(table.columns) == n
    assert cells(table)["c2999"] == [2999.0, 0.0]


def test_latin_1_is_read_with_a_note() -> None:
    table = read("n,ort\n1,Köln\n2,Bonn\n".encode("latin-1"))

    assert cells(table)["ort"] == ["Köln", "Bonn"]
    assert table.notes == ("it is not UTF-8, and was read as Latin-1: look at accented letters",)


def test_korean_of_excel_is_read_and_said() -> None:
    table = read("키,합격\n170,예\n160,아니오\n".encode("cp949"))

    assert table.names == ("키", "합격")
    assert table.notes == ("it is not UTF-8, and was read as CP949, which is Korean: look at the names",)


@pytest.mark.parametrize("text", ["Ärzte,x", "größe,höhe", "naïve,Übung", "°C,µm", "É,À"])
def test_accented_letters_are_no_korean(text: str) -> None:
    """A capital umlaut and a small letter are two bytes of CP949 too, of a syllable that is hardly used."""
    assert read(f"{text}\n1,2\n3,4\n".encode("latin-1")).names == tuple(text.split(","))


def test_a_name_that_ends_with_tsv_has_tabs_between_its_cells() -> None:
    assert cells(read("a\tb\n1,5\tx;y\n2,5\tz;y\n", tabs=True)) == {"a": [1.5, 2.5], "b": ["x;y", "z;y"]}


BROKEN = {
    "empty": ("", "this file is empty"),
    "only blank lines": ("\n \n\n", "this file is empty"),
    "only names": ("a,b\n", "no row below the line of names"),
    "a row too short": ("a,b,c\n1,2,3\n4,5\n", r"line 3: expected 3 cells as in line 1, found 2"),
    "a row too long": ("a,b\n1,2\n\n3,4,5\n", r"line 4: expected 2 cells as in line 1, found 3"),
    "ragged behind a cell of two lines": ('a,b\n"1\n2",3\n4\n', r"line 4: expected 2 cells"),
    "ragged far down": ("a,b\n" + "1,2\n" * 5000 + "1\n", r"line 5002: expected 2 cells"),
    "the same name twice": ("a,b,a\n1,2,3\n", "columns 1 and 3 are both called 'a'"),
    "a quote never closed": ('a,b\n1,"x\n2,y\n', "line 2: a quote is opened and never closed"),
    "letters behind a quote": ('a,b\n1,"x"y\n', "line 2: not valid CSV"),
    "an endless cell": ('a,b\n1,"' + "x" * 140_000 + '"\n', "a cell of more than 131,072 letters"),
    "Excel": (b"PK\x03\x04rest", r"a zip file \(as .xlsx is\). Save the sheet as CSV"),
    "gzip": (b"\x1f\x8b\x08rest", "a gzip file. Unpack it first"),
    "bytes": (b"\x00\x01\x02\x03" * 300, "bytes that are none"),
    "bytes without a zero": (bytes(range(1, 200)) * 9, "bytes that are none"),
    "half of UTF-16": (codecs.BOM_UTF16_LE + PLAIN.encode("utf-16-le") + b"\x00", "Save it as UTF-8"),
}


@pytest.mark.parametrize(("content", "line"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_table_is_refused_in_one_line(content: str | bytes, line: str) -> None:
    with pytest.raises(InvalidData, match=line) as caught:
        read(content)

    assert str(caught.value).startswith("t.csv")
    assert "\n" not in str(caught.value)
