"""The tables of a document in LaTeX, for papers. They need the package booktabs."""

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
    """Return every table of the document as a table environment.

    The caption is what the section says first, under its first table, and the notes of the table. Where there
    is no table, names with their values are one.
    """
    made = [each for section in document.sections for each in _tables(section)]
    if made:
        return "\n".join(made)
    blocks = [block for section in document.sections for block in section.blocks]
    return "\n".join(_table(_listed(each)) for each in blocks if isinstance(each, Listing))


def _tables(section: Section) -> list[str]:
    said = [block.text for block in section.blocks if isinstance(block, Paragraph) and block.lead][:1]
    tables = [block for block in section.blocks if isinstance(block, Table)]
    return [_table(table, "" if place else "".join(said)) for place, table in enumerate(tables)]


def _listed(listing: Listing) -> Table:
    rows = tuple((Cell(item.name), Cell(item.text)) for item in listing.items)
    return Table("", (Column("what"), Column("which")), rows)


def escaped(text: str) -> str:
    return "".join(SPECIAL.get(letter, letter) for letter in text)


# A page is narrow: the columns that every screen above 120 letters shows, and numbers that decide.
_HIGHEST_RANK = 3


def _table(table: Table, said: str = "") -> str:
    kept = [i for i, column in enumerate(table.columns) if is_kept(column)]
    columns = [table.columns[i] for i in kept]
    caption = " ".join(filter(None, (said, table.title and f"{table.title}.", *table.notes)))
    head = " & ".join(escaped(column.header) for column in columns)
    rows = [" & ".join(_cell(row[i].text) for i in kept) + r" \\" for row in table.rows]
    lines = [
        r"\begin{table}",
        rf"  \caption{{{escaped(caption)}}}",
        rf"  \begin{{tabular}}{{{''.join(map(_alignment, columns))}}}",
        r"    \toprule",
        rf"    {head} \\",
        r"    \midrule",
        *(f"    {row}" for row in rows),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def is_kept(column: Column) -> bool:
    """True for a column that a page of paper has room for."""
    return column.rank <= _HIGHEST_RANK or (bool(column.below) and not column.wraps)


def _cell(text: str) -> str:
    # A bracket at the start of a cell that follows \\ would be read as the length of an extra space.
    return f"{{}}{escaped(text)}" if text.startswith("[") else escaped(text)


def _alignment(column: Column) -> str:
    return "l" if column.align == "left" else "r"
