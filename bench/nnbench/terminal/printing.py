"""Print results on stdout or write them into files, in the form that was asked for."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from nnbench.machine.writing import make_folder, printable, write_files
from nnbench.plan.settings import Color
from nnbench.reporting.blocks import Block, Cell, Column, Document, Item, Listing, Paragraph, Section, Table
from nnbench.reporting.render import text
from nnbench.terminal.destination import Destination, ReportFormat
from nnbench.terminal.progress import note

if TYPE_CHECKING:
    from nnbench.evidence.case import Findings

Rows = Sequence[Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Result:
    """What a verb found, in every form that it takes. A form is made when it is asked for."""

    name: str  # of its file in a folder, without the ending
    document: Callable[[], Document]
    json: Callable[[], Iterable[str]]  # in pieces, which are made one by one: curves are long
    csv: Callable[[], Iterable[str]]
    text: Callable[[], str] | None = None  # where it is no document, but to be pasted

    def rendered(self, form: ReportFormat) -> str:
        return "".join(self.pieces(form))

    def pieces(self, form: ReportFormat) -> Iterator[str]:
        if form == "text" and self.text is not None:
            yield self.text()
        elif form == "json":
            yield from self.json()
        elif form == "csv":
            yield from (printable(piece, keep="\n\t") for piece in self.csv())
        else:
            # Imported one by one: only HTML pays for its templates, and only pictures for theirs.
            renderer = import_module(f"nnbench.reporting.render.{form}")
            yield printable(renderer.render(self.document()), keep="\n\t")


def result(name: str, document: Document, data: object, rows: Rows) -> Result:
    """Return a result of a document, of its data for JSON, and of its rows for CSV."""

    def comma_separated() -> Iterator[str]:
        from nnbench.reporting.render import csv

        yield csv.table(rows)

    return Result(name, lambda: document, lambda: [json_text(data)], comma_separated)


def report_of(found: "Findings", *, curves: bool = False) -> Result:
    """Return the report of a run or a search; with ``curves``, CSV is of these, and JSON has them too."""

    def document() -> Document:
        from nnbench.reporting.document import build

        return build(found)

    def comma_separated() -> Iterable[str]:
        renderer = import_module(f"nnbench.reporting.render.{'curves' if curves else 'csv'}")
        rendered: str | Iterator[str] = renderer.render(found)
        return [rendered] if isinstance(rendered, str) else rendered

    return Result("report", document, lambda: _json_of(found, curves=curves), comma_separated)


def deliver(made: Result, to: Destination, color: Color) -> None:
    """Print a result, or write it and print where it lies."""
    if to.path is not None:
        say(str(write(made, to)))
    elif to.form == "text" and made.text is None:
        print_document(made.document(), color)
    else:
        for piece in made.pieces(to.form):
            sys.stdout.write(text.encodable(piece, sys.stdout.encoding or "utf-8"))


def deliver_beside(made: Result, to: Destination | None, *, quiet: bool) -> None:
    """Write the report that was asked for besides the result, if one was."""
    if to is not None:
        note(f"wrote {write(made, to)}", quiet=quiet)


def write(made: Result, to: Destination) -> Path:
    """Write a result into a file, Markdown with its figures beside it, and return the file's path."""
    path = to.file(made.name)
    contents: dict[Path, bytes | Iterable[str]] = {}
    if to.form == "markdown":
        from nnbench.reporting.render import markdown

        contents = {path.with_name(name): drawn for name, drawn in markdown.figures(made.document())}
    contents[path] = made.pieces(to.form)
    make_folder(path.parent)
    write_files(contents)
    return path


def say(line: str) -> None:
    """Print a line on stdout in letters that its encoding knows, and that no terminal obeys."""
    print(text.encodable(printable(line), sys.stdout.encoding or "utf-8"))


def print_json(document: object) -> None:
    """Print one JSON document; a number that JSON has no word for (infinity) is null."""
    sys.stdout.write(json_text(document))


def json_text(document: object) -> str:
    return json.dumps(_finite(document), indent=1, allow_nan=False) + "\n"


def print_document(document: Document, color: Color) -> None:
    text.write(document, sys.stdout, color=color)


def page(heading: str, blocks: Sequence[Block]) -> Document:
    """Return a document of one section."""
    return Document(heading, (Section(heading, tuple(blocks)),))


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return a table of texts, which may wrap where they have spaces."""
    columns = tuple(Column(header, wraps=True) for header in headers)
    return Table("", columns, tuple(tuple(Cell(value) for value in row) for row in rows))


def listing(items: Sequence[tuple[str, str]]) -> Listing:
    """Return names with their values, without those that have none."""
    return Listing(tuple(Item(name, value) for name, value in items if value))


def paragraph(words: str) -> Paragraph:
    return Paragraph(words)


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    if isinstance(value, float) and value - value != 0:
        return None
    return value


def _json_of(found: "Findings", *, curves: bool) -> Iterable[str]:
    if found.run.tuning is not None:
        from nnbench.reporting.json import tune as tune_json

        return [tune_json.render(found.run, found.trials)]
    from nnbench.reporting.json import run as run_json

    return run_json.render(found, curves=curves)
