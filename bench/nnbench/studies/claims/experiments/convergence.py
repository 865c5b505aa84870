"""How many steps a net takes until its training error is small enough, by its activation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from nnbench.studies.claims.experiments import nets
from nnbench.studies.claims.experiments.activations import activated, stack
from nnbench.studies.claims.experiments.nets import Parts
from nnkit import datasets, layers
from nnkit.callbacks import Callback
from nnkit.layers.base import Layer

_TUNING = (1_000_000, 2_000_000)  # added to a seed where a rate is chosen: those weights are never judged


def small_cnn(activation: str, filters: Sequence[int] = (8, 16)) -> list[Layer]:
    """Return a convolution with pooling behind it for each number of filters, and a head of ten."""
    made: list[Layer] = []
    for n in filters:
        made += [*activated(layers.Conv2D, n, activation, kernel_size=3, padding="same")]
        made += [layers.MaxPooling2D(2)]
    return [*made, layers.Flatten(), layers.Dense(10)]


def on_digits(
    seed: int, *, net: str, activations: Sequence[str], rates: Sequence[float], error: float, epochs: int
) -> dict[str, float]:
    """Return the steps to a training error on the 8 x 8 digits, each activation at its own fastest rate.

    The rate is the one with the fewest steps on two other draws of the weights, in the worse of them. A net
    that never gets there counts with all its steps.
    """
    parts = nets.digits(seed) if net == "mlp" else nets.images(nets.digits(seed))

    def make(activation: str) -> list[Layer]:
        return stack(64, [activation] * 2) if net == "mlp" else small_cnn(activation)

    weights = [seed + more for more in _TUNING]
    return _race(make, parts, seed, weights, activations, rates, _Course(error, epochs))


def on_photographs(
    seed: int,
    *,
    activations: Sequence[str],
    rates: Sequence[float],
    rows: int,
    filters: Sequence[int],
    error: float,
    epochs: int,
) -> dict[str, float]:
    """Return the same of CIFAR-10: three convolutions and a dense layer, momentum, batches of 128.

    Only ``rows`` of the images are trained on, and each rate is tried on one other draw of the weights.
    """
    parts = photographs(seed, rows)

    def make(activation: str) -> list[Layer]:
        return small_cnn(activation, filters)

    weights = [seed + _TUNING[0]]
    course = _Course(error, epochs, batch_size=128, optimizer="momentum")
    return _race(make, parts, seed, weights, activations, rates, course)


def photographs(seed: int, rows: int) -> Parts:
    """Return so many images (32, 32, 3) of the part of CIFAR-10 that was imported, by the seed, about 0."""
    found = datasets.load("cifar10_20k")
    chosen = np.random.RandomState(seed).permutation(len(found.x))[: 2 * rows]
    x = found.x[chosen].reshape(-1, 32, 32, 3).astype(np.float32) / np.float32(255.0) - np.float32(0.5)
    y = np.asarray(found.y, dtype=np.int32)[chosen]
    half = rows + rows // 2
    return Parts(x[:rows], y[:rows], x[rows:half], y[rows:half], x[half:], y[half:])


@dataclass(frozen=True, slots=True)
class _Course:
    """How far a net has to go, and how it goes."""

    error: float
    epochs: int
    batch_size: int = 32
    optimizer: str = "sgd"

    def steps(self, made: list[Layer], parts: Parts, seed: int, *, rate: float, epochs: int) -> float:
        """Return the steps to the error; where the net diverged, all that it was given."""
        per_epoch = ceil(len(parts.x) / self.batch_size)
        trained = nets.train(
            made,
            parts,
            seed,
            rate=rate,
            epochs=epochs,
            batch_size=self.batch_size,
            optimizer=self.optimizer,
            callbacks=(_Reached(self.error),),
        )
        errors = [1.0 - value for value in trained.history.history["accuracy"]]
        return first_below(errors, self.error, per_epoch) if trained.finished else float(epochs * per_epoch)


def _race(
    make: Callable[[str], list[Layer]],
    parts: Parts,
    seed: int,
    weights: Sequence[int],
    activations: Sequence[str],
    rates: Sequence[float],
    course: _Course,
) -> dict[str, float]:
    """Return each activation's steps at the rate that was fastest on other weights, and that rate."""
    per_epoch = ceil(len(parts.x) / course.batch_size)
    found: dict[str, float] = {}
    for activation in activations:
        least, best, most = float("inf"), rates[0], course.epochs
        for rate in rates:
            tried = [course.steps(make(activation), parts, w, rate=rate, epochs=most) for w in weights]
            if max(tried) < least:
                # What is not there by then is not the fastest: it need not be waited for.
                least, best = max(tried), rate
                most = min(course.epochs, ceil(least / per_epoch) + 1)
        found[activation] = course.steps(make(activation), parts, seed, rate=best, epochs=course.epochs)
        found[f"{activation}_rate"] = best
    return found


class _Reached(Callback):
    """Ends a fit after the epoch in which the training error is small enough."""

    def __init__(self, error: float) -> None:
        self._error = error

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if logs is not None and 1.0 - logs["accuracy"] < self._error:
            self.model.stop_training = True


def first_below(errors: Sequence[float], target: float, per_epoch: int) -> float:
    """Return the steps until the error is at the target, or all steps where it never is.

    An epoch's error is the mean over its steps, so it stands for the middle of the epoch; between two of
    them the error is a line. Before the first stands chance, an error of nine in ten.
    """
    before_step, before = 0.0, 0.9
    for epoch, error in enumerate(errors):
        step = (epoch + 0.5) * per_epoch
        if error < target:
            return before_step + (step - before_step) * (before - target) / (before - error)
        before_step, before = step, error
    return float(len(errors) * per_epoch)
