"""``nnbench verify``: what this program computes against what is known; and which optimizer a class is."""

from typing import TYPE_CHECKING, Annotated

import typer

from nnbench.terminal import options

if TYPE_CHECKING:
    from nnbench.records.checks import Checked


def command(
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID…]",
            help="A group (figures, optimizers, gradients …), a part of it (optimizers.adam), a figure (X1),"
            " or one check (X1.a); else all.",
        ),
    ] = None,
    class_: Annotated[
        str | None,
        typer.Option(
            "--class",
            metavar="CLASS",
            help="Which optimizer a class is, and in whose form: torch.optim.NAdam(lr=0.01),"
            " keras.optimizers.Nadam, optax.adam, module:Class, or a name of a plug-in.",
        ),
    ] = None,
    plugin: options.Plugin = None,
    lang: options.Lang = "en",
    to: options.Destination = options.PRINTED,
    quiet: options.Quiet = False,
    color: options.Color = None,
) -> int:
    """Check this program's numbers, or find out which optimizer somebody's class is.

    The figures of the lecture notes, the closed forms of every part, gradients against differences, values to
    17 digits, mean-field theory and published runs are each held against what is known. With --class, the
    optimizer is driven along a few walks in double precision and held against every one on record in every
    form. The exit code is 1 if a check fails, or no known form fits.
    """
    from nnbench.cases import plugins
    from nnbench.plan.settings import display_settings
    from nnbench.reporting.views import verify as view
    from nnbench.terminal import printing

    language = options.language(lang)
    chosen = display_settings(store=None, color=color, plugin=plugin)
    plugins.load(chosen.plugins)
    found = _checked(ids or [], quiet) if class_ is None else _identified(class_, ids or [])
    rows = view.rows(found, language)
    data = {"schema": "nnbench.verify/1", "checks": rows}
    if class_ is None:
        built = view.build(found, language, is_all=not ids)
    else:
        built = view.of_class(found, language)
    printing.deliver(printing.result("verify", built, data, rows), to, chosen.color)
    return 0 if all(each.ok for each in found) else 1


def _checked(ids: list[str], quiet: bool) -> "list[Checked]":
    """Carry out the checks, and say on stderr how far they are."""
    import sys

    from nnbench.machine.clock import Clock
    from nnbench.studies.verify import catalogue
    from nnbench.terminal.progress import progress_on

    asked = catalogue.chosen(ids)
    found = []
    with progress_on(sys.stderr, Clock(), quiet=quiet, counted="checks") as told:
        for checked in catalogue.carry_out(asked):
            found.append(checked)
            told.training(len(found), len(asked))
    return found


def _identified(text: str, ids: list[str]) -> "list[Checked]":
    from nnbench.errors import UsageError
    from nnbench.studies.identify.verdict import identified

    if ids:
        raise UsageError(f"--class {text}: this asks for one class, found {' '.join(ids)} beside it.")
    return list(identified(text))
