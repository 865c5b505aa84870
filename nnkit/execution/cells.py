"""What the cells of an itinerary say: where arrays lie, the clock, and the tables around an evaluation."""

import ctypes
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from nnkit.compiler.program import Program
from nnkit.execution import driver


def address_in(array: NDArray[Any]) -> int:
    """Return where an array lies."""
    flags = array.flags
    assert flags.c_contiguous, "machine code reads contiguous arrays only"
    if not array.size:
        return 0
    if flags.writeable:  # in a third of the time that NumPy's own way takes
        return ctypes.addressof(ctypes.c_char.from_buffer(array.data))
    return int(array.ctypes.data)


@dataclass(frozen=True, slots=True, eq=False)
class Fixed:
    """What all trials of a program share: an itinerary to begin with, and where a digest reads the arena.

    The itinerary is ``cells``, and where ``counts`` is 1 and not 0, counted from the start of the arena.
    Right behind the arena lie the itinerary itself, and two cells that the clock writes.
    """

    cells: NDArray[np.int64]
    counts: NDArray[np.int64]
    spans: tuple[slice, ...]


_fixed: WeakKeyDictionary[Program, Fixed] = WeakKeyDictionary()  # a cache: for as long as a program lives


def fixed_of(program: Program) -> Fixed:
    """Return what all trials of a program share, found out once."""
    found = _fixed.get(program)
    if found is None:
        found = _fixed[program] = Fixed(*_fixed_cells(program), tuple(_spans(program)))
    return found


def _fixed_cells(program: Program) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    cells, counts = np.zeros((2, driver.ITINERARY_CELLS), dtype=np.int64)
    places = dict(zip(range(driver.ENTER_TABLE, driver.ENDS_IN_VIEW, 2), _AROUND, strict=True))
    places |= {driver.BEFORE_TABLE: "before_step", driver.AFTER_TABLE: "after_step"}
    for place, name in places.items():
        cells[place : place + 2] = program.tables[name].head[:2]  # side by side in the itinerary
    for place, name in ((driver.TRAIN_TABLE, "train"), (driver.EVAL_TABLE, "evaluate")):
        cells[place : place + 4] = program.tables[name].head
    # Python goes on at the trained weights where it makes the updates.
    cells[driver.ENDS_IN_VIEW] = not program.by_hand
    cells[driver.WORDS_PER_NUMBER] = np.dtype(program.dtype).itemsize // 4
    cells[driver.N_PROBE_CELLS] = program.probes.n_cells
    model, slots = model_region(program), slot_region(program)
    cells[driver.N_MODEL_WORDS], cells[driver.N_SLOT_WORDS] = model[1] // 4, slots[1] // 4
    ticks = program.plan.arena_bytes + 8 * driver.ITINERARY_CELLS
    call, arguments, units = _clock()
    cells[driver.CLOCK_CALL] = call
    cells[driver.CLOCK_UNIT : driver.CLOCK_UNIT + 2] = np.array(units).view(np.int64)
    in_arena = {driver.MODEL_AT: model[0], driver.SLOTS_AT: slots[0], driver.CLOCK_OUT: ticks}
    if program.probes.n_cells:
        in_arena[driver.PROBE_AT] = program.plan.regions["probes"][0]
    for place, argument in zip((driver.CLOCK_FIRST, driver.CLOCK_SECOND), arguments, strict=True):
        if argument is None:
            in_arena[place] = ticks
        else:
            cells[place] = argument
    for place, at in in_arena.items():
        cells[place], counts[place] = at, 1
    return cells, counts


_AROUND = ("enter_view", "statistics", "settle_view", "leave_view")


def model_region(program: Program) -> tuple[int, int]:
    """Return where parameters and states lie, side by side, and how many bytes they are."""
    start, _ = program.plan.regions["parameters"]
    after, size = program.plan.regions["states"]
    return start, after + size - start


def slot_region(program: Program) -> tuple[int, int]:
    """Return where the optimizer's slots lie, side by side, and how many bytes they are."""
    places = [at for name, at in program.plan.regions.items() if name.startswith("slot")]
    return (places[0][0], sum(places[-1]) - places[0][0]) if places else (0, 0)


def _spans(program: Program) -> Iterator[slice]:
    """Yield where the parameters lie in their order, and then the states; neighbours are one span."""
    buffers = [*program.parameters.values(), *program.states.values()]
    start = end = 0
    for buffer in buffers:
        at = program.plan.offsets[buffer]
        if at != end:
            yield slice(start, end)
            start = at
        end = at + program.plan.sizes[buffer]
    yield slice(start, end)


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
