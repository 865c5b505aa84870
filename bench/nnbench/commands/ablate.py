"""``nnbench ablate``: which part of an optimizer does the work."""

from typing import TYPE_CHECKING, Annotated

import typer

from nnbench.cases.axis import AXES
from nnbench.terminal import options

if TYPE_CHECKING:
    from nnbench.evidence.ablation import AblatedCase
    from nnbench.evidence.case import Findings
    from nnbench.plan.settings import Settings
    from nnbench.terminal.destination import Destination


@options.with_axes(*(name for name in AXES if name != "optimizer"))
def command(
    optimizer: Annotated[str, typer.Argument(metavar="OPTIMIZER", help="E.g. 'adamw(weight_decay=0.01)'.")],
    cases: Annotated[
        list[str],
        typer.Argument(metavar="CASE…|SUITE|FILE.toml", help="Cases or a suite by name, or files."),
    ],
    axes: options.AxisOptions = options.NO_AXES,
    crossed: Annotated[
        bool, typer.Option("--crossed", help="Every combination of components, not each alone.")
    ] = False,
    components: Annotated[
        str | None, typer.Option(metavar="LIST", help="Only these, e.g. 'momentum,bias_correction'.")
    ] = None,
    untuned: Annotated[
        bool, typer.Option("--untuned", help="Search no rates: all at the optimizer's own, or at --lr.")
    ] = False,
    seeds: options.Seeds = None,
    epochs: options.Epochs = None,
    dtype: options.Dtype = None,
    jobs: options.Jobs = None,
    plugin: options.Plugin = None,
    store: options.Store = None,
    dry_run: options.DryRun = False,
    kept: options.Destination | None = None,
    to: options.Destination = options.PRINTED,
    quiet: options.Quiet = False,
    color: options.Color = None,
) -> int:
    """Take each component of an optimizer out, and say which of them does the work.

    Components are what the optimizer has, such as momentum, second moment, bias correction, epsilon, and what
    is asked for beside it, one choice each: --schedule, --clip, --weight-decay, --dropout, --l2, --norm.
    Without a component the best learning rate is another one, so each configuration is searched at equal
    budget, on seeds of its own. The same command again goes on where it was stopped.
    """
    import os
    from pathlib import Path

    from nnbench.plan import request
    from nnbench.plan.subjects import native_only
    from nnbench.studies import ablation
    from nnbench.terminal import progress, session
    from nnbench.terminal.destination import rehearsed_as_json

    given = {
        **axes, "optimizer": optimizer, "seeds": seeds, "epochs": epochs, "dtype": dtype, "jobs": jobs,
        "plugin": plugin, "store": store, "quiet": quiet, "color": color,
    }  # fmt: skip
    plan = request.make_plan(cases, given, environment=os.environ, folder=Path.cwd())
    native_only([part.case for part in plan.matrix.parts], "ablate")
    study = ablation.make_study(plan, crossed=crossed, untuned=untuned, components=components)
    for note in study.plan.matrix.notes:
        progress.note(note, quiet=study.plan.settings.quiet)
    if dry_run:
        ablation.rehearse(study, as_json=rehearsed_as_json(to))
        return 0
    ended = ablation.carry_out(study)
    return session.interrupted() if ended is None else _report(*ended, study.plan.settings, to, kept)


def _report(
    cases: "list[AblatedCase]",
    found: "Findings",
    chosen: "Settings",
    shown: "Destination",
    kept: "Destination | None",
) -> int:
    """Print what each component does, and return the exit code."""
    from nnbench.reporting.json import ablate as ablate_json
    from nnbench.reporting.views import ablation as view
    from nnbench.terminal import printing as present
    from nnbench.terminal import progress, session

    progress.note(session.summary(found.run), quiet=chosen.quiet)
    data = ablate_json.as_dict(cases, found)
    made = present.result("ablation", view.build(cases, found), data, data["components"])
    present.deliver(made, shown, chosen.color)
    present.deliver_beside(made, kept, quiet=chosen.quiet)
    return session.SOME_TRIALS_FAILED if any(trial.status == "failed" for trial in found.trials) else 0
