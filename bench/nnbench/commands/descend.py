"""``nnbench descend``: optimizers walk down a function."""

from typing import Annotated

import typer

from nnbench.terminal import options


def command(
    function: Annotated[
        str, typer.Argument(metavar="FUNCTION", help="`nnbench list functions` says which there are.")
    ],
    optimizer: Annotated[
        list[str] | None, typer.Option(metavar="LIST", help="Optimizers by name; by default sgd.")
    ] = None,
    rates: Annotated[
        list[str] | None,
        typer.Option(
            "--lr", "--learning-rate", metavar="LIST", help="Learning rates; by default each one's own."
        ),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(metavar="N", help="Updates; by default the function's.")
    ] = None,
    start: Annotated[str | None, typer.Option(metavar="X,Y", help="Where to start, as --start=-5,4.")] = None,
    schedule: Annotated[
        list[str] | None, typer.Option(metavar="LIST", help="Learning-rate schedules by name.")
    ] = None,
    batch: Annotated[
        list[str] | None,
        typer.Option(metavar="LIST", help="Batch sizes, where the function is a mean over samples."),
    ] = None,
    noise: Annotated[
        float, typer.Option(metavar="SD", help="Noise on every number of the gradient, its deviation.")
    ] = 0.0,
    seeds: Annotated[
        int, typer.Option(metavar="N", min=1, help="Paths of each, where noise or a batch is drawn.")
    ] = 1,
    plugin: options.Plugin = None,
    to: options.Destination = options.PRINTED,
    color: options.Color = None,
) -> int:
    """Watch optimizers walk down a function.

    Says where each path ended and why, beside the rate above which gradient descent leaves the minimum, and
    draws the paths over the contours. Try `nnbench descend quadratic --lr 0.01,0.1,0.5`, and `nnbench descend
    iris --batch 150,15,1 --lr 0.1`.
    """
    from nnbench.cases import plugins
    from nnbench.plan.settings import display_settings
    from nnbench.reporting.json import descend as descend_json
    from nnbench.reporting.views.descent import document
    from nnbench.studies.descend.request import Wishes, descend
    from nnbench.terminal import printing as present
    from nnbench.terminal import session

    chosen = display_settings(store=None, color=color, plugin=plugin)
    plugins.load(chosen.plugins)
    lists = {"optimizer": optimizer, "rate": rates, "schedule": schedule, "batch": batch}
    crossed = {name: options.joined(given) for name, given in lists.items()}
    wishes = Wishes(**crossed, start=start, n_steps=steps, noise=noise, seeds=seeds)
    found = descend(function, wishes, session.command_line())
    data = descend_json.as_dict(found)
    made = present.result("descent", document(found), data, descend_json.rows(found))
    present.deliver(made, to, chosen.color)
    return 0
