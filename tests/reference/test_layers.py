"""Every layer's analytic gradient agrees with central differences, and its values with plain formulas."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.reference import layers
from tests.reference.gradients import assert_gradient, draw, draw_distinct

Array = NDArray[np.float64]


def test_the_tolerance_rejects_a_gradient_that_is_one_percent_off() -> None:
    x = draw(3, 2)

    with pytest.raises(AssertionError):
        assert_gradient(np.sin, x, 1.01 * np.cos(x), np.ones_like(x))


def test_dense_values() -> None:
    y = layers.dense_forward(
        np.array([[1.0, 2.0]]), np.array([[1.0, 0.0, 3.0], [10.0, 20.0, 0.0]]), np.ones(3)
    )

    assert y.tolist() == [[22.0, 41.0, 4.0]]


@pytest.mark.parametrize("shape", [(4, 3), (1, 3), (2, 5, 3)])
def test_dense_gradients(shape: tuple[int, ...]) -> None:
    x, kernel, bias, dy = draw(*shape), draw(3, 4), draw(4), draw(*shape[:-1], 4)

    dx, dkernel, dbias = layers.dense_backward(x, kernel, dy)

    assert_gradient(lambda v: layers.dense_forward(v, kernel, bias), x, dx, dy)
    assert_gradient(lambda v: layers.dense_forward(x, v, bias), kernel, dkernel, dy)
    assert_gradient(lambda v: layers.dense_forward(x, kernel, v), bias, dbias, dy)


@pytest.mark.parametrize("shape", [(5, 3), (2, 3, 2, 3)])
def test_batch_normalization_gradients(shape: tuple[int, ...]) -> None:
    x, gamma, beta, dy = draw(*shape), draw(3), draw(3, seed=1), draw(*shape, seed=1)

    def forward(x: Array, gamma: Array, beta: Array) -> Array:
        return layers.batch_normalization_train_forward(x, gamma, beta)[0]

    dx, dgamma, dbeta = layers.batch_normalization_train_backward(x, gamma, dy)

    assert_gradient(lambda v: forward(v, gamma, beta), x, dx, dy)
    assert_gradient(lambda v: forward(x, v, beta), gamma, dgamma, dy)
    assert_gradient(lambda v: forward(x, gamma, v), beta, dbeta, dy)


def test_batch_normalization_gradients_at_test_time() -> None:
    x, gamma, beta, dy = draw(4, 3), draw(3), draw(3, seed=1), draw(4, 3, seed=1)
    mean, variance = draw(3, seed=2), np.abs(draw(3, seed=3))

    dx, dgamma, dbeta = layers.batch_normalization_eval_backward(x, gamma, dy, mean, variance)

    def forward(x: Array, gamma: Array, beta: Array) -> Array:
        return layers.batch_normalization_eval_forward(x, gamma, beta, mean, variance)

    assert_gradient(lambda v: forward(v, gamma, beta), x, dx, dy)
    assert_gradient(lambda v: forward(x, v, beta), gamma, dgamma, dy)
    assert_gradient(lambda v: forward(x, gamma, v), beta, dbeta, dy)


def test_a_normalised_batch_has_mean_beta_and_the_deviation_gamma() -> None:
    x, gamma, beta = 5 + 3 * draw(50, 4), np.array([1.0, 2.0, 0.5, 3.0]), np.arange(4.0)

    y, mean, variance = layers.batch_normalization_train_forward(x, gamma, beta, epsilon=0.0)

    np.testing.assert_allclose(y.mean(axis=0), beta, atol=1e-13)
    np.testing.assert_allclose(y.std(axis=0), gamma, rtol=1e-13)
    np.testing.assert_allclose(mean, np.sum(x, axis=0) / 50, rtol=1e-13)
    np.testing.assert_allclose(variance, np.sum((x - mean) ** 2, axis=0) / 50, rtol=1e-13)


def test_running_averages_keep_99_parts_of_100_and_take_the_biased_variance() -> None:
    x = np.array([[1.0], [3.0]])

    mean, variance = layers.batch_moments(x)

    assert variance.tolist() == [1.0]
    assert layers.update_running(np.array([10.0]), mean).tolist() == pytest.approx([9.92], rel=1e-15)
    assert layers.update_running(np.array([1.0]), variance).tolist() == pytest.approx([1.0], rel=1e-15)


@pytest.mark.parametrize("shape", [(4, 5), (2, 3, 5)])
def test_layer_normalization_gradients(shape: tuple[int, ...]) -> None:
    x, gamma, beta, dy = draw(*shape), draw(5), draw(5, seed=1), draw(*shape, seed=1)

    dx, dgamma, dbeta = layers.layer_normalization_backward(x, gamma, dy)

    assert_gradient(lambda v: layers.layer_normalization_forward(v, gamma, beta), x, dx, dy)
    assert_gradient(lambda v: layers.layer_normalization_forward(x, v, beta), gamma, dgamma, dy)
    assert_gradient(lambda v: layers.layer_normalization_forward(x, gamma, v), beta, dbeta, dy)


def test_layer_normalization_is_batch_normalization_of_the_transpose() -> None:
    x = draw(4, 6)

    found = layers.layer_normalization_forward(x, np.ones(6), np.zeros(6))

    expected = layers.batch_normalization_train_forward(x.T, np.ones(4), np.zeros(4))[0].T
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("alpha_shape", [(3,), (1, 1, 3), (2, 4, 3), (1,)])
def test_prelu_gradients(alpha_shape: tuple[int, ...]) -> None:
    x, alpha, dy = draw_distinct(2, 2, 4, 3), draw(*alpha_shape), draw(2, 2, 4, 3)

    dx, dalpha = layers.prelu_backward(x, alpha, dy)

    assert_gradient(lambda v: layers.prelu_forward(v, alpha), x, dx, dy)
    assert_gradient(lambda v: layers.prelu_forward(x, v), alpha, dalpha, dy)


def test_maxout_gradients() -> None:
    x, kernel, bias, dy = draw(4, 3), draw(3, 5, 3), draw(5, 3), draw(4, 5)

    dx, dkernel, dbias = layers.maxout_backward(x, kernel, bias, dy)

    assert_gradient(lambda v: layers.maxout_forward(v, kernel, bias), x, dx, dy)
    assert_gradient(lambda v: layers.maxout_forward(x, v, bias), kernel, dkernel, dy)
    assert_gradient(lambda v: layers.maxout_forward(x, kernel, v), bias, dbias, dy)


def test_dropout_gradients_and_mean() -> None:
    x, dy, mask = draw(6, 4), draw(6, 4, seed=1), np.tile([1.0, 1.0, 1.0, 0.0], (6, 1))

    dx = layers.dropout_backward(dy, mask, 0.25)

    assert_gradient(lambda v: layers.dropout_forward(v, mask, 0.25), x, dx, dy)
    assert layers.dropout_forward(np.ones((6, 4)), mask, 0.25).mean() == pytest.approx(1.0, rel=1e-15)


def test_residual_gradients() -> None:
    x, kernel, dy = draw(4, 3), draw(3, 3), draw(4, 3, seed=1)

    dx = layers.residual_backward(dy, lambda d: layers.dense_backward(x, kernel, d)[0])

    assert_gradient(
        lambda v: layers.residual_forward(v, lambda u: layers.dense_forward(u, kernel)), x, dx, dy
    )


def test_flatten_reads_row_by_row_and_back() -> None:
    x = np.arange(24.0).reshape(2, 3, 4, 1)

    y = layers.flatten_forward(x)

    assert y.tolist() == [list(range(12)), list(range(12, 24))]
    np.testing.assert_array_equal(layers.flatten_backward(x, y), x)
