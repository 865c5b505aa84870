"""``nnbench run``: the main job."""

from typing import TYPE_CHECKING, Annotated

import typer

from nnbench.terminal import options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nnbench.cases.spec import CaseSpec
    from nnbench.evidence.case import Findings
    from nnbench.plan.request import Plan
    from nnbench.records.trials import RunRecord
    from nnbench.terminal.destination import Destination


@options.with_axes()
@options.with_own_data
def command(
    cases: options.Cases = None,
    own: options.OwnData = options.NO_DATA,
    axes: options.AxisOptions = options.NO_AXES,
    values: options.Set = None,
    seeds: options.Seeds = None,
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
    tuned: options.Tuned = False,
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
    shard: Annotated[
        str | None,
        typer.Option(metavar="I/N", help="Of the trials those in piece I of N, from 0; `merge` joins them."),
    ] = None,
    jobs: options.Jobs = None,
    engine: options.Engine = None,
    scheduler: options.Scheduler = None,
    threads: Annotated[
        str | None, typer.Option(metavar="N", hidden=True, help="Another name for --jobs.")
    ] = None,
    order: Annotated[
        str | None,
        typer.Option(metavar="ORDER", help="shuffled (fair at any time) or seed (one seed after another)."),
    ] = None,
    plugin: options.Plugin = None,
    store: options.Store = None,
    dry_run: options.DryRun = False,
    curves: options.Curves = False,
    kept: options.Destination | None = None,
    to: options.Destination = options.PRINTED,
    quiet: options.Quiet = False,
    color: options.Color = None,
) -> int:
    """Train every combination, record it, and print the verdicts.

    Every axis takes a comma list, with parameters in the name: --optimizer 'sgd(momentum=0.9),adam'.
    Without any axis, a case runs its own comparison. --data table.csv --target COLUMN needs no case: one is
    written. What was trained before is taken from the store,
    so the same command again goes on where it was stopped.
    """
    from nnbench.terminal import session
    from nnbench.terminal.destination import check_curves

    if curves:
        check_curves(to, kept)
    given = {
        **axes, "set": values, "seeds": seeds, "first_seed": first_seed, "epochs": epochs,
        "dtype": dtype, "against": against, "jobs": session.one_name(jobs, threads), "order": order,
        "engine": engine, "scheduler": scheduler,
        "tuned": tuned or tune_missing, "race": race, "budget": budget, "probes": probes, "shard": shard,
        "plugin": plugin, "store": store, "quiet": quiet, "color": color,
    }  # fmt: skip
    further = _own_case(own, quiet=quiet, dry_run=dry_run)
    return _road(
        cases or [], given, further, (to, kept), curves=curves, tune_missing=tune_missing, dry_run=dry_run
    )


def _own_case(own: "Mapping[str, object]", *, quiet: bool, dry_run: bool) -> "tuple[CaseSpec, ...]":
    """Return the case for the user's own files, having said what it is and kept it; none without files."""
    from nnbench.machine.writing import make_folder, write_files
    from nnbench.plan.own_data import own_case_of
    from nnbench.terminal import progress

    found = own_case_of(own)
    if found is None:
        return ()
    for line in found.said:
        progress.note(line, quiet=quiet)
    if not dry_run and not found.is_there:
        make_folder(found.path.parent)
        write_files({found.path: found.text})
        progress.note(
            f"wrote the case to {found.path}; any verb takes it: nnbench run {found.path}", quiet=quiet
        )
    return (found.case,)


def _road(
    words: "Sequence[str]",
    given: "Mapping[str, object]",
    further: "Sequence[CaseSpec]",
    wanted: "tuple[Destination, Destination | None]",
    *,
    curves: bool,
    tune_missing: bool,
    dry_run: bool,
) -> int:
    """Go the whole road, from words to results, and return the exit code."""
    import os
    from pathlib import Path

    from nnbench.errors import UsageError
    from nnbench.plan import request
    from nnbench.plan.shard import NO_SEARCH
    from nnbench.terminal import printing, progress, session

    shown, kept = wanted
    plan = request.make_plan(words, given, further, environment=os.environ, folder=Path.cwd())
    if plan.settings.shard is not None and tune_missing:
        raise UsageError(NO_SEARCH.format(where="--tune-missing"))
    for note in plan.matrix.notes:
        progress.note(note, quiet=plan.settings.quiet)
    if dry_run:
        return _rehearse(plan, shown, tune_missing=tune_missing)
    tuned = _at_tuned_rates(plan, tune_missing=tune_missing)
    if tuned is None:
        return session.interrupted()
    run, interrupted = _train(tuned)  # trials become records in the store
    if interrupted:
        n_kept = run.n_cached + run.n_new
        progress.note(
            f"interrupted: {n_kept:,} of {len(run.trial_keys):,} trials are kept."
            " The same command goes on from here"
            + ("; `nnbench report` shows what there is." if n_kept else ".")
        )
        return session.INTERRUPTED
    found = _find(tuned, run, with_all_curves=curves)  # records become summaries and verdicts
    progress.note(session.summary(run), quiet=plan.settings.quiet)
    made = printing.report_of(found, curves=curves)
    printing.deliver(made, shown, plan.settings.color)
    printing.deliver_beside(made, kept, quiet=plan.settings.quiet)
    return session.SOME_TRIALS_FAILED if any(trial.status == "failed" for trial in found.trials) else 0


def _rehearse(plan: "Plan", shown: "Destination", *, tune_missing: bool) -> int:
    """Say what the run would do, and what the search before it would."""
    from nnbench.running import rehearsal
    from nnbench.studies.search import rehearsal as search_rehearsal
    from nnbench.terminal.destination import rehearsed_as_json

    as_json = rehearsed_as_json(shown)
    if tune_missing:
        search_rehearsal.rehearse_run(plan, as_json=as_json)
        return 0
    tuned = _at_tuned_rates(plan, tune_missing=False)
    assert tuned is not None, "nothing is searched here that could be interrupted"
    rehearsal.rehearse(tuned, as_json=as_json)
    return 0


def _at_tuned_rates(plan: "Plan", *, tune_missing: bool) -> "Plan | None":
    """Return the plan, at the rates that searches found if asked to; None where searching was interrupted."""
    from nnbench.studies.search import search, tuned
    from nnbench.terminal import progress, session

    if plan.settings.tuned is None:
        return plan
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


def _train(plan: "Plan") -> "tuple[RunRecord, bool]":
    """Run the trials that are not in the store; return the run and whether it was interrupted."""
    from nnbench.running import experiment, outlook, race
    from nnbench.running.workplace import workplace
    from nnbench.terminal import progress

    # Before the store is touched: a model that cannot be built writes nothing.
    facts = experiment.facts_of(plan)
    if plan.settings.race:
        race.rules(plan)  # before anything is said: who is refused reads one line
    for line in outlook.warnings(outlook.outlooks(plan, facts)):
        progress.note(line, quiet=plan.settings.quiet)
    with workplace(plan.settings) as around:
        carry_out = race.carry_out if plan.settings.race else experiment.carry_out
        run = carry_out(plan, facts, around)
    return run, around.stop.is_set()


def _find(plan: "Plan", run: "RunRecord", *, with_all_curves: bool) -> "Findings":
    from nnbench.errors import NothingMeasured
    from nnbench.evidence import findings
    from nnbench.store import Store

    with Store.open(plan.settings.store, create=False) as store:
        found = findings.find(store, run, with_all_curves=with_all_curves)
    if not found.trials and (run.trial_keys or run.shard is None):
        spent = "" if run.budget_s is None else " Its budget did not last for one: ask for more."
        raise NothingMeasured(f"run {run.run}: no trial was recorded.{spent}")
    return found
