"""``nnbench tune``: the learning rate of every configuration, at equal budget."""

from typing import TYPE_CHECKING, Annotated

import typer

from nnbench.cases.axis import AXES
from nnbench.terminal import options

if TYPE_CHECKING:
    from pathlib import Path

    from nnbench.studies.search.point_plan import PointPlan
    from nnbench.studies.search.rate_plan import TunePlan


@options.with_axes(*(name for name in AXES if name != "learning_rate"))
def command(
    cases: options.Cases = None,
    axes: options.AxisOptions = options.NO_AXES,
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
    seeds: Annotated[
        str | None,
        typer.Option(metavar="N|LIST", help="Fresh seeds to report, at the tuned and the default rate."),
    ] = None,
    epochs: options.Epochs = None,
    dtype: options.Dtype = None,
    jobs: Annotated[
        str | None, typer.Option("--jobs", "-j", metavar="N", help="Trials at the same time.")
    ] = None,
    plugin: options.Plugin = None,
    store: options.Store = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would run and how long; run nothing.")
    ] = False,
    report: Annotated[
        str | None, typer.Option(metavar="DIR", help="Also write the report there, as Markdown with figures.")
    ] = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    color: options.Color = None,
    debug: options.Debug = False,
) -> int:
    """Find the learning rate of every combination, and how much it matters.

    Every combination gets the same number of rates on the same tuning seeds: a grid around its default, grown
    while the best rate is an end of it, then refined. With --over, it is the same number of points for rate
    and hyper-parameters together. Fresh seeds compare what was tuned with the default. `nnbench run --tuned`
    uses what was found. The same command again goes on where it was stopped.
    """
    import os
    from pathlib import Path

    from nnbench.plan import request
    from nnbench.studies.search import point_plan
    from nnbench.studies.search import rate_plan as tune_plan
    from nnbench.terminal import progress, session

    given = {
        **axes, "seeds": seeds, "epochs": epochs, "dtype": dtype, "jobs": jobs,
        "plugin": plugin, "store": store, "quiet": quiet, "color": color,
    }  # fmt: skip
    folder = session.report_folder(report)
    plan = request.make_plan(cases or [], given, environment=os.environ, folder=Path.cwd())
    for note in plan.matrix.notes:
        progress.note(note, quiet=plan.settings.quiet)
    asked: TunePlan | PointPlan
    if over is not None:
        n_points = point_plan.POINTS if points is None else points
        asked = point_plan.make_plan(
            plan, over, tuning_seeds=tuning_seeds, n_points=n_points, decades=decades
        )
    else:
        n_points = tune_plan.POINTS if points is None else points
        asked = tune_plan.make_plan(plan, tuning_seeds=tuning_seeds, n_points=n_points, decades=decades)
    if dry_run:
        return _forecast(asked, as_json=as_json)
    return _tune(asked, as_json=as_json, folder=folder)


def _forecast(asked: "TunePlan | PointPlan", *, as_json: bool) -> int:
    """Print what the search would do at least."""
    from nnbench.reporting.digits import counted
    from nnbench.running import experiment
    from nnbench.studies.search import point_search
    from nnbench.studies.search import rate_search as tune
    from nnbench.studies.search.point_plan import PointPlan
    from nnbench.terminal import printing as present
    from nnbench.terminal.progress import duration

    settings, facts = asked.plan.settings, experiment.facts_of(asked.plan)
    if isinstance(asked, PointPlan):
        first, n_tried, name = point_search.first_trials(asked, facts), asked.n_points, "setting"
    else:
        first, n_tried, name = tune.first_trials(asked, facts), asked.n_rates, "rate"
    expected = experiment.forecast(first, settings)
    # Every rate takes about as long as any other: the grid's trials stand for the rest.
    seconds = expected.seconds / max(1, expected.n_trials - expected.n_cached) * asked.n_trials
    if as_json:
        present.print_json(
            {
                "schema": "nnbench.plan/1",
                "trials": asked.n_trials,
                "configurations": asked.n_configurations,
                f"{name}s": n_tried,
                "estimated_s": seconds,
                "jobs": expected.jobs,
            }
        )
        return 0
    each = f"{counted(n_tried, name)} on {counted(asked.n_tuning_seeds, 'tuning seed')}"
    print(
        f"{counted(asked.n_configurations, 'configuration')}: {each} each,"
        f" then the fresh seeds at two {name}s"
    )
    print(
        f"{counted(asked.n_trials, 'trial')} at least (those in the store are not run again), about"
        f" {duration(seconds)} with {expected.jobs} at a time."
    )
    return 0


def _tune(asked: "TunePlan | PointPlan", *, as_json: bool, folder: "Path | None") -> int:
    """Search, print what was found, and return the exit code."""
    from nnbench.evidence import findings
    from nnbench.store import Store
    from nnbench.studies.search import carry_out
    from nnbench.terminal import printing as present
    from nnbench.terminal import progress, session

    chosen = asked.plan.settings
    run = carry_out.search(asked)
    if run is None:
        return session.interrupted()
    with Store.open(chosen.store, create=False) as store:
        found = findings.find(store, run)
    progress.note(session.summary(run), quiet=chosen.quiet)
    present.print_findings(found, "json" if as_json else "text", chosen.color)
    if folder is not None:
        path = present.write_findings(found, "markdown", folder)
        progress.note(f"wrote {path}", quiet=chosen.quiet)
    return session.SOME_TRIALS_FAILED if any(trial.status == "failed" for trial in found.trials) else 0
