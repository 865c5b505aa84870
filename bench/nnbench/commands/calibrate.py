"""``nnbench calibrate``: the target of a case and its noise, measured anew."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnbench.terminal import options

if TYPE_CHECKING:
    from nnbench.evidence.case import Findings
    from nnbench.plan.request import Plan
    from nnbench.reporting.blocks import Document
    from nnbench.studies.calibration import Calibration


def command(
    case: Annotated[str, typer.Argument(metavar="CASE|FILE.toml", help="A case by name, or its file.")],
    seeds: Annotated[
        str, typer.Option(metavar="N|LIST", help="How many seeds, at least 20, or which.")
    ] = "20",
    tuned: options.Tuned = False,
    write: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write target and section into this case file.")
    ] = None,
    jobs: options.Jobs = None,
    plugin: options.Plugin = None,
    store: options.Store = None,
    dry_run: options.DryRun = False,
    to: options.Destination = options.PRINTED,
    quiet: options.Quiet = False,
    color: options.Color = None,
) -> int:
    """Measure a case's target and its noise, and print the section for its file.

    The case runs what its own [run] section crosses. The target is the median final metric of the best
    configuration, less good by one standard deviation over the seeds; the exchange rate is what this one
    gains for a step where it reaches that. Results that were judged by different versions of a case are not
    compared. With --write, comments in the file stay, and the trials that made
    target and noise are kept in a table beside it, calibration/CASE.csv.
    """
    from dataclasses import replace

    from nnbench.machine.clock import Clock
    from nnbench.running import rehearsal
    from nnbench.studies import calibration
    from nnbench.terminal import printing as present
    from nnbench.terminal import progress, session
    from nnbench.terminal.destination import rehearsed_as_json

    given = {
        "seeds": seeds, "tuned": tuned, "jobs": jobs, "plugin": plugin, "store": store, "quiet": quiet,
        "color": color,
    }  # fmt: skip
    plan = _plan(case, given)
    if write is not None:
        _check_file(write, plan.matrix.parts[0].case.name)
    if dry_run:
        rehearsal.rehearse(plan, as_json=rehearsed_as_json(to))
        return 0
    found = _measured(plan)
    if found is None:
        return session.interrupted()
    made = calibration.calibrate(found, plan.matrix.parts[0].case, Clock().now_utc())
    progress.note(session.summary(found.run), quiet=plan.settings.quiet)
    if write is not None:
        _write(made, found, write, quiet=plan.settings.quiet)
    data = _as_dict(made)
    result = present.result("calibration", _document(made), data, data["configurations"])
    shown = replace(result, text=lambda: "\n".join((*_as_text(made), "")))
    present.deliver(shown, to, plan.settings.color)
    return 0


def _plan(case: str, given: dict[str, object]) -> "Plan":
    """Return the plan that crosses what the case itself does, whatever settings say elsewhere."""
    import os
    from dataclasses import replace
    from pathlib import Path

    from nnbench.errors import UsageError
    from nnbench.plan import request
    from nnbench.plan.seeds import n_seeds
    from nnbench.plan.subjects import native_only
    from nnbench.studies import calibration
    from nnbench.studies.search import tuned

    chosen = request.settings_for(given, environment=os.environ, folder=Path.cwd())
    if chosen.seeds is not None and n_seeds(chosen.seeds) < calibration.FEWEST_SEEDS:
        raise UsageError(f"--seeds: a calibration needs at least {calibration.FEWEST_SEEDS} seeds.")
    chosen = replace(chosen, axes={}, epochs=None, against=None, race=False, budget_s=None)
    whole = request.whole_case(case)
    native_only([whole], "calibrate")
    plan = request.plan_for([whole], chosen)
    return plan if chosen.tuned is None else tuned.at_tuned_rates(plan, tuned.look_up(plan))


def _measured(plan: "Plan") -> "Findings | None":
    """Run the trials that the store does not have; return what all of them show, None if interrupted."""
    from nnbench.evidence import findings
    from nnbench.running import experiment
    from nnbench.running.workplace import workplace
    from nnbench.store import Store

    facts = experiment.facts_of(plan)
    with workplace(plan.settings) as around:
        run = experiment.carry_out(plan, facts, around)
    if around.stop.is_set():
        return None
    with Store.open(plan.settings.store, create=False) as store:
        return findings.find(store, run)


def _check_file(file: str, case: str) -> None:
    """Refuse the file of another case, before anything is trained for it."""
    from pathlib import Path

    from nnbench.cases.files import read_toml
    from nnbench.errors import UsageError

    name = read_toml(Path(file)).get("name")
    if name != case:
        raise UsageError(f"--write {file}: the file of case {name!r}, but {case!r} is calibrated.")


def _write(made: "Calibration", found: "Findings", file: str, *, quiet: bool) -> None:
    from pathlib import Path

    from nnbench.cases import casefile
    from nnbench.cases.files import read_text
    from nnbench.machine.writing import make_folder, write_files
    from nnbench.studies import calibration
    from nnbench.terminal import progress

    path = Path(file)
    section = made.section.model_dump(mode="json")
    text = read_text(path, what="a case file")
    edited = casefile.with_calibration(text, target=made.target, section=section, where=file)
    runs = path.parent / "calibration" / f"{made.case}.csv"
    make_folder(runs.parent)
    # Together: a target must not stand there without the trials that made it.
    write_files({runs: calibration.runs_csv(found), path: edited})
    progress.note(f"wrote {path} and {runs}", quiet=quiet)


def _as_text(made: "Calibration") -> list[str]:
    """Return TOML: the section, with what a reader should know above it as comments."""
    from nnbench.cases import casefile

    before = "none" if made.previous_target is None else f"{made.previous_target:g}"
    width = max(len(each.label) for each in made.standings)
    return [
        f"# {made.case}: target {made.target:g} (before: {before}).",
        "# How the configurations stand to it at the end: median, seeds on which it is reached.",
        *(
            f"#   {each.label:<{width}}  {each.median:<8.4g} {each.n_at_target}/{each.n}"
            for each in made.standings
        ),
        "[measure]",
        f"target = {made.target!r}",
        "",
        "[calibration]",
        *casefile.as_toml(made.section.model_dump(mode="json")),
    ]


def _document(made: "Calibration") -> "Document":
    """Return what is to be read: how the configurations stand to the target, and the lines for the file."""
    from nnbench.terminal import printing as present

    rows = [[each.label, f"{each.median:.4g}", f"{each.n_at_target}/{each.n}"] for each in made.standings]
    section = made.section.model_dump(mode="json")
    lines = [("target", f"{made.target:g}"), *((name, str(value)) for name, value in section.items())]
    standings = present.table(["configuration", "median", "seeds at target"], rows)
    return present.page(f"{made.case}: calibration", [standings, present.listing(lines)])


def _as_dict(made: "Calibration") -> dict[str, Any]:
    return {
        "schema": "nnbench.calibration/1",
        "case": made.case,
        "target": made.target,
        "previous_target": made.previous_target,
        "calibration": made.section.model_dump(mode="json"),
        "configurations": [
            {"label": each.label, "median": each.median, "at_target": each.n_at_target, "n": each.n}
            for each in made.standings
        ],
    }
