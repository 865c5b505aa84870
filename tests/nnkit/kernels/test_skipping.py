"""The product that skips zeros: the bits of the register tiles, and its parts beside their twins."""

import numpy as np
import pytest

from nnkit.kernels.products.matmul import matmul
from nnkit.kernels.products.skipping import fill_panels, skipping_product
from nnkit.tiling.matmul import PLAIN, STRIP


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("columns", [1, 7, 16, 17, 33, 63, 64, 65, 130])
@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_zeros_are_left_out_and_the_bits_stay(dtype, columns, share):
    """Every sum is the same chain of fused multiply-adds that the dense product makes."""
    rng = np.random.default_rng([columns, int(10 * share)])
    rows, depth, wide = 5, 37, STRIP * 64 // np.dtype(dtype).itemsize
    a = (rng.normal(size=(rows, depth)) * (rng.random((rows, depth)) < share)).astype(dtype)
    b, start = rng.normal(size=(depth, columns)).astype(dtype), rng.normal(size=columns).astype(dtype)
    panels = np.full((-(-columns // wide), depth, wide), np.nan, dtype)
    values, places = np.full((rows, depth + 16), np.nan, dtype), np.full((rows, depth + 16), -1, np.int32)
    counts = np.full(rows, -1, np.int32)
    found, dense = np.full((rows + 1, columns), np.nan, dtype), np.full((rows, columns), np.nan, dtype)

    fill_panels(b, depth, panels)
    skipping_product(a, panels, start, found, values, places, counts, rows)

    low = np.dtype(dtype).type(-np.inf)
    matmul(a.reshape(-1), b, start, dense, np.empty(1, dtype), depth, 1, PLAIN, 1, low)
    np.testing.assert_array_equal(found[:rows], dense)
    np.testing.assert_array_equal(counts, (a != 0).sum(axis=1))
    assert np.isnan(found[rows]).all()
