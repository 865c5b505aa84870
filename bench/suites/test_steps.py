"""Training steps beside torch, eager and compiled, interleaved."""

from typing import Any

import pytest

from interleaved import interleave
from ours import STEPS, mlp, steps
from peers import torch_mlp_step, torch_narrow_step
from shapes import SHAPES, SQUARES, Shape

BENCHMARKS = {name: shape for name, shape in SHAPES.items() if shape.loss != SQUARES}


def ours_of(shape: Shape, *, n_steps: int | None = None) -> Any:
    layers = mlp(shape.units, activation=shape.activation)
    n = n_steps or shape.n_steps
    return steps(layers, *shape.data(), shape.batch_size, loss=shape.loss, n_steps=n)


def torch_of(shape: Shape, *, is_compiled: bool = False) -> Any:
    x, y = shape.data()
    if shape.loss == SQUARES:
        return torch_narrow_step(shape.units, x, y, is_compiled=is_compiled)
    return torch_mlp_step(shape.units, x, y, shape.batch_size, is_compiled=is_compiled)


@pytest.mark.parametrize("name", SHAPES)
def test_step_beside_torch(name: str, report) -> None:
    """A step of ours against a step of torch eager with fused Adam."""
    shape = SHAPES[name]
    found = interleave(ours_of(shape), torch_of(shape)).times(shape.n_steps)

    report(f"torch / ours, {name}", found, shape.goals["torch"])
    report(f"  our step, {name}", f"{1e6 * found.ours_s:.2f} us", shape.goals["step"])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SHAPES)
def test_step_beside_compiled_torch(name: str, report) -> None:
    """The same against torch.compile of the forward pass with the loss, and so of its backward pass."""
    shape = SHAPES[name]
    theirs = torch_of(shape, is_compiled=True)
    found = interleave(ours_of(shape), theirs).times(shape.n_steps)

    report(f"torch.compile / ours, {name}", found)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_our_step(name: str, benchmark) -> None:
    """The time of 256 steps of ours, for pytest-benchmark's own records."""
    benchmark(ours_of(BENCHMARKS[name], n_steps=STEPS))
