"""Calling one op again and again: as often as it says, on the arena it was planned for, batch after batch."""

import numpy as np

from nnkit.compiler.encode import Table, encode
from nnkit.compiler.plan import make_plan
from nnkit.compiler.program import GATHER
from nnkit.entries import op_kind
from nnkit.execution.repetition import N_COPIES, Outside, Repetition, shuffled
from nnkit.execution.trial import Data
from nnkit.jit import kernel
from nnkit.ops import HEADER_BYTES, Buffer, Op, Operand, View
from nnkit.simd import real


@kernel
def add_one(y):  # type: ignore[no-untyped-def]
    """Count the calls in every value."""
    for i in range(y.size):
        y[i] += real(y, 1.0)


ADD_ONE = op_kind("add_one", add_one, Operand("y", "inout"))


def arena_with(op: Op, buffer: Buffer, rows: int) -> tuple[np.ndarray, Table, int]:
    """Return an arena of NaN, the encoded op, and where the buffer lies."""
    plan = make_plan([("values", [buffer])], [((op,), rows)], "float64")
    arena = np.full(plan.arena_bytes // 8, np.nan).view(np.uint8)
    arena[:HEADER_BYTES] = 0
    return arena, encode((op,), plan.offsets, "float64"), plan.offsets[buffer]


def test_it_says_how_often_the_op_was_called() -> None:
    """At least as often as was asked for, in whole tables; every call is one."""
    y = Buffer("y", (3,), "state")
    arena, table, offset = arena_with(Op(ADD_ONE, {"y": View(y, (3,))}), y, 1)
    values = arena[offset : offset + 24].view(np.float64)
    values[:] = 0
    repetition = Repetition(arena, table, 0, rows=1)

    n_first = repetition.run(1)
    n_second = repetition.run(3 * N_COPIES + 1)

    assert (n_first, n_second) == (N_COPIES, 4 * N_COPIES)
    assert values.tolist() == [5.0 * N_COPIES] * 3


def test_more_calls_than_one_pass_can_make() -> None:
    y = Buffer("y", (1,), "state")
    arena, table, offset = arena_with(Op(ADD_ONE, {"y": View(y, (1,))}), y, 1)
    arena[offset : offset + 8].view(np.float64)[:] = 0

    n_calls = Repetition(arena, table, 0, rows=1 << 17, n_copies=1).run(7)

    assert n_calls == 7
    assert arena[offset : offset + 8].view(np.float64)[0] == 7


def test_an_op_that_reads_from_outside_gets_one_batch_after_the_other() -> None:
    x = np.arange(12.0).reshape(6, 2)
    out = Buffer("out", (2, 2), "state")
    arena, table, offset = arena_with(Op(GATHER, {"out": View(out, (2, 2))}), out, 2)
    order = np.array([5, 4, 3, 2, 1, 0], np.int32)
    outside = Outside(Data(x, np.zeros(6, np.int32)), order)
    gathered = arena[offset : offset + 32].view(np.float64).reshape(2, 2)

    n_calls = Repetition(arena, table, 0, rows=2, outside=outside).run(2)

    assert n_calls == 2
    assert np.array_equal(gathered, x[[3, 2]])


def test_the_order_of_a_long_measurement_visits_every_sample_equally_often() -> None:
    data = Data(np.zeros((300, 2)), np.zeros(300, np.int32))

    order = shuffled(data).order

    assert set(np.bincount(order)) == {len(order) // 300}
    assert len(order) >= 1 << 18
    assert not np.array_equal(order[:300], np.arange(300))
