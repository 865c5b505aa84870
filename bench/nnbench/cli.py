"""The command line: finds the verb, runs it, and turns every error into one line and an exit code.

A verb is a module in ``commands`` with a function ``command``; its parameters are the options, its docstring
the help, its result the exit code. The module is imported when the verb is used, and what is slow to import
is imported inside the function: ``nnbench --help`` must not wait for numba.
"""

import os
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated, Any, TextIO

import typer
from typer.core import TyperGroup

from nnbench.errors import NnbenchError, UsageError
from nnbench.machine.stopping import Interrupted, interruptible

VERBS = (
    "run",
    "tune",
    "calibrate",
    "report",
    "compare",
    "list",
    "show",
    "explain",
    "kernels",
    "diagnose",
    "data",
    "doctor",
    "init",
)

DONE, WRONG_USAGE, ENVIRONMENT, INTERRUPTED = 0, 2, 4, 130
# None of the promised codes: a bug in nnbench must not look like a verdict.
BUG = 70
PIPE_CLOSED = 141

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
        app.command(name=cmd_name, help=None)(import_module(f"nnbench.commands.{cmd_name}").command)
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code. Whatever goes wrong is one line on stderr."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    show_before = warnings.showwarning
    warnings.showwarning = _show_warning
    try:
        with interruptible(), _blaming_plugins():
            code = _run(given)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader has gone, as in `nnbench list cases | head -1`. Python would flush once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except KeyboardInterrupt:
        _say("interrupted.")
        return INTERRUPTED
    except Exception as error:
        if "--debug" in given or os.environ.get("NNBENCH_DEBUG"):
            traceback.print_exc()
        lines, code = _explained(error)
        for line in lines:
            _say(line)
        return code
    finally:
        warnings.showwarning = show_before


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


def _run(arguments: list[str]) -> int:
    command = typer.main.get_command(app)
    if "_NNBENCH_COMPLETE" in os.environ:
        command.main(args=arguments, prog_name="nnbench")  # answers the shell, and exits
    try:
        # A copy: make_context takes its list apart.
        with command.make_context("nnbench", [*arguments] or ["--help"]) as context:
            code = command.invoke(context)
    except typer.Exit as exit:
        code = exit.exit_code
    return WRONG_USAGE if not arguments else code or DONE


def _explained(error: Exception) -> tuple[list[str], int]:
    """Return the lines that tell the user about an error, and the exit code."""
    if isinstance(error, NnbenchError):
        return [_one_line(part) for part in error.args], error.exit_code
    if isinstance(error, _TyperComplaint):
        return [_one_line(_wording(error))], WRONG_USAGE
    from nnkit.errors import EnvironmentProblem, NnkitError

    if isinstance(error, NnkitError):
        refused = isinstance(error, EnvironmentProblem)
        return [_one_line(error)], ENVIRONMENT if refused else WRONG_USAGE
    if isinstance(error, OSError):
        return [_one_line(error)], ENVIRONMENT
    bug = f"{type(error).__name__}: {error}"
    return [_one_line(f"a bug in nnbench: {bug}. --debug shows where; please report it.")], BUG


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


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning as one line, without the place in the source that Python would add."""
    _say(_one_line(f"warning: {message}"))


def _one_line(text: object) -> str:
    return " ".join(str(text).split())


def _say(line: str) -> None:
    print(f"nnbench: {line}", file=sys.stderr, flush=True)
