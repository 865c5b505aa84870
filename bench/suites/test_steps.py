"""Training steps beside torch, interleaved."""

import pytest

from interleaved import interleave
from ours import STEPS, digits_like, mlp, steps
from peers import torch_mlp_step

SHAPES = {
    "MLP 64-64-32-10, batch 32": ((64, 32, 10), 64, 32, 25),
    "MLP 784-128-64-10, batch 128": ((128, 64, 10), 784, 128, 3),
}


@pytest.mark.parametrize("name", SHAPES)
def test_step_beside_torch(name: str, report) -> None:
    """A step of ours against a step of torch eager with fused Adam."""
    units, features, batch_size, floor = SHAPES[name]
    x, y = digits_like(1347 if features == 64 else 4096, features)
    ours = steps(mlp(units), x, y, batch_size)
    found = interleave(ours, torch_mlp_step(units, x, y, batch_size), round_s=0.05).times(STEPS)

    report(f"torch / ours, {name}", found, f"at least {floor}x")
    report(f"  our step, {name}", f"{1e6 * found.ours_s:.2f} us")


@pytest.mark.parametrize("name", SHAPES)
def test_our_step(name: str, benchmark) -> None:
    """The time of 256 steps of ours, for pytest-benchmark's own records."""
    units, features, batch_size, _ = SHAPES[name]
    benchmark(steps(mlp(units), *digits_like(1347, features), batch_size))
