"""Clipping and penalties, against the reference and at the values that slip through."""

import math

import numpy as np
import pytest

from nnkit.kernels import update
from tests.reference import clipping

SIZES = (1, 3, 16, 17, 33, 63, 64, 65, 1000)
DTYPES = ("float32", "float64")


def sample(n, dtype="float64"):
    return np.random.default_rng(n).normal(size=n).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
def test_values_are_clipped_at_the_limit(n, dtype):
    g = sample(n, dtype)
    expected = clipping.clip_by_value(g, np.dtype(dtype).type(0.3))
    update.clip_by_value(g, 0.3)

    assert np.array_equal(g, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
def test_the_norm_is_the_reference_norm(n, dtype):
    """A float64 sum, even of float32: 1e-14 relative."""
    g = sample(n, dtype)

    found = update.global_norm(g, np.full(update.LANES, np.nan))
    assert found == pytest.approx(clipping.global_norm([g.astype(np.float64)]), rel=1e-14)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("limit", [0.1, 1e3])
def test_long_gradients_are_shortened_to_the_limit(n, dtype, limit):
    """Longer ones get the limit's length; shorter ones keep their bits."""
    g = sample(n, dtype)
    before = g.copy()
    (expected,) = clipping.clip_by_global_norm([g.astype(np.float64)], limit)
    update.clip_by_global_norm(g, np.full(update.LANES, np.nan), limit)

    np.testing.assert_allclose(g, expected, rtol=3 * np.finfo(dtype).eps)
    if clipping.global_norm([before.astype(np.float64)]) <= limit:
        assert np.array_equal(g, before)


def test_sums_go_by_lanes_and_then_in_order():
    """The bits of a norm are those of this order of additions, on every CPU."""
    g = sample(1000)
    lanes = np.zeros(update.LANES)
    for index, value in enumerate(g):
        lanes[index % update.LANES] += value * value
    total = 0.0
    for lane in lanes:
        total += lane

    assert update.global_norm(g, np.zeros(update.LANES)) == math.sqrt(total)


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_not_finite_shows(dtype):
    """NaN survives every limit; an infinite gradient is cut by value and made NaN by norm, never zero."""
    lanes = np.zeros(update.LANES)
    by_value, by_norm = np.array([[np.nan, np.inf, -np.inf, 1.0]] * 2, dtype)
    update.clip_by_value(by_value, 0.5)
    update.clip_by_global_norm(by_norm, lanes, 0.5)
    infinite = np.array([np.inf, 1.0], dtype)
    update.clip_by_global_norm(infinite, lanes, 0.5)

    np.testing.assert_array_equal(by_value, np.array([np.nan, 0.5, -0.5, 0.5], dtype))
    np.testing.assert_array_equal(by_norm, np.array([np.nan, np.inf, -np.inf, 1.0], dtype))
    np.testing.assert_array_equal(infinite, np.array([np.nan, np.nan], dtype))


def test_a_gradient_too_long_for_float64_is_not_clipped_to_zero():
    g = np.full(3, 1e200)
    update.clip_by_global_norm(g, np.zeros(update.LANES), 1.0)

    assert np.isnan(g).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize(("l1", "l2"), [(0.01, 0.0), (0.0, 0.02), (0.01, 0.02)])
def test_a_penalty_is_keras_s_and_its_gradient_is_added(n, dtype, l1, l2):
    """l1 * sum |p| + l2 * sum p**2, with gradient l1 * sign(p) + 2 * l2 * p, and nothing at p = 0."""
    p, g, totals = sample(n, dtype), sample(n, dtype) + 1, np.array([3.0])
    p[0] = 0.0
    wide, before = p.astype(np.float64), g.astype(np.float64)
    update.regularize(p, g, totals, np.full(update.LANES, np.nan), l1, l2)

    expected = 3.0 + l1 * np.abs(wide).sum() + l2 * (wide**2).sum()
    assert totals[0] == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(g, before + l1 * np.sign(wide) + 2 * l2 * wide, atol=4 * np.finfo(dtype).eps)


def test_a_weight_that_is_not_a_number_shows_in_penalty_and_gradient():
    g, totals = np.zeros(2), np.zeros(1)
    update.regularize(np.array([np.nan, 1.0]), g, totals, np.zeros(update.LANES), 0.1, 0.1)

    assert np.isnan(g[0])
    assert g[1] == pytest.approx(0.3)
    assert np.isnan(totals[0])


def test_the_python_twin_of_a_norm_is_a_float64_sum():
    """Squares of 1e25 are no float32: the twin's norm is that of the compiled kernel, to the bit."""
    g = np.full(65, 1e25, np.float32)
    norms = [of(g, np.zeros(update.LANES)) for of in (update.global_norm, update.global_norm.python())]

    assert norms[0] == norms[1] == pytest.approx(1e25 * np.sqrt(65), rel=1e-7)
