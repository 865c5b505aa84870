"""Training of a multi-layer perceptron from beginning to end, in plain float64.

Hidden layers share one activation; the last layer is linear, so its outputs are logits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tests.reference import losses
from tests.reference.activations import ACTIVATIONS, Activation
from tests.reference.clipping import clip_by_global_norm
from tests.reference.layers import dense_backward, dense_forward
from tests.reference.optimizers import State, Update

Array = NDArray[np.float64]
Indices = NDArray[np.integer]

LOSSES = {
    "sparse_categorical_crossentropy": losses.sparse_categorical_crossentropy,
    "categorical_crossentropy": losses.categorical_crossentropy,
    "binary_crossentropy": losses.binary_crossentropy,
    "mean_squared_error": losses.mean_squared_error,
}


@dataclass(frozen=True, slots=True)
class Network:
    """Kernels and biases turn about: [kernel, bias, kernel, bias, ...]."""

    parameters: list[Array]
    activation: Activation
    loss: str
    l1: float = 0.0  # penalties on the kernels only
    l2: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    step_loss: Array  # one per step, before that step's update, penalties included
    parameters: list[Array]


def forward(network: Network, x: Array) -> tuple[list[Array], list[Array]]:
    """Return the input of every layer, and its output before the activation; the last is the network's."""
    inputs, sums = [x], []
    n_layers = len(network.parameters) // 2
    for layer in range(n_layers):
        kernel, bias = network.parameters[2 * layer : 2 * layer + 2]
        sums.append(dense_forward(inputs[-1], kernel, bias))
        if layer < n_layers - 1:
            inputs.append(network.activation.value(sums[-1]))
    return inputs, sums


def loss_and_gradients(network: Network, x: Array, y: NDArray[np.generic]) -> tuple[float, list[Array]]:
    """Return the loss with penalties and its gradient by every parameter, in their order."""
    inputs, sums = forward(network, x)
    value, dsum = LOSSES[network.loss](sums[-1], y)  # type: ignore[operator]
    gradients: list[Array] = []
    for layer in reversed(range(len(sums))):
        kernel = network.parameters[2 * layer]
        dx, dkernel, dbias = dense_backward(inputs[layer], kernel, dsum)
        for penalty, strength in ((losses.l1_penalty, network.l1), (losses.l2_penalty, network.l2)):
            penalty_value, penalty_gradient = penalty(kernel, strength)
            value, dkernel = value + penalty_value, dkernel + penalty_gradient
        gradients = [dkernel, dbias, *gradients]
        if layer > 0:
            dsum = dx * network.activation.derivative(sums[layer - 1])
    return value, gradients


def train(
    network: Network,
    x: Array,
    y: NDArray[np.generic],
    batches: Sequence[Indices],
    update: Update,
    learning_rate: float | Sequence[float],
    *,
    global_clipnorm: float | None = None,
) -> Outcome:
    """Make one update per entry of ``batches``: row numbers of ``x``. A rate may be given for each step."""
    rates = np.broadcast_to(np.asarray(learning_rate, dtype=np.float64), (len(batches),))
    states: list[State] = [{} for _ in network.parameters]
    step_loss = np.full(len(batches), np.nan)
    for step, rows in enumerate(batches):
        step_loss[step], gradients = loss_and_gradients(network, x[rows], y[rows])
        if global_clipnorm is not None:
            gradients = clip_by_global_norm(gradients, global_clipnorm)
        moved = []
        for i, (w, g) in enumerate(zip(network.parameters, gradients, strict=True)):
            w, states[i] = update(w, g, states[i], float(rates[step]))
            moved.append(w)
        network = Network(moved, network.activation, network.loss, network.l1, network.l2)
    return Outcome(step_loss, network.parameters)


def build(
    parameters: Sequence[Array], *, activation: str, loss: str, l1: float = 0.0, l2: float = 0.0
) -> Network:
    """Return a network with copies of the given weights, an activation by name, at its defaults."""
    copies = [np.array(parameter, dtype=np.float64) for parameter in parameters]
    return Network(copies, ACTIVATIONS[activation], loss, l1, l2)


def split_into_batches(order: Indices, batch_size: int, *, drop_remainder: bool = False) -> list[Indices]:
    """Cut one epoch's row order into batches; the last may be short, unless the remainder is dropped."""
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    return [batch for batch in batches if len(batch) == batch_size or not drop_remainder]


def count_parameters(units: Sequence[int]) -> int:
    """Return the number of weights and biases of dense layers: (3072, 100, 10) has 308,310."""
    return sum(n_in * n_out + n_out for n_in, n_out in pairwise(units))
