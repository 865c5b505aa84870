"""Peers of convolution and pooling: NumPy's and torch's compute what the kernels do, whatever the windows."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from nnbench.cases.catalogue import read_case
from nnbench.kernelbench import timing as kernelbench
from nnbench.kernelbench.peers import torch_images as torch_image_peers
from nnbench.kernelbench.peers import torch_kernels as torch_peers
from nnbench.kernelbench.peers.numpy_images import PEERS
from nnbench.kernelbench.peers.peer import call_of
from nnbench.kernelbench.timing import Side
from nnbench.kernelbench.uses import Use
from nnkit.insight.roofline import Roofline
from nnkit.tiling.pooling import Pooling
from nnkit.tiling.window import Windows
from tests.nnbench.case_file import case_content
from tests.nnbench.peer_checks import check, uses
from tests.nnbench.slow_clock import SlowClock

NUMPY = Side("numpy", PEERS)
CONVOLUTIONS: dict[str, dict[str, Any]] = {
    "same": {"kernel_size": 3, "padding": "same"},
    "an even kernel": {"kernel_size": 2, "padding": "same"},
    "strides": {"kernel_size": 3, "strides": 2, "padding": "same"},
    "unread rows": {"kernel_size": [2, 3], "strides": [3, 2], "use_bias": False},
    "dilated": {"kernel_size": 3, "dilation_rate": [2, 1], "padding": "same"},
    "groups": {"kernel_size": 3, "groups": 2, "strides": [1, 2], "padding": 1},
    "a wide border": {"kernel_size": 2, "padding": [[3, 1], [0, 2]]},
}
POOLINGS: dict[str, dict[str, Any]] = {
    "apart": {"pool_size": 2},
    "sharing pixels": {"pool_size": 3, "strides": 2, "padding": "same"},
    "leaving pixels out": {"pool_size": 2, "strides": 3},
    "a border on both sides": {"pool_size": [3, 2], "strides": 1, "padding": [[1, 1], [0, 0]]},
    "a wide border": {"pool_size": 3, "strides": 2, "padding": 2},
    "columns": {"pool_size": [1, 3], "strides": [1, 3], "padding": "same"},
    "one window": {"pool_size": 8},
}
# torch pads no more than half a window, on both sides alike.
UNSAID = ("a wide border",)


def uses_between(*layers: dict[str, Any], **options: str) -> list[Use]:
    """Return the ops of these layers behind a convolution, so that they pass gradients on."""
    content = case_content()
    content["data"] = {"dataset": "digits", "validation": 0.25, "scale": "unit"}
    before = {"type": "Conv2D", "filters": 4, "kernel_size": 1}
    after = {"type": "Dense", "units": 10}
    shape = {"type": "Reshape", "target_shape": [8, 8, 1]}
    content["model"]["layers"] = [shape, before, *layers, {"type": "Flatten"}, after]
    return uses(read_case(content, "case.toml"), **options)


@pytest.fixture(params=["numpy", "torch"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    if request.param == "numpy":
        yield NUMPY
        return
    pytest.importorskip("torch", reason="PyTorch is not installed")
    with torch_peers.torch_on_one_thread() as torch:
        yield Side("torch", torch_image_peers.peers(torch), torch_peers.tensor)


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions(side: Side, name: str) -> None:
    """Forward, and the gradients for the kernel, the bias and the input."""
    layer = {"type": "Conv2D", "filters": 6, **CONVOLUTIONS[name]}

    checked = check(uses_between(layer), side, tolerance=1e-10)

    assert checked == {"conv2d", "conv2d_backward_kernel", "conv2d_backward_input"}


def test_convolutions_of_sequences(side: Side) -> None:
    """And with the ReLU behind them, which our kernel is told of as a least value."""
    sequence = {"type": "Reshape", "target_shape": [64, 4]}
    layer = {"type": "Conv1D", "filters": 3, "kernel_size": 5, "strides": 2, "padding": 2}
    found = uses_between(sequence, layer, {"type": "Activation", "activation": "$activation"})
    assert any(use.op.kind.name == "conv2d" and use.op.scalars["low"] == 0 for use in found)

    checked = check(found, side, tolerance=1e-10)

    assert checked == {"conv2d", "conv2d_backward_kernel", "conv2d_backward_input"}


@pytest.mark.parametrize("name", POOLINGS)
@pytest.mark.parametrize("kind", ["Max", "Average"])
def test_poolings(side: Side, kind: str, name: str) -> None:
    layer = {"type": f"{kind}Pooling2D", **POOLINGS[name]}

    checked = check(uses_between(layer), side, tolerance=1e-10)

    ours = f"{kind.lower()}_pooling2d"
    said = side.name == "numpy" or name not in UNSAID
    assert {ours, f"{ours}_backward"} & checked == ({ours, f"{ours}_backward"} if said else set())


def test_equal_values_in_a_window(side: Side) -> None:
    """A ReLU leaves many zeros; the gradient goes to the first, and through the ReLU to none of them."""
    relu = {"type": "Activation", "activation": "$activation"}
    found = uses_between(
        relu, {"type": "Conv2D", "filters": 2, "kernel_size": 3}, relu, {"type": "MaxPooling2D"}
    )

    assert "max_pooling2d_backward_relu" in check(found, side, tolerance=1e-10)

    images = np.zeros((1, 4, 4, 1))
    windows = Windows((4, 4), (2, 2), (2, 2))
    values = {"x": images, "y": np.zeros((1, 2, 2, 1)), "dy": np.ones((1, 2, 2, 1))}
    given = {name: side.converted(value) for name, value in values.items() if name != "y" or side is NUMPY}
    call = call_of(side.peers["max_pooling2d_backward"], given | {"shape": Pooling("max", windows, 1)})
    assert call is not None
    assert np.array_equal(np.asarray(call()).reshape(4, 4), np.kron(np.ones((2, 2)), [[1, 0], [0, 0]]))


def test_a_case_without_a_call_is_measured_beside_the_others(side: Side) -> None:
    """What a side cannot say at one shape costs its own ratio, and not the record."""
    layer = {"type": "AveragePooling2D", **POOLINGS["a wide border"]}
    use = next(use for use in uses_between(layer) if use.op.kind.name == "average_pooling2d")
    roof = Roofline("float64", flops_s=1e11, levels=((16_000, 2e11), (10**8, 1e10)))

    (made,) = kernelbench.measure([use], roof, [NUMPY, side], SlowClock(tick_s=1e-4), seconds=1e-3)

    assert set(made.ratios) == {"numpy"}
