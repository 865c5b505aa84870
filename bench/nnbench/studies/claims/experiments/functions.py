"""Descent on functions: what noise, momentum, schedules and adaptive rates do, where it can be calculated."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnbench.studies.claims.experiments import nets
from nnbench.studies.descend.walk import Way, walk
from nnkit import functions, optimizers, schedules
from nnkit.functions import Vector
from nnkit.registry import parse_choice

_ELSEWHERE = 1_000_000  # added to a seed where a rate is chosen: what is drawn there is never judged


def _noisy_descent(
    name: str, starts: Vector, rate: float, deviation: float, n_steps: int, rng: np.random.Generator
) -> Vector:
    """Return where gradient descent with Gaussian noise ends, from several starts at once: (n, 2)."""
    function, points = functions.get(name), starts.copy()
    for _ in range(n_steps):
        slopes = function.gradient(points)
        if deviation:
            slopes = slopes + rng.normal(0.0, deviation, points.shape)
        # Who has left a saddle falls without end: a wall far away keeps the numbers finite.
        points = np.clip(points - rate * slopes, -10.0, 10.0)
    return points


def escapes(
    seed: int, *, batches: Sequence[int], deviation: float, rate: float, n_steps: int, n_paths: int
) -> dict[str, Any]:
    """Return the shares of paths that leave a saddle, and a shallow well, by the size of the batch.

    A batch of B stands for noise of ``deviation`` / sqrt(B) on every number of the gradient, and 0 for the
    whole gradient. The saddle's start lies on its stable manifold, where descent cannot feel the way out.
    """
    rng = np.random.default_rng(seed)
    ridge = np.tile(functions.get("saddle").start(), (n_paths, 1))
    well = np.tile(functions.get("double_well").others()[0], (n_paths, 1))
    barrier = float(functions.get("double_well").others()[1, 0])
    found: dict[str, list[float]] = {"saddle": [], "well": []}
    for batch in batches:
        noise = deviation / batch**0.5 if batch else 0.0
        away = np.abs(_noisy_descent("saddle", ridge, rate, noise, n_steps, rng)[:, 1]) > 1.0
        over = _noisy_descent("double_well", well, rate, noise, n_steps, rng)[:, 0] < barrier
        found["saddle"].append(float(away.mean()))
        found["well"].append(float(over.mean()))
    return {"batches": [float(batch) for batch in batches], **found}


def wandering(
    seed: int, *, curvature: float, noise: float, rate: float, n_steps: int, n_chains: int,
    decays: Sequence[str],
) -> dict[str, float]:  # fmt: skip
    """Return the mean square distance from the minimum of noisy descent on ``curvature * x**2 / 2``.

    At a constant rate it is stationary at rate * noise**2 / (curvature * (2 - rate * curvature)), the fixed
    point of the variance's recursion; ``ratio`` is what is found over that, in the last tenth of the steps.
    The decays are schedules, whose distance is that after the last step.
    """
    expected = rate * noise**2 / (curvature * (2.0 - rate * curvature))
    found = {"expected": expected}
    for choice in ("constant", *decays):
        rates = _table(choice, rate, n_steps)
        rng = np.random.default_rng(seed)
        x = np.full(n_chains, 10.0)
        squares = []
        for place in range(n_steps):
            x = x - rates[place] * (curvature * x + noise * rng.normal(size=n_chains))
            squares.append(float(np.mean(x * x)))
        name = parse_choice(choice)[0]
        found[name] = float(np.mean(squares[-n_steps // 10 :])) if name == "constant" else squares[-1]
    return {**found, "ratio": found["constant"] / expected}


def _table(choice: str, rate: float, n_steps: int) -> Vector:
    name, given = parse_choice(choice)
    return schedules.get(name, **given).relative(rate, n_steps)


def iris_end(seed: int, *, batch: int, rate: float, n_steps: int, decays: Sequence[str]) -> dict[str, float]:
    """Return the loss above the least one at the end of stochastic descent on iris, for each schedule."""
    iris = functions.get("iris")
    least = float(iris.value(iris.minima()[0]))
    found = {}
    for choice in ("constant", *decays):
        way = Way("sgd", rate, choice, batch, seed=seed)
        end = walk(iris, way, iris.start(), n_steps).points[-1]
        found[parse_choice(choice)[0]] = float(iris.value(end)) - least
    return found


def zigzag(
    seed: int, *, rates: Sequence[float], n_steps: int, near: float, names: Sequence[str]
) -> dict[str, float]:
    """Return the steps to the minimum of the bowl, and the index of zigzag of the path, at the fastest rate.

    The index is the length of the path over the way from its start to its end, 1 for a straight line. The
    rate of each optimizer is the one with the fewest steps on average from eight other starts.
    """
    bowl = functions.get("ill_conditioned")
    here = _starts_in_bowl(seed, 1)[0]
    elsewhere = _starts_in_bowl(seed + _ELSEWHERE, 8)
    found: dict[str, float] = {}
    for name in names:
        tried = [
            float(np.mean(_arrivals(walk(bowl, Way(name, rate), elsewhere, n_steps).points, near)))
            for rate in rates
        ]
        best = rates[int(np.argmin(tried))]
        points = walk(bowl, Way(name, best), here, n_steps).points
        n = float(_arrivals(points, near))
        taken = points[: int(n) + 1]
        length = float(np.linalg.norm(np.diff(taken, axis=0), axis=1).sum())
        across = np.sign(np.diff(taken[:, 1]))
        found |= {
            f"{name}_steps": n,
            f"{name}_index": length / float(np.linalg.norm(taken[-1] - taken[0])),
            f"{name}_turns": float(np.mean(across[1:] != across[:-1])),
            f"{name}_rate": float(best),
        }
    return found


def _starts_in_bowl(seed: int, n: int) -> Vector:
    rng = np.random.default_rng(seed)
    return np.stack([rng.uniform(-12.0, -8.0, n), rng.choice([-1.0, 1.0], n) * rng.uniform(0.5, 1.5, n)], 1)


def _arrivals(points: Vector, near: float) -> Vector:
    """Return the first step from which on a path stays near the origin, of points (steps + 1, …, 2).

    Without one it is all steps.
    """
    # The larger of the two numbers, and not the length: a path that diverges has no square.
    is_away = np.abs(points).max(axis=-1) > near
    backwards = np.argmax(is_away[::-1], axis=0)
    return np.asarray(np.where(is_away.any(axis=0), np.minimum(len(points) - backwards, len(points) - 1), 0))


def effective_rates(seed: int, *, names: Sequence[str], n_steps: int) -> dict[str, Any]:
    """Return the effective rate |step| / |gradient| over the steps, under gradients of size 1 or so.

    Gradients are drawn from a normal distribution, the same ones for all; ``slope`` is that of the logarithm
    of the mean over 200 numbers against the logarithm of the step, in the second half of its decades.
    """
    drawn = np.random.default_rng(seed).normal(size=(n_steps, 200))
    at = np.unique(np.geomspace(1, n_steps, 25).astype(int)) - 1
    found: dict[str, Any] = {"step": [float(place + 1) for place in at]}
    for name in names:
        optimizer, point = optimizers.get(name), {"x": np.zeros(200)}
        rates = np.empty(n_steps)
        for place, gradient in enumerate(drawn):
            before = point["x"].copy()
            optimizer.apply(point, {"x": gradient})
            rates[place] = np.median(np.abs(point["x"] - before) / np.abs(gradient))
        late = at[at + 1 >= n_steps**0.5]
        found[name] = [float(rates[place] / rates[0]) for place in at]
        found[f"{name}_slope"] = float(np.polyfit(np.log(late + 1.0), np.log(rates[late]), 1)[0])
    return found


def best_rates(
    seed: int, *, names: Sequence[str], rates: Sequence[float], epochs: int, usual: Sequence[float]
) -> dict[str, Any]:
    """Return the rate at which each optimizer learns the digits best, and what ten times more or less costs.

    Best is the least loss on the rows to choose by. ``inside`` is the share of optimizers whose best rate
    lies between the two ``usual`` ones; the accuracies are those on the rows to judge by.
    """
    parts, made = nets.digits(seed).first(600), nets.dense(32, 1, "relu")
    found: dict[str, Any] = {"rates": [float(rate) for rate in rates]}
    chosen, high, low = [], [], []
    for name in names:
        runs = [
            nets.train(made, parts, seed, rate=rate, epochs=epochs, optimizer=name, batch_size=64)
            for rate in rates
        ]
        losses = [run.loss(parts.x_validation, parts.y_validation) for run in runs]
        best = int(np.argmin(np.where(np.isfinite(losses), losses, np.inf)))
        scores = [run.accuracy(parts.x_test, parts.y_test) for run in runs]
        found[name] = scores
        chosen.append(rates[best])
        # Two places of a half-decade grid are a factor of ten.
        high.append(scores[best] - scores[min(best + 2, len(rates) - 1)])
        low.append(scores[best] - scores[max(best - 2, 0)])
    tolerance = 1e-9
    inside = [usual[0] * (1 - tolerance) <= rate <= usual[1] * (1 + tolerance) for rate in chosen]
    return {
        **found,
        "inside": float(np.mean(inside)),
        "best": [float(rate) for rate in chosen],
        "too_large": float(np.mean(high)),
        "too_small": float(np.mean(low)),
    }
