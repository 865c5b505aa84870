"""The roofline of one core, measured: FLOP per second from registers, bytes per second from each cache."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from nnkit.compiler.encode import encode
from nnkit.compiler.explain import op_bytes
from nnkit.compiler.plan import make_plan
from nnkit.entries import op_kind
from nnkit.execution.repetition import N_COPIES, Repetition
from nnkit.jit import function_at
from nnkit.kernels.peak import multiply_add_registers, n_sums, triad, triad_in_place
from nnkit.ops import Buffer, Op, Operand, flat

# Which of the two is faster depends on the cache: what a store costs is not the same in each.
STREAMS = (
    op_kind("triad", triad, Operand("x", "in"), Operand("y", "in"), Operand("out", "out")),
    op_kind("triad_in_place", triad_in_place, Operand("x", "in"), Operand("y", "inout")),
)
# From what any L1 cache holds; the last is far larger than the cache of a desktop or server core, and
# small enough for any machine.
_SIZES_BYTES = (*(2**power for power in range(14, 27)), 3 * 2**26)


@dataclass(frozen=True, slots=True)
class Roofline:
    """The ceilings of one core. ``flops_s`` is for ``dtype``.

    ``levels`` are pairs of a working set in bytes and the bytes per second of a triad that runs over it
    again and again, the smallest first; the last lies in memory.
    """

    dtype: str
    flops_s: float
    levels: tuple[tuple[int, float], ...]

    @property
    def bytes_s(self) -> float:
        """Bytes per second from and to memory."""
        return self.levels[-1][1]

    def bytes_s_for(self, working_set_bytes: int) -> float:
        """Return the bandwidth for a working set: that of the largest measured one that is not larger.

        What is measured for a larger one is possible for a smaller one too.
        """
        fitting = [size for size, _ in self.levels if size <= working_set_bytes]
        least = fitting[-1] if fitting else self.levels[0][0]
        return max(bytes_s for size, bytes_s in self.levels if size >= least)

    def raised(self, reached: Iterable[tuple[float, float, int]]) -> "Roofline":
        """Return ceilings above none of these rates: FLOP/s and bytes/s of a working set in bytes.

        What was reached is possible, whether or not a triad or a row of multiply-adds can do it.
        """
        flops_s, levels = self.flops_s, dict(self.levels)
        for each_flops_s, bytes_s, working_set_bytes in reached:
            flops_s = max(flops_s, each_flops_s)
            level = max((size for size in levels if size <= working_set_bytes), default=min(levels))
            levels[level] = max(levels[level], bytes_s)
        return replace(self, flops_s=flops_s, levels=tuple(levels.items()))

    def best(self, other: "Roofline") -> "Roofline":
        """Return the higher of both at each ceiling; the other is of the same type, and of another moment."""
        both = zip(self.levels, other.levels, strict=True)
        levels = tuple((size, max(bytes_s, others)) for (size, bytes_s), (_, others) in both)
        return replace(self, flops_s=max(self.flops_s, other.flops_s), levels=levels)

    def ceiling_s(self, flops: float, n_bytes: float, working_set_bytes: int) -> float:
        """Return the least time in which one core can do that work."""
        return max(flops / self.flops_s, n_bytes / self.bytes_s_for(working_set_bytes))


def measure(dtype: str = "float32", *, seconds: float = 0.5) -> Roofline:
    """Measure the ceilings on the calling thread's core; the best of many short runs counts."""
    share = seconds / (len(_SIZES_BYTES) + 2)
    levels = tuple((size, _stream_bytes_s(dtype, size, share)) for size in _SIZES_BYTES)
    return Roofline(dtype, _peak_flops_s(dtype, 2 * share), levels)


def _peak_flops_s(dtype: str, seconds: float) -> float:
    values = np.ones(n_sums() * 64 // np.dtype(dtype).itemsize, dtype)
    rounds = 20_000
    symbols = multiply_add_registers.assembly.ensure(dtype)
    # Called by its address, like an op: numba need not be there.
    run = function_at(symbols[f"{multiply_add_registers.name}_{dtype}"])

    def work() -> int:
        run(values.ctypes.data, rounds)
        return 1

    return 2 * rounds * values.size / _best_s(work, seconds)


def _stream_bytes_s(dtype: str, working_set_bytes: int, seconds: float) -> float:
    """Return the bytes per second that the faster triad reads and writes in a working set of that size."""
    n_calls = max(1, 2**21 // working_set_bytes)  # about 10 us from a cache, one pass of what lies in memory
    return max(
        op_bytes(op, 1, dtype) / _best_s(partial(repetition.run, n_calls), seconds / len(STREAMS))
        for op, repetition in _streams(dtype, working_set_bytes, n_calls)
    )


def _streams(dtype: str, working_set_bytes: int, n_calls: int) -> Iterator[tuple[Op, Repetition]]:
    for kind in STREAMS:
        names = [operand.name for operand in kind.operands]
        # In whole cache lines: a vector that straddles two of them is stored at half the speed.
        n = working_set_bytes // (64 * len(names)) * 64 // np.dtype(dtype).itemsize
        buffers = {name: Buffer(name, (n,), "state") for name in names}
        op = Op(kind, {name: flat(buffer) for name, buffer in buffers.items()})
        plan = make_plan([("values", list(buffers.values()))], [((op,), 1)], dtype)
        arena = np.zeros(plan.arena_bytes + 64, np.uint8)
        arena = arena[-arena.ctypes.data % 64 :][: plan.arena_bytes]
        arena[:] = 0x3F  # about 0.75 in float32, less in float64: neither zero nor denormal
        table = encode((op,), plan.offsets, dtype)
        yield op, Repetition(arena, table, 0, rows=1, n_copies=min(n_calls, N_COPIES))


def _best_s(work: Callable[[], int], seconds: float) -> float:
    """Return the least seconds per call of ``work``, which returns how many calls it was."""
    work()
    best = float("inf")
    until = time.perf_counter() + seconds
    while True:
        began = time.perf_counter()
        n_calls = work()
        ended = time.perf_counter()
        best = min(best, (ended - began) / n_calls)
        if ended > until:
            return best
