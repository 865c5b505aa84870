"""Batch normalisation against the textbook, forward, backward and at test time."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.nnkit.kernels import readable_batch_norm as normalize
from tests.reference import normalization as reference

Array = NDArray[Any]
SHAPES = [(1, 1), (1, 17), (2, 3), (3, 16), (17, 33), (100, 5)]
EPSILON, MOMENTUM = 1e-3, 0.9
# Rounding in sums over up to 100 rows.
TOLERANCE = {"float32": 2e-5, "float64": 4e-14}


def draw(*shape: int, dtype: str, seed: int = 0) -> Array:
    return (0.5 + np.random.default_rng([seed, *shape]).normal(size=shape)).astype(dtype)


def partial_sums(x: Array) -> Array:
    return np.full((4, x.shape[1]), np.nan, x.dtype)


def train(x: Array, gamma: Array, beta: Array, mean: Array, variance: Array) -> tuple[Array, Array, Array]:
    """Return y, normal and scale; the running statistics change in place."""
    y, normal = np.full_like(x, np.nan), np.full_like(x, np.nan)
    scale = np.full_like(gamma, np.nan)
    sums = partial_sums(x)
    normalize.batch_norm_train(x, gamma, beta, mean, variance, y, normal, scale, sums, MOMENTUM, EPSILON)
    return y, normal, scale


def close(found: Array, expected: Array) -> bool:
    tolerance = TOLERANCE[str(found.dtype)]
    return bool(np.allclose(found, expected, rtol=tolerance, atol=tolerance))


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_training_normalises_by_the_batch_and_moves_the_running_statistics(
    shape: tuple[int, int], dtype: str
) -> None:
    x = draw(*shape, dtype=dtype)
    gamma, beta, mean, variance = (draw(shape[1], dtype=dtype, seed=seed) for seed in (1, 2, 3, 4))
    wide = [array.astype(np.float64) for array in (x, gamma, beta, mean, variance)]
    expected, batch_mean, batch_variance = reference.batch_normalization_train_forward(
        *wide[:3], epsilon=EPSILON
    )
    y, normal, scale = train(x, gamma, beta, mean, variance)

    assert close(y, expected)
    assert close(normal, (wide[0] - batch_mean) / np.sqrt(batch_variance + EPSILON))
    assert close(scale, 1 / np.sqrt(batch_variance + EPSILON))
    assert close(mean, reference.update_running(wide[3], batch_mean, momentum=MOMENTUM))
    assert close(variance, reference.update_running(wide[4], batch_variance, momentum=MOMENTUM))


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_backward_is_the_paper_s(shape: tuple[int, int], dtype: str) -> None:
    """dx may be written over dy."""
    x, dy = draw(*shape, dtype=dtype), draw(*shape, dtype=dtype, seed=5)
    gamma = draw(shape[1], dtype=dtype, seed=1)
    state = np.zeros_like(gamma), np.ones_like(gamma)
    _, normal, scale = train(x, gamma, np.zeros_like(gamma), *state)
    wide = [array.astype(np.float64) for array in (x, gamma, dy)]
    expected = reference.batch_normalization_train_backward(*wide, epsilon=EPSILON)
    dx, dgamma, dbeta = np.full_like(x, np.nan), np.full_like(gamma, np.nan), np.full_like(gamma, np.nan)
    normalize.batch_norm_backward(dy, normal, gamma, scale, dx, dgamma, dbeta, partial_sums(x))
    in_place = dy.copy()
    normalize.batch_norm_backward(in_place, normal, gamma, scale, in_place, dgamma, dbeta, partial_sums(x))

    size = 1 + np.abs(expected[0]).max()
    assert close(dx / dx.dtype.type(size), expected[0] / size)
    assert close(dgamma, expected[1])
    assert close(dbeta, expected[2])
    assert np.array_equal(in_place, dx)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_test_time_normalises_by_the_running_statistics(shape: tuple[int, int], dtype: str) -> None:
    """Leaves them alone; y may be x."""
    x = draw(*shape, dtype=dtype)
    gamma, beta, mean = (draw(shape[1], dtype=dtype, seed=seed) for seed in (1, 2, 3))
    variance = np.abs(draw(shape[1], dtype=dtype, seed=4))
    kept = mean.copy(), variance.copy()
    wide = [array.astype(np.float64) for array in (x, gamma, beta, mean, variance)]
    expected = reference.batch_normalization_eval_forward(*wide, epsilon=EPSILON)
    y, in_place = np.full_like(x, np.nan), x.copy()
    normalize.batch_norm_test(x, gamma, beta, mean, variance, y, EPSILON)
    normalize.batch_norm_test(in_place, gamma, beta, mean, variance, in_place, EPSILON)

    assert close(y, expected)
    assert np.array_equal(in_place, y)
    assert np.array_equal(mean, kept[0])
    assert np.array_equal(variance, kept[1])


def test_a_large_mean_costs_no_digits() -> None:
    """The variance is taken around the mean: from sums of squares, float32 would have none left at 1e4."""
    x = (1e4 + np.random.default_rng(0).normal(size=(64, 3))).astype(np.float32)
    ones, zeros = np.ones(3, np.float32), np.zeros(3, np.float32)
    y, _, _ = train(x, ones, zeros, zeros.copy(), ones.copy())
    wide = x.astype(np.float64)

    expected, _, _ = reference.batch_normalization_train_forward(
        wide, np.ones(3), np.zeros(3), epsilon=EPSILON
    )
    np.testing.assert_allclose(y, expected, atol=5e-3)


def test_a_value_that_is_not_a_number_spoils_its_channel_only() -> None:
    x = draw(8, 3, dtype="float64")
    x[2, 1] = np.nan
    y, _, _ = train(x, np.ones(3), np.zeros(3), np.zeros(3), np.ones(3))

    assert np.isnan(y[:, 1]).all()
    assert np.isfinite(y[:, [0, 2]]).all()
