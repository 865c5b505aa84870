"""Nets beside methods that keep their rows: accuracy, time to predict, templates per class (B15, B39)."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nnkit
from nnkit import datasets, layers
from nnkit.datasets.prepare import prepare

Array = NDArray[Any]
Numbers = dict[str, float | list[float]]
_ROUNDS = 15


def net_beside_neighbours(
    seed: int,
    *,
    k: Sequence[int] = (1, 3, 5, 9),
    rates: Sequence[float] = (0.001, 0.003, 0.01),
    epochs: int = 40,
) -> Numbers:
    """Accuracy and microseconds per row on digits: a net of 64 and 32 units, 1-NN, k-NN and nearest mean.

    The net's rate and k are chosen on a validation part; all are judged, and timed in turns, on a test part.
    """
    made = prepare(datasets.load("digits"), validation=0.4, split_seed=seed, scale="unit")
    x, y = (np.ascontiguousarray(made.x_train, dtype=np.float32), made.y_train)
    half = len(made.x_val) // 2
    rows = np.ascontiguousarray(made.x_val, dtype=np.float32)
    choosing, test = (rows[:half], made.y_val[:half]), (rows[half:], made.y_val[half:])
    nets = [_net(x, y, [64, 32], rate, epochs, seed) for rate in rates]
    net = max(nets, key=lambda one: _accuracy(_classes(one), *choosing))
    few = [nnkit.NearestNeighbours(each).fit(x, y) for each in k]
    models: dict[str, Callable[[Array], Array]] = {
        "net": _classes(net),
        "one": nnkit.NearestNeighbours(1).fit(x, y).predict,
        "several": max((one.predict for one in few), key=lambda predict: _accuracy(predict, *choosing)),
        "mean": nnkit.NearestMean().fit(x, y).predict,
    }
    found: Numbers = {f"{name}_accuracy": _accuracy(predict, *test) for name, predict in models.items()}
    seconds = _in_turns(models, test[0], seed)
    found |= {f"{name}_us": 1e6 * spent / len(test[0]) for name, spent in seconds.items()}
    found["net_bytes"] = float(sum(value.nbytes for value in net.parameters.values()))
    found["one_bytes"] = float(x.nbytes + y.astype(np.int32).nbytes)
    return found


def templates_per_class(
    seed: int, *, n: int = 200, spread: float = 0.35, rate: float = 0.03, epochs: int = 60, k: int = 5
) -> Numbers:
    """Test accuracy where a class has several clusters: the corners of XOR, and one class amid another.

    Beside them two classes of one cluster each, where one template per class is enough.
    """
    found: Numbers = {}
    for name, centres, labels in (
        ("corners", [[1, 1], [-1, -1], [1, -1], [-1, 1]], [0, 0, 1, 1]),
        ("between", [[-2, 0], [2, 0], [0, 0], [0, 0]], [0, 0, 1, 1]),
        ("single", [[-1, 0], [-1, 0], [1, 0], [1, 0]], [0, 0, 1, 1]),
    ):
        rng = np.random.default_rng([seed, 39])
        centre = np.array(centres, dtype=np.float64)
        (x, y), (x_test, y_test) = (_cloud(rng, centre, np.array(labels), n, spread) for _ in range(2))
        predictors = {
            "net": _classes(_net(x, y, [16], rate, epochs, seed, n_classes=2)),
            "mean": nnkit.NearestMean().fit(x, y).predict,
            "several": nnkit.NearestNeighbours(k).fit(x, y).predict,
        }
        found |= {f"{name}_{who}": _accuracy(one, x_test, y_test) for who, one in predictors.items()}
    return found


def _cloud(
    rng: np.random.Generator, centres: Array, labels: Array, n: int, spread: float
) -> tuple[Array, Array]:
    cluster = np.arange(n) % len(centres)
    x = centres[cluster] + spread * rng.normal(size=(n, centres.shape[1]))
    return x.astype(np.float32), labels[cluster]


def _net(
    x: Array, y: Array, units: list[int], rate: float, epochs: int, seed: int, *, n_classes: int = 10
) -> nnkit.Sequential:
    hidden = [layers.Dense(size, activation="relu", kernel_initializer="he_normal") for size in units]
    net = nnkit.Sequential([*hidden, layers.Dense(n_classes)], input_shape=x.shape[1:], seed=seed)
    net.compile(nnkit.optimizers.get("adam", learning_rate=rate))
    net.fit(x, y, batch_size=32, epochs=epochs)
    return net


def _classes(net: nnkit.Sequential) -> Callable[[Array], Array]:
    return lambda x: np.asarray(net.predict(x).argmax(axis=1))


def _accuracy(predict: Callable[[Array], Array], x: Array, y: Array) -> float:
    return float(np.mean(predict(x) == y))


def _in_turns(models: dict[str, Callable[[Array], Array]], x: Array, seed: int) -> dict[str, float]:
    """Return the median seconds of a prediction of all rows; the models take turns in a random order."""
    spent: dict[str, list[float]] = {name: [] for name in models}
    rng = np.random.default_rng([seed, 15])
    for _ in range(_ROUNDS):
        for index in rng.permutation(len(models)):
            name = list(models)[index]
            began = time.perf_counter()
            models[name](x)
            spent[name].append(time.perf_counter() - began)
    return {name: float(np.median(seconds)) for name, seconds in spent.items()}
