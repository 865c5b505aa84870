"""``nnbench report``: a run's report, from the store alone."""

from typing import Annotated

import typer

from nnbench.terminal import options


def command(
    run: Annotated[
        str, typer.Argument(metavar="[RUN]", help="A run's name, its beginning, 'last', 'last~1'.")
    ] = "last",
    to: options.Destination = options.PRINTED,
    curves: options.Curves = False,
    store: options.Store = None,
    color: options.Color = None,
) -> int:
    """Report a run, from the store alone."""
    from nnbench.cases import versions
    from nnbench.errors import NothingMeasured, UsageError
    from nnbench.evidence import findings
    from nnbench.plan.settings import display_settings
    from nnbench.store import Store
    from nnbench.terminal import printing as present
    from nnbench.terminal import progress
    from nnbench.terminal.destination import check_curves

    if curves:
        check_curves(to)
    chosen = display_settings(store=store, color=color)
    with Store.open(chosen.store, create=False) as opened:
        found = findings.find(opened, opened.run(run), with_all_curves=curves)
    if not found.trials:
        raise NothingMeasured(
            f"run {found.run.run}: no trial of it is recorded. Go on with: {found.run.command}"
        )
    if curves and to.form == "json" and found.run.tuning is not None:
        raise UsageError("--curves: the JSON of a search has no trials. Add --format csv.")
    for line in versions.outdated(found.run):
        progress.note(line)
    present.deliver(present.report_of(found, curves=curves), to, chosen.color)
    return 0
