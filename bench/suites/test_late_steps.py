"""Steps late in a training beside steps at its start: the same work, so the same time.

Random labels are learnt by heart, which takes long: units die, and their moments fade below the smallest
normal number, where a processor may be many times slower.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from interleaved import Ratio, interleave
from nnkit import optimizers
from nnkit.execution.trial import Data, Trial
from nnkit.layers import BatchNormalization, Dense, Dropout, Layer
from ours import CNN, CROSS_ENTROPY, SQUARES, digits_like, mlp, numbers, program_of

RATES = {"adam": 1e-3, "rmsprop": 1e-3, "momentum": 1e-2, "lion": 1e-3}
EPOCHS, EARLY_EPOCHS, ROUND_EPOCHS = 2000, 50, 5
GOAL = "at most 1.05x"
# Whatever part is in doubt has a net of its own; 64 features, ten classes.
NETS: dict[str, list[Layer]] = {
    **{name: mlp((64, 32, 10), activation=name) for name in ("tanh", "sigmoid", "elu", "gelu", "silu")},
    "ten layers of sigmoid": mlp((*[32] * 10, 10), activation="sigmoid"),
    "batch normalisation": [Dense(64), BatchNormalization(), *mlp((32, 10))],
    "dropout": [Dense(64, activation="relu"), Dropout(0.2), Dense(10)],
    "L2 penalty": [Dense(64, activation="relu", kernel_l2=1e-3), Dense(10)],
}


@dataclass(frozen=True, slots=True)
class Training:
    """What is trained: a net on data, in batches, by an optimizer at a rate."""

    layers: Sequence[Layer]
    data: Data
    batch_size: int = 32
    optimizer: str = "adam"
    loss: str = CROSS_ENTROPY

    @property
    def rate(self) -> float:
        default = optimizers.get(self.optimizer).parameters["learning_rate"]
        assert isinstance(default, float)
        return RATES.get(self.optimizer, default)


@pytest.mark.parametrize("name", RATES)
def test_a_step_after_2000_epochs(name: str, report) -> None:
    """MLP 64-64-32-10 on random labels: a step after 2,000 epochs against one of the first 50."""
    data = Data(*digits_like(1347, 64))
    report(f"late step / early step, {name}", late(Training(mlp((64, 32, 10)), data, optimizer=name)), GOAL)


@pytest.mark.parametrize("name", NETS)
def test_a_late_step_of_other_nets(name: str, report) -> None:
    """Adam on 256 rows, 16,000 steps."""
    found = late(Training(NETS[name], Data(*digits_like(256, 64))), rounds=31)
    report(f"late step / early step, {name}", found, GOAL)


def test_a_late_step_of_images_and_of_squares(report) -> None:
    """The CNN on 64 images in one batch, and the narrow net on 200 rows in one batch."""
    x, y = digits_like(64, 28 * 28)
    images = Training(CNN, Data(x.reshape(-1, 28, 28, 1), y), 64)
    narrow = Training(mlp((32, 16, 4), activation="tanh"), Data(*numbers(200, 4, 4)), 200, loss=SQUARES)
    report("late step / early step, CNN 28×28", late(images, rounds=31), GOAL)
    report("late step / early step, narrow MLP 4-32-16-4 tanh", late(narrow, rounds=31), GOAL)


def test_a_late_step_of_every_optimizer(report) -> None:
    """Each at its own default rate, on 256 rows; the slowest are named."""
    data = Data(*digits_like(256, 64))
    found = {}
    for name in optimizers.names():
        found[name] = late(Training(mlp((64, 32, 10)), data, optimizer=name), rounds=15)
    slowest = sorted(found, key=lambda name: -found[name].median)
    middle = float(np.median([each.median for each in found.values()]))
    report(f"late step / early step, {len(found)} optimizers", f"median {middle:.2f}x", GOAL)
    for name in slowest[:5]:
        report(f"  slowest of them, {name}", found[name], GOAL)


def late(training: Training, *, rounds: int = 51) -> Ratio:
    """Return how many times longer a step takes at the end of the training than in its first epochs."""
    at_end, at_start = (_after(training, epochs) for epochs in (EPOCHS, EARLY_EPOCHS))
    return interleave(at_start, at_end, rounds=rounds)


def _after(training: Training, epochs: int) -> Callable[[], None]:
    """Return a call that trains for some epochs, always from where so many have led."""
    program = program_of(
        training.layers, training.data.x.shape[1:], training.batch_size,
        loss=training.loss, optimizer=training.optimizer,
    )  # fmt: skip
    trial = Trial(program, seed=0)
    per_epoch = -(-len(training.data) // training.batch_size)
    trial.attach_training(training.data, rates=np.full(epochs * per_epoch, training.rate))
    trial.train(0, (epochs - ROUND_EPOCHS) * per_epoch)
    there = trial.arena.copy()

    def again() -> None:
        trial.arena[:] = there
        trial.train((epochs - ROUND_EPOCHS) * per_epoch, epochs * per_epoch)

    return again
