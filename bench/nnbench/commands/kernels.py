"""``nnbench kernels``: how fast every kernel is, against this machine's ceilings and against others."""

from typing import Annotated, Literal

import typer

from nnbench.terminal import options


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
    to: options.Destination = options.PRINTED,
    plugin: options.Plugin = None,
    quiet: options.Quiet = False,
    color: options.Color = None,
) -> int:
    """Measure every kernel against this machine's roofline.

    Every kernel at the shapes that the cases use in training and evaluation: its time, and the share that it
    reaches of what this core can do, which is measured too. NumPy takes turns with it, and PyTorch too with
    --versus torch. A case that no option changes is measured with all choices of its own matrix.
    """
    from nnbench.errors import UsageError
    from nnbench.reporting.json import kernels as kernels_json
    from nnbench.reporting.views.kernels import document
    from nnbench.terminal import printing as present

    if seconds is not None and not 0 < seconds < float("inf"):
        raise UsageError(f"--seconds: must be above 0, found {seconds:g}. Try 10.")
    given = {
        **axes,
        "dtype": dtype, "seeds": "1", "plugin": plugin, "quiet": quiet, "color": color,
    }  # fmt: skip
    from nnbench.kernelbench import run as kernel_run

    trials, chosen = kernel_run.plan(cases or [], given)
    run = kernel_run.carry_out(trials, chosen, versus=versus, seconds=seconds)
    data = kernels_json.as_dict(run)
    present.deliver(present.result("kernels", document(run), data, data["kernels"]), to, chosen.color)
    return 0
