"""``nnbench judge``: verdicts on results made elsewhere."""

from typing import Annotated, Literal

import typer

from nnbench.terminal import options


def command(
    file: Annotated[
        str, typer.Argument(metavar="FILE.csv", help="A row for each trial, or each step of it; - is stdin.")
    ],
    config: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="What names the configuration; several by comma are its axes."),
    ] = None,
    seed: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The seed: equal ones are pairs.")
    ] = None,
    metric: Annotated[str | None, typer.Option(metavar="COLUMN", help="The score of a trial.")] = None,
    step: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The step of a curve; its last value is the score.")
    ] = None,
    direction: Annotated[
        Literal["max", "min"] | None, typer.Option(help="Whether more of the metric is better, or less.")
    ] = None,
    noticeable: Annotated[
        float | None,
        typer.Option(metavar="X", help="Differences up to this do not matter, in the metric's unit."),
    ] = None,
    target: Annotated[
        float | None,
        typer.Option(metavar="X", help="With curves: also count the steps until this is reached."),
    ] = None,
    against: Annotated[
        str | None, typer.Option(metavar="NAME", help="Compare with this configuration, not the leader.")
    ] = None,
    look: Annotated[
        int, typer.Option(metavar="N", min=1, help="2 if seeds were added after a first look, and so on.")
    ] = 1,
    to: options.Destination = options.PRINTED,
    color: options.Color = None,
) -> int:
    """Judge results made elsewhere, from a CSV file.

    The file has a column for the configuration, one for the seed and one for the metric, found by their names
    (config, seed, metric; also model, method, run, accuracy, loss …), and one for the step where there are
    curves. Exports of MLflow and Weights & Biases are read as well, and `nnbench report --format csv`.
    """
    from nnbench.plan.settings import display_settings
    from nnbench.reporting.document import judged
    from nnbench.reporting.json import judge as judge_json
    from nnbench.studies.judged import findings
    from nnbench.studies.judged.columns import Named
    from nnbench.terminal import printing as present
    from nnbench.terminal import session

    chosen = display_settings(store=None, color=color)
    named = Named(tuple(filter(None, (config or "").split(","))), seed, metric, step)
    wishes = findings.Wishes(named, direction, noticeable, target, against, look, session.command_line())
    found, read = findings.judge(file, wishes)
    data, rows = judge_json.as_dict(found, read), judge_json.verdicts(found)
    present.deliver(present.result("verdicts", judged(found, read), data, rows), to, chosen.color)
    return 0
