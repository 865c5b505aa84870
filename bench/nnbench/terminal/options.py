"""The options that several verbs share: one name, one meaning, one help text each.

The options of the axes are made from their records.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Annotated, Any, Literal

import typer

from nnbench.cases.axis import AXES, Axis

ReportFormat = Literal["text", "markdown", "html", "json", "csv", "latex"]
AxisOptions = Mapping[str, str | None]  # by the key of the axis: what was asked for, as one comma list
NO_AXES: AxisOptions = {}

Cases = Annotated[
    list[str] | None,
    typer.Argument(metavar="[CASE…|SUITE|FILE.toml]", help="Cases or a suite by name, or files."),
]
Epochs = Annotated[str | None, typer.Option(metavar="N", help="Epochs, in place of the case's own.")]
Dtype = Annotated[str | None, typer.Option(metavar="TYPE", help="float32 (the default) or float64.")]
Plugin = Annotated[
    list[str] | None,
    typer.Option(metavar="FILE.py", help="A Python file that registers parts. May be given several times."),
]
Store = Annotated[
    str | None,
    typer.Option(metavar="DIR", help="Where results are kept. By default .nnbench in this folder."),
]
Form = Annotated[
    ReportFormat | None,
    typer.Option("--format", "-f", help="text, markdown, html, json, csv or latex; else as --output ends."),
]
Output = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="FILE|DIR", help="Write it there instead of printing it."),
]
Report = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|DIR", help="Also write the report there, as it ends, else as Markdown with figures."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the result and nothing else.")]
Color = Annotated[
    str | None, typer.Option(metavar="WHEN", help="auto, always or never. NO_COLOR is honoured in auto.")
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def with_axes(*names: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a verb the options of these axes, of all by default, in place of its parameter ``axes``.

    An option that is given again adds to its list.
    """

    def decorate(verb: Callable[..., int]) -> Callable[..., int]:
        signature = inspect.signature(verb, eval_str=True)
        made = {AXES[name].key: _parameter(AXES[name]) for name in names or AXES}
        parameters = [
            parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for own in signature.parameters.values()
            for parameter in (made.values() if own.name == "axes" else (own,))
        ]

        @wraps(verb)
        def with_options(**given: Any) -> int:
            lists = {key: given.pop(key) for key in made}
            return verb(axes={key: joined(texts) for key, texts in lists.items()}, **given)

        # typer reads the options of a verb off its signature.
        vars(with_options)["__signature__"] = signature.replace(parameters=parameters)
        with_options.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return with_options

    return decorate


def joined(texts: list[str] | None) -> str | None:
    """Return one comma list of an option that was given once or several times."""
    return None if not texts else ",".join(texts)


def _parameter(axis: Axis) -> inspect.Parameter:
    flags = dict.fromkeys(f"--{spelling.replace('_', '-')}" for spelling in (axis.key, axis.name))
    option = typer.Option(*flags, metavar=axis.metavar, help=axis.help)
    kind = Annotated[list[str] | None, option]
    return inspect.Parameter(axis.key, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
