"""The request to stop: the signals that make it, a flag to look at, and a call for code that cannot look."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import FrameType

# Ctrl-C, the end of a job, and a terminal that is closed. Windows has no SIGHUP.
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


# Ignored by every program, and no request to stop. Windows has none, and wakes calls that sleep by itself.
_POKE: int | None = getattr(signal, "SIGURG", None)
_POKE_EVERY_S = 0.05


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

    waking = _waking()

    def called(number: int, frame: FrameType | None) -> None:
        waking.n_handled += 1
        handle()

    ignored = signal.getsignal(_SIGNALS[-1]) is signal.SIG_IGN
    heard = _SIGNALS[:2] if ignored else _SIGNALS
    before = {number: signal.signal(number, called) for number in heard}
    try:
        with waking.on():
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Waking:
    """Wakes the main thread for a signal that did not.

    Python answers signals in its main thread, between two of its instructions. A signal that the system gives
    to another thread (of a linear algebra library, say), or that comes between the last instruction and a
    call that sleeps, stays unanswered until that call returns. So a thread of its own hears every signal
    through a pipe, and interrupts the main thread's call until the signal is answered.
    """

    def __init__(self) -> None:
        self.n_handled = 0
        self._heard, self._told = os.pipe()
        os.set_blocking(self._told, False)
        threading.Thread(target=self._wake, name="signals", daemon=True).start()

    @contextmanager
    def on(self) -> Iterator[None]:
        """Hear of signals during the block. Only the main thread may call it."""
        if _POKE is None:
            yield
            return
        handler = signal.signal(_POKE, lambda number, frame: None)
        before = signal.set_wakeup_fd(self._told, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            signal.signal(_POKE, handler)

    def _wake(self) -> None:
        main, n_heard = threading.main_thread().ident, 0
        while main is not None and _POKE is not None and (numbers := os.read(self._heard, 64)):
            n_heard += sum(number in _SIGNALS for number in numbers)
            while self.n_handled < n_heard and signal.getsignal(_POKE) is not signal.SIG_DFL:
                signal.pthread_kill(main, _POKE)
                time.sleep(_POKE_EVERY_S)
            n_heard = self.n_handled  # two signals of one number at once are answered once


@cache
def _waking() -> _Waking:
    return _Waking()


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
