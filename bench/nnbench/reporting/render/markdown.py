"""A document in GitHub's Markdown, with its figures as SVG files beside it."""

import re

from nnbench.machine.writing import printable
from nnbench.reporting.blocks import Block, Document, FigureRef, Item, Listing, Paragraph, Table

_HEADS = {"en": ("what", "which"), "ko": ("항목", "내용")}  # of a listing, which is a table in Markdown
_RULES = {"left": ":--", "right": "--:", "decimal": "--:"}
# Signs that GitHub would take for markup in the middle of a text. An underscore inside a name and the
# brackets of an interval are none, and the source should stay readable.
MARKUP = re.compile(r"([\\`*|<~$]|(?<!\w)_|_(?!\w)|\](?=[(\[:]))")


def render(document: Document) -> str:
    """Return the document as Markdown. Figures are named relative to the file it will stand in."""
    parts = [f"# {escaped(document.title)}"]
    for section in document.sections:
        if section.heading:
            parts.append(f"## {escaped(section.heading)}")
        parts.extend(filter(None, (_block(block, document.language) for block in section.blocks)))
    return printable("\n\n".join(parts) + "\n", keep="\n")


def figures(document: Document) -> list[tuple[str, bytes]]:
    """Return the name and the content of every figure's file."""
    found = [each for section in document.sections for each in section.blocks if isinstance(each, FigureRef)]
    if not found:
        return []
    # Only here: a report without figures must not wait for matplotlib.
    from nnbench.reporting.figures.curves import svg

    return [(figure_file(each), svg(each)) for each in found]


def figure_file(figure: FigureRef) -> str:
    return f"{figure.name}.svg"


def escaped(text: str) -> str:
    """Return the text with backslashes before whatever Markdown would take for markup."""
    return MARKUP.sub(r"\\\1", " ".join(text.split()))


def _block(block: Block, language: str) -> str:
    match block:
        case Paragraph():
            return escaped(block.text)
        case Listing():
            return _rows(_HEADS[language], [":--", ":--"], [_item(item) for item in block.items])
        case Table():
            return _table(block)
        case FigureRef():
            said = escaped(f"{block.caption} {block.of_still}".strip())
            return f"![{escaped(block.alternative)}]({figure_file(block)})\n\n{said}"


def _table(table: Table) -> str:
    title = f"**{escaped(table.title)}**\n\n" if table.title else ""
    headers = tuple(escaped(column.header) for column in table.columns)
    rules = [_RULES[column.align] for column in table.columns]
    body = _rows(headers, rules, [[escaped(cell.text) for cell in row] for row in table.rows])
    notes = "".join(f"\n\n{escaped(note)}" for note in table.notes)
    return f"{title}{body}{notes}"


def _rows(headers: tuple[str, ...], rules: list[str], rows: list[list[str]]) -> str:
    lines = [list(headers), rules, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _item(item: Item) -> list[str]:
    return [escaped(item.name), _code(item.text) if item.is_verbatim else escaped(item.text)]


def _code(text: str) -> str:
    # A fence one longer than any run of backquotes inside; a bar would end the cell even in code.
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{text}{fence}".replace("|", "\\|").replace("\n", " ")
