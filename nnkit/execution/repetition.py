"""One op, called again and again by the driver's own loop: how the time of a kernel is measured."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit.compiler.encode import Table
from nnkit.execution import driver
from nnkit.execution.trial import Data
from nnkit.jit import function_at

# Enough calls in a row that the loop around them costs nothing, in a table that takes 1 kB of the L1 cache.
N_COPIES = 64
# Batches in a row before the interpreter comes in between: so many samples, whatever the batch size.
_SAMPLES = 1 << 18


@dataclass(frozen=True, slots=True)
class Outside:
    """Data outside the arena, and the order in which batches are taken from it."""

    data: Data
    order: NDArray[np.int32]


class Repetition:
    """An encoded op on its arena. An op that reads data from outside gets another batch at every call."""

    def __init__(
        self,
        arena: NDArray[np.uint8],
        table: Table,
        index: int,
        *,
        rows: int,
        outside: Outside | None = None,
        n_copies: int = N_COPIES,
    ) -> None:
        self._keep: tuple[Any, ...] = (arena, table, outside)
        self._base = int(arena.ctypes.data)
        self._copies = 1 if outside else n_copies
        self._most_batches = len(outside.order) // rows if outside else _SAMPLES // min(rows, _SAMPLES)
        self._rows = rows
        self._pairs = np.tile(table.pairs[index], (self._copies, 1))
        self._results = np.zeros(driver.EVAL_COLUMNS)
        self._cells = np.zeros(driver.ITINERARY_CELLS, dtype=np.int64)
        self._cells[driver.EVAL_TABLE] = self._pairs.ctypes.data
        self._cells[driver.N_EVAL_OPS] = self._copies
        self._cells[driver.EVAL_BATCH] = rows
        self._cells[driver.EVAL_OUT] = self._results.ctypes.data
        if outside is not None:
            self._cells[driver.X_EVAL_AT] = outside.data.x.ctypes.data
            self._cells[driver.Y_EVAL_AT] = outside.data.y.ctypes.data
            self._cells[driver.EVAL_ORDER_AT] = outside.order.ctypes.data
        # An evaluation is a table run for one batch after the other, without the interpreter.
        self._call = function_at(driver.EVALUATE.address("float64"))

    def run(self, n_calls: int) -> int:
        """Call the op at least ``n_calls`` times, and return how often it was called."""
        n_batches = left = max(1, -(-n_calls // self._copies))
        while left > 0:
            some = min(left, self._most_batches)
            self._cells[driver.N_EVAL] = some * self._rows
            self._call(self._base, self._cells.ctypes.data)
            left -= some
        return n_batches * self._copies


def shuffled(data: Data, *, seed: int = 0) -> Outside:
    """Return the data with a random order of all its samples, as often as a long measurement needs them."""
    rng = np.random.Generator(np.random.PCG64(seed))
    orders = [rng.permutation(len(data)) for _ in range(-(-_SAMPLES // len(data)))]
    return Outside(data, np.concatenate(orders).astype(np.int32))
