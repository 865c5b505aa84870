"""Encoding: ops and a plan become a flat table of (address, arguments) pairs that the driver walks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnkit.entries import encode_arguments
from nnkit.ops import Buffer, Op


@dataclass(frozen=True, slots=True)
class Table:
    """An encoded sequence. ``cells`` holds the arguments that ``pairs`` points into."""

    pairs: NDArray[np.int64]
    cells: NDArray[np.int64]

    @property
    def n_ops(self) -> int:
        return len(self.pairs)

    @property
    def address(self) -> int:
        return int(self.pairs.ctypes.data)


def encode(ops: Sequence[Op], offsets: Mapping[Buffer, int], dtype: str) -> Table:
    """Return the table of ``ops``; compiles (or loads) the entry of every op."""
    arguments = [encode_arguments(op, offsets) for op in ops]
    cells = np.array([cell for one in arguments for cell in one] or [0], dtype=np.int64)
    pairs = np.empty((len(ops), 2), dtype=np.int64)
    start = int(cells.ctypes.data)
    for index, (op, one) in enumerate(zip(ops, arguments, strict=True)):
        pairs[index] = op.kind.entry.address(dtype), start
        start += 8 * len(one)
    return Table(pairs, cells)
