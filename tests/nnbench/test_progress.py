"""Progress: a live line on a terminal, now and then a line in a log, nothing if asked."""

import io
from datetime import UTC, datetime

import pytest

from nnbench.machine.clock import Clock
from nnbench.terminal.progress import LINE_EVERY_S, Counted, Silent, duration, progress_on


class SetClock(Clock):
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def elapsed_s(self) -> float:
        return self.now_s

    def now_utc(self) -> datetime:
        return datetime(2026, 1, 31, tzinfo=UTC)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_gets_a_line_every_few_seconds_at_most() -> None:
    stream, clock = io.StringIO(), SetClock()

    with progress_on(stream, clock, quiet=False) as told:
        told.compiling(0, 3, "dense_forward")
        clock.now_s = LINE_EVERY_S
        told.compiling(2, 3, "adam_update")
        told.training(0, 1000)
        for n_done in range(1, 1001):
            clock.now_s = LINE_EVERY_S + n_done * 0.01
            told.training(n_done, 1000)

    assert stream.getvalue().splitlines() == [
        "nnbench: compiled 2 of 3 kernels",
        "nnbench: 500 of 1,000 trials done, about 5 s left",
        "nnbench: 1,000 of 1,000 trials done, about 0 s left",
    ]


def test_a_short_run_leaves_no_line_in_a_log() -> None:
    stream = io.StringIO()

    with progress_on(stream, SetClock(), quiet=False) as told:
        told.training(0, 10)
        told.training(10, 10)

    assert stream.getvalue() == ""


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["log", "terminal"])
def test_a_stop_is_answered_while_a_kernel_is_still_compiled(stream: io.StringIO) -> None:
    with progress_on(stream, SetClock(), quiet=False) as told:
        told.compiling(0, 3, "dense_forward")
        Counted(told, 10).stopping()

    assert "stopping after this kernel; Ctrl-C again stops now" in stream.getvalue()


def test_quiet_is_silent_on_a_terminal_too() -> None:
    stream, clock = Terminal(), SetClock()

    with progress_on(stream, clock, quiet=True) as told:
        told.stopping()
        told.compiling(0, 1, "dense_forward")
        clock.now_s = 100.0
        told.training(5, 10)

    assert stream.getvalue() == ""


def test_a_terminal_shows_both_phases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream, clock = Terminal(), SetClock()

    with progress_on(stream, clock, quiet=False) as told:
        told.compiling(1, 3, "adam_update")
        told.compiling(3, 3, "")
        clock.now_s = 1.0
        told.training(10, 10)

    assert "training" in stream.getvalue()
    assert "10/10" in stream.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0 s"), (0.044, "0.044 s"), (12.3, "12 s"), (99.6, "2 min"), (5000, "83 min"), (9000, "2.5 h")],
)
def test_a_duration_has_as_many_digits_as_it_is_worth(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_time_left_is_never_more_than_the_budget_has() -> None:
    stream, clock = io.StringIO(), SetClock()

    with progress_on(stream, clock, quiet=False, budget_s=20.0) as told:
        told.training(0, 1000)
        clock.now_s = 10.0
        told.training(10, 1000)

    assert stream.getvalue() == "nnbench: 10 of 1,000 trials done, about 10 s left\n"


def test_stages_are_told_as_one_count() -> None:
    """What is expected may fall on the way, but never below what a stage has begun."""
    heard: list[tuple[int, int]] = []

    class Heard(Silent):
        def training(self, n_done: int, n_total: int) -> None:
            heard.append((n_done, n_total))

    told = Counted(Heard(), 10)
    told.training(3, 4)
    told.pass_over(5)
    told.n_expected = 6
    told.training(2, 3)

    assert heard == [(3, 10), (7, 8)]
