"""``nnbench explain``: the program that a configuration is compiled to."""

from typing import Annotated

import typer

from nnbench.terminal import options


@options.with_axes()
def command(
    case: Annotated[str, typer.Argument(metavar="CASE", help="A case by name, or its file.")],
    axes: options.AxisOptions = options.NO_AXES,
    epochs: options.Epochs = None,
    dtype: options.Dtype = None,
    plugin: options.Plugin = None,
    as_json: options.Json = False,
) -> int:
    """Print the program that a configuration becomes.

    Every op of a training step with what it reads and writes, and the plan of the memory.
    """
    from nnbench.cases import plugins
    from nnbench.errors import UsageError
    from nnbench.plan import request
    from nnbench.plan.settings import display_settings, from_options, read_settings
    from nnbench.terminal import printing as present
    from nnbench.training import program

    given = {
        **axes, "epochs": epochs, "dtype": dtype, "seeds": "1",
    }  # fmt: skip
    plugins.load(display_settings(store=None, color=None, plugin=plugin).plugins)
    chosen = read_settings(from_options(given))
    trials = request.plan_for([request.one_case(case)], chosen).matrix.trials()
    if len(trials) != 1:
        raise UsageError(
            f"explain takes one choice on every axis, and these are {len(trials)} configurations."
        )
    if as_json:
        present.print_json({"schema": "nnbench.explain/1", **program.explain_as_dict(trials[0])})
    else:
        print(program.explain(trials[0]))
    return 0
