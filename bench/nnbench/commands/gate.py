"""``nnbench gate``: did this change make learning worse, or the code slower?"""

from typing import TYPE_CHECKING, Annotated

import typer

from nnbench.terminal import options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nnbench.studies.gate.gate import Wishes


def command(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[bisect GOOD BAD]", help="Find the commit that made a subject worse."),
    ] = None,
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
    suites: Annotated[
        int, typer.Option(metavar="N", min=1, help="With --calibrate: how many suites of timed calls.")
    ] = 40,
    history: Annotated[
        bool, typer.Option("--history", help="Print how far each subject has come, and where it changed.")
    ] = False,
    subject: Annotated[
        str | None, typer.Option(metavar="NAME", help="With bisect: this subject alone.")
    ] = None,
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
    from nnbench.studies.gate.history import chains
    from nnbench.terminal import gate_outputs
    from nnbench.terminal.progress import note

    chosen = display_settings(store=None, color=color)
    outputs = gate_outputs.read(form or [], as_json=as_json)
    budget_s = None if budget is None else read_budget(budget, "--budget")
    wishes = gate.Wishes(Path.cwd(), base, budget_s, is_strict=strict)

    def tell(line: str) -> None:
        note(line, quiet=quiet)

    if history:
        return gate_outputs.chains(chains(Path.cwd()))
    with interruptible():
        if words:
            return _bisect(words, wishes, subject, tell)
        if calibrate:
            return gate_outputs.calibrated(*gate.calibrate(wishes, suites, tell))
        report = gate.run_gate(wishes, os.environ, Clock(), tell)
    gate_outputs.deliver(report, outputs, Clock().now_utc().date(), chosen.color)
    return report.exit_code


def _bisect(
    words: "Sequence[str]", wishes: "Wishes", subject: str | None, tell: "Callable[[str], None]"
) -> int:
    from nnbench.errors import UsageError
    from nnbench.machine.clock import Clock
    from nnbench.studies.gate.bisect import bisect
    from nnbench.terminal import gate_outputs

    if words[0] != "bisect" or len(words) != 3:
        raise UsageError(f"gate: expected nothing, or bisect GOOD BAD, found {' '.join(words)}.")
    found = bisect(
        wishes.folder, words[1], words[2], subject=subject, budget_s=wishes.budget_s, clock=Clock(), say=tell
    )
    return gate_outputs.bisected(found.good, found.bad, found.unsure, found.why)
