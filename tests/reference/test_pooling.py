"""Pooling has the values worked out by hand, and gradients that agree with central differences."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.reference import layers
from tests.reference.gradients import assert_gradient, draw, draw_distinct
from tests.reference.windows import Padding, Pair

Array = NDArray[np.float64]

POOLS: list[tuple[Pair, Pair | None, Padding]] = [
    (2, None, "valid"),
    (2, 1, "valid"),
    (3, 2, "same"),
    ((3, 2), (1, 2), "same"),
    (3, 2, 1),
    ((2, 3), 2, ((1, 0), (0, 2))),
]


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
