"""The tables of a document in LaTeX, for papers. They need the packages that the first line names."""

import re
from collections import Counter
from dataclasses import dataclass, replace

from nnbench.machine.writing import printable
from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column, Document, Listing, Paragraph, Section, Table

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    "|": r"\textbar{}",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "→": r"$\to$",
    digits.MINUS: "$-$",
    digits.TIMES: r"$\times$",
    "±": r"$\pm$",
    "∞": r"$\infty$",
    "·": r"$\cdot$",
    "µ": r"$\mu$",
    "–": "--",
    digits.MISSING: "---",
}


def render(document: Document) -> str:
    """Return every table of the document as a table environment that is no wider than a page.

    The caption is what the section says first, under its first table, and the title; the notes stand below.
    Where there is no table, names with their values are one.
    """
    numbers: Counter[str] = Counter()
    made = [each for section in document.sections for each in _tables(section, numbers)]
    if not made:
        blocks = [block for section in document.sections for block in section.blocks]
        made = [_table(_listed(each), "", "tab:what") for each in blocks if isinstance(each, Listing)]
    return "\n".join([_PACKAGES, *made]) if made else ""


def _tables(section: Section, numbers: Counter[str]) -> list[str]:
    said = [block.text for block in section.blocks if isinstance(block, Paragraph) and block.lead][:1]
    tables = [block for block in section.blocks if isinstance(block, Table)]
    found = []
    for place, table in enumerate(tables):
        about = re.split(r"[^\w-]", section.heading.lower())[0]  # the case, or the first word
        name = re.sub(r"[^a-z0-9]+", "-", about).strip("-") or "table"
        numbers[name] += 1
        found.append(_table(table, "" if place else "".join(said), f"tab:{name}-{numbers[name]}"))
    return found


def _listed(listing: Listing) -> Table:
    rows = tuple((Cell(item.name), Cell(item.text)) for item in listing.items)
    return Table("", (Column("what"), Column("which", wraps=True)), rows)


def escaped(text: str) -> str:
    return "".join(SPECIAL.get(letter, letter) for letter in printable(text))


# -- one table -------------------------------------------------------------------------------------------

_PACKAGES = r"% \usepackage{booktabs, longtable, graphicx}" + "\n"
# A page is narrow: the columns that every screen above 120 letters shows, and numbers that decide.
_HIGHEST_RANK = 3
_MOST_ROWS = 40  # more are no float of one page


@dataclass(frozen=True, slots=True)
class _Shape:
    """How a table is set: the size of its letters, the space beside columns, and what makes it narrower."""

    size: str = ""
    scale: float = 1.0  # of the letters of this size to those of ten points
    space_pt: float = 6.0
    wrapped: int | None = None  # the column whose texts break
    wrapped_pt: float = 0.0
    shrinks: bool = False  # as a picture, since nothing else helps


_SHAPES = (
    _Shape(),
    _Shape(r"\small", 0.925, 5.0),
    _Shape(r"\footnotesize", 0.85, 4.0),
    _Shape(r"\scriptsize", 0.797, 3.0),
)
# Points that a page of LaTeX's article has, at its three sizes of type, for letters of ten points.
_PAGE_PT = 325.0
_LEAST_WRAPPED_PT = 60.0


def _table(table: Table, said: str, label: str) -> str:
    kept = [i for i, column in enumerate(table.columns) if is_kept(column)]
    columns = [table.columns[i] for i in kept]
    texts = [[printable(row[i].text) for i in kept] for row in table.rows]
    heads = _heads(columns, texts)
    is_long = len(texts) > _MOST_ROWS
    shape = _shape(columns, heads + texts, can_shrink=not is_long)
    inside = [
        r"\toprule",
        *(" & ".join(map(escaped, line)) + r" \\" for line in heads),
        r"\midrule",
        *(" & ".join(map(_cell, row)) + r" \\" for row in texts),
        r"\bottomrule",
    ]
    caption = escaped(" ".join(filter(None, (said, table.title and f"{table.title}."))))
    notes = escaped(" ".join(table.notes))
    made = _on_pages if is_long else _floating
    return (
        "\n".join(made(inside, _columns(columns, shape), shape, (caption, label, notes), len(heads))) + "\n"
    )


def _floating(
    inside: list[str], columns: str, shape: _Shape, words: tuple[str, str, str], n_heads: int
) -> list[str]:
    caption, label, notes = words
    tabular = [rf"\begin{{tabular}}{{{columns}}}", *(f"  {line}" for line in inside), r"\end{tabular}"]
    if shape.shrinks:
        tabular = [r"\resizebox{\linewidth}{!}{%", *tabular[:-1], tabular[-1] + "}"]
    below = [r"\par\smallskip", rf"\parbox{{\linewidth}}{{\footnotesize {notes}}}"] if notes else []
    return [
        r"\begin{table}[htbp]",
        r"  \centering",
        rf"  \caption{{{caption}}}",
        rf"  \label{{{label}}}",
        r"  \par\smallskip",
        *(f"  {line}" for line in (*_set(shape), *tabular, *below)),
        r"\end{table}",
    ]


def _on_pages(
    inside: list[str], columns: str, shape: _Shape, words: tuple[str, str, str], n_heads: int
) -> list[str]:
    """Return a table that goes on over pages, with its head on each."""
    caption, label, notes = words
    head, body = inside[: n_heads + 2], inside[n_heads + 2 : -1]
    below = [rf"\noindent{{\footnotesize {notes}\par}}"] if notes else []
    return [
        r"\begingroup",
        *(f"  {line}" for line in _set(shape)),
        rf"  \begin{{longtable}}{{{columns}}}",
        rf"    \caption{{{caption}}}\label{{{label}}}\\",
        *(f"    {line}" for line in (*head, r"\endfirsthead", *head, r"\endhead")),
        *(f"    {line}" for line in (r"\bottomrule", r"\endfoot", *body)),
        r"  \end{longtable}",
        r"\endgroup",
        *below,
    ]


def _set(shape: _Shape) -> list[str]:
    return [rf"{shape.size}\setlength{{\tabcolsep}}{{{shape.space_pt:g}pt}}"] if shape.size else []


def is_kept(column: Column) -> bool:
    """True for a column that a page of paper has room for."""
    return column.rank <= _HIGHEST_RANK or (bool(column.below) and not column.wraps)


def _cell(text: str) -> str:
    # A bracket at the start of a cell that follows \\ would be read as the length of an extra space.
    return f"{{}}{escaped(text)}" if text.startswith("[") else escaped(text)


def _columns(columns: list[Column], shape: _Shape) -> str:
    letters = ["l" if column.align == "left" else "r" for column in columns]
    if shape.wrapped is not None:
        letters[shape.wrapped] = f"p{{{shape.wrapped_pt:.0f}pt}}"
    return f"@{{}}{''.join(letters)}@{{}}"


# -- widths ----------------------------------------------------------------------------------------------

# Letters of Computer Modern at ten points, by their width in points (Knuth, cmr10); others are 7.5.
_WIDTHS_PT = {
    letter: width
    for letters, width in (
        ("ijl ,.;:'!|·[]", 2.8),
        ("frst-()/I`", 3.9),
        ("acegoqvxyzk0123456789*?_+", 5.0),
        ("bdhnpuzJ", 5.56),
        ("wACDEFGHKLNOPQRSTUVXYZ%", 7.5),
        (f"m<>=±≤≥&@{digits.MINUS}{digits.TIMES}", 8.4),
        ("MW∞→#", 10.3),
    )
    for letter in letters
}
_OTHER_PT, _WIDE_PT = 7.5, 10.0
_FIRST_WIDE = "\u1100"  # Hangul and the letters behind it are as wide as they are high


def width_pt(text: str) -> float:
    """Return about how wide LaTeX sets a text in letters of ten points."""
    return sum(_WIDTHS_PT.get(letter, _WIDE_PT if letter >= _FIRST_WIDE else _OTHER_PT) for letter in text)


def _heads(columns: list[Column], rows: list[list[str]]) -> list[list[str]]:
    """Return the heads in lines that are no wider than what stands below them, the last one full."""
    broken = []
    for place, column in enumerate(columns):
        words = printable(column.header).split(" ")
        room = max(map(width_pt, (*words, *(row[place] for row in rows))))
        lines: list[str] = []
        for word in words:
            whole = f"{lines[-1]} {word}" if lines else word
            if lines and width_pt(whole) <= room:
                lines[-1] = whole
            else:
                lines.append(word)
        broken.append(lines)
    n_lines = max(map(len, broken))
    return [[_at(lines, place - n_lines) for lines in broken] for place in range(n_lines)]


def _at(lines: list[str], place: int) -> str:
    return lines[place] if -place <= len(lines) else ""


def _shape(columns: list[Column], rows: list[list[str]], *, can_shrink: bool) -> _Shape:
    """Return the largest letters in which a table is no wider than a page, or what else makes it so."""
    widths = [max(width_pt(row[place]) for row in rows) for place in range(len(columns))]
    for shape in _SHAPES:
        if _whole(widths, shape) <= _PAGE_PT:
            return shape
    smallest = _SHAPES[-1]
    breaks = [i for i, column in enumerate(columns) if column.wraps or column.align == "left"]
    if breaks:
        widest = max(breaks, key=lambda i: widths[i])
        left = _PAGE_PT - _whole([*widths[:widest], 0.0, *widths[widest + 1 :]], smallest)
        if left >= _LEAST_WRAPPED_PT or not can_shrink:
            return replace(smallest, wrapped=widest, wrapped_pt=max(left, _LEAST_WRAPPED_PT))
    return replace(smallest, shrinks=can_shrink)


def _whole(widths: list[float], shape: _Shape) -> float:
    return sum(widths) * shape.scale + 2 * shape.space_pt * (len(widths) - 1)
