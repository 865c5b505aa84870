"""Internal covariate shift: how much a layer's gradient changes when the layers before it move.

Source: Santurkar, Tsipras, Ilyas and Madry (2018), How does batch normalization help optimization?,
arXiv:1805.11604, definition 2.1 and section 2.1.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from nnbench.studies.claims.experiments import nets, stepwise
from nnbench.studies.claims.experiments.nets import Array, Parts
from nnbench.studies.claims.experiments.stepwise import smoothed
from nnkit import Sequential
from nnkit.layers.base import Layer

_TUNING = (1_000_000, 2_000_000)
_LOSS = "sparse_categorical_crossentropy"
_BETWEEN_LOOKS = 10  # steps


@dataclass(frozen=True, slots=True)
class Setting:
    """A net of equal layers, the loss that it shall reach, and how long it may take."""

    width: int
    depth: int
    activation: str
    target: float
    epochs: int
    batch_size: int

    def layers(self, *, norm: bool) -> list[Layer]:
        return nets.dense(self.width, self.depth, self.activation, init="glorot_uniform", norm=norm)

    def most_steps(self, parts: Parts) -> int:
        return self.epochs * (len(parts.x) // self.batch_size)


def with_and_without(
    seed: int, *, rates: Sequence[float], noise: Sequence[float], **setting: Any
) -> dict[str, float]:
    """Return steps to a training loss and the internal shift: without, with, and with a noisy normalisation.

    ``setting`` are the fields of `Setting`. Each net runs at the rate at which it was fastest on two other
    draws of its weights; the noisy one at the rate of the other normalised one, which nobody chose for it.
    ``…_turned`` is 1 less the cosine between a layer's gradient before and after the layers below it made
    their step, ``…_moved`` the length of the difference over that of the gradient: means over layers, and
    over looks at equal distances on the way to the target.
    """
    parts, net = nets.digits(seed), Setting(**setting)
    best = {norm: _fastest_rate(net, norm, parts, seed, rates) for norm in (False, True)}
    found: dict[str, float] = {"plain_rate": best[False], "norm_rate": best[True]}
    for name, norm, shaken in (("plain", False, ()), ("norm", True, ()), ("noisy", True, noise)):
        walked = _walk(net, norm, parts, seed, best[norm], shaken)
        found |= {f"{name}_{key}": value for key, value in walked.items()}
    return found


def _fastest_rate(net: Setting, norm: bool, parts: Parts, seed: int, rates: Sequence[float]) -> float:
    def steps(rate: float, weights: int) -> float:
        made = net.layers(norm=norm)
        trained = nets.train(made, parts, weights, rate=rate, epochs=net.epochs, batch_size=net.batch_size)
        planned = nets.planned_steps(parts, net.epochs, net.batch_size)
        return nets.first_below(trained.history.step_loss, net.target, planned)

    return rates[int(np.argmin([max(steps(rate, seed + more) for more in _TUNING) for rate in rates]))]


def _walk(
    net: Setting, norm: bool, parts: Parts, seed: int, rate: float, noise: Sequence[float]
) -> dict[str, float]:
    """Train until the smoothed loss is below the target, and look at the internal shift on the way.

    With noise, every step sees other scales and shifts behind each normalisation, drawn anew for each unit:
    the distribution of what the next layer is given is another one at every step.
    """
    model = Sequential(net.layers(norm=norm), input_shape=parts.x.shape[1:], seed=seed)
    model.compile("sgd", _LOSS)
    draw = np.random.RandomState(seed + 1)
    parameters, most = model.parameters, net.most_steps(parts)
    mean, looks = math.nan, []
    for n, rows in enumerate(stepwise.batches(len(parts.x), seed, most, net.batch_size)):
        x, y = parts.x[rows], parts.y[rows]
        resting = shake(parameters, draw, noise)
        loss, gradients = model.loss_and_gradients(x, y)
        if n % _BETWEEN_LOOKS == 0:
            again = partial(shake, draw=draw, noise=noise)
            looks.append(internal_shift(model, x, y, rate, gradients, resting, again))
        for name, value in resting.items():
            parameters[name][...] = value
        stepwise.move(parameters, gradients, rate)
        mean = smoothed(mean, loss)
        if mean < net.target:
            break
    turned, moved = np.mean(looks, axis=0)
    return {"steps": float(n + 1), "turned": float(turned), "moved": float(moved)}


def shake(
    parameters: Mapping[str, Array], draw: np.random.RandomState, noise: Sequence[float]
) -> dict[str, Array]:
    """Shift every normalisation's beta and stretch its gamma at random; return what they were.

    ``noise`` is (a, b): each beta is moved by U(-a, a), each gamma multiplied by U(1, 1 + b). Empty: nothing.
    """
    if not noise:
        return {}
    resting = {name: value.copy() for name, value in parameters.items() if _is_normalisation(name)}
    for name in resting:
        value = parameters[name]
        if name.endswith("/beta"):
            value += draw.uniform(-noise[0], noise[0], value.shape)
        else:
            value *= draw.uniform(1.0, 1.0 + noise[1], value.shape)
    return resting


def _is_normalisation(name: str) -> bool:
    return name.startswith("batch_normalization")


def internal_shift(
    model: Sequential,
    x: Array,
    y: Array,
    rate: float,
    gradients: Mapping[str, Array],
    resting: Mapping[str, Array],
    shaken: Callable[[Mapping[str, Array]], object],
) -> tuple[float, float]:
    """Return (1 - cosine, relative length of the difference) of kernel gradients, the mean over layers.

    Layer by layer from the second on: its gradient, and its gradient on the same batch after all layers
    below it made their step from where they rest, and were shaken anew. The weights are left as they were.
    """
    parameters = model.parameters
    before = {name: value.copy() for name, value in parameters.items()}
    kernels = [name for name in parameters if name.endswith("/kernel")]
    found = []
    for kernel in kernels[1:]:
        names = list(parameters)
        below = {name: parameters[name] for name in names[: names.index(kernel)]}
        for name in below.keys() & resting.keys():
            below[name][...] = resting[name]
        stepwise.move(below, gradients, rate)
        shaken(below)
        _, after = model.loss_and_gradients(x, y)
        found.append(difference(gradients[kernel], after[kernel]))
        for name, value in below.items():
            value[...] = before[name]
    turned, moved = np.mean(found, axis=0)
    return float(turned), float(moved)


def difference(a: Any, b: Any) -> tuple[float, float]:
    """Return 1 less the cosine of two gradients, and their difference's length over that of the first."""
    a, b = np.ravel(a).astype(float), np.ravel(b).astype(float)
    length = float(np.linalg.norm(a))
    cosine = float(a @ b) / (length * float(np.linalg.norm(b)))
    return 1.0 - cosine, float(np.linalg.norm(b - a)) / length
