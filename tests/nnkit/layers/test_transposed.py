"""Transposed, depthwise and separable convolutions: values, sizes, and what they refuse."""

from typing import Any

import numpy as np
import pytest

from nnkit import layers
from nnkit.errors import InvalidArgument
from tests.nnkit.small_models import build, inputs_for, spread_parameters
from tests.reference.convolution import conv2d_forward, conv2d_transpose_forward

# (size of the input, channels, filters, window, strides, padding, size of the output in Keras)
SIZES = [
    ((3, 2), 2, 3, 3, 2, "valid", (7, 5)),
    ((3, 2), 2, 3, 3, 2, "same", (6, 4)),
    ((2, 3), 17, 16, 2, 3, "valid", (6, 9)),
    ((1, 5), 1, 33, 4, 1, "same", (1, 5)),
]


@pytest.mark.parametrize(("size", "channels", "filters", "window", "strides", "padding", "made"), SIZES)
def test_a_transposed_convolution_spreads_every_pixel(
    size: Any, channels: int, filters: int, window: int, strides: int, padding: str, made: Any
) -> None:
    model = build(
        [layers.Conv2DTranspose(filters, window, strides, padding)],
        (*size, channels),
        loss="mean_squared_error",
    )
    spread_parameters(model)
    x = inputs_for((*size, channels), rows=3)
    kernel, bias = model.parameters.values()
    wanted = conv2d_transpose_forward(x, kernel, bias, made, strides=strides, padding=padding)

    assert kernel.shape == (window, window, filters, channels)
    np.testing.assert_allclose(model.predict(x), wanted, rtol=1e-12, atol=1e-12)


def test_it_is_the_transpose_of_the_convolution_with_its_kernel() -> None:
    """<conv(a), b> = <a, transposed(b)> for every a and b; sequences as images of one row."""
    down = build([layers.Conv1D(3, 4, 2, "same", use_bias=False)], (8, 2), loss="mean_squared_error")
    up = build([layers.Conv1DTranspose(2, 4, 2, "same", use_bias=False)], (4, 3), loss="mean_squared_error")
    up.set_parameters({"conv1dtranspose_0/kernel": next(iter(down.parameters.values()))})
    a, b = inputs_for((8, 2)), inputs_for((4, 3), seed=1)

    np.testing.assert_allclose(np.vdot(down.predict(a), b), np.vdot(a, up.predict(b)), rtol=1e-12)


def test_a_separable_convolution_is_its_two_steps() -> None:
    """Of the depthwise one, output c M + m is channel c by its kernel m."""
    model = build([layers.SeparableConv2D(5, 3, depth_multiplier=2)], (4, 5, 3), loss="mean_squared_error")
    spread_parameters(model)
    x = inputs_for((4, 5, 3))
    depthwise, pointwise, bias = model.parameters.values()
    channels = [
        conv2d_forward(x[..., c : c + 1], depthwise[:, :, c : c + 1, m : m + 1])
        for c in range(3)
        for m in range(2)
    ]
    wanted = conv2d_forward(np.concatenate(channels, axis=-1), pointwise, bias)

    np.testing.assert_allclose(model.predict(x), wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"output_padding": 1}, "goes with a padding in numbers: found 1"),
        ({"padding": 1, "strides": 2, "output_padding": 2}, "output_padding must be below the strides"),
        ({"output_padding": -1}, "output_padding must be a whole number of at least 0, found -1"),
        ({"groups": 2}, "filters must be a multiple of groups, found 3 and 2"),
    ],
)
def test_a_wrong_argument_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        layers.Conv2DTranspose(3, 3, **arguments)


def test_a_padding_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="leaves nothing of an output made of 1 x 1"):
        build([layers.Conv2DTranspose(3, 3, padding=2), layers.Flatten()], (1, 1, 2)).predict(
            np.zeros((1, 1, 1, 2))
        )


def test_pytorch_agrees_on_every_option() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    options: dict[str, Any] = {"padding": 1, "output_padding": 1, "groups": 2, "dilation": 2}
    twin = torch.nn.ConvTranspose2d(4, 6, 3, 2, **options).double()
    layer = layers.Conv2DTranspose(6, 3, 2, padding=1, output_padding=1, groups=2, dilation_rate=2)
    model = build([layer], (4, 3, 4), loss="mean_squared_error")
    spread_parameters(model)
    kernel, bias = model.parameters.values()
    with torch.no_grad():
        twin.weight.copy_(torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy()))
        twin.bias.copy_(torch.from_numpy(bias.copy()))
    x = inputs_for((4, 3, 4))
    wanted = twin(torch.from_numpy(x.transpose(0, 3, 1, 2).copy())).detach().numpy().transpose(0, 2, 3, 1)

    np.testing.assert_allclose(model.predict(x), wanted, rtol=1e-12, atol=1e-12)
