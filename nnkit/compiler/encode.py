"""Encoding: ops and a plan become a flat table of (address, arguments) pairs that the driver walks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nnkit.compiler.blocks import Blocks
from nnkit.entries import encode_arguments
from nnkit.ops import Buffer, Op


@dataclass(frozen=True, slots=True)
class Table:
    """An encoded sequence. ``cells`` holds the arguments that ``pairs`` points into.

    Of a batch, ``block_rows`` at a time go through the first ``n_block_ops`` ops, and all through the others.
    """

    pairs: NDArray[np.int64]
    cells: NDArray[np.int64]
    block_rows: int = 0
    n_block_ops: int = 0
    address: int = field(init=False)  # asked for once: it takes longer than to call a small op
    head: NDArray[np.int64] = field(init=False)  # what the driver needs to run the table once
    head_at: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "address", int(self.pairs.ctypes.data))
        head = [self.address, self.n_ops, self.block_rows, self.n_block_ops]
        object.__setattr__(self, "head", np.array(head, dtype=np.int64))
        object.__setattr__(self, "head_at", int(self.head.ctypes.data))

    @property
    def n_ops(self) -> int:
        return len(self.pairs)


def encode(
    ops: Sequence[Op], offsets: Mapping[Buffer, int], dtype: str, blocks: Blocks | None = None
) -> Table:
    """Return the table of ``ops``; compiles (or loads) the entry of every op."""
    arguments = [encode_arguments(op, offsets) for op in ops]
    cells = np.array([cell for one in arguments for cell in one] or [0], dtype=np.int64)
    pairs = np.empty((len(ops), 2), dtype=np.int64)
    start = int(cells.ctypes.data)
    for index, (op, one) in enumerate(zip(ops, arguments, strict=True)):
        pairs[index] = op.kind.entry.address(dtype), start
        start += 8 * len(one)
    return Table(pairs, cells, *((blocks.rows, blocks.n_ops) if blocks else ()))
