"""The request to stop: the signals that make it, a flag to look at, and a call for code that cannot look."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# Ctrl-C, the end of a job, and a terminal that is closed. Windows has no SIGHUP.
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Interrupted(KeyboardInterrupt):
    """The user's interrupt: a KeyboardInterrupt that is none of these was raised by a plug-in."""


@contextmanager
def listening(handle: Callable[[], None]) -> Iterator[None]:
    """Call ``handle`` at every signal to stop while the block runs; elsewhere than in the main thread, never.

    ``nohup`` lets a program ignore that its terminal is closed, and that stays.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may handle signals
        return

    def called(number: int, frame: FrameType | None) -> None:
        handle()

    ignored = signal.getsignal(_SIGNALS[-1]) is signal.SIG_IGN
    heard = _SIGNALS[:2] if ignored else _SIGNALS
    before = {number: signal.signal(number, called) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise Interrupted where the main thread is at a signal to stop, whichever of them it is."""

    def interrupt() -> None:
        raise Interrupted

    with listening(interrupt):
        yield


class Stop(threading.Event):
    """An event that also calls functions: compiled code cannot look at an event."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[object, Callable[[], None]] = {}

    def set(self) -> None:
        """Request the stop. Signal handlers call this too, so it takes no lock but the event's own."""
        super().set()
        for tell in tuple(self._told.values()):
            tell()

    @contextmanager
    def telling(self, tell: Callable[[], None]) -> Iterator[None]:
        """Call ``tell`` when the stop is requested during the block, or at once if it was before."""
        place = object()
        self._told[place] = tell
        # Asked after the line above: a request between the two would otherwise call nothing.
        if self.is_set():
            tell()
        try:
            yield
        finally:
            self._told.pop(place, None)
