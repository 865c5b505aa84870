"""``nnbench kernels``: how fast every kernel is, against this machine's ceilings and against others."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nnbench.terminal import options

if TYPE_CHECKING:
    from nnbench.plan.settings import Color
    from nnbench.records.kernels import KernelRun

Form = Literal["text", "markdown", "html", "json"]
_ENDINGS: dict[Form, str] = {"text": "txt", "markdown": "md", "html": "html", "json": "json"}
_NARROW, _NAME_WIDTH = 110, 28


@options.with_axes("optimizer", "activation", "norm", "batch_size", "width", "depth")
def command(
    cases: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CASE…|FILE.toml]", help="Cases by name, or files. By default all whose data are here."
        ),
    ] = None,
    axes: options.AxisOptions = options.NO_AXES,
    dtype: options.Dtype = None,
    versus: Annotated[
        Literal["numpy", "torch"],
        typer.Option(help="numpy is always there, torch on request."),
    ] = "numpy",
    seconds: Annotated[
        float | None,
        typer.Option(metavar="S", help="Time for all kernels together; by default 0.04 for each."),
    ] = None,
    form: Annotated[Form, typer.Option("--format", "-f", help="text, markdown, html or json.")] = "text",
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="DIR", help="Write files there instead of printing."),
    ] = None,
    plugin: options.Plugin = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    color: options.Color = None,
    debug: options.Debug = False,
) -> int:
    """Measure every kernel against this machine's roofline.

    Every kernel at the shapes that the cases use in training and evaluation: its time, and the share that it
    reaches of what this core can do, which is measured too. NumPy takes turns with it, and PyTorch too with
    --versus torch. A case that no option changes is measured with all choices of its own matrix.
    """
    from nnbench.errors import UsageError

    if as_json and form not in ("text", "json"):
        raise UsageError(f"--json and --format {form} contradict each other. Give one of them.")
    if seconds is not None and not 0 < seconds < float("inf"):
        raise UsageError(f"--seconds: must be above 0, found {seconds:g}. Try 10.")
    given = {
        **axes,
        "dtype": dtype, "seeds": "1", "plugin": plugin, "quiet": quiet, "color": color,
    }  # fmt: skip
    from nnbench.kernelbench import run as kernel_run
    from nnbench.machine.writing import printable

    trials, chosen = kernel_run.plan(cases or [], given)
    run = kernel_run.carry_out(trials, chosen, versus=versus, seconds=seconds)
    form = "json" if as_json else form
    if output is None:
        _print(run, form, chosen.color)
    else:
        print(printable(str(_write(run, form, Path(output)))))
    return 0


def _print(run: "KernelRun", form: Form, color: "Color") -> None:
    import shutil
    import sys

    from nnbench.reporting.render import text
    from nnbench.reporting.views.kernels import document
    from nnbench.terminal import printing as present

    if form == "text":
        columns = shutil.get_terminal_size(fallback=(80, 24)).columns
        width = _NAME_WIDTH if columns < _NARROW else None
        present.print_document(document(run, name_width=width), color)
    else:
        sys.stdout.write(text.encodable(_rendered(run, form), sys.stdout.encoding or "utf-8"))


def _write(run: "KernelRun", form: Form, folder: Path) -> Path:
    """Write the report into a folder, Markdown with its figure, and return the report's path."""
    from nnbench.errors import EnvironmentProblem
    from nnbench.machine.writing import write_files
    from nnbench.reporting.render import markdown
    from nnbench.reporting.views.kernels import document

    path = folder / f"kernels.{_ENDINGS[form]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if form == "markdown":
            markdown.write(document(run), path)
        else:
            write_files({path: _rendered(run, form)})
    except OSError as error:
        raise EnvironmentProblem(f"{path}: cannot be written: {error.strerror}.") from None
    return path


def _rendered(run: "KernelRun", form: Form) -> str:
    from importlib import import_module

    from nnbench.reporting.json import kernels as kernels_json
    from nnbench.reporting.views.kernels import document
    from nnbench.terminal import printing as present

    if form == "json":
        return present.json_text(kernels_json.as_dict(run))
    # Imported one by one: only HTML pays for its templates.
    renderer = import_module(f"nnbench.reporting.render.{form}")
    return str(renderer.render(document(run, name_width=_NAME_WIDTH if form == "text" else None)))
