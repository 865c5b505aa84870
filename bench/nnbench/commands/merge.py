"""``nnbench merge``: what several machines recorded, in one store."""

from typing import TYPE_CHECKING, Annotated

import typer

from nnbench.terminal import options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nnbench.store.merging import Taken
    from nnbench.terminal.printing import Result


def command(
    stores: Annotated[
        list[str] | None, typer.Argument(metavar="STORE…", help="Stores, as --store names them.")
    ] = None,
    into: Annotated[
        str | None, typer.Option(metavar="DIR", help="The store that they are copied into; made if missing.")
    ] = None,
    to: options.Destination = options.PRINTED,
    quiet: options.Quiet = False,
    color: options.Color = None,
) -> int:
    """Copy what several stores hold into one: trials, runs, pictures, searches, measurements.

    The stores stay as they are. Merging again changes nothing. Where the same trial has two results, nothing
    is written, and the trial is named. What is damaged is named and left out.
    """
    from nnbench.errors import UsageError
    from nnbench.plan.settings import Given, display_settings, store_path
    from nnbench.store.merging import merge
    from nnbench.terminal import printing
    from nnbench.terminal.progress import note

    if not stores or into is None:
        raise UsageError("usage: nnbench merge STORE… --into DIR, e.g. nnbench merge a b --into whole")
    target = store_path(Given(into, "--into"))
    taken = merge([store_path(Given(text, f"merge {text}")) for text in stores], target)
    for each in taken:
        for line in each.damaged:
            note(f"{each.path}: {line}")
    if not any(each.changes_anything for each in taken):
        note(f"{target} had all of it already.", quiet=quiet)
    printing.deliver(_result(taken, target), to, display_settings(store=None, color=color).color)
    return 0


def _result(taken: "Sequence[Taken]", target: "Path") -> "Result":
    from nnbench.reporting.blocks import Cell, Column, Table
    from nnbench.terminal import printing

    rows = [
        {
            "store": str(each.path), "trials": each.trials, "new_trials": each.new_trials,
            "runs": each.runs, "new_runs": each.new_runs, "new_pictures": each.new_pictures,
            "new_tuned_rates": each.new_rates, "new_measurements": each.new_measurements,
        }
        for each in taken
    ]  # fmt: skip
    document = printing.page(
        f"merged into {target}",
        [
            Table(
                "",
                (
                    Column("store", wraps=True),
                    *(Column(head.replace("_", " "), "right") for head in rows[0] if head != "store"),
                ),
                tuple(tuple(Cell(str(value)) for value in row.values()) for row in rows),
            )
        ],
    )
    damaged = {str(each.path): each.damaged for each in taken if each.damaged}
    data = {"schema": "nnbench.merge/1", "into": str(target), "stores": rows, "damaged": damaged}
    return printing.result("merge", document, data, rows)
