"""How fetching goes, on stderr: a bar on a terminal, a line now and then elsewhere, or nothing."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nnbench.machine.clock import Clock
from nnbench.machine.writing import printable
from nnbench.terminal.progress import LINE_EVERY_S, note
from nnkit.datasets.fetch import NOBODY, Watcher
from nnkit.datasets.remote import RemoteFile, megabytes

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


class Lines:
    """A line every few seconds at most, for logs."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._said_s = clock.elapsed_s()

    def arrived(self, file: RemoteFile, n_bytes: int) -> None:
        if self._clock.elapsed_s() - self._said_s >= LINE_EVERY_S:
            self._said_s = self._clock.elapsed_s()
            note(f"{file.name}: {megabytes(n_bytes)} of {megabytes(file.size_bytes)}")

    def noted(self, text: str) -> None:
        note(text)


class Live:
    """A bar for every file, redrawn in place."""

    def __init__(self, bars: "Bars") -> None:
        self._bars = bars
        self._tasks: dict[RemoteFile, TaskID] = {}

    def arrived(self, file: RemoteFile, n_bytes: int) -> None:
        if file not in self._tasks:
            self._tasks[file] = self._bars.add_task(file.name, total=file.size_bytes)
        self._bars.update(self._tasks[file], completed=n_bytes)

    def noted(self, text: str) -> None:
        self._bars.console.print(f"nnbench: {printable(text)}", markup=False, highlight=False)


@contextmanager
def watching(*, quiet: bool, color: str) -> Iterator[Watcher]:
    """Yield the watcher that suits stderr."""
    if quiet:
        yield NOBODY
    elif not sys.stderr.isatty():
        yield Lines(Clock())
    else:
        with _bars(color) as bars:
            yield Live(bars)


def _bars(color: str) -> "Bars":
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True, no_color=True if color == "never" else None)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    return Bars(*columns, console=console, transient=True, refresh_per_second=4)
