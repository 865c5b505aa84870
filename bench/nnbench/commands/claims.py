"""``nnbench claims``: the sentences of the lecture notes, measured."""

from typing import TYPE_CHECKING, Annotated

import typer

from nnbench.terminal import options

if TYPE_CHECKING:
    from nnbench.records.claims import Language
    from nnbench.studies.claims.study import Study


def command(
    claims: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID…|FILE.toml]", help="Claims by id (B4), or files of your own; else all."),
    ] = None,
    seeds: options.Seeds = None,
    lang: options.Lang = "en",
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Leave out data sets that were fetched or imported.")
    ] = False,
    jobs: options.Jobs = None,
    plugin: options.Plugin = None,
    store: options.Store = None,
    dry_run: options.DryRun = False,
    kept: options.Destination | None = None,
    to: options.Destination = options.PRINTED,
    quiet: options.Quiet = False,
    color: options.Color = None,
) -> int:
    """Measure what the lecture notes claim, and say what the data say.

    Each claim is one file: its sentence, what is run, and the rule that makes a verdict of an interval.
    What was measured before is taken from the store; the same command again goes on where it was stopped.
    """
    import os
    from pathlib import Path

    from nnbench.cases.claims import named
    from nnbench.errors import UsageError
    from nnbench.plan import request
    from nnbench.studies.claims import study

    spoken = options.language(lang)
    given = {
        "seeds": seeds, "jobs": jobs, "plugin": plugin, "store": store, "quiet": quiet, "color": color,
    }  # fmt: skip
    chosen = request.settings_for(given, environment=os.environ, folder=Path.cwd())
    asked = study.make_study(named(claims or []), chosen, is_embedded=embedded)
    if dry_run and to.form == "json":
        raise UsageError(
            "--dry-run says a sentence of claims, and --json asks for a document. Leave one out."
        )
    if dry_run:
        return _rehearse(asked)
    return _measure(asked, spoken, to, kept)


def _rehearse(asked: "Study") -> int:
    from nnbench.reporting.digits import counted
    from nnbench.studies.claims import study
    from nnbench.terminal.printing import say
    from nnbench.terminal.progress import duration

    found = study.ahead(asked)
    trials = f"{counted(found.n_trials, 'trial')}, {found.n_trained:,} of them in the store"
    searched = f" (and the searches of rates for {found.searches} of the matrices first)"
    say(f"{counted(len(asked.claims), 'claim')} on {counted(len(asked.seeds), 'seed')}.")
    say(f"{trials}; about {duration(found.trial_seconds)}{searched if found.searches else ''}.")
    measured = f"{found.n_measured:,} of them in the store; how long they take is not known beforehand"
    say(f"{counted(found.n_measurements, 'measurement')}, {measured}.")
    return 0


def _measure(
    asked: "Study", language: "Language", shown: options.Destination, kept: options.Destination | None
) -> int:
    from nnbench.machine import environment
    from nnbench.machine.clock import Clock
    from nnbench.reporting.json import claims as claims_json
    from nnbench.reporting.views import claims as view
    from nnbench.studies.claims import study
    from nnbench.terminal import printing, progress, session

    ended = study.carry_out(asked)
    if ended is None:
        return session.interrupted()
    found, failed = ended
    data = claims_json.as_dict(found, language)
    is_brief = shown.form == "text" and len(found) > view.MOST_IN_FULL
    here = {**environment.machine(), "date": f"{Clock().now_utc():%Y-%m-%d}"}
    document = view.build(found, language, here, is_brief=is_brief)
    made = printing.result("claims", document, data, claims_json.rows(data))
    printing.deliver(made, shown, asked.settings.color)
    printing.deliver_beside(made, kept, quiet=asked.settings.quiet)
    for each in failed:
        progress.note(f"{each.task.call}, seed {each.task.seed}: {each.why}")
    return session.SOME_TRIALS_FAILED if failed else 0
