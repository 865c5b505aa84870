"""``nnbench run``: the main job."""

from typing import TYPE_CHECKING, Annotated

import typer

from nnbench.terminal import options

if TYPE_CHECKING:
    from nnbench.plan.request import Plan
    from nnbench.records.trials import RunRecord
    from nnbench.terminal.destination import Destination


@options.with_axes()
def command(
    cases: options.Cases = None,
    axes: options.AxisOptions = options.NO_AXES,
    seeds: Annotated[
        str | None, typer.Option(metavar="N|LIST", help="How many seeds, or which: '10', '1,5-9'.")
    ] = None,
    first_seed: Annotated[str | None, typer.Option(metavar="N", help="Where counted seeds begin.")] = None,
    epochs: options.Epochs = None,
    dtype: options.Dtype = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="CHOICES",
            help="Compare with this configuration, e.g. 'adam,relu', not the leader. A list of optimizers,"
            " e.g. 'adam,sgd', joins the run as references of the one in --optimizer.",
        ),
    ] = None,
    tuned: Annotated[
        bool, typer.Option("--tuned", help="Run each at the learning rate that `nnbench tune` found for it.")
    ] = False,
    tune_missing: Annotated[
        bool, typer.Option("--tune-missing", help="As --tuned, and search the rates that are missing first.")
    ] = False,
    race: Annotated[
        bool, typer.Option("--race", help="Give out seeds in rounds; who has lost to the leader leaves.")
    ] = False,
    budget: Annotated[
        str | None, typer.Option(metavar="TIME", help="Begin no trial that ends later, e.g. 90s, 5m, 1h.")
    ] = None,
    probes: Annotated[
        bool, typer.Option("--probes", help="Also record dead units, saturation and gradients at the end.")
    ] = False,
    jobs: Annotated[
        str | None, typer.Option("--jobs", "-j", metavar="N", help="Trials at the same time.")
    ] = None,
    threads: Annotated[
        str | None, typer.Option(metavar="N", hidden=True, help="Another name for --jobs.")
    ] = None,
    order: Annotated[
        str | None,
        typer.Option(metavar="ORDER", help="shuffled (fair at any time) or seed (one seed after another)."),
    ] = None,
    plugin: options.Plugin = None,
    store: options.Store = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would run and how long; run nothing.")
    ] = False,
    report: options.Report = None,
    form: options.Form = None,
    output: options.Output = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    color: options.Color = None,
    debug: options.Debug = False,
) -> int:
    """Train every combination, record it, and print the verdicts.

    Every axis takes a comma list, with parameters in the name: --optimizer 'sgd(momentum=0.9),adam'.
    Without any axis, a case runs its own comparison. What was trained before is taken from the store,
    so the same command again goes on where it was stopped.
    """
    import os
    from pathlib import Path

    from nnbench.plan import request
    from nnbench.running import rehearsal
    from nnbench.studies.search import rehearsal as search_rehearsal
    from nnbench.terminal import progress, session
    from nnbench.terminal.destination import rehearsed_as_json, with_report

    given = {
        **axes, "seeds": seeds, "first_seed": first_seed, "epochs": epochs,
        "dtype": dtype, "against": against, "jobs": session.one_name(jobs, threads), "order": order,
        "tuned": tuned or tune_missing, "race": race, "budget": budget, "probes": probes, "plugin": plugin,
        "store": store, "quiet": quiet, "color": color,
    }  # fmt: skip
    shown, kept = with_report(form, output, report, as_json=as_json)
    plan = request.make_plan(cases or [], given, environment=os.environ, folder=Path.cwd())
    for note in plan.matrix.notes:
        progress.note(note, quiet=plan.settings.quiet)
    if dry_run and tune_missing:
        search_rehearsal.rehearse_run(plan, as_json=as_json)
        return 0
    if plan.settings.tuned is not None:
        found = _at_tuned_rates(plan, tune_missing=tune_missing)
        if found is None:
            return session.interrupted()
        plan = found
    if dry_run:
        rehearsal.rehearse(plan, as_json=rehearsed_as_json(shown))
        return 0
    return _run(plan, shown, kept)


def _at_tuned_rates(plan: "Plan", *, tune_missing: bool) -> "Plan | None":
    """Return the plan at the rates that searches found; None where searching was interrupted."""
    from nnbench.studies.search import search, tuned
    from nnbench.terminal import progress, session

    found = tuned.look_up(plan)
    if found.missing and tune_missing:
        run = search.carry_out(tuned.search_for(plan, found))
        if run is None:
            return None
        progress.note(f"tuned first: {session.summary(run)}", quiet=plan.settings.quiet)
        found = tuned.look_up(plan)
    for line in tuned.warnings(plan, found):
        progress.note(line, quiet=plan.settings.quiet)
    return tuned.at_tuned_rates(plan, found)


def _run(plan: "Plan", shown: "Destination", kept: "Destination | None") -> int:
    """Run what is planned, print the findings, and return the exit code."""
    from nnbench.errors import NothingMeasured
    from nnbench.evidence import findings
    from nnbench.store import Store
    from nnbench.terminal import printing as present
    from nnbench.terminal import progress, session

    chosen = plan.settings
    run, interrupted = _train(plan)
    if interrupted:
        progress.note(
            f"interrupted: {run.n_cached + run.n_new:,} of {len(run.trial_keys):,} trials are kept."
            " The same command goes on from here; `nnbench report` shows what there is."
        )
        return session.INTERRUPTED
    with Store.open(chosen.store, create=False) as store:
        found = findings.find(store, run)
    if not found.trials:
        spent = "" if run.budget_s is None else " Its budget did not last for one: ask for more."
        raise NothingMeasured(f"run {run.run}: no trial was recorded.{spent}")
    progress.note(session.summary(run), quiet=chosen.quiet)
    made = present.report_of(found)
    present.deliver(made, shown, chosen.color)
    present.deliver_beside(made, kept, quiet=chosen.quiet)
    return session.SOME_TRIALS_FAILED if any(trial.status == "failed" for trial in found.trials) else 0


def _train(plan: "Plan") -> "tuple[RunRecord, bool]":
    """Run the trials that are not in the store; return the run and whether it was interrupted."""
    from nnbench.running import experiment, race
    from nnbench.running.workplace import workplace

    # Before the store is touched: a model that cannot be built writes nothing.
    facts = experiment.facts_of(plan)
    with workplace(plan.settings) as around:
        carry_out = race.carry_out if plan.settings.race else experiment.carry_out
        run = carry_out(plan, facts, around)
    return run, around.stop.is_set()
