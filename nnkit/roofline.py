"""The roofline of this machine, measured: FLOP per second from registers, bytes per second from memory."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nnkit.kernels.peak import multiply_add_rounds, n_sums, triad

# Far larger than any cache of a desktop or server core, small enough for any machine.
_STREAM_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Roofline:
    """The two ceilings of one core. ``flops_s`` is for ``dtype``."""

    dtype: str
    flops_s: float
    bytes_s: float

    def ceiling_s(self, flops: float, n_bytes: float) -> float:
        """Return the least time in which one core can do that work."""
        return max(flops / self.flops_s, n_bytes / self.bytes_s)


def measure(dtype: str = "float32", *, seconds: float = 0.2) -> Roofline:
    """Measure both ceilings on the calling thread's core; the best of many short runs counts."""
    return Roofline(dtype, _peak_flops_s(dtype, seconds / 2), _stream_bytes_s(dtype, seconds / 2))


def _peak_flops_s(dtype: str, seconds: float) -> float:
    values = np.ones(n_sums() * 64 // np.dtype(dtype).itemsize, dtype)
    rounds = 20_000
    return 2 * rounds * values.size / _best_s(lambda: multiply_add_rounds(values, rounds), seconds)


def _stream_bytes_s(dtype: str, seconds: float) -> float:
    x, y, out = (np.ones(_STREAM_BYTES // np.dtype(dtype).itemsize, dtype) for _ in range(3))
    return 3 * _STREAM_BYTES / _best_s(lambda: triad(x, y, out), seconds)


def _best_s(work: Callable[[], None], seconds: float) -> float:
    work()
    best = float("inf")
    until = time.perf_counter() + seconds
    while True:
        began = time.perf_counter()
        work()
        ended = time.perf_counter()
        best = min(best, ended - began)
        if ended > until:
            return best
