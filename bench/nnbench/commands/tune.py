"""``nnbench tune``: the learning rate of every configuration, at equal budget."""

from typing import TYPE_CHECKING, Annotated

import typer

from nnbench.cases.axis import AXES
from nnbench.terminal import options

if TYPE_CHECKING:
    from nnbench.studies.search.plan import SearchPlan
    from nnbench.terminal.destination import Destination


@options.with_axes(*(name for name in AXES if name != "learning_rate"))
def command(
    cases: options.Cases = None,
    axes: options.AxisOptions = options.NO_AXES,
    values: options.Set = None,
    over: Annotated[
        str | None,
        typer.Option(
            metavar="LIST", help="Also search these hyper-parameters, or all, at quasi-random points."
        ),
    ] = None,
    points: Annotated[
        int | None,
        typer.Option(metavar="N", help="Rates on the first grid: 13. With --over, points in all: 32."),
    ] = None,
    decades: Annotated[
        float,
        typer.Option(metavar="N", help="Width of the search, around the default rate; half for others."),
    ] = 6.0,
    tuning_seeds: Annotated[
        str, typer.Option(metavar="N|LIST", help="Seeds to choose the rate by; counted from 1000000 on.")
    ] = "3",
    searches: Annotated[
        int,
        typer.Option(
            metavar="N", help="Search so often, on other tuning seeds each time; fresh seeds take turns."
        ),
    ] = 1,
    seeds: Annotated[
        str | None,
        typer.Option(metavar="N|LIST", help="Fresh seeds to report, at the tuned and the default rate."),
    ] = None,
    epochs: options.Epochs = None,
    dtype: options.Dtype = None,
    shard: Annotated[str | None, typer.Option(hidden=True)] = None,
    jobs: options.Jobs = None,
    engine: options.Engine = None,
    scheduler: options.Scheduler = None,
    plugin: options.Plugin = None,
    store: options.Store = None,
    dry_run: options.DryRun = False,
    kept: options.Destination | None = None,
    to: options.Destination = options.PRINTED,
    quiet: options.Quiet = False,
    color: options.Color = None,
) -> int:
    """Find the learning rate of every combination, and how much it matters.

    Every combination gets the same number of rates on the same tuning seeds: a grid around its default, grown
    while the best rate is an end of it, then refined; the last few rates get more seeds. With --over, it is
    the same number of points for rate and hyper-parameters together. Fresh seeds compare what was tuned with
    the default; with --searches, verdicts carry what another search would have found. `nnbench run --tuned`
    uses what was found. The same command again goes on where it was stopped.
    """
    import os
    from pathlib import Path

    from nnbench.errors import UsageError
    from nnbench.plan import request
    from nnbench.plan.shard import NO_SEARCH
    from nnbench.studies.search import rehearsal
    from nnbench.studies.search.plan import make_plan
    from nnbench.terminal import progress
    from nnbench.terminal.destination import rehearsed_as_json

    if shard is not None:
        raise UsageError(NO_SEARCH.format(where="--shard"))
    given = {
        **axes, "set": values, "seeds": seeds, "epochs": epochs, "dtype": dtype, "jobs": jobs,
        "engine": engine, "scheduler": scheduler,
        "plugin": plugin, "store": store, "quiet": quiet, "color": color,
    }  # fmt: skip
    plan = request.make_plan(cases or [], given, environment=os.environ, folder=Path.cwd())
    for note in plan.matrix.notes:
        progress.note(note, quiet=plan.settings.quiet)
    asked = make_plan(
        plan,
        over=over,
        tuning_seeds=tuning_seeds,
        n_points=points,
        decades=decades,
        n_searches=searches,
    )
    if dry_run:
        rehearsal.rehearse(asked, as_json=rehearsed_as_json(to))
        return 0
    return _tune(asked, to, kept)


def _tune(asked: "SearchPlan", shown: "Destination", kept: "Destination | None") -> int:
    """Search, print what was found, and return the exit code."""
    from nnbench.evidence import findings
    from nnbench.store import Store
    from nnbench.studies.search import search
    from nnbench.terminal import printing as present
    from nnbench.terminal import progress, session

    chosen = asked.plan.settings
    run = search.carry_out(asked)
    if run is None:
        return session.interrupted()
    with Store.open(chosen.store, create=False) as store:
        found = findings.find(store, run)
    progress.note(session.summary(run), quiet=chosen.quiet)
    made = present.report_of(found)
    present.deliver(made, shown, chosen.color)
    present.deliver_beside(made, kept, quiet=chosen.quiet)
    return session.SOME_TRIALS_FAILED if any(trial.status == "failed" for trial in found.trials) else 0
