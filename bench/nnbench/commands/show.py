"""``nnbench show``: everything about one part, case, run or trial."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnbench.terminal import options

if TYPE_CHECKING:
    from nnbench.cases.inventory import Entry
    from nnbench.reporting.blocks import Block


def command(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A part, a case, a run, or the key of a trial.")
    ],
    plugin: options.Plugin = None,
    store: options.Store = None,
    to: options.Destination = options.PRINTED,
    color: options.Color = None,
) -> int:
    """Show a part, a case, a run or a trial.

    A part is shown with its formula, its source, its closed forms, its hyper-parameters with their ranges,
    and a small picture, which `--format markdown --output FOLDER` writes as SVG.
    """
    from nnbench.cases import inventory, plugins
    from nnbench.errors import UsageError
    from nnbench.plan.settings import display_settings
    from nnbench.reporting.blocks import Document, Section
    from nnbench.terminal import printing as present

    chosen = display_settings(store=store, color=color, plugin=plugin)
    plugins.load(chosen.plugins)
    try:
        found = inventory.entries_named(name)
        items = [{"kind": entry.kind, **inventory.as_json(entry)} for entry in found]
        sections = [Section(f"{entry.name} ({entry.kind})", tuple(_blocks(entry))) for entry in found]
    except UsageError:
        recorded = _recorded(name, chosen.store)
        if recorded is None:
            raise
        items = [recorded]
        lines = present.listing([(key, str(value)) for key, value in recorded.items()])
        sections = [Section(name, (lines,))]
    data = {"schema": "nnbench.show/1", "items": items}
    made = present.result("part", Document(name, tuple(sections)), data, items)
    present.deliver(made, to, chosen.color)
    return 0


def _blocks(entry: "Entry") -> "list[Block]":
    """Return what is known of an entry, with a picture where it has one."""
    from nnbench.reporting.views.descent import paths
    from nnbench.reporting.views.portrait import picture
    from nnbench.studies.portraits import portrait, walk
    from nnbench.terminal.entries import about

    if entry.kind == "optimizers":
        walked = walk(entry.name)
        return about(entry) if walked is None else [*about(entry), paths(walked)]
    drawn = portrait(entry.kind, entry.name)
    return about(entry) if drawn is None else [*about(entry), picture(drawn)]


def _recorded(name: str, path: Path) -> dict[str, Any] | None:
    """Return the trial with this key, or the run with this name, if the store has one."""
    from nnbench.errors import UsageError
    from nnbench.store import MissingStore, Store

    try:
        with Store.open(path, create=False) as store:
            if re.fullmatch(r"[0-9a-f]{64}", name):
                return next((_trial(trial) for trial in store.trials([name])), None)
            return _run(store.run(name)) if name[:1].isdigit() or store.has_run(name) else None
    except (MissingStore, UsageError):
        return None


def _trial(trial: Any) -> dict[str, Any]:
    return {
        "key": trial.key,
        "case": trial.case,
        **trial.axes.as_dict(),
        "seed": trial.seed,
        "status": trial.status,
        **{f"final {name}": value for name, value in trial.final.items()},
        **{f"best {name}": value for name, value in trial.best.items()},
        "steps": trial.steps,
        "steps to target": trial.steps_to_target,
        "training s": trial.train_s,
        "digest": trial.digest,
        **({"error": trial.error} if trial.error else {}),
    }


def _run(run: Any) -> dict[str, Any]:
    return {
        "run": run.run,
        "created": run.created,
        "command": run.command,
        "cases": ", ".join(case.name for case in run.cases),
        "varying": ", ".join(run.varying) or "nothing",
        "trials": len(run.trial_keys),
        "new": run.n_new,
        "from the store": run.n_cached,
        "seconds": round(run.elapsed_s, 3),
    }
