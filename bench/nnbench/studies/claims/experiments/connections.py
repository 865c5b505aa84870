"""Whether all units must be connected with all: what fewer connections cost, and what they save."""

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from nnbench.studies.claims.experiments import nets
from nnbench.studies.claims.experiments.nets import Array, Parts
from nnkit import Sequential, layers
from nnkit.jit import kernel
from nnkit.optimizers.bound import BoundOptimizer
from nnkit.optimizers.optimizer import COMMON, Optimizer, learning_rate

_TUNING = 1_000_000  # added to a seed where a rate is chosen: those weights are never judged
_ROWS = 256  # the rows that go through a layer together, dense or not


def update_connected(
    params: Mapping[str, Array],
    grads: Mapping[str, Array],
    state: object,
    step: int,
    learning_rate: float,
) -> None:
    """Gradient descent in which a weight of exactly 0 is no connection, and stays 0; biases all move."""
    for name, value in params.items():
        moved = value.dtype.type(learning_rate) * grads[name]
        value -= moved * (value != 0.0) if value.ndim == 2 else moved


# Beside the registry: nobody is to choose it by name.
_CONNECTED = Optimizer(
    name="sgd_where_connected",
    summary="Gradient descent in which a weight of exactly 0 stays 0.",
    formula="p <- p - learning_rate * g where p is not 0",
    source="an experiment's own",
    hyperparameters=(learning_rate(0.01), *COMMON),
    update=update_connected,
)


def thinned(weights: Array, share: float, seed: int) -> Array:
    """Return the weights with this share of them cut, at random, and the others as much larger.

    Those that stay are multiplied by ``1 / sqrt(1 - share)``, so that sums keep their variance.
    """
    drawn = np.random.RandomState(seed).permutation(weights.size).reshape(weights.shape)
    stays = drawn >= round(share * weights.size)
    return np.where(stays, weights / weights.dtype.type(np.sqrt(1.0 - share)), 0).astype(weights.dtype)


def accuracy_with_fewer(
    seed: int, *, shares: Sequence[float], width: int, rates: Sequence[float], epochs: int
) -> dict[str, list[float]]:
    """Return the test accuracy of nets that lack these shares of their hidden connections, each tuned."""
    parts = nets.digits(seed)
    found = [_accuracies(parts, seed, share, width, rates, epochs) for share in shares]
    return {"accuracy": [accuracy for accuracy, _ in found], "connections": [n for _, n in found]}


def _accuracies(
    parts: Parts, seed: int, share: float, width: int, rates: Sequence[float], epochs: int
) -> tuple[float, float]:
    tried = [_train(parts, seed + _TUNING, share, width, rate, epochs) for rate in rates]
    scores = [model.evaluate(parts.x_validation, parts.y_validation)["accuracy"] for model in tried]
    model = _train(parts, seed, share, width, rates[int(np.argmax(scores))], epochs)
    kernels = [value for name, value in model.parameters.items() if name.endswith("/kernel")]
    n_connections = float(sum(np.count_nonzero(value) for value in kernels))
    return float(model.evaluate(parts.x_test, parts.y_test)["accuracy"]), n_connections


def _train(parts: Parts, seed: int, share: float, width: int, rate: float, epochs: int) -> Sequential:
    """Train a net whose two hidden layers lack a share of their connections; the head has all of its own."""
    model = Sequential(nets.dense(width, 2, "relu"), input_shape=parts.x.shape[1:], seed=seed)
    values = {"learning_rate": rate, **{hyper.name: hyper.default for hyper in COMMON}}
    model.compile(BoundOptimizer(_CONNECTED, values), metrics=("accuracy",))
    cut = [name for name in model.parameters if name.endswith("/kernel")][:-1]
    model.set_parameters({name: thinned(model.parameters[name], share, seed) for name in cut})
    model.fit(parts.x, parts.y, epochs=epochs)
    return model


@kernel
def sparse_product(x: Array, starts: Array, places: Array, values: Array, y: Array) -> None:
    """Write ``y = W·x`` from the weights of W that there are, row by row of W.

    Shapes      x: (features, rows); y: (units, rows); starts: (units + 1,); places, values: (weights,)
    Cost        2 · rows · weights FLOP; the inner loop lies along the rows, so that it is vectors
    """
    for unit in range(y.shape[0]):
        for row in range(y.shape[1]):
            y[unit, row] = 0.0
        for at in range(starts[unit], starts[unit + 1]):
            weight, source = values[at], places[at]
            for row in range(y.shape[1]):
                y[unit, row] += weight * x[source, row]


def compressed(weights: Array) -> tuple[Array, Array, Array]:
    """Return the weights (features, units) that are not 0: where each unit's begin, their inputs, values."""
    units, places = np.nonzero(weights.T)
    starts = np.searchsorted(units, np.arange(weights.shape[1] + 1))
    return starts, places.astype(np.int32), weights.T[units, places]


def time_per_weight(seed: int, *, shares: Sequence[float], size: int, turns: int) -> dict[str, list[float]]:
    """Return nanoseconds of a layer per weight that it has and 1,000 rows, at each share that is cut.

    Nothing cut is the dense kernel; else the weights that are there are stored and multiplied, and no other.
    The least of several turns counts; in each, all shares are timed one after the other.
    """
    stream = np.random.RandomState(seed)
    weights = stream.standard_normal((size, size)).astype(np.float32)
    x = stream.standard_normal((4 * _ROWS, size)).astype(np.float32)
    works = [
        _sparse_work(thinned(weights, share, seed), x) if share else _dense_work(weights, x)
        for share in shares
    ]
    least = [float("inf")] * len(works)
    for _ in range(turns):
        for place, work in enumerate(works):
            began = time.process_time()
            work()
            least[place] = min(least[place], time.process_time() - began)
    layer_ns = [1e9 * each * 1000 / len(x) for each in least]
    n_weights = [size * size - round(share * size * size) for share in shares]
    return {
        "weight_ns": [ns / n for ns, n in zip(layer_ns, n_weights, strict=True)],
        "layer_us": [ns / 1e3 for ns in layer_ns],
    }


def _dense_work(weights: Array, x: Array) -> Callable[[], object]:
    layer = layers.Dense(weights.shape[1], use_bias=False)
    model = Sequential([layer], input_shape=weights.shape[:1])
    model.set_parameters({"dense_0/kernel": weights})
    return lambda: model.predict(x)


def _sparse_work(weights: Array, x: Array) -> Callable[[], object]:
    """Return the product of all rows, which lie as the kernel wants them: turning them costs it nothing."""
    parts = compressed(weights)
    blocks = [np.ascontiguousarray(x[at : at + _ROWS].T) for at in range(0, len(x), _ROWS)]
    made = [np.empty((weights.shape[1], block.shape[1]), x.dtype) for block in blocks]
    sparse_product(blocks[0], *parts, made[0])  # compiled before the clock runs

    def work() -> None:
        for block, y in zip(blocks, made, strict=True):
            sparse_product(block, *parts, y)

    return work
