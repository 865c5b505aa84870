"""Whose turn it is to use a model: one thread at a time, and none while another one trains it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar, cast

from nnkit.errors import InUse

F = TypeVar("F", bound=Callable[..., Any])


class Turn:
    """The lock of one model. Short uses wait for one another; none waits for a fit, whose end is far away."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._fitting: int | None = None  # the thread

    @contextmanager
    def taken(self, verb: str, *, alone: bool) -> Iterator[None]:
        """Hold the model while the block runs; ``alone`` refuses other threads, and itself in callbacks."""
        here = threading.get_ident()
        if self._fitting is not None and (alone or self._fitting != here):
            where = (
                "in a callback of its own fit" if self._fitting == here else "while another thread fits it"
            )
            raise InUse(f"{verb}: the model is in use: this cannot be done {where}. Wait until fit returns.")
        with self._lock:
            self._fitting = here if alone else self._fitting
            try:
                yield
            finally:
                self._fitting = None if alone else self._fitting


def in_turn(method: F) -> F:
    """Let a method of a model wait for other threads' short uses, and refuse it while another one fits."""
    return _guarded(method, alone=False)


def alone(method: F) -> F:
    """Let nothing else happen to a model but what the method's own callbacks do."""
    return _guarded(method, alone=True)


def _guarded(method: F, *, alone: bool) -> F:
    @wraps(method)
    def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        with self.turn.taken(method.__name__, alone=alone):
            return method(self, *args, **kwargs)

    return cast(F, guarded)
