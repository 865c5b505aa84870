"""One op by itself, over arrays of its caller: methods that are no network run their kernels with it."""

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit.jit import function_at
from nnkit.ops import HEADER_BYTES, OpKind, Scalar


def run_alone(
    kind: OpKind, dtype: str, arrays: Mapping[str, NDArray[Any]], scalars: Mapping[str, float] | None = None
) -> None:
    """Run ``kind`` on contiguous arrays by the names of its operands, computing with ``dtype``.

    The machine code comes from the kernel pack and runs without the interpreter lock, as a trial's does.
    """
    # An entry finds every array by its distance from a header, in which it reads the rows of a batch.
    header = np.zeros(HEADER_BYTES // 8, dtype=np.int64)
    base = int(header.ctypes.data)
    cells: list[int] = []
    for argument in kind.arguments:
        if isinstance(argument, Scalar):
            value = (scalars or {})[argument.name]
            whole = argument.type == "integer"
            cells.append(int(value) if whole else struct.unpack("<q", struct.pack("<d", value))[0])
            continue
        array = arrays[argument.name]
        expected = {"real": dtype, "double": "float64"}.get(argument.type, argument.type)
        assert array.ndim == argument.rank, (kind.name, argument.name, array.shape)
        assert array.flags.c_contiguous, (kind.name, argument.name)
        assert array.dtype == expected, (kind.name, argument.name, array.dtype, expected)
        cells += [int(array.ctypes.data) - base, *array.shape]
    encoded = np.array(cells, dtype=np.int64)
    function_at(kind.entry.address(dtype))(base, encoded.ctypes.data)
