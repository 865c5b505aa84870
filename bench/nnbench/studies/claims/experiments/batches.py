"""Batches: how noisy they make the gradient, how near they bring the weights, and what they cost."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnbench.studies.claims.experiments import nets
from nnbench.studies.descend.walk import Way, walk
from nnkit import Sequential, functions, layers
from nnkit.functions import Vector

_ELSEWHERE = 1_000_000  # added to a seed where a rate is chosen: that order of rows is never judged


def on_iris(
    seed: int, *, batches: Sequence[int], rates: Sequence[float], updates: int, epochs: int
) -> dict[str, Any]:
    """Return how near each batch size comes to the only minimum of iris, in equal updates and equal epochs.

    Each at the rate of the grid that comes nearest with another order of the rows. ``turn`` is the
    irregularity of the path: the mean sine between one step and the next is 0 for a smooth curve.
    """
    iris = functions.get("iris")
    assert iris.samples is not None
    found: dict[str, Any] = {}
    for batch in batches:
        for name, n_steps in (("updates", updates), ("epochs", epochs * iris.samples.n // batch)):
            found[f"{name}_{batch}"], points = _at_best_rate(seed, batch, rates, n_steps)
            if name == "updates":
                found[f"turn_{batch}"] = _turning(points)
                found[f"noise_{batch}"] = _gradient_noise(seed, batch)
    return found


def _at_best_rate(seed: int, batch: int, rates: Sequence[float], n_steps: int) -> tuple[float, Vector]:
    iris = functions.get("iris")
    target = iris.minima()[0]

    def path(rate: float, order: int) -> Vector:
        return walk(iris, Way("sgd", rate, batch_size=batch, seed=order), iris.start(), n_steps).points

    def distance(points: Vector) -> float:
        return float(np.linalg.norm(points[-1] - target)) if len(points) == n_steps + 1 else np.inf

    tried = [distance(path(rate, seed + _ELSEWHERE)) for rate in rates]
    points = path(rates[int(np.argmin(tried))], seed)
    return distance(points), points


def _turning(points: Vector) -> float:
    """Return one minus the mean cosine between successive steps: 0 straight on, 1 at random, 2 back."""
    steps = np.diff(points, axis=0)
    lengths = np.linalg.norm(steps, axis=1)
    cosines = (steps[1:] * steps[:-1]).sum(axis=1) / (lengths[1:] * lengths[:-1])
    return float(1.0 - cosines.mean())


def _gradient_noise(seed: int, batch: int) -> float:
    """Return the length of the error of a batch's gradient at the start, over that of the whole one."""
    iris = functions.get("iris")
    assert iris.samples is not None
    start, rng = iris.start(), np.random.default_rng(seed)
    whole = iris.gradient(start)
    drawn = [
        iris.samples.gradient(start, rng.permutation(iris.samples.n)[:batch]) - whole for _ in range(200)
    ]
    return float(np.sqrt(np.mean([np.sum(each**2) for each in drawn])) / np.linalg.norm(whole))


def agreement(seed: int, *, batches: Sequence[int], n_draws: int, epochs: int) -> dict[str, Any]:
    """Return how well a batch's gradient stands for that of all rows: its cosine, and its variance.

    The net of the digits after some epochs; rows are drawn with replacement, so that the variance is exactly
    inverse to the size of the batch. ``slope`` is that of its logarithm against the batch's.
    """
    parts = nets.digits(seed)
    made = nets.train(nets.dense(16, 1, "relu"), parts, seed, rate=0.1, epochs=epochs).model
    rows = np.stack([_row_gradient(made, parts.x[i : i + 1], parts.y[i : i + 1]) for i in range(600)])
    whole = rows.mean(axis=0)
    rng = np.random.default_rng(seed)
    cosines, variances = [], []
    for batch in batches:
        counts = rng.multinomial(batch, np.full(len(rows), 1 / len(rows)), size=n_draws)
        drawn = counts @ rows / batch
        lengths = np.linalg.norm(drawn, axis=1) * np.linalg.norm(whole)
        # A row that is already learned to the last bit has no direction.
        cosines.append(float(np.mean((drawn @ whole)[lengths > 0] / lengths[lengths > 0])))
        variances.append(float(((drawn - whole) ** 2).sum(axis=1).mean()))
    slope = np.polyfit(np.log(batches), np.log(variances), 1)[0]
    relative = [variance / float(whole @ whole) for variance in variances]
    return {
        "batches": [float(each) for each in batches],
        "cosine": cosines,
        "variance": relative,
        "slope": float(slope),
    }


def _row_gradient(model: Sequential, x: Any, y: Any) -> Vector:
    _, gradients = model.loss_and_gradients(x, y)
    return np.concatenate([np.ravel(each) for each in gradients.values()]).astype(np.float64)


def throughput(seed: int, *, batches: Sequence[int], n_rows: int, turns: int) -> dict[str, Any]:
    """Return the examples per second of training at each batch size, the best of several turns."""
    parts = nets.digits(seed)
    x, y = parts.x[:n_rows], parts.y[:n_rows]
    models = {}
    for batch in batches:
        models[batch] = Sequential(
            [layers.Dense(64, activation="relu"), layers.Dense(10)], input_shape=(64,), seed=seed
        )
        models[batch].compile("sgd", "sparse_categorical_crossentropy")
        models[batch].fit(x, y, batch_size=batch, epochs=1)  # compiles
    best = dict.fromkeys(batches, 0.0)
    for _ in range(turns):
        for batch, model in models.items():
            begun = time.perf_counter()
            model.fit(x, y, batch_size=batch, epochs=4)
            best[batch] = max(best[batch], 4 * n_rows / (time.perf_counter() - begun))
    return {"batches": [float(each) for each in batches], "rate": [best[batch] for batch in batches]}


def starts(seed: int, *, n_starts: int, n_steps: int, spread: float) -> dict[str, Any]:
    """Return the losses that gradient descent ends with from several starts: convex, and not.

    Convex: softmax regression on iris with a small penalty. Not convex: two tanh units and a sigmoid on the
    four points of XOR. Both with the whole gradient and a rate below their limit of stability.
    """
    rng = np.random.default_rng(seed)
    iris = functions.get("iris")
    w = rng.normal(0.0, spread, (n_starts, 15))
    for _ in range(n_steps):
        w = w - iris.gradient(w)  # its curvature is nowhere above 1.5, so a rate of 1 is stable
    convex = iris.value(w)
    other = _xor_losses(rng.normal(0.0, 1.0, (n_starts, 9)), n_steps)
    gap = other - other.min()
    return {
        "convex": np.sort(convex).tolist(),
        "convex_spread": float(convex.max() - convex.min()),
        "other": np.sort(other).tolist(),
        "other_spread": float(other.max() - other.min()),
        "stuck": float(np.mean(gap > 0.1)),
    }


def _xor_losses(w: Vector, n_steps: int) -> Vector:
    """Return the mean cross-entropies of nets 2-2-1 on XOR after gradient descent at rate 1: (n,)."""
    x = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    y = np.array([0.0, 1.0, 1.0, 0.0])
    inner, bias, outer, last = w[:, :4].reshape(-1, 2, 2), w[:, None, 4:6], w[:, 6:8], w[:, 8:9]
    for _ in range(n_steps):
        hidden = np.tanh(x @ inner + bias)
        error = (1.0 / (1.0 + np.exp(-(np.einsum("nrh,nh->nr", hidden, outer) + last))) - y) / len(y)
        back = error[:, :, None] * outer[:, None, :] * (1.0 - hidden**2)
        outer = outer - np.einsum("nr,nrh->nh", error, hidden)
        last = last - error.sum(axis=1, keepdims=True)
        inner = inner - x.T @ back
        bias = bias - back.sum(axis=1, keepdims=True)
    scores = np.einsum("nrh,nh->nr", np.tanh(x @ inner + bias), outer) + last
    return np.asarray((np.logaddexp(0.0, scores) - y * scores).mean(axis=1))
