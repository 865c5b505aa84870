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

from nnkit.jit import kernel
from nnkit.kernels.products import matmul as kernels
from nnkit.kernels.products.matmul import turn
from nnkit.tiling.matmul import BLOCK, COPIED, CROSSED, FROM_C, PLAIN, TRANSPOSED, TURNED_A, TURNED_B, Product

Array = NDArray[Any]
SIZES = (1, 3, 16, 17, 33, 64, 100)
DTYPES = ("float32", "float64")
LAYOUTS = ("plain", "a turned", "b turned")
# Every way that a layout can go, whatever the sizes say.
WAYS = [
    ("plain", PLAIN), ("plain", COPIED), ("a turned", PLAIN), ("a turned", COPIED), ("a turned", TURNED_A),
    ("a turned", CROSSED), ("b turned", TURNED_B), ("b turned", TRANSPOSED),
]  # fmt: skip
# These make C as its transpose, and a number per column would be one per row of that.
WITHOUT_BIAS = (CROSSED, TRANSPOSED)
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
    way: int | None = None, run: Callable[..., None] = kernels.matmul,
) -> Array:  # fmt: skip
    """Return ``max(start + A·B, low)`` as the kernel writes it, and see that it writes nothing else."""
    (rows, depth), columns = a.shape, b.shape[1]
    block = np.full(rows * columns + 2 * _GUARD, np.nan, a.dtype)
    c = block[_GUARD : _GUARD + rows * columns].reshape(rows, columns)
    lanes = 64 // a.itemsize
    is_turned = {"is_a_turned": layout == "a turned", "is_b_turned": layout == "b turned"}
    sizes = Product(rows, columns, depth, **is_turned, has_start=start is not None)
    way = sizes.way if way is None else way
    # NaN behind what a way may use shows where it reads more.
    panel = guarded(np.full(sizes.panel_size(lanes, way), np.nan, a.dtype))
    if layout == "a turned":
        a, (a_row, a_step) = guarded(np.ascontiguousarray(a.T)), (1, rows)
    else:
        a_row, a_step = depth, 1
    if layout == "b turned":
        b = guarded(np.ascontiguousarray(b.T))
    unused = np.full(columns, np.nan, a.dtype)
    run(
        a.reshape(-1), b, unused if start is None else start, c, panel, a_row, a_step,
        way, int(start is not None), a.dtype.type(low),
    )  # fmt: skip
    assert np.isnan(block[:_GUARD]).all()
    assert np.isnan(block[_GUARD + c.size :]).all()
    return c


def bound(a: Array, b: Array, start: Array) -> Array:
    """Return how far rounding may bring a value: 4 ulp of the magnitude of all terms (2.4 is seen)."""
    wide = [np.abs(array.astype(np.float64)) for array in (a, b, start)]
    return np.asarray(4 * np.finfo(a.dtype).eps * (wide[0] @ wide[1] + wide[2]))


@pytest.mark.parametrize(("layout", "way"), WAYS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_size_and_way_is_numpy_s_product(dtype: str, layout: str, way: int) -> None:
    """Awkward sizes in all three places, sums that begin at 0; no cell is left out, none too many written."""
    for rows, depth, columns in itertools.product(SIZES, repeat=3):
        a, b = draw(rows, depth, dtype=dtype), draw(depth, columns, dtype=dtype, seed=1)
        expected = a.astype(np.float64) @ b.astype(np.float64)
        found = product(a, b, layout=layout, way=way)

        assert np.all(np.abs(found - expected) <= bound(a, b, np.zeros(columns))), (rows, depth, columns)


@pytest.mark.parametrize(
    ("layout", "way"), [(layout, way) for layout, way in WAYS if way not in WITHOUT_BIAS]
)
@pytest.mark.parametrize("dtype", DTYPES)
def test_sums_begin_at_the_bias_and_end_at_the_floor(dtype: str, layout: str, way: int) -> None:
    for rows, depth, columns in itertools.product((1, 15, 33), (1, 17), (1, 16, 31, 64, 65, 97, 150)):
        a, b = draw(rows, depth, dtype=dtype), draw(depth, columns, dtype=dtype, seed=1)
        bias = draw(columns, dtype=dtype, seed=2)
        expected = bias + a.astype(np.float64) @ b.astype(np.float64)
        found = product(a, b, bias, layout=layout, way=way)
        floored = product(a, b, bias, layout=layout, way=way, low=0.25)

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


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_bits_depend_on_no_way(dtype: str) -> None:
    """Turned, copied, or as the transpose of the transposes' product: the same bits, the same floor."""
    for rows, depth, columns in ((37, 50, 117), (70, 33, 20), (16, 64, 64), (21, 2 * BLOCK + 3, 70)):
        a, b = draw(rows, depth, dtype=dtype), draw(depth, columns, dtype=dtype, seed=1)
        found = [product(a, b, layout=layout, way=way, low=-0.5) for layout, way in WAYS]

        assert all(np.array_equal(each, found[0]) for each in found[1:])


@pytest.mark.parametrize("way", [PLAIN, COPIED, TURNED_A, CROSSED])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_product_goes_on_from_c_with_the_bits_of_the_whole(dtype: str, way: int) -> None:
    """Aᵀ·B over a batch cut into blocks of rows, each from what the last has left; C begins as NaN."""
    for depth, rows, columns in ((60, 37, 117), (33, 4, 32), (48, 70, 10), (50, 1, 1), (300, 20, 7)):
        a, b = draw(rows, depth, dtype=dtype), draw(depth, columns, dtype=dtype, seed=1)
        turned, unused = guarded(np.ascontiguousarray(a.T)), np.full(columns, np.nan, dtype)
        panel = guarded(
            np.full(Product(rows, columns, depth).panel_size(64 // a.itemsize, way), np.nan, dtype)
        )
        low = a.dtype.type(_NO_FLOOR)
        for edges in ([0, 16, 32, depth], [0, 1, depth], [0, depth]):
            c = np.full((rows, columns), np.nan, dtype)
            for first, end in itertools.pairwise(edges):
                kernels.matmul_in_blocks(
                    turned[first:end].reshape(-1), b[first:end], unused, c, panel, 1, rows, way, FROM_C,
                    int(first > 0), low,
                )  # fmt: skip

            assert np.array_equal(c, product(a, b)), (depth, rows, columns, edges)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("columns", [*SIZES, 150])
@pytest.mark.parametrize("rows", [1, 2, 33])
def test_columns_are_summed_row_after_row(rows: int, columns: int, dtype: str) -> None:
    """The bits are those of additions in index order, in the type of the values."""
    x, y = draw(rows, columns, dtype=dtype), np.full(columns, np.nan, dtype)
    kernels.column_sum(x, y, 0)
    in_blocks = np.full(columns, np.nan, dtype)
    for first in range(0, rows, 16):
        kernels.column_sum(x[first : first + 16], in_blocks, int(first > 0))
    expected = x[0].copy()
    for row in x[1:]:
        expected += row

    assert np.array_equal(y, expected)
    assert np.array_equal(in_blocks, expected)


def test_the_way_follows_from_the_sizes() -> None:
    """A large B is copied, long columns of A are turned, of A and B the smaller, and a narrow C."""
    assert Product(32, 64, 64).way == PLAIN
    assert Product(32, 1024, 1024).way == COPIED
    assert Product(512, 512, 512, is_a_turned=True).way == TURNED_A
    assert Product(784, 64, 32, is_a_turned=True).way == PLAIN
    assert Product(784, 128, 128, is_a_turned=True).way == COPIED
    assert Product(32, 10, 32, is_a_turned=True).way == CROSSED
    assert Product(4, 32, 10_000, is_a_turned=True).way == PLAIN
    assert Product(32, 128, 784, is_b_turned=True).way == TRANSPOSED
    assert Product(32, 128, 784, is_b_turned=True, has_start=True).way == TURNED_B
    assert Product(256, 64, 64, is_b_turned=True).way == TURNED_B


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
@pytest.mark.parametrize(("layout", "way"), WAYS)
def test_the_readable_twin_computes_the_same(dtype: str, layout: str, way: int) -> None:
    """The twin rounds each product, so it is as near as any order of sums is; its floor is the same."""
    for rows, depth, columns in ((1, 1, 1), (2, 5, 3), (3, 2, 17), (2, 3, 70)):
        a, b = draw(rows, depth, dtype=dtype), draw(depth, columns, dtype=dtype, seed=1)
        bias = None if way in WITHOUT_BIAS else draw(columns, dtype=dtype, seed=2)
        arguments: dict[str, Any] = {"layout": layout, "low": -0.5, "way": way}
        twin = product(a, b, bias, run=kernels.matmul.python(), **arguments)
        allowed = bound(a, b, np.zeros(columns) if bias is None else bias)

        assert np.all(np.abs(twin - product(a, b, bias, **arguments)) <= allowed)


@kernel
def turned(source, source_at, source_row, rows, columns, target, target_at, target_row):
    turn(source, source_at, source_row, rows, columns, target, target_at, target_row)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_matrix_is_turned_exactly(dtype: str) -> None:
    """A piece of a matrix, its rows as columns of the target; the rest of the target stays."""
    for rows, columns in itertools.product((1, 3, 16, 17, 70), (1, 5, 16, 33)):
        source = draw(rows + 2, columns + 3, dtype=dtype)
        target = np.full((columns, rows + 5), np.nan, dtype)
        where = columns + 3 + 1  # from the second row and column on
        turned(source, where, columns + 3, rows, columns, target.reshape(-1), 2, rows + 5)

        assert np.array_equal(target[:, 2 : rows + 2], source[1 : rows + 1, 1 : columns + 1].T)
        assert np.isnan(target[:, :2]).all()
        assert np.isnan(target[:, rows + 2 :]).all()


def test_without_the_jit_the_twin_runs_and_numba_stays_out() -> None:
    code = """
import sys
import numpy as np
from nnkit.kernels.products.matmul import matmul
a, b, c = np.arange(6.0).reshape(2, 3), np.arange(15.0).reshape(3, 5), np.full((2, 5), np.nan)
matmul(a.reshape(-1), b, np.ones(5), c, np.zeros(0), 3, 1, 0, 1, 0.0)
assert np.array_equal(c, a @ b + 1), c
assert "numba" not in sys.modules
"""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
