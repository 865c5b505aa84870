"""What the cells of an itinerary say: where arrays lie, the clock, and the tables around an evaluation."""

import ctypes
import sys
import time
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit.compiler.program import Program
from nnkit.execution import driver


def address_in(array: NDArray[Any]) -> int:
    """Return where an array lies."""
    assert array.flags.c_contiguous, "machine code reads contiguous arrays only"
    return int(array.ctypes.data)


def clock_cells(ticks: NDArray[np.int64]) -> dict[int, int]:
    """Return the itinerary's cells for the system's monotonic clock, which the driver calls by address."""
    call, arguments, scales = _clock()
    first, second = (address_in(ticks) if argument is None else argument for argument in arguments)
    units = np.array(scales).view(np.int64)
    return {
        driver.CLOCK_CALL: call,
        driver.CLOCK_FIRST: first,
        driver.CLOCK_SECOND: second,
        driver.CLOCK_OUT: address_in(ticks),
        driver.CLOCK_UNIT: int(units[0]),
        driver.CLOCK_FRACTION: int(units[1]),
    }


def view_cells(program: Program) -> dict[int, int]:
    """Return the itinerary's cells for the tables around an evaluation."""
    tables = [program.tables[name] for name in ("enter_view", "statistics", "settle_view", "leave_view")]
    cells = dict(zip(range(driver.ENTER_TABLE, driver.ENDS_IN_VIEW, 2), tables, strict=True))
    return {
        **{cell: table.address for cell, table in cells.items()},
        **{cell + 1: table.n_ops for cell, table in cells.items()},
        # Python goes on at the trained weights where it makes the updates.
        driver.ENDS_IN_VIEW: int(not program.by_hand),
    }


def weights_in(program: Program, n: int, weights: NDArray[Any] | None) -> NDArray[Any]:
    """Return the weights of ``n`` samples as the program reads them; a program without them reads none."""
    if not program.weighted:
        assert weights is None, "the program was compiled without weights"
        return np.empty(0, dtype=program.dtype)
    n_rows = n * program.loss.places(program.output_shape)
    given = np.ones(n_rows) if weights is None else weights
    assert given.size == n_rows, (given.shape, n_rows)
    return np.ascontiguousarray(given, dtype=program.dtype)


@cache
def _clock() -> tuple[int, tuple[int | None, int | None], tuple[float, float]]:
    """Return the clock's address, its arguments (None: where it writes), and seconds per unit it writes."""
    if sys.platform == "win32":
        kernel32 = ctypes.WinDLL("kernel32")
        frequency = ctypes.c_int64()
        kernel32.QueryPerformanceFrequency(ctypes.byref(frequency))
        call = ctypes.cast(kernel32.QueryPerformanceCounter, ctypes.c_void_p).value or 0
        return call, (None, 0), (1.0 / frequency.value, 0.0)
    call = ctypes.cast(ctypes.CDLL(None).clock_gettime, ctypes.c_void_p).value or 0
    return call, (time.CLOCK_MONOTONIC, None), (1.0, 1e-9)
