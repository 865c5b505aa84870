"""The door: runs a command line, and turns whatever goes wrong into one line and an exit code.

Only the standard library is imported at the top, and little of it: Ctrl-C during the imports that take time
must find ``main`` already running.
"""

import errno
import os
import sys
from collections.abc import Sequence
from typing import TextIO

from nnbench.commands import VERBS as VERBS

WRONG_USAGE, ENVIRONMENT, INTERRUPTED = 2, 4, 130
# None of the promised codes: a bug in nnbench must not look like a verdict.
BUG = 70
PIPE_CLOSED = 141
_LONGEST_WORD, _LONGEST_LINE = 200, 2000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code. Whatever goes wrong is one line on stderr."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        from nnbench.terminal.streams import standard_streams

        with standard_streams():
            return _guarded(given)
    except KeyboardInterrupt:  # before anything began, or while the first one was answered
        return INTERRUPTED


def _guarded(given: list[str]) -> int:
    import warnings

    from nnbench.terminal.streams import OutputFailed, abandon

    show_before = warnings.showwarning
    warnings.showwarning = _show_warning
    try:
        from nnbench import verbs
        from nnbench.machine.stopping import interruptible

        with interruptible():
            code = verbs.run(given)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader has gone, as in `nnbench list cases | head -1`.
        abandon(sys.stdout)
        return PIPE_CLOSED
    except KeyboardInterrupt:
        _say("interrupted.")
        return INTERRUPTED
    except Exception as error:
        if isinstance(error, OutputFailed):
            abandon(sys.stdout)
        return _tell(error, with_trace="--debug" in given or bool(os.environ.get("NNBENCH_DEBUG")))
    finally:
        warnings.showwarning = show_before


def _tell(error: Exception, *, with_trace: bool) -> int:
    """Tell the user about an error, and return the exit code."""
    if with_trace:
        import traceback

        from nnbench.machine.writing import printable

        print(printable("".join(traceback.format_exception(error)), keep="\n"), file=sys.stderr, end="")
    lines, code = _explained(error)
    for line in lines:
        _say(line)
    return code


def _explained(error: Exception) -> tuple[list[str], int]:
    """Return the lines that tell the user about an error, and the exit code."""
    from nnbench.errors import NnbenchError

    if isinstance(error, NnbenchError):
        return list(map(str, error.args)), error.exit_code
    from nnkit.errors import EnvironmentProblem, NnkitError

    if isinstance(error, NnkitError):
        refused = isinstance(error, EnvironmentProblem)
        return [str(error)], ENVIRONMENT if refused else WRONG_USAGE
    if isinstance(error, OSError):
        too_long = error.errno == errno.ENAMETOOLONG  # a name that the user gave
        return [_of_the_system(error)], WRONG_USAGE if too_long else ENVIRONMENT
    bug = f"{type(error).__name__}: {error}"
    return [f"a bug in nnbench: {bug}. --debug shows where; please report it."], BUG


def _of_the_system(error: OSError) -> str:
    place = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
    return f"{place}{error.strerror}." if error.strerror else str(error)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning as one line, without the place in the source that Python would add."""
    _say(f"warning: {message}")


def _say(text: str) -> None:
    """Print one line, without the middle of what is too long to be read: of a word, or of the line."""
    from nnbench.terminal.progress import note

    note(_cut(" ".join(_cut(word, _LONGEST_WORD) for word in text.split()), _LONGEST_LINE))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most // 2]}…{text[-most // 2 :]}"
