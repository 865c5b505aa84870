"""Blocks: which ops of a sequence run once for every few rows of a batch, and how many rows that are.

Forward, loss and backward of some rows need only those rows. Run over blocks that stay in a cache, they read
what they wrote a moment before from there; sums over the rows go on from block to block as the same chains,
so the bits depend neither on the blocks nor on there being any.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm

from nnkit.ops import Buffer, Op

# What a block's rows take in bytes should stay in the second cache, and so should the weights and their
# gradients, which every block reads anew. Of 1 MiB, such blocks were the fastest or within 3 % of it for five
# nets on an Intel Xeon; where that cache is smaller, blocks cost little and gain little, for each is still
# some hundred thousand operations long.
_BLOCK_BYTES, _LEAST_BYTES = 512 << 10, 256 << 10
# Large weights are worth reading for so many rows only.
_LARGE_WEIGHTS_BYTES, _ROWS_OF_LARGE_WEIGHTS = 128 << 10, 16
_LEAST_ROWS = 4


@dataclass(frozen=True, slots=True)
class Blocks:
    """How a sequence goes over a batch: its first ``n_ops`` ops for ``rows`` at a time, the others once."""

    batch: int
    rows: int
    n_ops: int

    @property
    def count(self) -> int:
        return -(-self.batch // self.rows)


def at_once(batch: int) -> Blocks:
    """Return how a sequence goes over a batch that is no block of anything."""
    return Blocks(batch, batch, 0)


def in_blocks(ops: Sequence[Op]) -> tuple[list[Op], int]:
    """Return the ops in the order that blocks need, and how many of the first can run block by block.

    What needs the whole batch moves behind them. Where one of them would then see other values, or would find
    only the last block's, none can.
    """
    by_rows: list[Op] = []
    whole: list[Op] = []
    for op in ops:
        if not _can_be_cut(op):
            whole.append(op)
        elif any(_depend(earlier, op) for earlier in whole):
            return list(ops), 0
        else:
            by_rows.append(op)
    if any(_spans_rows(op) for op in whole):
        return list(ops), 0
    return by_rows + whole, len(by_rows)


def least_rows(ops: Sequence[Op]) -> int:
    """Return the rows that blocks of these ops must be multiples of."""
    return lcm(*(op.kind.block for op in ops))


def rows_of_a_block(batch: int, least: int, bytes_per_row: float, weight_bytes: int) -> int:
    """Return how many rows a block should have, a multiple of ``least``; the batch where one block is all."""
    room = max(_BLOCK_BYTES - weight_bytes // 2, _LEAST_BYTES)
    fewest = _ROWS_OF_LARGE_WEIGHTS if weight_bytes > _LARGE_WEIGHTS_BYTES else _LEAST_ROWS
    wanted = max(fewest, least, room / bytes_per_row)
    # Even blocks: a last one of a few rows would be as many calls for little.
    steps = -(-batch // least)
    n_blocks = max(1, round(steps * least / wanted))
    return min(batch, -(-steps // n_blocks) * least)


def _can_be_cut(op: Op) -> bool:
    """Return whether an op can run block by block: not where it would change the same values every time."""
    changed = [op.views[operand.name] for operand in op.kind.operands if operand.role == "inout"]
    return op.kind.block > 0 and all(any(size < 0 for size in view.shape) for view in changed)


def _spans_rows(op: Op) -> bool:
    """Return whether an op touches values of a batch's rows that do not outlive a block."""
    carried = {operand.name for operand in op.kind.operands if operand.is_carried}
    return any(size < 0 for name, view in op.views.items() if name not in carried for size in view.shape)


def _depend(op: Op, later: Op) -> bool:
    """Return whether two ops must stay in their order."""
    reads, writes = (
        {*op.touched("in", "inout")},
        {*op.touched("out", "inout", "scratch")},
    )
    touched: set[Buffer] = {*later.touched("in", "out", "inout", "scratch")}
    return bool(writes & touched or reads & {*later.touched("out", "inout", "scratch")})
