"""What is known of a part, a case or a claim, as blocks of a document."""

from typing import TYPE_CHECKING

from nnbench.cases import inventory
from nnbench.terminal import printing as present
from nnkit.registry import spell_value

if TYPE_CHECKING:
    from nnbench.cases.inventory import Entry
    from nnbench.reporting.blocks import Block


def about(entry: "Entry") -> "list[Block]":
    """Return its summary, names, formula, source and closed forms, and a table of its hyper-parameters."""
    named = [("also", ", ".join(entry.aliases)), ("formula", entry.formula), ("source", entry.source)]
    named += [("closed form", claim) for claim in entry.closed_forms]
    blocks: list[Block] = [present.paragraph(entry.summary)]
    lines = present.listing([*named, *entry.details.items()])
    blocks += [lines] if lines.items else []
    if entry.hyperparameters:
        rows = [
            [hyper.name, spell_value(hyper.default), inventory.range_of(hyper), hyper.summary]
            for hyper in entry.hyperparameters
        ]
        blocks.append(present.table(["parameter", "default", "range", "meaning"], rows))
    return blocks
