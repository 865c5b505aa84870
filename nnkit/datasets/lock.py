"""A lock between processes, which the system lets go when its holder dies."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_POLL_EVERY_S = 0.1

if sys.platform == "win32":
    import msvcrt

    def _is_taken_by_others(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return True
        return False

else:
    import fcntl

    def _is_taken_by_others(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            # Some network drives have no locks. Two who then fetch at once waste time, and nothing else:
            # only a file with the right digest is ever moved to its place.
            return False
        return False


@contextmanager
def held(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock that ``path`` stands for; ``waiting`` is called once if another process has it."""
    # The file stays: whoever removes it lets a third process lock a new one while a second waits here.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if _is_taken_by_others(descriptor):
            waiting()
            while _is_taken_by_others(descriptor):
                time.sleep(_POLL_EVERY_S)
        yield
    finally:
        os.close(descriptor)
