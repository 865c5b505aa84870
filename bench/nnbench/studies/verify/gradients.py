"""Backpropagation against central differences: every layer × activation, and every activation × loss.

Each net is moved along a random direction, which moves every parameter: a loss that rises by something else
than the gradients say betrays a wrong one among them. Nets are small, and share their kernels.
"""

import inspect
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from nnbench.studies.verify.check import Check, held
from nnkit import Sequential, activations, layers, losses
from nnkit.errors import NnkitError
from nnkit.layers.base import Layer, LayerRecord

_LIMIT = 1e-7
_STEP, _N_ROWS, _N_CLASSES = 1e-6, 5, 3
# At a kink a difference is of two slopes: then another draw must agree.
_DRAWS = 4
_SHAPES = ((4,), (8, 4), (8, 8, 4))
_LOSS = "sparse_categorical_crossentropy"
# What layers are made with that cannot be made without: by the names of Keras's arguments.
_ARGUMENTS: dict[str, Any] = {
    "units": 4,
    "filters": 4,
    "kernel_size": 3,
    "pieces": 2,
    "groups": 2,
    "rate": 0.3,
    "activation": "tanh",
    "target_shape": (2, 2),
    "layers": (layers.Dense(4),),
}


def checks() -> Iterator[Check]:
    for name in layers.names():
        claim = f"{name} × every activation: gradients against central differences, worst as a share"
        yield held(f"gradients.{name}", claim, _LIMIT, partial(_of_layer, layers.record(name)))
    for name in losses.names():
        claim = f"every activation × {name}: gradients against central differences, worst as a share"
        yield held(f"gradients.{name}", claim, _LIMIT, partial(_of_loss, name))


def _of_layer(record: LayerRecord) -> float:
    """Return the worst disagreement of nets with this layer, over every activation."""
    made, shape = sample(record)
    return max(
        _disagreement([layers.Dense(4), made, layers.Activation(name), layers.Flatten()], shape, _LOSS)
        for name in activations.names()
    )


def _of_loss(name: str) -> float:
    return max(
        _disagreement([layers.Dense(4), layers.Activation(each)], (4,), name) for each in activations.names()
    )


def sample(record: LayerRecord) -> tuple[Layer, tuple[int, ...]]:
    """Return a layer of this kind, and the shape of inputs that it takes; raise TypeError for none."""
    # A default may be too large for the few channels here, as 32 groups are.
    attempts = [(given, shape) for given in _arguments(record.make) for shape in _SHAPES]
    for given, shape in attempts:
        try:
            made = record.make(**given)
            net = [layers.Dense(4), made, layers.Flatten(), layers.Dense(2)]
            assert Sequential(net, input_shape=shape).parameters
        except NnkitError:
            continue
        return made, shape
    raise TypeError(f"no net can be made of {record.name}")


def _arguments(make: type[Layer]) -> list[dict[str, Any]]:
    """Return values of the arguments that have no default; and of all that are known."""
    taken = inspect.signature(make).parameters.values()
    required = [each.name for each in taken if each.default is inspect.Parameter.empty]
    known = [each.name for each in taken if each.name in _ARGUMENTS]
    return [{name: _ARGUMENTS[name] for name in names} for names in (required, known)]


def _disagreement(body: Sequence[Layer], shape: tuple[int, ...], loss: str) -> float:
    """Return the least disagreement over a few draws, the first of them that is small enough."""
    worst = np.inf
    for seed in range(_DRAWS):
        worst = min(worst, _of_draw(body, shape, loss, seed))
        if worst <= _LIMIT:
            break
    return float(worst)


def _of_draw(body: Sequence[Layer], shape: tuple[int, ...], loss: str, seed: int) -> float:
    draw = np.random.RandomState(seed)
    model = Sequential([*body, *_head(loss)], input_shape=shape, seed=seed, dtype="float64")
    model.compile("sgd", loss)
    parameters = {name: 0.7 * draw.standard_normal(each.shape) for name, each in model.parameters.items()}
    x, y = draw.standard_normal((_N_ROWS, *shape)), _targets(loss, draw)
    model.set_parameters(parameters)
    _, exact = model.loss_and_gradients(x, y)
    direction = {name: draw.standard_normal(each.shape) for name, each in parameters.items()}
    risen = []
    for sign in (1.0, -1.0):
        model.set_parameters(
            {name: each + sign * _STEP * direction[name] for name, each in parameters.items()}
        )
        risen.append(model.loss_and_gradients(x, y)[0])
    measured = (risen[0] - risen[1]) / (2 * _STEP)
    along = sum(float(np.vdot(exact[name], direction[name])) for name in exact)
    size = np.sqrt(sum(float(np.vdot(each, each)) for each in exact.values()))
    return abs(measured - along) / max(float(size), 1.0)


def _head(loss: str) -> list[Layer]:
    """Return how a model ends whose outputs the loss takes."""
    record = losses.record(loss)
    ends = {"log_softmax": "log_softmax", "positive": "softplus"}
    end = ends.get(record.needs, "")
    last = layers.Dense(1 if record.n_outputs == 1 else _N_CLASSES)
    return [last] if end not in activations.names() else [last, layers.Activation(end)]


def _targets(loss: str, draw: np.random.RandomState) -> Any:
    record = losses.record(loss)
    n_outputs, n_labels = (1, 2) if record.n_outputs == 1 else (_N_CLASSES, _N_CLASSES)
    if record.targets == "labels":
        return draw.randint(0, n_labels, _N_ROWS).astype(np.int32)
    shares = draw.uniform(0.1, 1.0, (_N_ROWS, n_outputs))
    return shares / shares.sum(axis=1, keepdims=True)
