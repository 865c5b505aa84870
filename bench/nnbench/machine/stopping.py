"""The wish to stop, for those who look at it now and then and for those who must be told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stop(threading.Event):
    """An event that also tells whoever works where it cannot be looked at, such as in compiled code."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[object, Callable[[], None]] = {}

    def set(self) -> None:
        """Wish to stop. Signal handlers call this too, so it takes no lock but the event's own."""
        super().set()
        for tell in tuple(self._told.values()):
            tell()

    @contextmanager
    def telling(self, tell: Callable[[], None]) -> Iterator[None]:
        """Call ``tell`` once the wish is there, or at once if it is, as long as the block runs."""
        place = object()
        self._told[place] = tell
        # Only now: a wish between this question and the line above would reach nobody.
        if self.is_set():
            tell()
        try:
            yield
        finally:
            self._told.pop(place, None)
