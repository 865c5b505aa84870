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
