"""Gradients: how they vanish with depth, which signs they share, which units they leave, what they cost."""

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from nnbench.studies.claims.experiments import nets
from nnbench.studies.claims.experiments.activations import dead_units, hidden_outputs, stack
from nnkit import Sequential, activations, layers
from nnkit.layers.base import Layer

_LOSS = "sparse_categorical_crossentropy"


def through_depth(seed: int, *, depths: Sequence[int], width: int) -> dict[str, Any]:
    """Return the log of the first layer's gradient norm, before training, by depth, and slopes far out."""
    parts = nets.digits(seed)
    pairs = {"sigmoid": "glorot_normal", "tanh": "glorot_normal", "relu": "he_normal"}
    found: dict[str, Any] = {
        name: [_first_gradient(name, init, depth, width, seed, parts) for depth in depths]
        for name, init in pairs.items()
    }
    for name in ("sigmoid", "tanh"):
        slope = activations.get(name).gradient(np.array([-10.0, 10.0]))
        found[f"{name}_slope_at_10"] = float(np.max(slope))
    return found


def _first_gradient(name: str, init: str, depth: int, width: int, seed: int, parts: nets.Parts) -> float:
    # float64: through twenty layers of sigmoids little is left that float32 could hold.
    made = nets.dense(width, depth, name, init=init)
    model = Sequential(made, input_shape=(64,), seed=seed, dtype="float64")
    model.compile("sgd", _LOSS)
    _, gradients = model.loss_and_gradients(parts.x[:256].astype(np.float64), parts.y[:256])
    return math.log(float(np.linalg.norm(gradients["dense_0/kernel"])))


def dead_by_rate(
    seed: int, *, factors: Sequence[float], rates: Sequence[float], width: int, epochs: int
) -> dict[str, Any]:
    """Return the share of dead ReLU units, before training and after it at multiples of the best rate.

    Dead: exactly 0 on every row to train on.
    """
    parts = nets.digits(seed)

    def make(init: str = "he_normal") -> list[Layer]:
        return nets.dense(width, 2, "relu", init=init)

    best = nets.best_rate(make, parts, seed, rates, epochs=epochs)
    trained = [nets.train(make(), parts, seed, rate=best * factor, epochs=epochs) for factor in factors]
    alive = [each if each.finished else None for each in trained]
    shares = [1.0 if each is None else _dead_share(each, parts) for each in alive]
    untrained = nets.train(make(), parts, seed, rate=1e-12, epochs=1)
    unlucky = nets.train(make("random_normal(stddev=1.0)"), parts, seed, rate=1e-12, epochs=1)
    return {
        "dead": shares,
        "before": _dead_share(untrained, parts),
        "before_wide_init": _dead_share(unlucky, parts),
        "accuracy": [each.accuracy(parts.x_test, parts.y_test) for each in trained],
        "rate": best,
    }


def _dead_share(trained: nets.Trained, parts: nets.Parts) -> float:
    return float(np.mean([np.mean(dead_units(each)) for each in hidden_outputs(trained, parts)]))


def small_bias(seed: int, *, bias: float, width: int, epochs: int) -> dict[str, float]:
    """Return test accuracy and dead units with biases that begin at 0 and at a small number, each tuned."""
    parts = nets.digits(seed)

    def make(value: float) -> list[Layer]:
        made: list[Layer] = []
        for _ in range(2):
            made += [_with_bias(width, value), layers.Activation("relu")]
        return [*made, layers.Dense(10)]

    found = {}
    for name, value in (("zero", 0.0), ("small", bias)):
        trained = nets.at_best_rate(partial(make, value), parts, seed, epochs=epochs)
        found[name] = trained.accuracy(parts.x_test, parts.y_test)
        found[f"{name}_dead"] = _dead_share(trained, parts)
    return found


def _with_bias(width: int, value: float) -> Layer:
    return layers.Dense(width, kernel_initializer="he_normal", bias_initializer=f"constant(value={value})")


def numerical_cost(seed: int, *, rows: int, turns: int) -> dict[str, float]:
    """Return how many times as long central differences take as one sweep back, for 3072-100-10.

    Central differences need two forward passes for each of the 308,310 parameters. One is timed, the best of
    several, and the agreement of both gradients is measured on a small net in float64.
    """
    made = [layers.Dense(100, "relu"), layers.Dense(10)]
    model = Sequential(made, input_shape=(3072,), seed=seed)
    model.compile("sgd", _LOSS)
    draw = np.random.RandomState(seed)
    x, y = draw.standard_normal((rows, 3072)).astype(np.float32), draw.randint(0, 10, rows)
    n_parameters = sum(value.size for value in model.parameters.values())
    forward, both = math.inf, math.inf
    for _ in range(turns):
        forward = min(forward, _seconds(lambda: model.evaluate(x, y)))
        both = min(both, _seconds(lambda: model.loss_and_gradients(x, y)))
    return {
        "parameters": float(n_parameters),
        "forward_us": 1e6 * forward,
        "ratio": 2 * n_parameters * forward / both,
        "disagreement": _disagreement(seed),
    }


def _there_and_back(name: str, x: Any, y: Any) -> Callable[[], None]:
    """Return what runs the kernels of an activation and of its slope over flat arrays."""
    bound = activations.get(name)
    forward, backward = bound.scalar.forward_kernel(), bound.scalar.backward_kernel()
    source = y if bound.scalar.slope_of == "output" else x

    def run() -> None:
        forward(x, y, *bound.numbers)
        backward(source, x, y, *bound.numbers)

    return run


def _seconds(call: Any) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _disagreement(seed: int, step: float = 1e-5) -> float:
    """Return the largest relative difference of central differences and backprop, on a small net, float64."""
    made = stack(5, ["tanh", "tanh"])
    model = Sequential(made, input_shape=(64,), seed=seed, dtype="float64")
    model.compile("sgd", _LOSS)
    parts = nets.digits(seed)
    x, y = parts.x[:8].astype(np.float64), parts.y[:8]
    _, gradients = model.loss_and_gradients(x, y)
    worst = 0.0
    for name, values in model.parameters.items():
        flat, exact = values.reshape(-1), gradients[name].reshape(-1)
        for place in range(0, flat.size, 7):
            kept = flat[place]
            losses = []
            for sign in (1, -1):
                flat[place] = kept + sign * step
                losses.append(model.loss_and_gradients(x, y)[0])
            flat[place] = kept
            difference = (losses[0] - losses[1]) / (2 * step)
            worst = max(worst, abs(difference - exact[place]) / max(1e-3, abs(difference), abs(exact[place])))
    return worst


def element_costs(seed: int, *, names: Sequence[str], size: int, turns: int) -> dict[str, float]:
    """Return nanoseconds per element of each activation with its slope, and microseconds of a training step.

    The best of several turns, taken in turns; the step is that of two hidden layers of 64 in batches of 32.
    """
    x = np.random.RandomState(seed).standard_normal(size).astype(np.float32)
    y = np.empty_like(x)
    parts = nets.digits(seed)
    element, step = dict.fromkeys(names, math.inf), dict.fromkeys(names, math.inf)
    works = {name: _there_and_back(name, x, y) for name in names}
    for _ in range(turns):
        for name in names:
            element[name] = min(element[name], 1e9 * min(_seconds(works[name]) for _ in range(5)) / size)
            history = nets.train(nets.dense(64, 2, name), parts, seed, rate=0.05, epochs=4).history
            step[name] = min(step[name], 1e6 * history.train_s / history.stopped_at)
    ns = {f"{name}_ns": value for name, value in element.items()}
    return {**ns, **{f"{name}_step_us": value for name, value in step.items()}}
