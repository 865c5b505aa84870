"""LeNet-5 with Adam: images a second and core, beside torch and over batch sizes.

SimpleChains.jl publishes 27 to 28 thousand a second and core, on AVX-512 machines.
"""

import pytest

from interleaved import interleave
from ours import digits_like, lenet, steps
from peers import torch_lenet_step

IMAGES, STEPS = 2048, 2
BATCHES = (32, 64, 256, 2048)


def images(*, is_channels_first: bool = False):
    x, y = digits_like(IMAGES, 28 * 28)
    return x.reshape((-1, 1, 28, 28) if is_channels_first else (-1, 28, 28, 1)), y


@pytest.mark.parametrize("batch_size", BATCHES)
def test_lenet_beside_torch(batch_size: int, report) -> None:
    """A training step: shuffling, both passes, the update."""
    ours = steps(lenet(), *images(), batch_size, n_steps=STEPS)
    theirs = torch_lenet_step(*images(is_channels_first=True), batch_size)
    found = interleave(ours, theirs, rounds=31).times(STEPS)

    what = f"LeNet-5, batch {batch_size}"
    goal = "at least 75 thousand" if batch_size == 64 else ""
    report(f"{what}, images a second and core", f"{1e-3 * batch_size / found.ours_s:.1f} thousand", goal)
    report(f"torch / ours, {what}", found)


def test_our_lenet_step(benchmark) -> None:
    """The time of a step of 64 images, for pytest-benchmark's own records."""
    benchmark(steps(lenet(), *images(), 64, n_steps=8))
