"""Calling the entry of one op on NumPy arrays, as the driver does: by address, with a row of int64 cells."""

import ctypes
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit.ops import HEADER_BYTES, ROWS, Operand, OpKind

Array = NDArray[Any]
_GUARD = 24  # values of NaN before and after every operand


class Guarded:
    """A copy of an array with values around it that no kernel may touch, at an address of odd alignment."""

    def __init__(self, values: Array) -> None:
        self.block: Array = np.full(values.size + 2 * _GUARD + 1, np.nan, values.dtype)
        self.values: Array = self.block[_GUARD + 1 : _GUARD + 1 + values.size].reshape(values.shape)
        self.values[...] = values

    def is_intact(self) -> bool:
        inner = self.values.size + _GUARD + 1
        return bool(np.isnan(self.block[: _GUARD + 1]).all() and np.isnan(self.block[inner:]).all())


def call_entry(
    kind: OpKind, arrays: Mapping[str, Array], scalars: Mapping[str, float] | None = None, *, rows: int
) -> dict[str, Array]:
    """Run ``kind`` on copies of the arrays and return them; scratch and outputs should come in as NaN."""
    header = np.zeros(HEADER_BYTES // 8, np.int64)
    header[ROWS] = rows
    base = header.ctypes.data
    guarded = {name: Guarded(np.ascontiguousarray(array)) for name, array in arrays.items()}
    cells: list[int] = []
    for argument in kind.arguments:
        if isinstance(argument, Operand):
            values = guarded[argument.name].values
            shape = values.shape if argument.rank == values.ndim else (values.size,)
            cells += [values.ctypes.data - base, *shape]
        elif argument.cell is not None:
            header[argument.cell] = int((scalars or {}).get(argument.name, 0))
        else:
            number = (scalars or {})[argument.name]
            is_whole = argument.type == "integer"
            cells.append(int(number) if is_whole else int(np.float64(number).view(np.int64)))
    encoded = np.array(cells, np.int64)
    dtype = str(next(iter(arrays.values())).dtype)
    function = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64)(kind.entry.address(dtype))
    function(base, encoded.ctypes.data)
    spoiled = [name for name, one in guarded.items() if not one.is_intact()]
    assert not spoiled, f"{kind.name} writes outside of {spoiled}"
    return {name: one.values for name, one in guarded.items()}


def nan_like(*shape: int, dtype: str) -> Array:
    return np.full(shape, np.nan, dtype)


def draw(*shape: int, dtype: str, seed: int = 0) -> Array:
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(dtype)
