"""The matrix product: every value one chain of fused multiply-adds, whatever tile computes it."""

import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnkit.kernels import matmul as kernels

Array = NDArray[Any]
SIZES = (1, 3, 16, 17, 33, 64, 100)
DTYPES = ("float32", "float64")
LAYOUTS = ("plain", "a turned", "b turned")
_GUARD = 64
_NO_FLOOR = -np.inf


def guarded(values: Array) -> Array:
    """Return ``values`` with NaN on both sides in memory, which must never get into a sum."""
    block = np.full(values.size + 2 * _GUARD, np.nan, values.dtype)
    inner = block[_GUARD : _GUARD + values.size].reshape(values.shape)
    inner[...] = values
    return inner


def draw(*shape: int, dtype: str = "float32", seed: int = 0) -> Array:
    return guarded(np.random.default_rng([seed, *shape]).normal(size=shape).astype(dtype))


def product(
    a: Array, b: Array, start: Array | None = None, *, layout: str = "plain", low: float = _NO_FLOOR,
    with_panel: bool = False, run: Callable[..., None] = kernels.matmul,
) -> Array:  # fmt: skip
    """Return ``max(start + A·B, low)`` as the kernel writes it, and see that it writes nothing else."""
    (rows, depth), columns = a.shape, b.shape[1]
    block = np.full(rows * columns + 2 * _GUARD, np.nan, a.dtype)
    c = block[_GUARD : _GUARD + rows * columns].reshape(rows, columns)
    lanes = 64 // a.itemsize
    panel = np.full(depth * 4 * lanes if with_panel or layout == "b turned" else 0, np.nan, a.dtype)
    if layout == "a turned":
        a, (a_row, a_step) = guarded(np.ascontiguousarray(a.T)), (1, rows)
    else:
        a_row, a_step = depth, 1
    if layout == "b turned":
        b = guarded(np.ascontiguousarray(b.T))
    unused = np.full(columns, np.nan, a.dtype)
    run(
        a.reshape(-1), b, unused if start is None else start, c, panel, a_row, a_step,
        int(layout == "b turned"), int(start is not None), a.dtype.type(low),
    )  # fmt: skip
    assert np.isnan(block[:_GUARD]).all()
    assert np.isnan(block[_GUARD + c.size :]).all()
    return c


def bound(a: Array, b: Array, start: Array) -> Array:
    """Return how far rounding may bring a value: 4 ulp of the magnitude of all terms (2.4 is seen)."""
    wide = [np.abs(array.astype(np.float64)) for array in (a, b, start)]
    return np.asarray(4 * np.finfo(a.dtype).eps * (wide[0] @ wide[1] + wide[2]))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_size_and_layout_is_numpy_s_product(dtype: str, layout: str) -> None:
    """Awkward sizes in all three places, sums that begin at 0; no cell is left out, none too many written."""
    for rows, depth, columns in itertools.product(SIZES, repeat=3):
        a, b = draw(rows, depth, dtype=dtype), draw(depth, columns, dtype=dtype, seed=1)
        expected = a.astype(np.float64) @ b.astype(np.float64)
        found = product(a, b, layout=layout)

        assert np.all(np.abs(found - expected) <= bound(a, b, np.zeros(columns))), (rows, depth, columns)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("with_panel", [False, True])
def test_sums_begin_at_the_bias_and_end_at_the_floor(dtype: str, layout: str, with_panel: bool) -> None:
    for rows, depth, columns in itertools.product((1, 15, 33), (1, 17), (1, 16, 31, 64, 65, 97, 150)):
        a, b = draw(rows, depth, dtype=dtype), draw(depth, columns, dtype=dtype, seed=1)
        bias = draw(columns, dtype=dtype, seed=2)
        expected = bias + a.astype(np.float64) @ b.astype(np.float64)
        found = product(a, b, bias, layout=layout, with_panel=with_panel)
        floored = product(a, b, bias, layout=layout, with_panel=with_panel, low=0.25)

        assert np.all(np.abs(found - expected) <= bound(a, b, bias)), (rows, depth, columns)
        assert np.array_equal(floored, np.maximum(found, 0.25))


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_value_is_one_chain_of_fused_multiply_adds(dtype: str) -> None:
    """The bits are those of start, then fma(a[k], b[k], sum) for k in order, each rounded once."""
    a, b, bias = draw(3, 23, dtype=dtype), draw(23, 18, dtype=dtype, seed=1), draw(18, dtype=dtype, seed=2)
    found = product(a, b, bias)
    kind = np.dtype(dtype).type
    for i, j in itertools.product(range(3), range(18)):
        total = bias[j]
        for k in range(23):
            exact = Fraction(float(a[i, k])) * Fraction(float(b[k, j])) + Fraction(float(total))
            total = kind(float(exact))

        assert found[i, j] == total


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_bits_depend_neither_on_the_tile_nor_on_the_layout(dtype: str, layout: str) -> None:
    """Rows one by one, columns in pieces, through a panel or not: the same bits as all at once."""
    a, b = draw(37, 50, dtype=dtype), draw(50, 117, dtype=dtype, seed=1)
    bias = draw(117, dtype=dtype, seed=2)
    whole = product(a, b, bias)
    by_rows = [product(guarded(a[i : i + 1]), b, bias, layout=layout) for i in range(37)]
    edges = [0, 1, 4, 20, 53, 117]
    by_columns = [
        product(a, guarded(b[:, low:high]), bias[low:high], layout=layout)
        for low, high in itertools.pairwise(edges)
    ]

    assert np.array_equal(np.vstack(by_rows), whole)
    assert np.array_equal(np.hstack(by_columns), whole)
    assert np.array_equal(product(a, b, bias, layout=layout, with_panel=True), whole)


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_not_a_number_passes_the_floor(dtype: str) -> None:
    """A NaN in A spoils its row and no other; so does infinity times 0; the floor lets both through."""
    a, b = draw(5, 8, dtype=dtype), draw(8, 40, dtype=dtype, seed=1)
    a[2, 3], a[4, 5], b[5, 7] = np.nan, np.inf, 0.0
    found = product(a, b, low=0.0)

    assert np.isnan(found[2]).all()
    assert np.isnan(found[4, 7])
    assert np.isfinite(found[[0, 1, 3]]).all()
    assert set(np.unique(np.delete(found[4], 7))) == {0.0, np.inf}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_readable_twin_computes_the_same(dtype: str, layout: str) -> None:
    """The twin rounds each product, so it is as near as any order of sums is; its floor is the same."""
    for rows, depth, columns in ((1, 1, 1), (2, 5, 3), (3, 2, 17), (2, 3, 70)):
        a, b = draw(rows, depth, dtype=dtype), draw(depth, columns, dtype=dtype, seed=1)
        bias = draw(columns, dtype=dtype, seed=2)
        arguments: dict[str, Any] = {"layout": layout, "low": -0.5, "with_panel": True}
        twin = product(a, b, bias, run=kernels.matmul.python(), **arguments)

        assert np.all(np.abs(twin - product(a, b, bias, **arguments)) <= bound(a, b, bias))


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_are_turned_exactly(dtype: str) -> None:
    """A piece of b, its rows as columns of the panel; the rest of the panel stays."""
    lanes = 64 // np.dtype(dtype).itemsize
    for columns, depth in itertools.product((1, 3, 16, 17, 70), (1, 5, 16, 33)):
        b = draw(columns, depth, dtype=dtype)
        for j in range(0, columns, 4 * lanes):
            width = min(4 * lanes, columns - j)
            panel = np.full((depth, 4 * lanes), np.nan, dtype)
            kernels.turn_rows(b, j, width, panel.reshape(-1), 4 * lanes)

            assert np.array_equal(panel[:, :width], b[j : j + width].T)
            assert np.isnan(panel[:, width:]).all()


def test_without_the_jit_the_twin_runs_and_numba_stays_out() -> None:
    code = """
import sys
import numpy as np
from nnkit.kernels.matmul import matmul
a, b, c = np.arange(6.0).reshape(2, 3), np.arange(15.0).reshape(3, 5), np.full((2, 5), np.nan)
matmul(a.reshape(-1), b, np.ones(5), c, np.zeros(0), 3, 1, 0, 1, 0.0)
assert np.array_equal(c, a @ b + 1), c
assert "numba" not in sys.modules
"""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
