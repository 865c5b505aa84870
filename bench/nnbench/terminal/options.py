"""The options that several verbs share: one name, one meaning, one help text each.

The options of the axes are made from their records.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Annotated, Any

import typer

from nnbench.cases.axis import AXES, Axis
from nnbench.errors import UsageError
from nnbench.records.claims import LANGUAGES, Language
from nnbench.terminal.destination import Destination as Destination
from nnbench.terminal.destination import ReportFormat, with_report

Verb = Callable[..., int]
AxisOptions = Mapping[str, str | None]  # by the key of the axis: what was asked for, as one comma list
NO_AXES: AxisOptions = {}
OwnData = Mapping[str, object]  # by the name of the option
NO_DATA: OwnData = {}
PRINTED = Destination("text")

Cases = Annotated[
    list[str] | None,
    typer.Argument(metavar="[CASE…|SUITE|FILE.toml]", help="Cases or a suite by name, or files."),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=LIST",
        help="Values of any parameter of a [subject], e.g. width=32,64. May be given several times.",
    ),
]
Seeds = Annotated[
    str | None,
    typer.Option(
        metavar="N|LIST", help="How many seeds, or which: '10', '1,5-9'; auto: the fewest that decide."
    ),
]
Epochs = Annotated[str | None, typer.Option(metavar="N", help="Epochs, in place of the case's own.")]
Dtype = Annotated[str | None, typer.Option(metavar="TYPE", help="float32 (the default) or float64.")]
Jobs = Annotated[str | None, typer.Option("--jobs", "-j", metavar="N", help="Trials at the same time.")]
Engine = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="threads, processes or dask; by default what suits the trials."),
]
Scheduler = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Of a dask scheduler, e.g. tcp://head:8786, for --engine dask."),
]
Tuned = Annotated[
    bool, typer.Option("--tuned", help="Run each at the learning rate that `nnbench tune` found for it.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would run and how long; run nothing.")]
Plugin = Annotated[
    list[str] | None,
    typer.Option(metavar="FILE.py", help="A Python file that registers parts. May be given several times."),
]
Store = Annotated[
    str | None,
    typer.Option(metavar="DIR", help="Where results are kept. By default .nnbench in this folder."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Curves = Annotated[
    bool,
    typer.Option("--curves", help="With csv or json: all values of all curves; in csv a row for each."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the result and nothing else.")]
Lang = Annotated[str, typer.Option(metavar="en|ko", help="The language of the words.")]
Color = Annotated[
    str | None, typer.Option(metavar="WHEN", help="auto, always or never. NO_COLOR is honoured in auto.")
]


def language(given: str) -> Language:
    """Return the language of ``--lang``, or raise UsageError."""
    for each in LANGUAGES:
        if each == given:
            return each
    raise UsageError(f"--lang: found {given!r}. There are en and ko.")


def _parameter(name: str, kind: Any, declared: Any, *, default: Any = None) -> inspect.Parameter:
    annotation = Annotated[kind, declared]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


_FORM = _parameter(
    "form",
    ReportFormat | None,
    typer.Option("--format", "-f", help="text, markdown, html, json, csv or latex; else as --output ends."),
)
_OUTPUT = _parameter(
    "output",
    str | None,
    typer.Option("--output", "-o", metavar="FILE|DIR", help="Write it there instead of printing it."),
)
_AS_JSON = _parameter("as_json", bool, typer.Option("--json", help="Print one JSON document."), default=False)
_REPORT = _parameter(
    "report",
    str | None,
    typer.Option(
        metavar="FILE|DIR", help="Also write the report there, as it ends, else as Markdown with figures."
    ),
)
_OWN_DATA = [
    _parameter(
        "data",
        list[str] | None,
        typer.Option(
            "--data",
            metavar="FILE",
            help="A table of your own (CSV, TSV, NPZ, NPY, Parquet), a folder of pictures, or twice:"
            " features and targets. A case is written beside it.",
        ),
    ),
    _parameter(
        "target",
        list[str] | None,
        typer.Option("--target", metavar="LIST", help="With --data: the column to predict, or several."),
    ),
    _parameter(
        "task",
        str | None,
        typer.Option(metavar="TASK", help="With --data: classification or regression, if guessed wrongly."),
    ),
    _parameter(
        "drop",
        list[str] | None,
        typer.Option("--drop", metavar="LIST", help="With --data: columns to leave out."),
    ),
    _parameter(
        "group",
        str | None,
        typer.Option(metavar="COLUMN", help="With --data: rows of one group stay on one side of the split."),
    ),
    _parameter(
        "time",
        str | None,
        typer.Option(metavar="COLUMN", help="With --data: the last rows by this column validate."),
    ),
    _parameter(
        "case_file",
        str | None,
        typer.Option("--case", metavar="FILE.toml", help="With --data: where the case is written."),
    ),
]
_DEBUG = _parameter(
    "debug", bool, typer.Option("--debug", help="Show the traceback of an error."), default=False
)


def with_axes(*names: str) -> Callable[[Verb], Verb]:
    """Give a verb the options of these axes, of all by default, in place of its parameter ``axes``.

    An option that is given again adds to its list.
    """
    made = [_of_axis(AXES[name]) for name in names or AXES]

    def gathered(given: dict[str, Any]) -> dict[str, Any]:
        return {"axes": {one.name: joined(given.pop(one.name)) for one in made}}

    return lambda verb: _in_place_of(verb, {"axes": made}, gathered)


def with_destinations(verb: Verb) -> Verb:
    """Give a verb --format, --output and --json in place of ``to``, and --report in place of ``kept``.

    ``to`` is where its result goes, ``kept`` where a report goes besides. --debug is for the door.
    """
    wanted = inspect.signature(verb).parameters.keys() & {"to", "kept"}

    def gathered(given: dict[str, Any]) -> dict[str, Any]:
        del given["debug"]
        if not wanted:
            return {}
        said = (given.pop(name, None) for name in ("form", "output", "report"))
        to, kept = with_report(*said, as_json=given.pop("as_json"))
        return {"to": to, "kept": kept} if "kept" in wanted else {"to": to}

    places = {"to": [_FORM, _OUTPUT, _AS_JSON], "kept": [_REPORT]}
    return _in_place_of(verb, places, gathered, behind=[_DEBUG])


def with_own_data(verb: Verb) -> Verb:
    """Give a verb the options of ``--data`` in place of its parameter ``own``, a dict of them."""
    names = [one.name for one in _OWN_DATA]

    def gathered(given: dict[str, Any]) -> dict[str, Any]:
        return {"own": {name: given.pop(name) for name in names}}

    return _in_place_of(verb, {"own": _OWN_DATA}, gathered)


def _in_place_of(
    verb: Verb,
    places: Mapping[str, Sequence[inspect.Parameter]],
    gathered: Callable[[dict[str, Any]], dict[str, Any]],
    *,
    behind: Sequence[inspect.Parameter] = (),
) -> Verb:
    """Return the verb with options in the places of some parameters, which are gathered from them."""
    signature = inspect.signature(verb, eval_str=True)
    parameters = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for own in signature.parameters.values()
        for parameter in places.get(own.name, (own,))
    ]
    parameters += behind

    @wraps(verb)
    def with_options(**given: Any) -> int:
        whole = gathered(given)
        return verb(**given, **whole)

    # typer reads the options of a verb off its signature.
    vars(with_options)["__signature__"] = signature.replace(parameters=parameters)
    with_options.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return with_options


def joined(texts: list[str] | None) -> str | None:
    """Return one comma list of an option that was given once or several times."""
    return None if not texts else ",".join(texts)


def _of_axis(axis: Axis) -> inspect.Parameter:
    flags = dict.fromkeys(f"--{spelling.replace('_', '-')}" for spelling in (axis.key, axis.name))
    option = typer.Option(*flags, metavar=axis.metavar, help=axis.help)
    return _parameter(axis.key, list[str] | None, option)
