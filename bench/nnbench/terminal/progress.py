"""How a run goes, on stderr: a live line on a terminal, a line now and then elsewhere, or nothing."""

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol, TextIO

from nnbench.machine.clock import Clock
from nnbench.machine.writing import printable

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

LINE_EVERY_S = 5.0
# A redraw costs half a millisecond of the interpreter that the trials also need to begin and end.
REDRAWS_PER_S = 4
_STOPPING = "stopping after this kernel; Ctrl-C again stops now"


class Progress(Protocol):
    """What is told of a run while it goes."""

    def compiling(self, n_done: int, n_total: int, name: str) -> None:
        """``n_done`` of ``n_total`` kernels are compiled; ``name`` is the next."""
        ...

    def stopping(self) -> None:
        """The run ends as soon as this kernel is compiled. Signal handlers call it."""
        ...

    def training(self, n_done: int, n_total: int) -> None:
        """``n_done`` of ``n_total`` trials are done."""
        ...


class Silent:
    """Nothing is said."""

    def compiling(self, n_done: int, n_total: int, name: str) -> None:
        pass

    def stopping(self) -> None:
        pass

    def training(self, n_done: int, n_total: int) -> None:
        pass


class Counted:
    """Tells one count over several stages of a run; how many trials there will be may change on the way."""

    def __init__(self, told: Progress, n_expected: int) -> None:
        self.n_expected = n_expected
        self._told = told
        self._n_passed = 0

    def compiling(self, n_done: int, n_total: int, name: str) -> None:
        self._told.compiling(n_done, n_total, name)

    def stopping(self) -> None:
        self._told.stopping()

    def training(self, n_done: int, n_total: int) -> None:
        reached = self._n_passed + n_total
        self._told.training(reached - n_total + n_done, max(self.n_expected, reached))

    def pass_over(self, n_trials: int) -> None:
        """Count the trials of a stage that is over, those from the store among them."""
        self._n_passed += n_trials


class Lines:
    """A line every few seconds at most, for logs; a run that is shorter says nothing."""

    def __init__(
        self, stream: TextIO, clock: Clock, *, budget_s: float = math.inf, counted: str = "trials"
    ) -> None:
        self._stream, self._counted = stream, counted
        self._clock = clock
        self._ends_s = clock.elapsed_s() + budget_s
        self._said_s = self._began_s = clock.elapsed_s()
        self._counts = False

    def compiling(self, n_done: int, n_total: int, name: str) -> None:
        if self._is_time():
            self._say(f"compiled {n_done} of {n_total} kernels")

    def stopping(self) -> None:
        with suppress(RuntimeError):  # the signal came in the middle of another line
            self._say(_STOPPING)

    def training(self, n_done: int, n_total: int) -> None:
        if not self._counts:  # compiling took its own time, which says nothing of the time that is left
            self._counts, self._began_s = True, self._clock.elapsed_s()
        if self._is_time():
            spent_s = self._clock.elapsed_s() - self._began_s
            left_s = spent_s / max(n_done, 1) * (n_total - n_done)
            left_s = min(left_s, max(0.0, self._ends_s - self._clock.elapsed_s()))
            left = f", about {duration(left_s)} left" if n_done else ""
            self._say(f"{n_done:,} of {n_total:,} {self._counted} done{left}")

    def _is_time(self) -> bool:
        return self._clock.elapsed_s() - self._said_s >= LINE_EVERY_S

    def _say(self, text: str) -> None:
        self._said_s = self._clock.elapsed_s()
        print(f"nnbench: {text}", file=self._stream, flush=True)


class Live:
    """A bar with the trials done and the time left, redrawn in place."""

    def __init__(self, bars: "Bars", clock: Clock, counted: str = "trials") -> None:
        self._bars = bars
        self._clock = clock
        self._drawn_s = -1.0
        self._compile_task = bars.add_task("compiling", total=None, visible=False)
        self._train_task = bars.add_task(
            "training" if counted == "trials" else counted, total=None, visible=False
        )

    def compiling(self, n_done: int, n_total: int, name: str) -> None:
        text = f"compiling {printable(name)}" if n_done < n_total else "compiled"
        self._bars.update(
            self._compile_task, completed=n_done, total=n_total, description=text, visible=n_done < n_total
        )

    def stopping(self) -> None:
        self._bars.update(self._compile_task, description=_STOPPING, visible=True)

    def training(self, n_done: int, n_total: int) -> None:
        now_s = self._clock.elapsed_s()
        if n_done < n_total and now_s - self._drawn_s < 1 / REDRAWS_PER_S:
            return
        self._drawn_s = now_s
        self._bars.update(self._train_task, completed=n_done, total=n_total, visible=True)


@contextmanager
def progress_on(
    stream: TextIO,
    clock: Clock,
    *,
    quiet: bool,
    color: str = "auto",
    budget_s: float | None = None,
    counted: str = "trials",
) -> Iterator[Progress]:
    """Yield the progress that suits the stream; ``counted`` is what there is a number of."""
    if quiet:
        yield Silent()
    elif not stream.isatty():
        yield Lines(stream, clock, budget_s=math.inf if budget_s is None else budget_s, counted=counted)
    else:
        with _bars(stream, color, budget_s) as bars:
            yield Live(bars, clock, counted)


def _bars(stream: TextIO, color: str, budget_s: float | None) -> "Bars":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    console = Console(file=stream, no_color=True if color == "never" else None)
    # What is left of a budget cannot be told from the trials that are left.
    left = TimeRemainingColumn() if budget_s is None else TextColumn(f"within {duration(budget_s)}")
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), left)
    return Bars(*columns, console=console, transient=True, refresh_per_second=REDRAWS_PER_S)


def duration(seconds: float) -> str:
    """Return ``"1.2 s"``, ``"3 min"`` or ``"2.5 h"``: as much as a forecast is worth."""
    if seconds < 99.5:
        return f"{seconds:.2g} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def note(text: str, *, quiet: bool = False) -> None:
    """Say one line on stderr."""
    if not quiet:
        print(f"nnbench: {printable(text)}", file=sys.stderr, flush=True)
