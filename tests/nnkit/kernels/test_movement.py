"""Kernels that move, add and multiply: exact, in a fixed order, nothing left out and nothing beside."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnkit.kernels import movement

Array = NDArray[Any]
SIZES = (1, 3, 16, 17, 33, 100)
DTYPES = ("float32", "float64")


def draw(*shape: int, dtype: str, seed: int = 0) -> Array:
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(dtype)


@pytest.mark.parametrize("dtype", [*DTYPES, "int32"])
@pytest.mark.parametrize("values", SIZES)
def test_rows_are_gathered_in_the_order_given(values: int, dtype: str) -> None:
    """Repeated, left out, last first; the data are flat and longer than what is asked for."""
    data = np.arange(20 * values).astype(dtype)
    order = np.array([19, 0, 7, 7, 3], dtype=np.int32)
    out = np.full((5, values), -1, dtype)
    movement.gather_rows(data, order, out)

    assert np.array_equal(out, data.reshape(20, values)[order])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
def test_values_are_added_multiplied_and_copied(n: int, dtype: str) -> None:
    x, z = draw(n, dtype=dtype), draw(n, dtype=dtype, seed=1)
    total, product, copied = z.copy(), np.full(n, np.nan, dtype), np.full(n, np.nan, dtype)
    movement.accumulate(x, total)
    movement.multiply(x, z, product)
    movement.copy(x, copied)
    in_place = x.copy()
    movement.multiply(in_place, z, in_place)

    assert np.array_equal(total, z + x)
    assert np.array_equal(product, x * z)
    assert np.array_equal(in_place, x * z)
    assert np.array_equal(copied, x)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("columns", SIZES)
@pytest.mark.parametrize("rows", [1, 2, 33])
def test_columns_are_summed_row_after_row(rows: int, columns: int, dtype: str) -> None:
    """The bits are those of additions in index order, in the type of the values."""
    x, y = draw(rows, columns, dtype=dtype), np.full(columns, np.nan, dtype)
    movement.column_sum(x, y, 0)
    in_blocks = np.full(columns, np.nan, dtype)
    for first in range(0, rows, 16):
        movement.column_sum(x[first : first + 16], in_blocks, int(first > 0))
    expected = x[0].copy()
    for row in x[1:]:
        expected += row

    assert np.array_equal(y, expected)
    assert np.array_equal(in_blocks, expected)
