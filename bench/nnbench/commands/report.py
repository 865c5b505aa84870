"""``nnbench report``: a run's report, from the store alone."""

from typing import Annotated

import typer

from nnbench.terminal import options


def command(
    run: Annotated[
        str, typer.Argument(metavar="[RUN]", help="A run's name, its beginning, 'last', 'last~1'.")
    ] = "last",
    form: Annotated[
        options.ReportFormat, typer.Option("--format", "-f", help="text, markdown, html, json, csv or latex.")
    ] = "text",
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="DIR", help="Write files there instead of printing."),
    ] = None,
    store: options.Store = None,
    as_json: options.Json = False,
    color: options.Color = None,
    debug: options.Debug = False,
) -> int:
    """Report a run, from the store alone."""
    from pathlib import Path

    from nnbench.cases import versions
    from nnbench.errors import NothingMeasured, UsageError
    from nnbench.evidence import findings
    from nnbench.machine.writing import printable
    from nnbench.plan.settings import display_settings
    from nnbench.store import Store
    from nnbench.terminal import printing as present
    from nnbench.terminal import progress

    if as_json and form not in ("text", "json"):
        raise UsageError(f"--json and --format {form} contradict each other. Give one of them.")
    chosen = display_settings(store=store, color=color)
    with Store.open(chosen.store, create=False) as opened:
        found = findings.find(opened, opened.run(run))
    if not found.trials:
        raise NothingMeasured(
            f"run {found.run.run}: no trial of it is recorded. Go on with: {found.run.command}"
        )
    for line in versions.outdated(found.run):
        progress.note(line)
    if as_json:
        form = "json"
    if output is None:
        present.print_findings(found, form, chosen.color)
    else:
        print(printable(str(present.write_findings(found, form, Path(output)))))
    return 0
