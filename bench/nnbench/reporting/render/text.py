"""A document as text for a terminal or a file: plain where colour is not wanted, never cut off.

Colour repeats what the words say. Where the width is short, columns are left out and named.
"""

import io
import os
import re
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TextIO

from rich.cells import cell_len

from nnbench.machine.writing import printable
from nnbench.reporting.blocks import (
    Block,
    Cell,
    CircuitFigure,
    ClaimFigure,
    DescentFigure,
    Document,
    FigureRef,
    FiltersFigure,
    Item,
    Listing,
    Paragraph,
    StandingsFigure,
    Table,
    Tone,
)
from nnbench.reporting.render.columns import Fitted, fit
from nnbench.reporting.render.dots import dots, legend
from nnbench.reporting.render.relief import relief
from nnbench.reporting.render.sketch import sketch

if TYPE_CHECKING:
    from rich.console import Console

Color = Literal["auto", "always", "never"]
Pieces = Sequence[tuple[str, str]]  # of a line, each with its style

_STYLES: dict[Tone, str] = {
    "plain": "",
    "good": "green",
    "bad": "red",
    "same": "cyan",
    "unsure": "yellow",
    "quiet": "dim",
}
# Spaces that must not become line breaks: inside an interval, before a unit, around an equals sign, and
# between the choices that make up one configuration.
_GLUED = re.compile(
    r"(?<=\d) (?=(?:%|pp|n?s|µs|ms|min|h)\b|%|\[)|(?<=\d,) (?=[-+−\d∞])| (?=[=<>·] )| (?=×)|(?<= [=<>·×]) "
)
_ENDLESS = 10_000
_LEAST_BELOW = 60  # a narrow table does not make a column of what stands below its rows
_GLUE = "\x00"
_SECOND_CELL = "\x01"  # behind a letter as wide as two, such as those of Korean
_ASCII = str.maketrans(
    {
        "−": "-",
        "–": "-",
        "—": "-",
        "×": "x",
        "·": "/",
        "µ": "u",
        "±": "+/-",
        "∞": "inf",
        "…": "...",
        "─": "-",
        "│": "|",
        "░": ".",
        "●": "O",
        "○": "o",
        "◀": "<",
        "▶": ">",
        "└": "+",
        "├": "+",
        "≥": ">=",
        "≤": "<=",
        "“": '"',
        "”": '"',
    }
    | dict.fromkeys("┌┐└┘┼", "+")
    | dict.fromkeys(range(0x2801, 0x2900), ".")  # braille: the dots of contours
)


def render(document: Document, *, width: int = 80, color: bool = False) -> str:
    """Return the document as text of this width, with terminal colours if ``color``."""
    target = io.StringIO()
    page = _Page(target, _console(target) if color else None, width)
    for place, section in enumerate(document.sections):
        if place:
            page.blank()
        # A listing names its lines itself, and a screen has few.
        if not all(isinstance(block, Listing) for block in section.blocks):
            page.paragraph(printable(section.heading), style="bold")
        page.blocks(section.blocks)
    return "\n".join(line.rstrip() for line in target.getvalue().splitlines()) + "\n"


def _console(target: TextIO) -> "Console":
    """Return rich's console, which without colours would only take time."""
    from rich.console import Console

    return Console(
        file=target,
        # Every line is broken here, not by rich, which would cut letters out of a table that is too wide.
        width=_ENDLESS,
        force_terminal=True,
        color_system="standard",
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )


def write(document: Document, stream: TextIO, *, color: Color = "auto") -> None:
    """Print the document on a stream, as wide as its terminal, and in letters that its encoding knows."""
    width = shutil.get_terminal_size(fallback=(80, 24)).columns
    text = render(document, width=width, color=wants_color(stream, color))
    stream.write(encodable(text, stream.encoding or "utf-8"))


def wants_color(stream: TextIO, color: Color) -> bool:
    """Colour is for terminals, unless ``NO_COLOR`` is set; ``always`` and ``never`` overrule both."""
    if color != "auto":
        return color == "always"
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()


def encodable(text: str, encoding: str) -> str:
    """Return the text itself if the encoding can hold it, else its nearest relation in ASCII."""
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return text.translate(_ASCII).encode("ascii", errors="replace").decode("ascii")
    return text


@dataclass(frozen=True, slots=True)
class _Page:
    """Where lines go, through a console where they have colours, and the width that a reader has."""

    target: TextIO
    console: "Console | None"
    width: int

    def blank(self) -> None:
        self.line("")

    def line(self, text: str, *, style: str = "", folds: bool = False) -> None:
        self.pieces([(text, style)], folds=folds)

    def pieces(self, pieces: Pieces, *, folds: bool = False) -> None:
        """Print a line of pieces in styles of their own. The terminal may fold it if it ``folds``."""
        if self.console is None:
            self.target.write("".join(text for text, _ in pieces) + "\n")
            return
        from rich.text import Text

        (only, style), *more = pieces
        text = Text.assemble(*pieces) if more else Text(only, style=style)
        self.console.print(text, soft_wrap=folds)

    def blocks(self, blocks: Sequence[Block]) -> None:
        shown = [words for block in blocks if (words := _in_words(block)) is not None]
        for place, block in enumerate(shown):
            if place:
                self.blank()
            match block:
                case Paragraph():
                    self.paragraph(block.text)
                case Listing():
                    self.listing(block.items)
                case Table():
                    self.table(block)
                case ClaimFigure() | CircuitFigure():
                    for line in sketch(block, self.width):
                        self.line(printable(line), folds=True)
                case StandingsFigure():
                    for line, is_filled in dots(block, self.width):
                        self.line(line, style="" if is_filled else "dim")
                    self.paragraph(legend(block), style="dim")
                case DescentFigure():
                    for line in relief(block.descent, self.width):
                        self.line(line)

    def paragraph(self, text: str, *, style: str = "", indent: str = "") -> None:
        lines = textwrap.wrap(
            _widened(_glued(text, self.width)),
            self.width,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in lines:
            self.line(line.replace(_GLUE, " ").replace(_SECOND_CELL, ""), style=style)

    def listing(self, items: Sequence[Item]) -> None:
        reach = max(cell_len(item.name) for item in items) + 2
        for item in items:
            line = item.name + " " * (reach - cell_len(item.name)) + item.text
            if item.is_verbatim:
                # A command must survive copying, so the terminal may fold it and this program may not.
                self.line(line, style="dim", folds=True)
            else:
                self.paragraph(line, style="dim", indent=" " * reach)

    def table(self, table: Table) -> None:
        fitted = fit(table, self.width)
        if table.title:
            self.paragraph(table.title, style="bold")
        for line in _drawn(fitted, self.width):
            self.pieces(line)
        notes = list(table.notes)
        if names := [name for name in fitted.left_out if name != "#"]:
            notes.append(f"Not shown at this width: {', '.join(names)}.")
        if notes:
            self.paragraph(" ".join(notes), style="dim")


def _glued(text: str, width: int) -> str:
    """Return the text with what belongs together as one word, where a line can hold that word."""
    words = _GLUED.sub(_GLUE, text).split(" ")
    loose = (word.replace(_GLUE, " ") for word in words)
    return " ".join(one if cell_len(two) <= width else two for one, two in zip(words, loose, strict=True))


def _widened(text: str) -> str:
    """Return the text with as many letters as a terminal gives it cells."""
    return text if text.isascii() else "".join(c + _SECOND_CELL * (cell_len(c) - 1) for c in text)


def _in_words(block: Block) -> Block | None:
    """Return what a terminal shows of a block: of a figure nothing, a sketch, or the line where it is."""
    if isinstance(block, FiltersFigure):
        return Paragraph(block.mention) if block.mention else None
    if isinstance(block, ClaimFigure | DescentFigure | CircuitFigure | StandingsFigure):
        return block  # drawn in letters
    return None if isinstance(block, FigureRef) else _printable(block)


def _printable(value: Any) -> Any:
    """Return a block, or a piece of one, with its texts as a terminal may have them."""
    if isinstance(value, str):
        return printable(value, keep="\n")
    if isinstance(value, tuple):
        return tuple(map(_printable, value))
    if isinstance(value, Cell):  # most of a large report
        return value if value.text.isprintable() else replace(value, text=printable(value.text, keep="\n"))
    if is_dataclass(value) and not isinstance(value, type):
        texts = {field.name: _printable(getattr(value, field.name)) for field in fields(value)}
        return replace(value, **texts)
    return value


def _drawn(fitted: Fitted, width: int) -> Iterator[Pieces]:
    """Yield the lines of a table: its headers over a rule, then its rows, each with what stands below it."""
    yield from _lines(fitted, [(header, "dim") for header in fitted.headers])
    yield [("─" * fitted.width, "")]
    room = min(width, max(fitted.width, _LEAST_BELOW)) - 2
    for row, below in zip(fitted.rows, fitted.below, strict=True):
        yield from _lines(fitted, [(cell.text, _STYLES[cell.tone]) for cell in row])
        for line in textwrap.wrap(below, max(room, 1), break_on_hyphens=False, break_long_words=False):
            yield [(f"  {line}", "dim")]


def _lines(fitted: Fitted, cells: list[tuple[str, str]]) -> Iterator[Pieces]:
    """Yield the lines of one row, whose cells may have several."""
    columns = [text.split("\n") for text, _ in cells]
    for place in range(max(map(len, columns))):
        line: list[tuple[str, str]] = []
        for k, (column, width) in enumerate(zip(fitted.columns, fitted.widths, strict=True)):
            words = columns[k][place] if place < len(columns[k]) else ""
            pad = " " * (width - cell_len(words))
            before, behind = (pad, "") if column.align == "right" else ("", pad)
            line += [(before, ""), (words, cells[k][1]), (behind + " " * fitted.gap, "")]
        yield line
