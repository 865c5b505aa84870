"""Every layer's analytic gradient agrees with central differences, and its values with independent code."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import correlate

from tests.reference import layers
from tests.reference.numeric import numeric_gradient, relative_error
from tests.reference.windows import Padding, Pair, output_size, same_padding

Array = NDArray[np.float64]

# Five-point differences are good to about 1e-11 here; a wrong factor or index shows at 1e-2 and more.
TOLERANCE = 1e-9

CONVOLUTIONS: list[tuple[Pair, Padding, Pair, int]] = [
    (1, "valid", 1, 1),
    (1, "same", 1, 1),
    (2, "same", 1, 1),
    ((2, 1), "valid", 1, 2),
    (1, "same", 2, 1),
    (1, 2, (1, 2), 2),
    ((1, 2), ((0, 1), (2, 1)), 1, 2),
]
POOLS: list[tuple[Pair, Pair | None, Padding]] = [
    (2, None, "valid"),
    (2, 1, "valid"),
    (3, 2, "same"),
    ((3, 2), (1, 2), "same"),
    (3, 2, 1),
    ((2, 3), 2, ((1, 0), (0, 2))),
]


def draw(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def draw_distinct(*shape: int) -> Array:
    """Return values 0.1 apart, in random order: a step of a difference never changes which is largest."""
    n = int(np.prod(shape))
    order = np.random.default_rng(n).permutation(n).astype(np.float64)
    return 0.1 * (order.reshape(shape) - n / 2 + 0.5)


def assert_gradient(forward: Callable[[Array], Array], x: Array, found: Array, dy: Array) -> None:
    expected = numeric_gradient(lambda moved: float(np.sum(forward(moved) * dy)), x)

    assert relative_error(found, expected) <= TOLERANCE


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


@pytest.mark.parametrize(("strides", "padding", "dilation", "groups"), CONVOLUTIONS)
def test_conv2d_gradients(strides: Pair, padding: Padding, dilation: Pair, groups: int) -> None:
    x, kernel, bias = draw(2, 6, 7, 4), draw(3, 2, 4 // groups, 4), draw(4)
    y = layers.conv2d_forward(
        x, kernel, bias, strides=strides, padding=padding, dilation_rate=dilation, groups=groups
    )
    dy = draw(*y.shape)

    dx, dkernel, dbias = layers.conv2d_backward(
        x, kernel, dy, strides=strides, padding=padding, dilation_rate=dilation, groups=groups
    )

    def forward(x: Array, kernel: Array, bias: Array) -> Array:
        return layers.conv2d_forward(
            x, kernel, bias, strides=strides, padding=padding, dilation_rate=dilation, groups=groups
        )

    assert_gradient(lambda v: forward(v, kernel, bias), x, dx, dy)
    assert_gradient(lambda v: forward(x, v, bias), kernel, dkernel, dy)
    assert_gradient(lambda v: forward(x, kernel, v), bias, dbias, dy)


@pytest.mark.parametrize(
    ("strides", "padding", "dilation", "groups"),
    [(1, "valid", 1, 1), (2, "same", 1, 2), (1, (2, 0), 3, 1), (3, 1, 1, 2)],
)
def test_conv1d_gradients(
    strides: int, padding: str | int | tuple[int, int], dilation: int, groups: int
) -> None:
    x, kernel, bias = draw(2, 9, 4), draw(3, 4 // groups, 2), draw(2)

    def forward(x: Array, kernel: Array, bias: Array) -> Array:
        return layers.conv1d_forward(
            x, kernel, bias, strides=strides, padding=padding, dilation_rate=dilation, groups=groups
        )

    dy = draw(*forward(x, kernel, bias).shape)

    dx, dkernel, dbias = layers.conv1d_backward(
        x, kernel, dy, strides=strides, padding=padding, dilation_rate=dilation, groups=groups
    )

    assert_gradient(lambda v: forward(v, kernel, bias), x, dx, dy)
    assert_gradient(lambda v: forward(x, v, bias), kernel, dkernel, dy)
    assert_gradient(lambda v: forward(x, kernel, v), bias, dbias, dy)


@pytest.mark.parametrize("strides", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2])
def test_a_convolution_is_scipys_correlation_sampled_at_the_strides(strides: int, dilation: int) -> None:
    x, kernel = draw(1, 9, 8, 2), draw(3, 2, 2, 3)
    spread = np.zeros((2 * dilation + 1, dilation + 1, 2, 3))
    spread[::dilation, ::dilation] = kernel
    expected = np.stack([correlate(x[0], spread[..., o], mode="valid")[..., 0] for o in range(3)], axis=-1)

    found = layers.conv2d_forward(x, kernel, strides=strides, dilation_rate=dilation)

    np.testing.assert_allclose(found[0], expected[::strides, ::strides], rtol=0, atol=1e-13)


def test_groups_are_separate_convolutions_side_by_side() -> None:
    x, kernel = draw(2, 5, 5, 6), draw(3, 3, 2, 9)
    parts = [
        layers.conv2d_forward(x[..., 2 * g : 2 * g + 2], kernel[..., 3 * g : 3 * g + 3]) for g in range(3)
    ]

    found = layers.conv2d_forward(x, kernel, groups=3)

    np.testing.assert_allclose(found, np.concatenate(parts, axis=-1), rtol=0, atol=1e-13)


@pytest.mark.parametrize("size", range(1, 12))
@pytest.mark.parametrize("span", [1, 2, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_same_padding_gives_one_output_for_every_stride_begun(size: int, span: int, stride: int) -> None:
    pads = same_padding(size, span, stride)

    assert output_size(size, span, stride, pads) == int(np.ceil(size / stride))
    assert 0 <= pads[1] - pads[0] <= 1


def test_same_padding_treats_height_and_width_apart() -> None:
    y = layers.conv2d_forward(np.ones((1, 5, 8, 1)), np.ones((2, 5, 1, 1)), strides=(3, 1), padding="same")

    # 5 rows by 3 make two outputs without padding; 8 columns are padded with two on either side.
    assert y[0, :, :, 0].tolist() == [[6, 8, 10, 10, 10, 10, 8, 6]] * 2


def test_explicit_padding_is_top_bottom_left_right() -> None:
    x, kernel = np.ones((1, 2, 2, 1)), np.ones((2, 2, 1, 1))

    y = layers.conv2d_forward(x, kernel, padding=((1, 0), (0, 2)))

    assert y[0, :, :, 0].tolist() == [[2, 1, 0], [4, 2, 0]]


def test_sequences_are_convolved_tap_by_tap_with_stride_one_unless_told() -> None:
    x, kernel = np.array([1.0, 2, 3, 4, 5]).reshape(1, 5, 1), np.array([1.0, 10, 100]).reshape(3, 1, 1)

    plain = layers.conv1d_forward(x, kernel, np.array([0.5]))
    spread = layers.conv1d_forward(x, kernel, dilation_rate=2)

    assert plain.ravel().tolist() == [321.5, 432.5, 543.5]
    assert spread.ravel().tolist() == [531]
    assert layers.conv1d_forward(x, kernel, strides=2).ravel().tolist() == [321, 543]
    assert layers.conv1d_forward(x, kernel, padding=(2, 0)).ravel().tolist() == [100, 210, 321, 432, 543]
    assert layers.conv1d_backward(x, kernel, np.ones((1, 3, 1)))[0].ravel().tolist() == [1, 11, 111, 110, 100]


@pytest.mark.parametrize("padding", ["full", "SAME", ""])
def test_an_unknown_padding_is_refused(padding: str) -> None:
    with pytest.raises(ValueError, match="padding must be"):
        layers.conv2d_forward(np.ones((1, 2, 2, 1)), np.ones((1, 1, 1, 1)), padding=padding)


@pytest.mark.parametrize(("pool_size", "strides", "padding"), POOLS)
def test_max_pooling_gradients(pool_size: Pair, strides: Pair | None, padding: Padding) -> None:
    x = draw_distinct(2, 6, 7, 2)

    def forward(x: Array) -> Array:
        return layers.max_pooling2d_forward(x, pool_size, strides=strides, padding=padding)

    dy = draw(*forward(x).shape)

    dx = layers.max_pooling2d_backward(x, dy, pool_size, strides=strides, padding=padding)

    assert_gradient(forward, x, dx, dy)


@pytest.mark.parametrize(("pool_size", "strides", "padding"), POOLS)
@pytest.mark.parametrize("count_padding", [False, True])
def test_average_pooling_gradients(
    pool_size: Pair, strides: Pair | None, padding: Padding, count_padding: bool
) -> None:
    x = draw(2, 6, 7, 2)

    def forward(x: Array) -> Array:
        return layers.average_pooling2d_forward(
            x, pool_size, strides=strides, padding=padding, count_padding=count_padding
        )

    dy = draw(*forward(x).shape)

    dx = layers.average_pooling2d_backward(
        x, dy, pool_size, strides=strides, padding=padding, count_padding=count_padding
    )

    assert_gradient(forward, x, dx, dy)


@pytest.mark.parametrize(
    ("pool_size", "strides", "padding"), [(2, None, "valid"), (3, 2, "same"), (3, 1, (2, 1))]
)
def test_pooling_of_sequences_has_the_right_gradients(
    pool_size: int, strides: int | None, padding: str | int | tuple[int, int]
) -> None:
    x = draw_distinct(2, 7, 3)
    options = {"strides": strides, "padding": padding}

    def largest(x: Array) -> Array:
        return layers.max_pooling1d_forward(x, pool_size, **options)  # type: ignore[arg-type]

    def average(x: Array) -> Array:
        return layers.average_pooling1d_forward(x, pool_size, **options)  # type: ignore[arg-type]

    dy = draw(*largest(x).shape)

    dx_largest = layers.max_pooling1d_backward(x, dy, pool_size, **options)  # type: ignore[arg-type]
    dx_average = layers.average_pooling1d_backward(x, dy, pool_size, **options)  # type: ignore[arg-type]

    assert_gradient(largest, x, dx_largest, dy)
    assert_gradient(average, x, dx_average, dy)


def test_pooling_values_on_a_small_image() -> None:
    x = np.arange(16.0).reshape(1, 4, 4, 1)

    largest = layers.max_pooling2d_forward(x, 3, strides=2, padding="same")
    average = layers.average_pooling2d_forward(x, 3, strides=2, padding="same")
    counted = layers.average_pooling2d_forward(x, 3, strides=2, padding="same", count_padding=True)

    # The padding is one row below and one column on the right; only the first window lacks it.
    assert largest[0, :, :, 0].tolist() == [[10, 11], [14, 15]]
    assert average[0, :, :, 0].tolist() == [[5, 6.5], [11, 12.5]]
    assert counted[0, :, :, 0].tolist() == [[5, 39 / 9], [66 / 9, 50 / 9]]


def test_max_pooling_of_negative_values_never_takes_the_padding() -> None:
    x = -1.0 - np.arange(4.0).reshape(1, 2, 2, 1)

    y = layers.max_pooling2d_forward(x, 2, strides=1, padding=1)

    assert y.max() == -1
    assert np.isfinite(y).all()


def test_of_equal_values_the_first_in_reading_order_gets_the_gradient() -> None:
    x, dy = np.zeros((1, 2, 2, 1)), np.ones((1, 1, 1, 1))

    dx = layers.max_pooling2d_backward(x, dy, 2)
    dx_global = layers.global_max_pooling_backward(x, dy[:, 0, 0])

    assert dx.ravel().tolist() == [1, 0, 0, 0]
    assert dx_global.ravel().tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize("shape", [(2, 3, 4, 2), (2, 5, 3)])
def test_global_pooling_gradients(shape: tuple[int, ...]) -> None:
    x, dy = draw_distinct(*shape), draw(shape[0], shape[-1])

    dx_average = layers.global_average_pooling_backward(x, dy)
    dx_largest = layers.global_max_pooling_backward(x, dy)

    assert_gradient(layers.global_average_pooling_forward, x, dx_average, dy)
    assert_gradient(layers.global_max_pooling_forward, x, dx_largest, dy)


def test_global_pooling_is_pooling_with_one_window() -> None:
    x = draw(2, 4, 3, 5)

    np.testing.assert_allclose(
        layers.global_average_pooling_forward(x),
        layers.average_pooling2d_forward(x, (4, 3))[:, 0, 0],
        rtol=0,
        atol=1e-15,
    )
    np.testing.assert_array_equal(
        layers.global_max_pooling_forward(x), layers.max_pooling2d_forward(x, (4, 3))[:, 0, 0]
    )


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
