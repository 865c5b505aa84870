"""Perceptrons, and deep sigmoid nets with and without pre-training (B10, B11)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nnkit
from nnbench.studies.claims.experiments import nets
from nnkit import datasets, layers
from nnkit.activations import BoundActivation
from nnkit.activations.plugin import activation_of
from nnkit.datasets.prepare import prepare
from nnkit.pretraining import DBN
from nnkit.simd import real

Array = NDArray[Any]
Numbers = dict[str, float | list[float]]

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float64)
GATES = {"and": [0, 0, 0, 1], "or": [0, 1, 1, 1], "xor": [0, 1, 1, 0]}


def perceptron_on_gates(seed: int, *, epochs: int = 100, tries: int = 200_000) -> Numbers:
    """Share of wrong corners of AND, OR and XOR, by the perceptron's rule and by weights moved at random.

    Seeds differ in the order of the corners, in the learning rate, and in the moves.
    """
    rng = np.random.default_rng([seed, 11])
    order, rate = rng.permutation(4), float(rng.uniform(0.1, 2.0))
    x = CORNERS[order]
    found: Numbers = {}
    for name, labels in GATES.items():
        y = np.array(labels)[order]
        rule = nnkit.Perceptron(rate, epochs).fit(x, y)
        moved = nnkit.Perceptron(rate, tries, method="random", seed=seed).fit(x, y)
        found[f"{name}_errors"] = float(np.mean(rule.predict(x) != y))
        found[f"{name}_errors_random"] = float(np.mean(moved.predict(x) != y))
        found[f"{name}_epochs"] = float(len(rule.mistakes))
        found[f"{name}_tries"] = float(len(moved.mistakes))
    # The best plane of all: no step of any rule can do better than the best of a fine net of planes.
    found["xor_fewest"] = float(_fewest_wrong(CORNERS, np.array(GATES["xor"])))
    return found


def _fewest_wrong(x: Array, y: Array) -> float:
    """Return the smallest share of wrong rows over planes through all angles and offsets."""
    angles = np.linspace(0.0, 2.0 * np.pi, 360, endpoint=False)
    weights = np.stack([np.cos(angles), np.sin(angles)])
    offsets = np.linspace(-2.0, 2.0, 401)
    outputs = (x @ weights)[:, :, None] + offsets > 0.0
    return float((outputs != y[:, None, None].astype(bool)).mean(axis=0).min())


def multilayer_on_xor(
    seed: int, *, units: int = 8, epochs: int = 400, rates: Sequence[float] = (0.01, 0.03, 0.1)
) -> Numbers:
    """Whether a net with one hidden layer gets all four corners, at the rate that is best on other seeds."""
    y = np.array(GATES["xor"])

    def wrong(of_seed: int, rate: float) -> float:
        net = nnkit.Sequential(
            [layers.Dense(units, activation="tanh"), layers.Dense(2)], input_shape=(2,), seed=of_seed
        )
        net.compile(nnkit.optimizers.get("adam", learning_rate=rate))
        net.fit(CORNERS, y, batch_size=4, epochs=epochs)
        return float(np.mean(net.predict(CORNERS).argmax(axis=1) != y))

    others = [1_000_000 + 5 * seed + index for index in range(5)]
    best = min(rates, key=lambda rate: sum(wrong(other, rate) for other in others))
    errors = wrong(seed, best)
    return {"errors": errors, "solved": float(errors == 0.0)}


def _step(x: Any) -> Any:
    return real(x, 1.0) if x > real(x, 0.0) else real(x, 0.0)


def _step_slope(x: Any) -> Any:
    return real(x, 0.0)


@cache
def _step_function() -> BoundActivation:
    """The perceptron's step as an activation, whose slope is 0 wherever it has one."""
    record = activation_of(
        "perceptron_step",
        value=_step,
        slope=_step_slope,
        summary="The perceptron's step.",
        formula="y = 1 for x > 0, else 0",
        source="Rosenblatt (1958), Psychological Review 65(6)",
    )
    return BoundActivation(record, {})


def gradient_through_step(seed: int, *, units: int = 16, rows: int = 64) -> Numbers:
    """What backpropagation finds for the first layer where its units are steps; beside it a sigmoid's.

    ``step_head`` is the gradient of the layer behind the steps, which is there. The differences move every
    weight of the first layer by so little that no row changes sides, and see nothing change.
    """
    rng = np.random.default_rng([seed, 12])
    x, y = rng.normal(size=(rows, 2)), rng.integers(0, 2, rows)
    found: Numbers = {}
    for name, activation in (("step", _step_function()), ("sigmoid", "sigmoid")):
        made = [layers.Dense(units, activation=activation), layers.Dense(2)]
        model = nnkit.Sequential(made, input_shape=(2,), seed=seed, dtype="float64")
        model.compile("sgd", "sparse_categorical_crossentropy")
        loss, gradients = model.loss_and_gradients(x, y)
        found[name] = float(np.linalg.norm(gradients["dense_0/kernel"]))
        found[f"{name}_head"] = float(np.linalg.norm(gradients["dense_1/kernel"]))
        if name == "step":
            found["step_difference"] = _largest_change(model, x, y, loss)
    return found


def _largest_change(model: nnkit.Sequential, x: Array, y: Array, loss: float) -> float:
    """Return by how much the loss changes at most where one weight of the first layer moves a little."""
    weights = model.parameters["dense_0/kernel"]
    field = x @ weights + model.parameters["dense_0/bias"]
    # A millionth of the distance of the nearest row from its step: no row changes sides.
    move = 1e-6 * float(np.abs(field).min() / np.abs(x).max())
    changes = []
    for place in np.ndindex(weights.shape):
        kept = weights[place]
        weights[place] = kept + move
        changes.append(abs(model.loss_and_gradients(x, y)[0] - loss))
        weights[place] = kept
    return max(changes)


def depth_without_nonlinearity(seed: int, *, depth: int = 6, units: int = 20) -> Numbers:
    """How far a deep linear net is from the one layer whose matrix is the product of its own."""
    stack = [layers.Dense(units) for _ in range(depth)]
    net = nnkit.Sequential(stack, input_shape=(units,), seed=seed, dtype="float64")
    x = np.random.default_rng([seed, 13]).normal(size=(50, units))
    product, offset = np.eye(units), np.zeros(units)
    for index in range(depth):
        kernel, bias = net.parameters[f"dense_{index}/kernel"], net.parameters[f"dense_{index}/bias"]
        bias[...] = np.linspace(-1.0, 1.0, units)
        product, offset = product @ kernel, offset @ kernel + bias
    expected = x @ product + offset
    return {"difference": float(np.max(np.abs(net.predict(x) - expected)) / np.max(np.abs(expected)))}


TREATMENTS = {
    "random": ("sigmoid", "random_normal(stddev=0.01)"),
    "dbn": ("sigmoid", "glorot_uniform"),
    "glorot": ("sigmoid", "glorot_uniform"),
    "relu": ("relu", "he_normal"),
}


@dataclass(frozen=True, slots=True)
class _Parts:
    """Rows to train on, to choose a rate by, and to judge by."""

    train: tuple[Array, Array]
    choosing: tuple[Array, Array]
    judging: tuple[Array, Array]


def deep_nets(
    seed: int,
    *,
    depths: Sequence[int] = (2, 3, 4, 6, 8),
    units: int = 32,
    rates: Sequence[float] = (0.01, 0.03, 0.1, 0.3),
    epochs: int = 20,
    pretraining_epochs: int = 20,
) -> Numbers:
    """Test accuracy on digits, by depth, of four starts, each trained by momentum at its own best rate.

    random: sigmoid, weights N(0, 0.01**2); dbn: sigmoid, pre-trained layer by layer; glorot: sigmoid, drawn
    by Glorot; relu: ReLU, drawn by He. A rate is chosen on a validation part and judged on a test part.
    """
    parts = _digits(seed)
    # Greedy: the first layers of the deepest net are those of every other.
    learnt = DBN([units] * max(depths), seed=seed)
    learnt.fit(parts.train[0], epochs=pretraining_epochs, batch_size=20)
    return {
        name: [_tuned(name, [units] * depth, learnt, parts, seed, rates, epochs, 32) for depth in depths]
        for name in TREATMENTS
    }


def deep_nets_on_mnist(
    seed: int,
    *,
    sizes: Sequence[int] = (1000, 500, 30),
    rows: int = 6000,
    rates: Sequence[float] = (0.03, 0.1, 0.3),
    epochs: int = 10,
    pretraining_epochs: int = 5,
) -> Numbers:
    """The same on MNIST with the sizes of the note, on some of the training rows; judged on all test rows."""
    parts = _mnist(seed, rows)
    learnt = DBN(sizes, seed=seed).fit(parts.train[0], epochs=pretraining_epochs, batch_size=50)
    return {name: _tuned(name, list(sizes), learnt, parts, seed, rates, epochs, 50) for name in TREATMENTS}


def _digits(seed: int) -> _Parts:
    made = prepare(datasets.load("digits"), validation=0.4, split_seed=seed, scale="unit")
    x, y = _flat(made.x_val), made.y_val
    half = len(x) // 2
    return _Parts((_flat(made.x_train), made.y_train), (x[:half], y[:half]), (x[half:], y[half:]))


def _mnist(seed: int, rows: int) -> _Parts:
    x, y = nets.mnist()
    chosen = np.random.default_rng([seed, 10]).permutation(60_000)[:rows]
    choose, train = np.split(chosen, [rows // 6])
    return _Parts((x[train], y[train]), (x[choose], y[choose]), (x[60_000:], y[60_000:]))


def _flat(x: Array) -> Array:
    return np.ascontiguousarray(x.reshape(len(x), -1), dtype=np.float32)


def _tuned(
    name: str,
    hidden: list[int],
    learnt: DBN,
    parts: _Parts,
    seed: int,
    rates: Sequence[float],
    epochs: int,
    batch_size: int,
) -> float:
    """Return the accuracy on the judging part at the rate that is best on the choosing part."""
    x, y = parts.train
    net = _net(name, hidden, x.shape[1], int(y.max()) + 1, seed)
    if name == "dbn":
        own = net.parameters
        net.set_parameters({key: v for key, v in learnt.hidden_parameters().items() if key in _hidden(own)})
    start = {key: value.copy() for key, value in net.parameters.items()}
    found = []
    for rate in rates:
        net.compile(nnkit.optimizers.get("momentum", learning_rate=rate), metrics=("accuracy",))
        net.set_parameters(start)
        net.fit(x, y, batch_size=batch_size, epochs=epochs)
        found.append((net.evaluate(*parts.choosing)["accuracy"], net.evaluate(*parts.judging)["accuracy"]))
    return max(found)[1]


def _hidden(parameters: dict[str, Array]) -> list[str]:
    """Return the names of all but the last layer's parameters."""
    return list(parameters)[:-2]


def _net(name: str, hidden: list[int], n_inputs: int, n_classes: int, seed: int) -> nnkit.Sequential:
    activation, draw = TREATMENTS[name]
    head = draw if name == "random" else "glorot_uniform"
    stack = [
        *(layers.Dense(size, activation=activation, kernel_initializer=draw) for size in hidden),
        layers.Dense(n_classes, kernel_initializer=head),
    ]
    return nnkit.Sequential(stack, input_shape=(n_inputs,), seed=seed)
