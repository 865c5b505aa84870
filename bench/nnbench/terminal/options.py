"""The options that several verbs share: one name, one meaning, one help text each."""

from typing import Annotated, Literal

import typer

Cases = Annotated[
    list[str] | None,
    typer.Argument(metavar="[CASE…|SUITE|FILE.toml]", help="Cases or a suite by name, or files."),
]
Optimizer = Annotated[
    str | None,
    typer.Option(
        metavar="LIST", help="Optimizers, e.g. 'sgd(momentum=0.9),adam'. See `nnbench list optimizers`."
    ),
]
Activation = Annotated[str | None, typer.Option(metavar="LIST", help="Activations, e.g. 'relu,tanh'.")]
Init = Annotated[
    str | None, typer.Option(metavar="LIST", help="Initialisers of the weights, e.g. 'he_normal'.")
]
Norm = Annotated[str | None, typer.Option(metavar="LIST", help="Normalisation: none, batch, layer.")]
Schedule = Annotated[str | None, typer.Option(metavar="LIST", help="Schedules of the learning rate.")]
Rate = Annotated[
    str | None,
    typer.Option(
        "--lr", "--learning-rate", metavar="LIST", help="Learning rates; 'default' is the optimizer's own."
    ),
]
BatchSize = Annotated[str | None, typer.Option(metavar="LIST", help="Batch sizes.")]
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
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the result and nothing else.")]
Color = Annotated[
    str | None, typer.Option(metavar="WHEN", help="auto, always or never. NO_COLOR is honoured in auto.")
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
ReportFormat = Literal["text", "markdown", "html", "json", "csv", "latex"]
