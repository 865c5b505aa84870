"""The matrix product over the shapes of small dense layers: share of this core's measured peak, and numpy."""

from functools import partial
from itertools import product

import numpy as np
import pytest

from interleaved import interleave
from nnbench.kernelbench import blas
from nnkit.jit import kernel
from nnkit.kernels.peak import multiply_add_rounds, n_sums
from nnkit.kernels.products.matmul import matmul
from nnkit.tiling.matmul import Product

ROWS = (32, 64, 128, 256)
COLUMNS_DEPTH = ((64, 64), (100, 100), (128, 784), (256, 256), (512, 512), (1024, 1024))
SHAPES = [(m, n, k) for m in ROWS for n, k in COLUMNS_DEPTH] + [(512, 512, 512), (1024, 1024, 1024)]
LAYOUTS = ("ab", "atb", "abt")


@kernel
def repeat_product(times, a, b, c, panel, a_row, a_step, way, low):
    """Multiply ``times`` times, so that the call from Python is not what is timed."""
    for _ in range(times):
        matmul(a, b, a, c, panel, a_row, a_step, way, 0, low)


def ours_and_numpy(m: int, n: int, k: int, layout: str, times: int):
    """Return both products as calls of ``times`` products each."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=(k, m) if layout == "atb" else (m, k)).astype(np.float32)
    b = rng.normal(size=(n, k) if layout == "abt" else (k, n)).astype(np.float32)
    c = np.empty((m, n), np.float32)
    product = Product(m, n, k, is_a_turned=layout == "atb", is_b_turned=layout == "abt")
    panel = np.empty(product.panel_size(16, product.way), np.float32)
    strides = (1, m) if layout == "atb" else (k, 1)
    low = np.float32(-np.inf)
    left = a.T if layout == "atb" else a
    right = b.T if layout == "abt" else b

    def ours() -> None:
        repeat_product(times, a.reshape(-1), b, c, panel, *strides, product.way, low)

    def numpy() -> None:
        for _ in range(times):
            np.matmul(left, right, out=c)

    return ours, numpy


def test_share_of_peak(report) -> None:
    """The geometric mean over all shapes and layouts; the peak is measured in turns with each product.

    NumPy has one thread. OPENBLAS_CORETYPE=SkylakeX gives it AVX-512 where OpenBLAS does not see it.
    """
    values = np.ones(n_sums() * 16, np.float32)
    shares, ratios = {}, {}
    with blas.one_thread():
        for (m, n, k), layout in product(SHAPES, LAYOUTS):
            flops = 2 * m * n * k
            times = max(1, int(2e8 / flops))
            ours, numpy = ours_and_numpy(m, n, k, layout, times)
            rounds = times * flops // (2 * values.size)
            at_peak = partial(multiply_add_rounds, values, rounds)
            shares[m, n, k, layout] = interleave(ours, at_peak, rounds=15, round_s=0.004).median
            ratios[m, n, k, layout] = interleave(ours, numpy, rounds=9, round_s=0.004).median
    found = np.array(list(shares.values()))
    least = np.argsort(found)[:5]
    report(
        "matrix product, share of peak", f"{geometric_mean(found):.1%} (n = {len(found)})", "at least 88 %"
    )
    for index in least:
        report("  least", f"{found[index]:.1%} at {list(shares)[index]}")
    slowest = min(ratios, key=ratios.__getitem__)
    report("numpy / ours, geometric mean", f"{geometric_mean(list(ratios.values())):.2f}x")
    report("numpy / ours, least", f"{ratios[slowest]:.2f}x at {slowest}", "at least 1x but at 1024³")
    report("  numpy being", blas.describe())


def geometric_mean(values) -> float:
    return float(np.exp(np.mean(np.log(values))))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_small_product(layout: str, benchmark) -> None:
    """A hidden layer of 64 units on a batch of 32."""
    benchmark(ours_and_numpy(32, 64, 64, layout, 1000)[0])
