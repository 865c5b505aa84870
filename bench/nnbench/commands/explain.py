"""``nnbench explain``: the program that a configuration is compiled to, or a formula as a graph."""

from typing import Annotated

import typer

from nnbench.terminal import options


@options.with_axes()
def command(
    case: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CASE|[NAME=NUMBER…]", help="A case by name, or its file; or numbers for a formula."
        ),
    ] = None,
    expression: Annotated[
        str | None,
        typer.Option(metavar="FORMULA", help='Show a formula as a graph: "w*x+b" w=2 x=-1 b=3.'),
    ] = None,
    values: Annotated[
        bool, typer.Option("--values", help="Show the sigmoid circuit of the lecture notes as a graph.")
    ] = False,
    axes: options.AxisOptions = options.NO_AXES,
    epochs: options.Epochs = None,
    dtype: options.Dtype = None,
    plugin: options.Plugin = None,
    lang: options.Lang = "en",
    to: options.Destination = options.PRINTED,
    color: options.Color = None,
) -> int:
    """Print the program that a configuration becomes.

    Every op of a training step with what it reads and writes, and the plan of the memory. With --values or
    --expression: every node of a formula with its value, its local and its global gradient.
    """
    from nnbench.errors import UsageError

    given = {**axes, "epochs": epochs, "dtype": dtype, "seeds": "1"}
    words = case or []
    if values or expression is not None:
        if set_here := [name for name, value in given.items() if value is not None and name != "seeds"]:
            raise UsageError(
                f"--{set_here[0].replace('_', '-')} is of a case. Leave it out beside a formula."
            )
        return _graph(expression, words, values, lang, to, color)
    if len(words) != 1:
        found = ", ".join(words) or "none"
        raise UsageError(f"explain: expected one case, or --values, or --expression; found {found}.")
    return _program(words[0], given, plugin, to)


def _graph(
    expression: str | None,
    words: list[str],
    values: bool,
    lang: str,
    to: options.Destination,
    color: str | None,
) -> int:
    from nnbench.errors import UsageError
    from nnbench.plan.settings import display_settings
    from nnbench.reporting.json import circuit as circuit_json
    from nnbench.reporting.views.circuit import build
    from nnbench.studies.circuit import passing, reading
    from nnbench.terminal import printing

    spoken = options.language(lang)
    numbers = reading.numbers(words)
    if expression is None:
        expression, numbers = passing.SIGMOID_CIRCUIT, {**passing.ITS_NUMBERS, **numbers}
    elif values:
        raise UsageError("--values is the formula of the notes, --expression another. Give one of them.")
    found = passing.circuit(expression, numbers)
    data = circuit_json.as_dict(found)
    made = printing.result("circuit", build(found, spoken), data, circuit_json.rows(data))
    printing.deliver(made, to, display_settings(store=None, color=color, plugin=None).color)
    return 0


def _program(
    case: str, given: dict[str, str | None], plugin: list[str] | None, to: options.Destination
) -> int:
    from nnbench.cases import plugins
    from nnbench.errors import UsageError
    from nnbench.plan import request
    from nnbench.plan.settings import display_settings, from_options, read_settings
    from nnbench.terminal import printing as present
    from nnbench.training import program

    if to.path is not None or to.form not in ("text", "json"):
        raise UsageError("explain: a program is printed, as text or as json. Leave --output and others out.")
    plugins.load(display_settings(store=None, color=None, plugin=plugin).plugins)
    chosen = read_settings(from_options(given))
    trials = request.plan_for([request.one_case(case)], chosen).matrix.trials()
    if len(trials) != 1:
        raise UsageError(
            f"explain takes one choice on every axis, and these are {len(trials)} configurations."
        )
    if to.form == "json":
        present.print_json({"schema": "nnbench.explain/1", **program.explain_as_dict(trials[0])})
    else:
        print(program.explain(trials[0]))
    return 0
