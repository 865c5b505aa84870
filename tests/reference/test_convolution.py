"""Convolutions agree with scipy and by hand, and their gradients with central differences."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import correlate

from tests.reference import layers
from tests.reference.gradients import assert_gradient, draw
from tests.reference.windows import Padding, Pair, output_size, same_padding

Array = NDArray[np.float64]

CONVOLUTIONS: list[tuple[Pair, Padding, Pair, int]] = [
    (1, "valid", 1, 1),
    (1, "same", 1, 1),
    (2, "same", 1, 1),
    ((2, 1), "valid", 1, 2),
    (1, "same", 2, 1),
    (1, 2, (1, 2), 2),
    ((1, 2), ((0, 1), (2, 1)), 1, 2),
]


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
