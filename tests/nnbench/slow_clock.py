"""A clock that only moves when it is told to, for tests of what is timed."""

from nnbench.machine.clock import Clock


class SlowClock(Clock):
    """Stands still until ``spend`` is called; ``tick_s`` passes at every look."""

    def __init__(self, *, tick_s: float = 0.0, resolution_s: float = 1e-9) -> None:
        self.now_s = 0.0
        self.worked_s = 0.0
        self._tick_s = tick_s
        self._resolution_s = resolution_s

    def spend(self, seconds: float, *, busy: bool = True) -> None:
        self.now_s += seconds
        self.worked_s += seconds if busy else 0.0

    def elapsed_s(self) -> float:
        self.now_s += self._tick_s
        return self.now_s

    def busy_s(self) -> float:
        return self.worked_s

    @property
    def resolution_s(self) -> float:
        return self._resolution_s
