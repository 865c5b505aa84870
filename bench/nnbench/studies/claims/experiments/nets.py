"""What the experiments train: data split by a seed, nets of dense layers, and each at its own best rate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit import Sequential, datasets, layers
from nnkit.layers.base import Layer
from nnkit.model import History

Array = NDArray[Any]
MakeLayers = Callable[[], Sequence[Layer]]
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
_SMOOTH = 20.0  # steps over which the loss of single batches is averaged
_TUNING = 1_000_000  # added to a seed where a rate is chosen: those weights are never judged


@dataclass(frozen=True, slots=True)
class Parts:
    """Rows to train on, to choose by, and to judge on."""

    x: Array
    y: Array
    x_validation: Array
    y_validation: Array
    x_test: Array
    y_test: Array

    def first(self, n: int) -> "Parts":
        """Return the same with the first ``n`` rows to train on."""
        return replace(self, x=self.x[:n], y=self.y[:n])


def split(x: Array, y: Array, seed: int) -> Parts:
    """Return 60 % of the rows to train on, 15 % to choose by and 25 % to judge on, shuffled by the seed."""
    order = np.random.RandomState(seed).permutation(len(x))
    ends = [int(0.6 * len(x)), int(0.75 * len(x))]
    train, validation, test = np.split(order, ends)
    return Parts(x[train], y[train], x[validation], y[validation], x[test], y[test])


def digits(seed: int) -> Parts:
    """Return the 1,797 digits of 8 x 8 pixels, each pixel between 0 and 1."""
    found = datasets.load("digits")
    x = np.ascontiguousarray(found.x.reshape(len(found.x), -1), dtype=np.float32) / np.float32(16.0)
    return split(x, np.asarray(found.y, dtype=np.int32), seed)


def mnist() -> tuple[Array, Array]:
    """Return MNIST's 60,000 training and 10,000 test rows of 784 pixels between 0 and 1, and their labels."""
    found = datasets.load("mnist")
    x = np.ascontiguousarray(found.x.reshape(len(found.x), -1), dtype=np.float32)
    return x / np.float32(255.0), np.asarray(found.y, dtype=np.int32)


def images(parts: Parts) -> Parts:
    """Return the same digits as images (8, 8, 1)."""
    shaped = {name: getattr(parts, name).reshape(-1, 8, 8, 1) for name in ("x", "x_validation", "x_test")}
    return replace(parts, **shaped)


def dense(
    width: int,
    depth: int,
    activation: str,
    *,
    init: str = "he_normal",
    n_outputs: int = 10,
    norm: bool = False,
    dropout: float = 0.0,
    skip: bool = False,
) -> list[Layer]:
    """Return ``depth`` hidden layers of ``width`` units and a head; with ``skip`` all but the first add."""
    made: list[Layer] = []
    for place in range(depth):
        block: list[Layer] = [layers.Dense(width, kernel_initializer=init)]
        block += [layers.BatchNormalization(momentum=0.9)] if norm else []
        block += [layers.Activation(activation)]
        block += [layers.Dropout(dropout)] if dropout else []
        made += [layers.Residual(tuple(block))] if skip and place else block
    return [*made, layers.Dense(n_outputs, kernel_initializer=init)]


@dataclass(frozen=True, slots=True)
class Trained:
    """A net after its training; ``finished`` is False where it diverged."""

    model: Sequential
    history: History
    finished: bool

    def accuracy(self, x: Array, y: Array) -> float:
        return float(self.model.evaluate(x, y)["accuracy"]) if self.finished else _chance(y)

    def loss(self, x: Array, y: Array) -> float:
        return float(self.model.evaluate(x, y)["loss"]) if self.finished else float("nan")


def train(
    made: Sequence[Layer],
    parts: Parts,
    seed: int,
    *,
    rate: float,
    epochs: int = 20,
    batch_size: int = 32,
    optimizer: str = "sgd",
    **options: Any,
) -> Trained:
    """Train a net on the rows to train on, and return it."""
    model = Sequential(made, input_shape=parts.x.shape[1:], seed=seed)
    model.compile(optimizer_at(optimizer, rate), "sparse_categorical_crossentropy", metrics=("accuracy",))
    history = model.fit(
        parts.x, parts.y, batch_size=min(batch_size, len(parts.x)), epochs=epochs, shuffle=True, **options
    )
    finite = history.status != "diverged" and all(
        np.isfinite(value).all() for value in model.parameters.values()
    )
    return Trained(model, history, finite)


def optimizer_at(optimizer: str, rate: float) -> Any:
    """Return an optimizer by its spelling, at this learning rate."""
    from nnkit import optimizers

    return optimizers.get(optimizer, learning_rate=rate)


def best_rate(
    make: MakeLayers,
    parts: Parts,
    seed: int,
    rates: Sequence[float] = RATES,
    *,
    draws: int = 1,
    **options: Any,
) -> float:
    """Return the rate with the best accuracy on the rows to choose by, on weights that are judged nowhere.

    With several draws of the weights the mean counts, so that a rate at which one of them fails is not
    chosen for the luck of another. Of equals the smaller loss decides.
    """
    where = parts.x_validation, parts.y_validation
    scores = []
    for rate in rates:
        tried = [train(make(), parts, seed + (1 + n) * _TUNING, rate=rate, **options) for n in range(draws)]
        loss = sum(each.loss(*where) for each in tried)
        scores.append((sum(each.accuracy(*where) for each in tried), -loss if np.isfinite(loss) else -np.inf))
    return float(rates[max(range(len(rates)), key=scores.__getitem__)])


def at_best_rate(
    make: MakeLayers,
    parts: Parts,
    seed: int,
    rates: Sequence[float] = RATES,
    *,
    draws: int = 1,
    **options: Any,
) -> Trained:
    """Return the net trained at its own best rate of these."""
    rate = best_rate(make, parts, seed, rates, draws=draws, **options)
    return train(make(), parts, seed, rate=rate, **options)


def first_below(losses: Sequence[float] | Array, target: float, planned: int) -> float:
    """Return the first step at which the smoothed loss is below the target, or all that were planned.

    The losses of batches are smoothed exponentially, over twenty steps. Those of a net that diverged end
    early, and it has not arrived.
    """
    mean = float(losses[0]) if len(losses) else float("nan")
    for step, loss in enumerate(losses):
        mean += (float(loss) - mean) / _SMOOTH
        if mean < target:
            return float(step + 1)
    return float(planned)


def planned_steps(parts: Parts, epochs: int, batch_size: int = 32) -> int:
    """Return the steps of so many epochs."""
    return epochs * -(-len(parts.x) // batch_size)


def step_us(history: History) -> float:
    """Return the microseconds of a step of a training: the driver's own time over its steps."""
    return 1e6 * history.train_s / max(1, history.stopped_at)


def _chance(y: Array) -> float:
    """Return the accuracy of a net that names one class whatever it sees."""
    return float(np.max(np.bincount(y)) / len(y))
