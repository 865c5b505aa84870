"""``nnbench export``: results in the files of other tools."""

from typing import Annotated

import typer

from nnbench.studies.export.kinds import KINDS
from nnbench.terminal import options

_KINDS = "; ".join(f"{name}: {kind.summary}" for name, kind in KINDS.items())


def _kinds(incomplete: str) -> list[str]:
    return [name for name in KINDS if name.startswith(incomplete)]


def command(
    exported: Annotated[str, typer.Argument(metavar="KIND", help=f"{_KINDS}.", autocompletion=_kinds)],
    run: Annotated[
        str,
        typer.Argument(
            metavar="[RUN]",
            help="A run's name, its beginning, 'last', 'last~1'; for a net also a key.",
        ),
    ] = "last",
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="PATH", help="Where it is written; by default in this folder."
        ),
    ] = None,
    plugin: options.Plugin = None,
    store: options.Store = None,
    quiet: options.Quiet = False,
) -> int:
    """Write a run, or the net of a trial, for another tool.

    A run is written from the store alone: nothing is trained, sent, or asked of a server. A store keeps no
    weights, so a net is trained again, and refused unless its digest is the recorded one.
    """
    import sys
    from pathlib import Path

    from nnbench.cases import plugins
    from nnbench.errors import UsageError
    from nnbench.machine.clock import Clock
    from nnbench.plan.settings import display_settings
    from nnbench.studies.export.kinds import Asked, kind_named
    from nnbench.terminal.printing import say
    from nnbench.terminal.progress import note, progress_on

    kind = kind_named(exported)
    if output is not None and (not output.strip() or "://" in output):
        raise UsageError(f"--output {output!r}: expected a path. Leave it out for one in this folder.")
    chosen = display_settings(store=store, color=None, plugin=plugin)
    plugins.load(chosen.plugins)
    place = None if output is None else Path(output).expanduser()
    with progress_on(sys.stderr, Clock(), quiet=quiet) as told:
        made = kind.export(Asked(chosen.store, run, place, told.training))
    note(made.remark, quiet=quiet)
    say(str(made.path))
    return 0
