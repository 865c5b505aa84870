"""The peers, written as their users would write them well: torch eager, one thread, fused Adam."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

Array = NDArray[Any]


def torch_or_skip() -> Any:
    """Return torch with one thread, or skip the benchmark with the reason."""
    torch = pytest.importorskip(
        "torch", reason="torch is not installed: pip install torch==2.13.0 to compare"
    )
    torch.set_num_threads(1)
    return torch


def torch_mlp_step(units: tuple[int, ...], x: Array, y: Array, batch_size: int) -> Callable[[], None]:
    """Return one training step over the next batch: ReLU between the layers, cross-entropy, fused Adam."""
    torch = torch_or_skip()
    sizes = (x.shape[1], *units)
    modules: list[Any] = []
    for before, after in pairwise(sizes):
        modules += [torch.nn.Linear(before, after), torch.nn.ReLU()]
    model = torch.nn.Sequential(*modules[:-1])
    return torch_step(torch, model, torch.from_numpy(x), torch.from_numpy(y.astype(np.int64)), batch_size)


def torch_cnn_step(x: Array, y: Array, batch_size: int) -> Callable[[], None]:
    """Return one training step of the CNN of two convolutions, images (channels first) kept channels-last."""
    torch = torch_or_skip()
    nn = torch.nn
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding="same"), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding="same"), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(16 * (x.shape[-1] // 4) ** 2, 10),
    ).to(memory_format=torch.channels_last)  # fmt: skip
    images = torch.from_numpy(x).to(memory_format=torch.channels_last)
    return torch_step(torch, model, images, torch.from_numpy(y.astype(np.int64)), batch_size)


def torch_step(torch: Any, model: Any, x: Any, y: Any, batch_size: int) -> Callable[[], None]:
    """Return one training step of ``model`` over the next batch of tensors that are loaded already."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    loss_of = torch.nn.CrossEntropyLoss()
    batches = [
        (x[i : i + batch_size], y[i : i + batch_size]) for i in range(0, len(x) - batch_size + 1, batch_size)
    ]
    position = 0

    def step() -> None:
        nonlocal position
        inputs, targets = batches[position]
        position = (position + 1) % len(batches)
        optimizer.zero_grad(set_to_none=True)
        loss_of(model(inputs), targets).backward()
        optimizer.step()

    return step
