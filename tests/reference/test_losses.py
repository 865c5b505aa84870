"""Losses, penalties and clipping have the published values, and gradients that agree with differences."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import log_softmax as scipy_log_softmax

from tests.reference import clipping, losses
from tests.reference.numeric import numeric_gradient, relative_error

Array = NDArray[np.float64]

TOLERANCE = 1e-9


def draw(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def assert_gradient(loss: Callable[[Array], losses.Loss], outputs: Array) -> None:
    expected = numeric_gradient(lambda moved: loss(moved)[0], outputs)

    assert relative_error(loss(outputs)[1], expected) <= TOLERANCE


@pytest.mark.parametrize("shape", [(5, 4), (1, 2), (2, 3, 4)])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_crossentropy_gradients(shape: tuple[int, ...], smoothing: float) -> None:
    logits, labels = draw(*shape), np.random.default_rng(1).integers(0, shape[-1], shape[:-1])
    targets = np.abs(draw(*shape, seed=2))

    assert_gradient(
        lambda z: losses.sparse_categorical_crossentropy(z, labels, label_smoothing=smoothing), logits
    )
    assert_gradient(lambda z: losses.categorical_crossentropy(z, targets, label_smoothing=smoothing), logits)


def test_elementwise_losses_have_the_right_gradients() -> None:
    outputs, targets = 2 * draw(4, 3), draw(4, 3, seed=1)

    assert_gradient(lambda o: losses.binary_crossentropy(o, (targets > 0).astype(float)), outputs)
    assert_gradient(lambda o: losses.mean_squared_error(o, targets), outputs)
    assert_gradient(lambda o: losses.mean_absolute_error(o, targets), outputs)
    assert_gradient(lambda o: losses.huber(o, targets, delta=0.7), outputs)
    assert_gradient(lambda w: losses.l2_penalty(w, 0.3), outputs)
    assert_gradient(lambda w: losses.l1_penalty(w, 0.3), outputs)


def test_crossentropy_is_the_mean_of_minus_log_probability() -> None:
    logits, labels = draw(6, 3), np.array([0, 1, 2, 2, 1, 0])

    value, gradient = losses.sparse_categorical_crossentropy(logits, labels)

    assert value == pytest.approx(-scipy_log_softmax(logits, axis=1)[np.arange(6), labels].mean(), rel=1e-14)
    np.testing.assert_allclose(gradient.sum(axis=1), 0.0, atol=1e-16)


def test_crossentropy_of_sequences_is_the_mean_over_all_rows() -> None:
    logits, labels = draw(2, 3, 4), np.array([[0, 1, 2], [3, 0, 1]])

    sequences, _ = losses.sparse_categorical_crossentropy(logits, labels)
    rows, _ = losses.sparse_categorical_crossentropy(logits.reshape(6, 4), labels.ravel())

    assert sequences == pytest.approx(rows, rel=1e-15)


def test_label_smoothing_mixes_in_the_uniform_distribution() -> None:
    logits, labels = draw(3, 4), np.array([1, 3, 0])
    sharp, _ = losses.sparse_categorical_crossentropy(logits, labels)
    uniform = -losses.log_softmax(logits).mean()

    smooth, _ = losses.sparse_categorical_crossentropy(logits, labels, label_smoothing=0.1)

    assert smooth == pytest.approx(0.9 * sharp + 0.1 * uniform, rel=1e-14)


def test_softmax_sums_to_one_and_is_the_exponential_of_its_logarithm() -> None:
    found = losses.softmax(np.log(np.array([[1.0, 2.0, 5.0]])))

    np.testing.assert_allclose(found, [[0.125, 0.25, 0.625]], rtol=1e-15)


def test_equal_logits_cost_the_logarithm_of_the_number_of_classes() -> None:
    value, gradient = losses.sparse_categorical_crossentropy(np.zeros((1, 10)), np.array([3]))

    assert value == pytest.approx(np.log(10), rel=1e-15)
    assert gradient[0, 3] == pytest.approx(-0.9, rel=1e-15)


@pytest.mark.parametrize("height", [-1e4, 1e4])
def test_huge_logits_neither_overflow_nor_become_nan(height: float) -> None:
    logits = np.array([[height, 0.0]])

    value, gradient = losses.sparse_categorical_crossentropy(logits, np.array([0]))
    binary, binary_gradient = losses.binary_crossentropy(np.array([[height]]), np.array([[1.0]]))

    assert value == binary == (1e4 if height < 0 else 0.0)
    assert np.isfinite([gradient[0, 0], binary_gradient[0, 0]]).all()


def test_binary_crossentropy_is_crossentropy_of_two_classes_one_with_logit_zero() -> None:
    logits, labels = draw(5, 1), np.array([0, 1, 1, 0, 1])

    binary, _ = losses.binary_crossentropy(logits, labels[:, None].astype(float))
    double, _ = losses.sparse_categorical_crossentropy(np.hstack([np.zeros((5, 1)), logits]), labels)

    assert binary == pytest.approx(double, rel=1e-14)


def test_squared_error_and_penalties_follow_keras_in_what_they_average() -> None:
    value, gradient = losses.mean_squared_error(np.array([[2.0, 1.0]]), np.array([[1.0, -1.0]]))

    assert (value, gradient.tolist()) == (2.5, [[1.0, 2.0]])
    assert losses.l2_penalty(np.array([1.0, -2.0]), 0.01)[0] == pytest.approx(0.05, rel=1e-15)
    assert losses.l1_penalty(np.array([1.0, -2.0, 0.0]), 0.01)[1].tolist() == [0.01, -0.01, 0.0]


def test_huber_is_half_a_square_near_zero_and_a_line_beyond() -> None:
    outputs, targets = np.array([[1.5, -2.0]]), np.ones((1, 2))

    value, gradient = losses.huber(outputs, targets)
    wide, wide_gradient = losses.huber(outputs, targets, delta=2.0)

    assert value == pytest.approx((0.125 + 2.5) / 2, rel=1e-15)
    assert gradient.tolist() == [[0.25, -0.5]]
    assert wide == pytest.approx((0.125 + 2.0 * (3.0 - 1.0)) / 2, rel=1e-15)
    assert wide_gradient.tolist() == [[0.25, -1.0]]


def test_absolute_error_is_a_mean_of_distances() -> None:
    value, gradient = losses.mean_absolute_error(np.array([[1.0, -2.0]]), np.array([[3.0, -2.0]]))

    assert (value, gradient.tolist()) == (1.0, [[-0.5, 0.0]])


def test_clipping_has_the_values_of_keras_own_tests() -> None:
    gradient = np.array([100.0, 100.0])

    assert clipping.clip_by_value(gradient, 1.0).tolist() == [1.0, 1.0]
    np.testing.assert_allclose(clipping.clip_by_norm(gradient, 1.0), [0.5**0.5, 0.5**0.5], rtol=1e-15)


def test_the_global_norm_is_one_for_all_arrays_and_short_gradients_stay() -> None:
    long, short = [np.array([3.0]), np.array([[4.0]])], [np.array([0.3]), np.array([[0.4]])]

    assert clipping.global_norm(long) == 5.0
    np.testing.assert_allclose(clipping.clip_by_global_norm(long, 2.5)[1], [[2.0]], rtol=1e-15)
    assert clipping.clip_by_global_norm(short, 2.5)[0].tolist() == [0.3]
    np.testing.assert_array_equal(clipping.clip_by_value(np.array([-2.0, 0.5]), 1.0), [-1.0, 0.5])
