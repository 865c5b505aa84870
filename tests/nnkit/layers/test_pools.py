"""Pools with dilation, with padding that counts, and of norms: values against the textbook and PyTorch."""

from typing import Any

import numpy as np
import pytest

from nnkit import layers
from nnkit.errors import InvalidArgument
from tests.nnkit.small_models import build, inputs_for
from tests.reference.pooling import average_pooling2d_forward, max_pooling2d_forward

IMAGE = (9, 7, 3)


def pooled(layer: layers.Layer, x: Any, dtype: str = "float64") -> Any:
    return build([layer], x.shape[1:], loss="mean_squared_error", dtype=dtype).predict(x)


@pytest.mark.parametrize(
    ("size", "strides", "padding", "dilation"),
    [(2, 1, "valid", 3), ((3, 2), 2, "same", (2, 3)), ((1, 2), (2, 1), ((0, 0), (1, 0)), (1, 2))],
    ids=str,
)
def test_taps_may_lie_apart(size: Any, strides: Any, padding: Any, dilation: Any) -> None:
    x = inputs_for(IMAGE, rows=3)
    largest = layers.MaxPooling2D(size, strides, padding, dilation)
    mean = layers.AveragePooling2D(size, strides, padding, dilation)
    options = {"strides": strides, "padding": padding, "dilation_rate": dilation}

    assert np.array_equal(pooled(largest, x), max_pooling2d_forward(x, size, **options))
    np.testing.assert_allclose(
        pooled(mean, x), average_pooling2d_forward(x, size, **options), rtol=1e-13, atol=1e-15
    )


def test_a_large_window_may_be_dilated_too() -> None:
    """Windows of more than sixteen taps are looped over."""
    x = inputs_for((13, 15, 2), rows=2)
    found = pooled(layers.MaxPooling2D((3, 6), (1, 2), dilation_rate=(3, 2)), x)

    assert np.array_equal(found, max_pooling2d_forward(x, (3, 6), strides=(1, 2), dilation_rate=(3, 2)))


@pytest.mark.parametrize("counts", [False, True])
def test_padding_counts_as_zeros_if_asked_for(counts: bool) -> None:
    x = inputs_for((5, 5, 17), rows=2)
    found = pooled(layers.AveragePooling2D(3, 2, 1, count_include_pad=counts), x)
    wanted = average_pooling2d_forward(x, 3, strides=2, padding=1, count_padding=counts)

    np.testing.assert_allclose(found, wanted, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("order", [1, 2, 5])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_norms_are_roots_of_sums_of_powers(order: int, dtype: str) -> None:
    """Of padding nothing is added: 9 times the mean over all taps is the sum."""
    x = inputs_for(IMAGE, rows=2).astype(dtype)
    x[0, :4, :4] = 0.0
    sums = 9 * average_pooling2d_forward(
        np.abs(x.astype(float)) ** order, 3, strides=2, padding="same", count_padding=True
    )
    found = pooled(layers.LpPooling2D(3, 2, "same", norm_type=order), x, dtype)

    np.testing.assert_allclose(found, sums ** (1 / order), rtol=1e-13 if dtype == "float64" else 1e-6)


def test_a_window_of_zeros_has_norm_0_and_gradient_0() -> None:
    model = build([layers.Conv2D(2, 1, use_bias=False), layers.LpPooling2D(2), layers.Flatten()], (2, 2, 1))
    loss, gradients = model.loss_and_gradients(np.zeros((3, 2, 2, 1)), np.zeros(3, int))

    assert np.isclose(loss, np.log(2))
    assert not gradients["conv2d_0/kernel"].any()


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (lambda: layers.MaxPooling2D(2, dilation_rate=0), "dilation_rate must be a whole number or a pair"),
        (lambda: layers.LpPooling2D(2, norm_type=0), "norm_type must be at least 1 and at most 8, found 0"),
        (lambda: layers.AveragePooling2D(2, count_include_pad=1), "count_include_pad must be True or False"),
    ],
)
def test_a_wrong_argument_is_refused(layer: Any, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        layer()


def test_a_window_that_sees_only_padding_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="padding must be smaller than the window"):
        pooled(layers.MaxPooling2D(2, 1, padding=1, dilation_rate=3), np.zeros((1, 2, 2, 1)))


def test_pytorch_agrees() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    x = inputs_for((8, 8, 3))
    turned = torch.from_numpy(x.transpose(0, 3, 1, 2).copy())
    pairs = [
        (layers.AveragePooling2D(3, 2, 1, count_include_pad=True), torch.nn.AvgPool2d(3, 2, 1)),
        (layers.LpPooling2D(2, norm_type=4), torch.nn.LPPool2d(4, 2)),
        (layers.MaxPooling2D(3, 2, 1, 2), torch.nn.MaxPool2d(3, 2, 1, 2)),
    ]
    for layer, twin in pairs:
        np.testing.assert_allclose(
            pooled(layer, x), twin(turned).numpy().transpose(0, 2, 3, 1), rtol=1e-12, atol=1e-14
        )


@pytest.mark.parametrize(
    ("layer", "reduce"), [(layers.GlobalAveragePooling1D(), np.mean), (layers.GlobalMaxPooling1D(), np.max)]
)
def test_global_pools_of_sequences(layer: layers.Layer, reduce: Any) -> None:
    x = inputs_for((33, 5))

    np.testing.assert_allclose(pooled(layer, x), reduce(x, axis=1), rtol=1e-13, atol=1e-15)
