"""``nnbench list``: what there is of one kind."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnbench.terminal import options

if TYPE_CHECKING:
    from nnbench.cases.inventory import Entry
    from nnbench.reporting.blocks import Document


def command(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="optimizers, activations, initializers, schedules, losses, metrics, layers,"
            " cases, suites, datasets, functions, claims, runs.",
        ),
    ],
    long: Annotated[
        bool, typer.Option("--long", help="Everything about each, as a page of reference.")
    ] = False,
    plugin: options.Plugin = None,
    store: options.Store = None,
    to: options.Destination = options.PRINTED,
    color: options.Color = None,
) -> int:
    """List the parts, cases or runs there are.

    `nnbench show NAME` tells everything of one.
    """
    from nnbench.cases import inventory, plugins
    from nnbench.plan.settings import display_settings
    from nnbench.terminal import printing as present
    from nnbench.terminal import progress

    chosen = display_settings(store=store, color=color, plugin=plugin)
    plugins.load(chosen.plugins)
    if kind == "runs":
        items = _runs(chosen.store)
        rows = [[item["name"], item["summary"]] for item in items]
    else:
        found = inventory.entries(kind)
        items = [inventory.as_json(entry) for entry in found]
        rows = [[", ".join((entry.name, *entry.aliases)), entry.summary] for entry in found]
    if not items and to.form == "text":
        progress.note(f"there are no {kind} yet.")
        return 0
    document = present.page(kind, [present.table(["name", "what it is"], rows)])
    if long and kind != "runs":
        document = _reference(kind, found)
    data = {"schema": "nnbench.list/1", "kind": kind, "items": items}
    present.deliver(present.result(kind, document, data, items), to, chosen.color)
    return 0


def _reference(kind: str, found: "tuple[Entry, ...]") -> "Document":
    """Return a document with a section for each."""
    from nnbench.reporting.blocks import Document, Section
    from nnbench.terminal.entries import about

    return Document(kind, tuple(Section(entry.name, tuple(about(entry))) for entry in found))


def _runs(path: Any) -> list[dict[str, Any]]:
    """Return the runs in the store, the newest first."""
    from nnbench.store import Store

    with Store.open(path, create=False) as store:
        return [
            {
                "name": run.run,
                "summary": f"{run.created}, {', '.join(run.cases)}: {run.n_trials} trials ({run.n_new} new)",
                "formula": "",
                "source": run.command,
                "hyperparameters": [],
            }
            for run in store.runs()
        ]
