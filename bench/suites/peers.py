"""The peers, written as their users would write them well: torch with one thread and fused Adam."""

import shutil
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

Array = NDArray[Any]
Step = Callable[[], None]


def torch_or_skip() -> Any:
    """Return torch with one thread, or skip the benchmark with the reason."""
    torch = pytest.importorskip(
        "torch", reason="torch is not installed: pip install torch==2.13.0 to compare"
    )
    torch.set_num_threads(1)
    return torch


def compiler_or_skip() -> None:
    """Skip the benchmark where torch.compile has nothing to compile with."""
    if not any(map(shutil.which, ("c++", "g++", "clang++"))):
        pytest.skip("torch.compile needs a C++ compiler: install g++ to compare")


def torch_mlp_step(
    units: tuple[int, ...], x: Array, y: Array, batch_size: int, *, is_compiled: bool = False
) -> Step:
    """Return one training step over the next batch: ReLU between the layers, cross-entropy, fused Adam."""
    torch = torch_or_skip()
    model = _torch_mlp(torch, (x.shape[1], *units), torch.nn.ReLU)
    data = torch.from_numpy(x), torch.from_numpy(y.astype(np.int64))
    return torch_step(torch, model, *data, batch_size, is_compiled=is_compiled)


def torch_narrow_step(units: tuple[int, ...], x: Array, y: Array, *, is_compiled: bool = False) -> Step:
    """Return one training step over all rows: tanh between the layers, mean squared error, fused Adam."""
    torch = torch_or_skip()
    model = _torch_mlp(torch, (x.shape[1], *units), torch.nn.Tanh)
    data = torch.from_numpy(x), torch.from_numpy(y)
    return torch_step(torch, model, *data, len(x), loss=torch.nn.MSELoss(), is_compiled=is_compiled)


def torch_cnn_step(x: Array, y: Array, batch_size: int, *, is_compiled: bool = False) -> Step:
    """Return one training step of the CNN of two convolutions, images (channels first) kept channels-last."""
    nn = torch_or_skip().nn
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding="same"), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding="same"), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(16 * (x.shape[-1] // 4) ** 2, 10),
    )  # fmt: skip
    return _images_step(model, x, y, batch_size, is_compiled=is_compiled)


def torch_lenet_step(x: Array, y: Array, batch_size: int) -> Step:
    """Return one training step of LeNet-5, images (channels first) kept channels-last."""
    nn = torch_or_skip().nn
    model = nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(256, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip
    return _images_step(model, x, y, batch_size)


def _torch_mlp(torch: Any, sizes: tuple[int, ...], activation: Any) -> Any:
    modules: list[Any] = []
    for before, after in pairwise(sizes):
        modules += [torch.nn.Linear(before, after), activation()]
    return torch.nn.Sequential(*modules[:-1])


def _images_step(model: Any, x: Array, y: Array, batch_size: int, *, is_compiled: bool = False) -> Step:
    torch = torch_or_skip()
    images = torch.from_numpy(x).to(memory_format=torch.channels_last)
    labels = torch.from_numpy(y.astype(np.int64))
    kept = model.to(memory_format=torch.channels_last)
    return torch_step(torch, kept, images, labels, batch_size, is_compiled=is_compiled)


def torch_step(
    torch: Any,
    model: Any,
    x: Any,
    y: Any,
    batch_size: int,
    *,
    loss: Any = None,
    is_compiled: bool = False,
) -> Step:
    """Return one training step of ``model`` over the next batch of tensors that are loaded already.

    Compiled, forward pass and loss are one graph, and autograd compiles its backward pass with it.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    loss_of = loss or torch.nn.CrossEntropyLoss()
    batches = [
        (x[i : i + batch_size], y[i : i + batch_size]) for i in range(0, len(x) - batch_size + 1, batch_size)
    ]
    position = 0

    def judged(inputs: Any, targets: Any) -> Any:
        return loss_of(model(inputs), targets)

    if is_compiled:
        compiler_or_skip()
        judged = torch.compile(judged)

    def step() -> None:
        nonlocal position
        inputs, targets = batches[position]
        position = (position + 1) % len(batches)
        optimizer.zero_grad(set_to_none=True)
        judged(inputs, targets).backward()
        optimizer.step()

    return step
