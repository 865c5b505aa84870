"""Steps late in a training beside steps at its start: the same work, so the same time.

Random labels are learnt by heart, which takes long: units die, and their moments fade below the smallest
normal number, where a processor may be many times slower.
"""

import numpy as np
import pytest

import nnkit
from interleaved import interleave
from nnkit.compiler.program import compile_program
from nnkit.execution.trial import Data, Trial
from ours import digits_like, mlp

RATES = {"adam": 1e-3, "rmsprop": 1e-3, "momentum": 1e-2, "lion": 1e-3}
EPOCHS, EARLY_EPOCHS, ROUND_EPOCHS = 2000, 50, 5


@pytest.mark.parametrize("name", RATES)
def test_a_step_after_2000_epochs(name: str, report) -> None:
    """MLP 64-64-32-10 on random labels: a step after 2,000 epochs against one of the first 50."""
    x, y = digits_like(1347, 64)
    late, early = (_after(name, Data(x, y), epochs) for epochs in (EPOCHS, EARLY_EPOCHS))
    found = interleave(early, late, rounds=51, round_s=0.05)

    report(f"late step / early step, {name}", found, "at most 1.05x")


def _after(name: str, data: Data, epochs: int):
    """Return a call that trains for some epochs, always from where so many have led."""
    program = compile_program(
        mlp((64, 32, 10)), (64,), nnkit.losses.get("sparse_categorical_crossentropy"),
        nnkit.optimizers.get(name), dtype="float32", batch_size=32,
    )  # fmt: skip
    trial = Trial(program, seed=0)
    per_epoch = -(-len(data) // 32)
    trial.attach_training(data, rates=np.full(epochs * per_epoch, RATES[name]))
    trial.train(0, (epochs - ROUND_EPOCHS) * per_epoch)
    there = trial.arena.copy()

    def again() -> None:
        trial.arena[:] = there
        trial.train((epochs - ROUND_EPOCHS) * per_epoch, epochs * per_epoch)

    return again
