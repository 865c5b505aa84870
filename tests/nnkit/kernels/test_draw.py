"""Initial values: each draw is the reference's quantile of the reference's uniform number."""

import math

import numpy as np
import pytest
from scipy import special, stats

from nnkit.kernels import draw
from nnkit.kernels.normal import standard_normal
from tests.reference.initializers import TRUNCATED_STDDEV, orthogonality_error
from tests.reference.normal import inverse_normal_cdf
from tests.reference.philox import philox4x32

SIZES = (1, 2, 3, 16, 17, 33, 1000)
SEED, STREAM = -3, 5


def uniform_numbers(n):
    """Return the elements' uniform numbers, derived from the reference's words alone."""
    blocks = np.arange(n // 2 + 1)
    counter = np.zeros((blocks.size, 4), dtype=np.uint32)
    counter[:, 0], counter[:, 3] = blocks, 1 * 2**24 + STREAM
    key = np.array([SEED % 2**32, (SEED >> 32) % 2**32], dtype=np.uint32)
    words = philox4x32(counter, key).astype(np.uint64).reshape(-1, 2)[:n]
    return ((words[:, 1] * 2**32 + words[:, 0]) // 2**11 | 1).astype(np.float64) / 2**53


def filled(kernel, n, *numbers, dtype="float64"):
    out = np.full(n, np.nan, dtype)
    kernel(out, *numbers, SEED, STREAM)
    return out


def truncated(u, mean, stddev):
    below, above = special.ndtr([-2.0, 2.0])
    return mean + stddev * inverse_normal_cdf(below + (above - below) * u)


DISTRIBUTIONS = {
    "uniform": (draw.fill_uniform, (-0.3, 0.5), lambda u: -0.3 + 0.8 * u),
    "normal": (draw.fill_normal, (0.5, 0.2), lambda u: 0.5 + 0.2 * inverse_normal_cdf(u)),
    "truncated": (draw.fill_truncated_normal, (0.5, 0.2), lambda u: truncated(u, 0.5, 0.2)),
}


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_a_draw_is_the_quantile_of_its_uniform_number(name, n):
    """One uniform number per element underlies every distribution. 4 ulp of the largest value."""
    kernel, numbers, quantile = DISTRIBUTIONS[name]

    np.testing.assert_allclose(filled(kernel, n, *numbers), quantile(uniform_numbers(n)), rtol=0, atol=1e-15)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_float32_draws_are_the_float64_draws_rounded(name):
    kernel, numbers, _ = DISTRIBUTIONS[name]

    single = filled(kernel, 1000, *numbers, dtype="float32")

    assert np.array_equal(single, filled(kernel, 1000, *numbers).astype(np.float32))


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_the_plain_python_twin_draws_the_same(name):
    kernel, numbers, _ = DISTRIBUTIONS[name]
    out = np.full(5, np.nan)
    kernel.python()(out, *numbers, SEED, STREAM)

    np.testing.assert_allclose(out, filled(kernel, 5, *numbers), rtol=1e-15)


def test_a_constant_fills_every_element():
    out = np.full(17, np.nan, np.float32)
    draw.fill_constant(out, 0.1)

    assert np.array_equal(out, np.full(17, 0.1, np.float32))


def test_the_normal_quantile_is_right_into_the_last_tail():
    """Against scipy's at every scale a uniform number can have, 2e-15 of the value."""
    tails = 2.0 ** -np.arange(1.0, 54.0, 0.25)
    near_the_seams = np.array([0.075, 0.0749999, 0.0750001, 0.925, 1.388794e-11, 1.3887943864964e-11])
    p = np.concatenate([tails, 1 - tails[8:], near_the_seams, np.linspace(0.01, 0.99, 99)])
    found = np.array([standard_normal(value) for value in p])
    expected = special.ndtri(p)

    np.testing.assert_allclose(found, expected, rtol=2e-15, atol=2e-17)
    assert np.array_equal(np.sign(found), np.sign(p - 0.5))


def test_normal_draws_are_symmetric():
    """u and 1 - u give z and -z, so that no distribution leans."""
    for u in (2.0**-53, 2.0**-20, 0.3):
        assert standard_normal(1 - u) == pytest.approx(-standard_normal(u), rel=1e-9)


def test_moments_of_normal_draws():
    """Mean, deviation, and the deviation that the cut leaves, within 4 standard errors."""
    n = 100_000
    normal, cut = filled(draw.fill_normal, n, 1.0, 2.0), filled(draw.fill_truncated_normal, n, 1.0, 2.0)

    assert abs(normal.mean() - 1.0) < 4 * 2.0 / math.sqrt(n)
    assert abs(normal.std() / 2.0 - 1.0) < 4 / math.sqrt(2 * n)
    assert abs(cut.std() / (2.0 * TRUNCATED_STDDEV) - 1.0) < 4 / math.sqrt(2 * n)
    assert -3.0 <= cut.min() < -2.99
    assert 4.99 < cut.max() <= 5.0
    assert stats.kstest(normal, "norm", args=(1.0, 2.0)).pvalue > 1e-3


def orthogonal(shape, *, dtype="float64", scratch="float64", gain=1.0):
    out = np.full(shape, np.nan, dtype)
    draw.fill_orthogonal(out, np.full((min(shape), max(shape)), np.nan, scratch), gain, SEED, STREAM)
    return out


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (3, 17), (17, 3), (33, 33), (64, 100)])
def test_an_orthogonal_draw_is_the_normal_draw_orthonormalised(shape):
    """Q of the QR decomposition of the same normal numbers, R's diagonal positive; Keras's shape."""
    normal = filled(draw.fill_normal, math.prod(shape), 0.0, 1.0).reshape(shape)
    tall = normal if shape[0] >= shape[1] else normal.T
    q, r = np.linalg.qr(tall)
    expected = q * np.sign(np.diag(r))

    found = orthogonal(shape)
    np.testing.assert_allclose(found, expected if shape[0] >= shape[1] else expected.T, atol=1e-11)


@pytest.mark.parametrize(
    ("dtype", "scratch", "tolerance"),
    [("float64", "float64", 1e-13), ("float32", "float64", 1e-6), ("float32", "float32", 1e-6)],
)
@pytest.mark.parametrize("shape", [(64, 64), (100, 30), (30, 100)])
def test_orthogonal_draws_are_orthogonal(shape, dtype, scratch, tolerance):
    matrix = orthogonal(shape, dtype=dtype, scratch=scratch, gain=1.5).astype(np.float64)

    assert orthogonality_error(matrix, gain=1.5) < 1.5**2 * tolerance


def test_a_float32_orthogonal_draw_with_float64_scratch_is_the_float64_draw_rounded():
    assert np.array_equal(orthogonal((20, 20), dtype="float32"), orthogonal((20, 20)).astype(np.float32))


def test_orthogonal_draws_survive_nearly_dependent_rows():
    """Cleaning each row twice keeps 1e-14 where once loses eight digits."""
    matrix = np.eye(6) * 1e-8 + 1.0
    draw.orthonormalise_rows(matrix)

    assert orthogonality_error(matrix) < 1e-14
