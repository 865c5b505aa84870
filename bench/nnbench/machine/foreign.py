"""Code of others in this process: what it does to standard output and the folder does not reach nnbench."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def contained() -> Iterator[None]:
    """While the block runs, let what is printed go to stderr; afterwards the folder and stdout are as before.

    Standard output is the result of a command: one line more, and no program can read its JSON.
    """
    folder, hook = _folder(), threading.excepthook
    threading.excepthook = _in_one_line
    try:
        with _printing_aside():
            yield
    finally:
        threading.excepthook = hook
        with suppress(OSError):
            if folder is not None and _folder() != folder:
                os.chdir(folder)


def _folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it was deleted
        return None


def _in_one_line(raised: threading.ExceptHookArgs) -> None:
    if raised.exc_type is not SystemExit:
        said = " ".join(f"{raised.exc_type.__name__}: {raised.exc_value}".split())
        print(f"nnbench: a thread that a plug-in began: {said}", file=sys.stderr)


@contextmanager
def _printing_aside() -> Iterator[None]:
    """Point standard output, Python's and the system's, at stderr."""
    streams = sys.stdout, sys.__stdout__
    with suppress(ValueError, OSError, AttributeError):
        sys.stdout.flush()
    kept = _copied(1)
    # A stream of its own, since a plug-in may close it.
    copy = _copied(2)
    with open(os.devnull if copy is None else copy, "w", buffering=1, errors="backslashreplace") as aside:
        sys.stdout = sys.__stdout__ = aside  # type: ignore[misc]
        if kept is not None:
            os.dup2(aside.fileno(), 1)
        try:
            yield
        finally:
            sys.stdout, sys.__stdout__ = streams  # type: ignore[misc]
            if kept is not None:
                os.dup2(kept, 1)
                os.close(kept)


def _copied(descriptor: int) -> int | None:
    try:
        return os.dup(descriptor)
    except OSError:  # it is closed
        return None
