"""Print results on stdout, in the form that was asked for."""

import json
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nnbench.machine.writing import make_folder, printable, write_files
from nnbench.plan.settings import Color
from nnbench.reporting.blocks import Block, Cell, Column, Document, Item, Listing, Paragraph, Section, Table
from nnbench.reporting.render import text

if TYPE_CHECKING:
    from nnbench.evidence.case import Findings

Format = Literal["text", "markdown", "html", "json", "csv", "latex"]
_ENDINGS: dict[Format, str] = {
    "text": "txt",
    "markdown": "md",
    "html": "html",
    "json": "json",
    "csv": "csv",
    "latex": "tex",
}


def print_json(document: object) -> None:
    """Print one JSON document; a number that JSON has no word for (infinity) is null."""
    sys.stdout.write(json_text(document))


def json_text(document: object) -> str:
    return json.dumps(_finite(document), indent=1, allow_nan=False) + "\n"


def print_document(document: Document, color: Color) -> None:
    text.write(document, sys.stdout, color=color)


def print_blocks(heading: str, blocks: Sequence[Block], color: Color) -> None:
    print_document(Document(heading, (Section(heading, tuple(blocks)),)), color)


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return a table of texts whose last column may wrap."""
    columns = tuple(
        Column(header, wraps=position == len(headers) - 1) for position, header in enumerate(headers)
    )
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


def print_findings(found: "Findings", form: Format, color: Color) -> None:
    """Print the report of a run on stdout."""
    if form == "text":
        print_document(_document(found), color)
    else:
        sys.stdout.write(text.encodable(_rendered(found, form), sys.stdout.encoding or "utf-8"))


def write_findings(found: "Findings", form: Format, folder: Path) -> Path:
    """Write the report of a run into a folder, Markdown with its figures, and return the report's path."""
    path = folder / f"report.{_ENDINGS[form]}"
    make_folder(folder)
    if form == "markdown":
        from nnbench.reporting.render import markdown

        markdown.write(_document(found), path)
    else:
        write_files({path: _rendered(found, form)})
    return path


def _document(found: "Findings") -> Document:
    from nnbench.reporting import document

    return document.build(found)


def _rendered(found: "Findings", form: Format) -> str:
    if form == "text":
        return text.render(_document(found))
    if form in ("markdown", "html", "latex"):
        # Imported one by one: only HTML pays for its templates, and only pictures for theirs.
        renderer = import_module(f"nnbench.reporting.render.{form}")
        return printable(renderer.render(_document(found)), keep="\n\t")
    if form == "csv":
        from nnbench.reporting.render import csv

        return printable(csv.render(found), keep="\n\t")
    if found.run.tuning is not None:
        from nnbench.reporting.json import tune as tune_json

        return tune_json.render(found.run, found.trials)
    from nnbench.reporting.json import run as run_json

    return run_json.render(found)
