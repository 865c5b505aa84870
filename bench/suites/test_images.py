"""Convolution, pooling and batch normalisation of images beside torch, interleaved; and a whole CNN's step.

Against torch's operators themselves, without the autograd around them; in the layout that is faster there.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pytest

from interleaved import Ratio, interleave
from nnkit.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Flatten,
    MaxPooling2D,
    PReLU,
)
from ours import CNN, calls_of_op, digits_like, steps
from peers import torch_cnn_step, torch_or_skip

BATCH = 64
CNN_STEPS = 4  # of ours in a call
CALLS = 32  # of an op, so that the call from Python is not what is timed
# Height and width, channels, filters, kernel size; padding "same".
CONVOLUTIONS = [
    (28, 1, 8, 3), (28, 1, 16, 3), (28, 1, 8, 5), (28, 1, 16, 5),
    (14, 8, 8, 3), (14, 8, 16, 3), (14, 16, 32, 3),
    (8, 32, 64, 3), (16, 32, 32, 3), (32, 3, 32, 3),
]  # fmt: skip
# The same with a stride of 2, and with every channel by itself.
STRIDED = [(28, 8, 16, 3), (16, 32, 64, 3), (32, 16, 32, 3)]
DEPTHWISE = [(16, 32, 3), (28, 16, 3), (14, 64, 5)]
IMAGES = [(28, 8), (14, 16), (32, 32)]
DIRECTIONS = ("conv2d", "conv2d_backward_kernel", "conv2d_backward_input")
Convolution = Conv2D | DepthwiseConv2D
_ratios: dict[tuple[Any, ...], float] = {}


def beside_layouts(ours: Callable[[], object], theirs: Sequence[Callable[[], object]]) -> Ratio:
    """Return the ratio to the faster of torch's layouts."""
    found = (interleave(ours, each, rounds=31).times(CALLS) for each in theirs)
    return min(found, key=lambda ratio: ratio.theirs_s)


def layouts(torch: Any, *shape: int) -> list[Any]:
    """Return random images of the shape (channels first) in torch's two layouts."""
    values = torch.randn(*shape)
    return [values.contiguous(), values.contiguous(memory_format=torch.channels_last)]


def torch_convolutions(torch: Any, size: int, channels: int, layer: Convolution, direction: str):
    """Return the operator's call for each of torch's layouts."""
    is_depthwise = isinstance(layer, DepthwiseConv2D)
    filters, groups = (channels, channels) if is_depthwise else (layer.filters, 1)
    kernel, stride, pad = layer.kernel_size, layer.strides, layer.kernel_size // 2
    output = -(-size // stride)
    xs, ws = (
        layouts(torch, BATCH, channels, size, size),
        layouts(torch, filters, channels // groups, kernel, kernel),
    )
    dys, bias = layouts(torch, BATCH, filters, output, output), torch.zeros(filters)
    if direction == "conv2d":
        return [
            partial(torch.nn.functional.conv2d, x, w, bias, stride, pad, 1, groups)
            for x, w in zip(xs, ws, strict=True)
        ]
    wanted = [False, True, True] if direction == "conv2d_backward_kernel" else [True, False, False]
    tail = ([filters], [stride] * 2, [pad] * 2, [1, 1], False, [0, 0], groups, wanted)
    backward = torch.ops.aten.convolution_backward
    return [partial(backward, dy, x, w, *tail) for dy, x, w in zip(dys, xs, ws, strict=True)]


def convolution_beside_torch(
    size: int, channels: int, layer: Conv2D | DepthwiseConv2D, direction: str
) -> Ratio:
    """Return how much longer torch takes for a layer's convolution, or for one of its two gradients."""
    torch = torch_or_skip()
    # A layer that learns comes first, so that there is a gradient for the convolution's input.
    layers = [PReLU(), layer, Flatten(), Dense(10)]
    ours = calls_of_op(layers, (size, size, channels), BATCH, direction, n_calls=CALLS)
    with torch.no_grad():
        return beside_layouts(ours, torch_convolutions(torch, size, channels, layer, direction))


@pytest.mark.parametrize(("shape", "direction"), list(product(CONVOLUTIONS, DIRECTIONS)))
def test_convolution_beside_torch(shape: tuple[int, ...], direction: str, report) -> None:
    """A convolution, or one of its two gradients."""
    size, channels, filters, kernel = shape
    found = convolution_beside_torch(size, channels, Conv2D(filters, kernel, padding="same"), direction)

    _ratios["convolution", *shape, direction] = found.median
    report(
        f"torch / ours, {direction}, {size}²·{channels}→{filters} at {kernel}×{kernel}",
        found,
        "at least 1.25x",
    )


def test_convolutions_together(report) -> None:
    """The geometric mean over all that were measured."""
    found = [ratio for key, ratio in _ratios.items() if key[0] == "convolution"]
    if not found:
        pytest.skip("no convolution was measured beside torch")
    mean = float(np.exp(np.mean(np.log(found))))
    report("torch / ours, convolutions together", f"{mean:.2f}x (n = {len(found)})", "at least 2.5x")


@pytest.mark.parametrize(("shape", "direction"), list(product(STRIDED, DIRECTIONS)))
def test_strided_convolution_beside_torch(shape: tuple[int, ...], direction: str, report) -> None:
    """Every other window down and across."""
    size, channels, filters, kernel = shape
    layer = Conv2D(filters, kernel, strides=2, padding=kernel // 2)
    found = convolution_beside_torch(size, channels, layer, direction)

    report(
        f"torch / ours, {direction}, {size}²·{channels}→{filters} at {kernel}×{kernel}, stride 2",
        found,
        "at least 1x",
    )


@pytest.mark.parametrize(("shape", "direction"), list(product(DEPTHWISE, DIRECTIONS)))
def test_depthwise_convolution_beside_torch(shape: tuple[int, ...], direction: str, report) -> None:
    """Every channel by itself."""
    size, channels, kernel = shape
    found = convolution_beside_torch(size, channels, DepthwiseConv2D(kernel, padding="same"), direction)

    report(
        f"torch / ours, {direction}, depthwise, {size}²·{channels} at {kernel}×{kernel}", found, "at least 1x"
    )


@pytest.mark.parametrize(("size", "channels"), IMAGES)
def test_pooling_beside_torch(size: int, channels: int, report) -> None:
    """The largest of each 2×2 window."""
    torch = torch_or_skip()
    ours = calls_of_op(
        [MaxPooling2D(2), Flatten(), Dense(10)], (size, size, channels), BATCH, "max_pooling2d", n_calls=CALLS
    )

    with torch.no_grad():
        pools = [
            partial(torch.nn.functional.max_pool2d, x, 2) for x in layouts(torch, BATCH, channels, size, size)
        ]
        found = beside_layouts(ours, pools)

    report(f"torch / ours, max pooling, {size}²·{channels}", found, "at least 5x")


@pytest.mark.parametrize(("size", "channels"), IMAGES)
def test_batch_normalization_beside_torch(size: int, channels: int, report) -> None:
    """Normalising over a batch in training, and its gradients."""
    torch = torch_or_skip()
    layers = [PReLU(), BatchNormalization(), Flatten(), Dense(10)]
    forward, backward = (
        calls_of_op(layers, (size, size, channels), BATCH, name, n_calls=CALLS)
        for name in ("batch_norm_train", "batch_norm_backward")
    )

    def ours() -> None:
        forward()
        backward()

    aten = torch.ops.aten
    one, zero = torch.ones(channels), torch.zeros(channels)
    mean, variance = zero.clone(), one.clone()

    def both(x: Any, dy: Any) -> None:
        _, at, scale = aten.native_batch_norm(x, one, zero, mean, variance, True, 0.01, 1e-3)
        aten.native_batch_norm_backward(dy, x, one, mean, variance, at, scale, True, 1e-3, [True] * 3)

    with torch.no_grad():
        images = [layouts(torch, BATCH, channels, size, size) for _ in range(2)]
        found = beside_layouts(ours, [partial(both, x, dy) for x, dy in zip(*images, strict=True)])

    report(f"torch / ours, batch normalisation, {size}²·{channels}", found, "at least 1.5x")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("is_compiled", [False, True], ids=["eager", "compiled"])
def test_cnn_step_beside_torch(is_compiled: bool, report) -> None:
    """A step of the whole net: two convolutions with pooling, a dense layer, Adam."""
    x, y = digits_like(1024, 28 * 28)
    ours = steps(CNN, x.reshape(-1, 28, 28, 1), y, BATCH, n_steps=CNN_STEPS)
    theirs = torch_cnn_step(x.reshape(-1, 1, 28, 28), y, BATCH, is_compiled=is_compiled)
    found = interleave(ours, theirs, rounds=61).times(CNN_STEPS)

    who, goal = ("torch.compile", "") if is_compiled else ("torch", "at least 5x")
    report(f"{who} / ours, CNN 28×28, batch 64", found, goal)
    if not is_compiled:
        report("  our step, CNN 28×28, batch 64", f"{1e6 * found.ours_s:.1f} us")


def test_our_cnn_step(benchmark) -> None:
    """The time of 64 steps of ours, for pytest-benchmark's own records."""
    x, y = digits_like(1024, 28 * 28)
    benchmark(steps(CNN, x.reshape(-1, 28, 28, 1), y, BATCH, n_steps=64))
