"""``nnbench data``: the datasets, and those that must be fetched before they can be trained on."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnbench.terminal import options

if TYPE_CHECKING:
    from nnbench.plan.settings import Color
    from nnbench.studies.holdings import Holding
    from nnbench.terminal.destination import Destination
    from nnbench.terminal.printing import Result
    from nnkit.datasets import DatasetRecord

ACTIONS = ("list", "fetch", "import", "where", "check")
ENVIRONMENT, INTERRUPTED = 4, 130
_WORDS = {
    "ships": "ships with nnkit",
    "generated": "generated",
    "fetched": "fetched",
    "partial": "partly fetched",
    "missing": "to be fetched",
    "damaged": "damaged",
}


def command(
    action: Annotated[
        str,
        typer.Argument(
            metavar="[ACTION]",
            help="list (what there is), fetch (download), import (files that you have), where (the folder),"
            " check (every byte).",
        ),
    ] = "list",
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME…]", help="Datasets, e.g. mnist cifar10; one and a folder for import."),
    ] = None,
    to: options.Destination = options.PRINTED,
    quiet: options.Quiet = False,
    color: options.Color = None,
) -> int:
    """List the datasets, fetch some, or import files that you have.

    What is fetched lies in the user's cache folder, or in the folder that NNBENCH_DATA_DIR names. A file is
    kept only if its SHA-256 is the published one. The same command again goes on where a transfer was cut.
    """
    from nnbench.errors import UsageError
    from nnbench.plan.settings import display_settings
    from nnbench.terminal import printing as present
    from nnkit.errors import did_you_mean

    if action not in ACTIONS:
        raise UsageError(f"data: there is no action {action!r}.{did_you_mean(action, ACTIONS)}")
    chosen = display_settings(store=None, color=color).color
    if action == "import":
        return _import(names or [], as_json=to.form == "json")
    records = _records(action, names or [])
    if action not in ("list", "check") and (to.path is not None or to.form not in ("text", "json")):
        raise UsageError(f"data {action} is no table: it is printed, as text or as json.")
    if action == "fetch":
        return _fetch(records, chosen, as_json=to.form == "json", quiet=quiet)
    if action == "check":
        return _check(records, chosen, to, is_named=bool(names))
    if action == "list":
        present.deliver(_listed(_held(records)), to, chosen)
    elif to.form == "json":
        present.print_json(_as_dict(action, _held(records)))
    else:
        _print_folders(records, is_named=bool(names))
    return 0


def _records(action: str, names: Sequence[str]) -> "list[DatasetRecord]":
    """Return the datasets that are named; without a name all that the action is about."""
    from nnbench.errors import UsageError
    from nnkit import datasets

    remote = [
        record.name
        for record in datasets.DATASETS
        if record.files and (action != "fetch" or record.files[0].mirrors)
    ]
    if action == "fetch" and not names:
        raise UsageError(f"data fetch: name at least one dataset: {', '.join(remote)}.")
    every = datasets.names() if action == "list" else remote
    found = [datasets.record(name) for name in dict.fromkeys(names or every)]
    for record in found:
        if action == "fetch" and record.files and not record.files[0].mirrors:
            raise UsageError(
                f"data fetch: no address serves {record.name!r}. Import it:"
                f" nnbench data import {record.name} FOLDER"
            )
        if action != "list" and not record.files:
            raise UsageError(
                f"data {action}: {record.name!r} needs no fetching. Others do: {', '.join(remote)}."
            )
    return found


def _held(records: "Sequence[DatasetRecord]", *, every_byte: bool = False) -> "list[Holding]":
    from nnbench.studies import holdings

    return [holdings.look(record, every_byte=every_byte) for record in records]


def _fetch(records: "Sequence[DatasetRecord]", color: "Color", *, as_json: bool, quiet: bool) -> int:
    """Fetch what is not here, and say where it lies."""
    from nnbench.terminal import printing as present
    from nnbench.terminal import transfer
    from nnbench.terminal.progress import note
    from nnkit.datasets import remote
    from nnkit.datasets.fetch import fetch

    try:
        with transfer.watching(quiet=quiet, color=color) as watcher:
            n_new = {record.name: fetch(record.name, record.files, watcher=watcher) for record in records}
    except KeyboardInterrupt:
        note("interrupted: what has arrived is kept, and the same command goes on from here.")
        return INTERRUPTED
    if as_json:
        present.print_json(_as_dict("fetch", _held(records), n_new))
        return 0
    for record in records:
        size = remote.megabytes(sum(file.size_bytes for file in record.files))
        done = "fetched" if n_new[record.name] else "already here"
        print(f"{record.name}: {done}, {size} in {remote.place(record.name)}")
    return 0


def _import(words: Sequence[str], *, as_json: bool) -> int:
    """Copy files of a dataset that the user has, and say where they lie now."""
    from nnbench.errors import UsageError
    from nnbench.terminal import printing as present
    from nnkit.datasets import remote
    from nnkit.datasets.importing import import_files

    if len(words) != 2:
        raise UsageError(
            f"data import: expected a dataset and a folder, found {' '.join(words) or 'nothing'}."
            " For example: nnbench data import mnist Downloads"
        )
    (record,) = _records("import", words[:1])
    n_new = import_files(record.name, record.files, Path(words[1]).expanduser())
    if as_json:
        present.print_json(_as_dict("import", _held([record]), {record.name: n_new}))
    else:
        done = f"{n_new} files imported" if n_new > 1 else "imported" if n_new else "already here"
        print(f"{record.name}: {done}, in {remote.place(record.name)}")
    return 0


def _check(records: "Sequence[DatasetRecord]", color: "Color", to: "Destination", *, is_named: bool) -> int:
    """Compare every byte with what was published; what nobody named and nobody fetched is left out."""
    from nnbench.reporting.blocks import Cell, Column, Table
    from nnbench.terminal import printing as present
    from nnbench.terminal import progress

    found = _held(records, every_byte=True)
    if not is_named:
        found = [holding for holding in found if holding.state != "missing"]
    if not found and to.form == "text":
        progress.note("nothing has been fetched yet. `nnbench data` lists what there is.")
    else:
        columns = (Column("dataset"), Column("file"), Column("state"))
        rows = tuple(
            (
                Cell(holding.record.name),
                Cell(held.file.name),
                Cell(_WORDS[held.state], "good" if held.state == "fetched" else "bad"),
            )
            for holding in found
            for held in holding.files
        )
        document, data = present.page("data check", [Table("", columns, rows)]), _as_dict("check", found)
        present.deliver(present.result("data", document, data, data["datasets"]), to, color)
    broken = [holding.record.name for holding in found if holding.state != "fetched"]
    if broken:
        progress.note(f"not whole: {', '.join(broken)}. Mend it: {_mending(found, broken)}")
    return ENVIRONMENT if broken else 0


def _mending(found: "Sequence[Holding]", broken: Sequence[str]) -> str:
    from nnkit.datasets import remote

    files = [held.file for holding in found if holding.record.name in broken for held in holding.files]
    return remote.how_to_get(broken, files)


def _print_folders(records: "Sequence[DatasetRecord]", *, is_named: bool) -> None:
    """Print the folder of everything, or of what was named: a line that a shell can use."""
    from nnkit.datasets import remote

    for folder in [remote.place(record.name) for record in records] if is_named else [remote.folder()]:
        print(folder)


def _listed(found: "Sequence[Holding]") -> "Result":
    from nnbench.terminal import printing as present
    from nnkit.datasets import remote

    rows = [
        [
            holding.record.name,
            _word(holding),
            remote.megabytes(holding.size_bytes) if holding.files else "",
            f"{holding.record.n_samples:,}",
            holding.record.summary,
        ]
        for holding in found
    ]
    table = present.table(["name", "state", "to fetch", "samples", "what it is"], rows)
    data = _as_dict("list", found)
    return present.result("data", present.page("data", [table]), data, data["datasets"])


def _word(holding: "Holding") -> str:
    """Return the state in words; what no address serves cannot be fetched."""
    is_served = all(held.file.mirrors for held in holding.files)
    return _WORDS[holding.state] if is_served or holding.state != "missing" else "to be imported"


def _as_dict(
    action: str, found: "Sequence[Holding]", n_new: Mapping[str, int] | None = None
) -> dict[str, Any]:
    from nnbench.studies import holdings
    from nnkit.datasets import remote

    items = [holdings.as_json(holding) for holding in found]
    for item in items:
        if n_new is not None:
            item["n_new"] = n_new[item["name"]]
    return {"schema": "nnbench.data/1", "action": action, "folder": str(remote.folder()), "datasets": items}
