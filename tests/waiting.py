"""Waiting for another process or thread: nothing is measured, the limit only ends a test that hangs."""

import time
from collections.abc import Callable

_MOST_S = 120.0


def until(condition: Callable[[], object]) -> None:
    """Return once the condition holds; fail where it does not for two minutes."""
    ends_s = time.monotonic() + _MOST_S
    while not condition():
        assert time.monotonic() < ends_s, f"it did not happen within {_MOST_S:g} s"
        time.sleep(0.01)
