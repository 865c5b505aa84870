"""The standard streams while a command runs: a closed one has a stand-in, and a failed write is one line."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

from nnbench.errors import EnvironmentProblem


class OutputFailed(EnvironmentProblem):
    """Standard output takes no more: the disk is full, for one. A reader that has gone is no such case."""


class _Output:
    """Standard output, which says so where a write fails. All else is the stream's own."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        letters = text.encode(encoding, "backslashreplace")
        buffer = getattr(self._stream, "buffer", None)
        with _named():
            # PYTHONUNBUFFERED leaves out the buffer, and Python drops in silence what a short write leaves.
            if isinstance(buffer, io.RawIOBase):
                _write_all(buffer, letters.replace(b"\n", os.linesep.encode()))
            else:
                self._stream.write(letters.decode(encoding))
        return len(text)

    def flush(self) -> None:
        with _named():
            self._stream.flush()


class _Messages(_Output):
    """Standard error, which a command can do without: what cannot be said there is dropped."""

    def write(self, text: str) -> int:
        with self._dropped():
            super().write(text)
        return len(text)

    def flush(self) -> None:
        with self._dropped():
            super().flush()

    @contextmanager
    def _dropped(self) -> Iterator[None]:
        try:
            yield
        except (OutputFailed, BrokenPipeError):
            abandon(self._stream)


@contextmanager
def standard_streams() -> Iterator[None]:
    """Have all three streams while the block runs, whatever the shell closed."""
    _take_closed_descriptors()
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdin = before[0] or io.StringIO()
    sys.stdout = cast(TextIO, _Output(before[1] or io.StringIO()))
    sys.stderr = cast(TextIO, _Messages(before[2] or io.StringIO()))
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def abandon(stream: Any) -> None:
    """Let a stream lead nowhere: Python tries once more at its end, and would change the exit code then."""
    with suppress(AttributeError, OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _take_closed_descriptors() -> None:
    """Open what ``>&-`` closed: the next file would get its number, and what is printed would go into it."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputFailed(
            f"standard output: cannot be written: {error.strerror}. What was printed is cut off."
        ) from None


def _write_all(raw: io.RawIOBase, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        n_written = raw.write(rest)
        if n_written is None:
            raise BlockingIOError(0, "its reader is slower than the command, and it does not wait")
        rest = rest[n_written:]
