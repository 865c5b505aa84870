"""``nnbench gate``: did this change make learning worse, or the code slower?"""

from typing import Annotated

import typer

from nnbench.terminal import options


def command(
    base: Annotated[
        str | None,
        typer.Option(metavar="COMMIT", help="Compare with this commit, branch or tag, not the merge base."),
    ] = None,
    budget: Annotated[
        str | None, typer.Option(metavar="TIME", help="Stop asking after this: 90s, 5m, 1h30m.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 5 where something is inconclusive.")
    ] = False,
    calibrate: Annotated[
        bool,
        typer.Option("--calibrate", help="Measure how far apart unchanged code is here; write the margins."),
    ] = False,
    form: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            "-f",
            metavar="FORM[=FILE]",
            help="text, md, html, json, junit, github, bencher or action-benchmark; may be given again.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    quiet: options.Quiet = False,
    color: options.Color = None,
) -> int:
    """Compare this folder with the commit it was made from, as [tool.nnbench.gate] in pyproject.toml says.

    Learning: the same bits are the same learning; else it is told where the two part, and pairs of seeds
    decide whether the head is worse by more than the margin. Speed: pairs of fresh processes. Exit codes:
    0 nothing regressed, 1 a regression, 3 a subject crashed, 4 no base, 5 inconclusive under --strict, 6
    nothing measured.
    """
    import os
    from pathlib import Path

    from nnbench.machine.clock import Clock
    from nnbench.machine.stopping import interruptible
    from nnbench.plan.durations import read_budget
    from nnbench.plan.settings import display_settings
    from nnbench.studies.gate import gate
    from nnbench.terminal import gate_outputs
    from nnbench.terminal.progress import note

    chosen = display_settings(store=None, color=color)
    outputs = gate_outputs.read(form or [], as_json=as_json)
    budget_s = None if budget is None else read_budget(budget, "--budget")
    wishes = gate.Wishes(Path.cwd(), base, budget_s, is_strict=strict)
    with interruptible():
        if calibrate:
            path, found = gate.calibrate(wishes, lambda line: note(line, quiet=quiet))
            return gate_outputs.calibrated(path, found)
        report = gate.run_gate(wishes, os.environ, Clock(), lambda line: note(line, quiet=quiet))
    gate_outputs.deliver(report, outputs, Clock().now_utc().date(), chosen.color)
    return report.exit_code
