"""Plain gradient descent one step at a time, where an experiment looks into every step."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from nnbench.studies.claims.experiments.nets import Array
from nnkit import Sequential

_SMOOTH = 20.0  # steps over which losses are averaged, as `nets.first_below` does


@dataclass(frozen=True, slots=True)
class Step:
    """One step, seen before it is made: its batch, the loss there, and the gradients that it follows."""

    x: Array
    y: Array
    loss: float
    gradients: Mapping[str, Array]


def steps(
    model: Sequential, x: Array, y: Array, seed: int, *, rate: float, n_steps: int, batch_size: int
) -> Iterator[Step]:
    """Make so many steps of SGD, in an order by the seed; each is made when the next is asked for."""
    parameters = model.parameters
    for rows in batches(len(x), seed, n_steps, batch_size):
        step = Step(x[rows], y[rows], *model.loss_and_gradients(x[rows], y[rows]))
        yield step
        move(parameters, step.gradients, rate)


def move(parameters: Mapping[str, Array], gradients: Mapping[str, Array], rate: float) -> None:
    """Make one step of plain gradient descent, in place."""
    for name, value in parameters.items():
        value -= (rate * gradients[name]).astype(value.dtype)


def smoothed(mean: float, loss: float) -> float:
    """Return the running mean with one more loss in it, over about twenty steps; NaN begins it."""
    return loss if math.isnan(mean) else mean + (loss - mean) / _SMOOTH


def batches(n: int, seed: int, n_steps: int, batch_size: int) -> Iterator[Array]:
    """Return the rows of each batch: every row once an epoch, but those left over at its end."""
    draw = np.random.RandomState(seed)
    per_epoch = n // batch_size
    order = draw.permutation(n)
    for step in range(n_steps):
        place = step % per_epoch
        if step and not place:
            order = draw.permutation(n)
        yield order[place * batch_size : (place + 1) * batch_size]
