"""The verbs: finds the one that a command line names, and runs it.

A verb is a module in ``commands`` with a function ``command``; its parameters are the options, its docstring
the help, its result the exit code. The module is imported when the verb is used, and what is slow to import
is imported inside the function: ``nnbench --help`` must not wait for numba.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from nnbench.commands import VERBS
from nnbench.errors import NnbenchError, UsageError
from nnbench.machine.stopping import Interrupted
from nnbench.terminal import options

DONE, WRONG_USAGE = 0, 2
_COMPLETING = "_NNBENCH_COMPLETE"  # set by the shell's script, which typer writes

# The base of all that typer complains about. It is no public name, and has moved between versions.
_TyperComplaint: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


class Verbs(TyperGroup):
    """The verbs, each imported when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in VERBS:
            return None
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        verb = options.with_destinations(import_module(f"nnbench.commands.{cmd_name}").command)
        if _COMPLETING in os.environ:
            from nnbench.terminal import completion

            completion.offer(verb)
        app.command(name=cmd_name, help=None)(verb)
        return typer.main.get_command(app)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in VERBS:
            from nnkit.errors import did_you_mean

            raise UsageError(f"there is no command {args[0]!r}.{did_you_mean(args[0], VERBS)}")
        return super().resolve_command(ctx, args)


app = typer.Typer(cls=Verbs, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


def _print_version(wanted: bool) -> None:
    if wanted:
        from nnkit import __version__

        print(f"nnbench {__version__}")
        raise typer.Exit()


@app.callback()
def nnbench(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Find out, with evidence, which optimizer, activation and initialisation to use.

    Start with `nnbench run digits`, then `nnbench run --help`.
    """


def run(arguments: list[str]) -> int:
    """Run the verb that the arguments begin with, and return its exit code; without any, show the help."""
    _check_letters(arguments)
    command = typer.main.get_command(app)
    try:
        if _COMPLETING in os.environ:
            command.main(args=[], prog_name="nnbench")
        # A copy: make_context takes its list apart.
        with _blaming_plugins(), command.make_context("nnbench", [*arguments] or ["--help"]) as context:
            _remark_on_variables(quiet="--quiet" in arguments)
            code = command.invoke(context)
    except SystemExit as end:  # the shell has its answer
        return int(end.code or DONE)
    except typer.Exit as end:
        code = end.exit_code
    except _TyperComplaint as complaint:
        raise UsageError(_wording(complaint)) from complaint
    return WRONG_USAGE if not arguments else code or DONE


@contextmanager
def _blaming_plugins() -> Iterator[None]:
    """Turn what a plug-in raises, be it SystemExit, into a UsageError that names its line."""
    try:
        yield
    except (NnbenchError, Interrupted):
        raise
    except BaseException as error:
        plugins: Any = sys.modules.get("nnbench.cases.plugins")  # imported where there is one
        if plugins is None or not plugins.place_of(error):
            raise
        raise UsageError(plugins.said_of(error)) from error


def _remark_on_variables(*, quiet: bool) -> None:
    """Say which variables look like settings and have no effect, whatever the verb is."""
    if any(name.startswith("NNBENCH_") for name in os.environ):
        from nnbench.plan.settings import unknown_variables
        from nnbench.terminal.progress import note

        for remark in unknown_variables(os.environ):
            note(remark, quiet=quiet)


def _check_letters(arguments: Sequence[str]) -> None:
    """Refuse bytes that are no text, before they become the name of a file or of a run."""
    given = {f"argument {place}": text for place, text in enumerate(arguments, 1)}
    given |= {name: text for name, text in os.environ.items() if name.startswith("NNBENCH_")}
    for place, text in given.items():
        if "\0" in text or (not text.isascii() and text != text.encode(errors="replace").decode()):
            raise UsageError(f"{place}: not UTF-8 text, found {text!r}. Write it in UTF-8.")


def _wording(complaint: Any) -> str:
    """Return what typer complains about, with the nearest option where one is misspelt."""
    context: Any = getattr(complaint, "ctx", None)
    verb = f"{context.info_name}: " if context is not None and context.parent is not None else ""
    if hasattr(complaint, "possibilities"):
        from nnkit.errors import did_you_mean

        known = [option for parameter in context.command.params for option in parameter.opts]
        name = str(complaint.option_name)
        near = did_you_mean(name, known)
        hint = near if near.startswith(" Did") else f" See `{context.command_path} --help`."
        return f"{verb}there is no option {name!r}.{hint}"
    return verb + str(complaint.format_message())
