"""Functions that are means over samples: a batch of them gives a gradient with noise."""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nnkit.datasets.embedded import IRIS as IRIS_DATA
from nnkit.functions.record import Function, Samples, Vector

_N_DEEP, _N_TEST = 100, 896  # dimensions; test rows: 7 whole batches of 128
PENALTY = 0.01  # of iris: it makes the minimum unique, and the loss strongly convex


@dataclass(frozen=True, slots=True, eq=False)
class Deep:
    """DeepOBS's problem: its Hessian, its training points, and the mean and the constant of its test loss."""

    hessian: Vector
    points: Vector
    test_mean: Vector
    test_constant: float


@cache
def deep() -> Deep:
    """Return the problem, drawn as DeepOBS draws it."""
    rng = np.random.RandomState(42)
    eigenvalues = np.concatenate([rng.uniform(0.0, 1.0, 90), rng.uniform(30.0, 60.0, 10)])
    rotation = _rotation(rng, _N_DEEP)
    hessian = rotation.T @ np.diag(eigenvalues) @ rotation
    points = _gaussian(42)
    test = _gaussian(43)[:_N_TEST]
    mean = test.mean(axis=0)
    constant = float(np.einsum("ni,ij,nj->", test, hessian, test) / (2 * _N_TEST) - mean @ hessian @ mean / 2)
    return Deep(hessian, points, mean, constant)


def _gaussian(seed: int) -> Vector:
    drawn = np.random.RandomState(seed).normal(0.0, 0.6, (1000, _N_DEEP))
    return drawn.astype(np.float32).astype(np.float64)


def _rotation(rng: np.random.RandomState, n: int) -> Vector:
    """Return a rotation by the subgroup algorithm: each dimension adds one reflection.

    Source: Diaconis and Shahshahani (1987), Probab. Eng. Inf. Sci. 1(1).
    """
    angle = 2 * math.pi * rng.uniform()
    rotation = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    for size in range(3, n + 1):
        direction = rng.normal(size=size)
        mirror = -direction / np.linalg.norm(direction)
        mirror[0] += 1.0
        mirror /= np.linalg.norm(mirror)
        larger = np.eye(size)
        larger[1:, 1:] = rotation
        rotation = larger - 2 * np.outer(mirror, mirror @ larger)
    return -rotation


def _deep_value(theta: Vector) -> Vector:
    d = deep()
    away = theta - d.test_mean
    return np.asarray(np.einsum("...i,ij,...j->...", away, d.hessian, away) / 2 + d.test_constant)


def _deep_gradient(theta: Vector) -> Vector:
    return np.asarray((theta - deep().points.mean(axis=0)) @ deep().hessian)


def _deep_batch_gradient(theta: Vector, rows: NDArray[np.int64]) -> Vector:
    return np.asarray((theta - deep().points[rows].mean(axis=0)) @ deep().hessian)


@cache
def iris_table() -> tuple[Vector, NDArray[np.int64]]:
    """Return the 150 flowers, standardized and with a column of ones, and their species: (150, 5), (150,)."""
    x, y = IRIS_DATA.build()
    features = np.asarray(x, dtype=np.float64)
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    return np.column_stack([features, np.ones(len(features))]), np.asarray(y, dtype=np.int64)


def _probabilities(w: Vector, x: Vector) -> Vector:
    """Return softmax(x w) for weights (…, 15): (…, rows, 3)."""
    scores = x @ w.reshape(*w.shape[:-1], 5, 3)
    # Subtract the row maximum first, so that exp cannot overflow.
    grown = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=-1, keepdims=True))


def _iris_value(w: Vector) -> Vector:
    x, y = iris_table()
    scores = x @ w.reshape(*w.shape[:-1], 5, 3)
    largest = scores.max(axis=-1)
    logs = largest + np.log(np.exp(scores - largest[..., None]).sum(axis=-1))
    right = scores[..., np.arange(len(y)), y]
    return np.asarray((logs - right).mean(axis=-1) + PENALTY / 2 * (w * w).sum(axis=-1))


def _iris_batch_gradient(w: Vector, rows: NDArray[np.int64]) -> Vector:
    x, y = iris_table()
    error = _probabilities(w, x[rows])
    error[..., np.arange(len(rows)), y[rows]] -= 1.0
    slope = np.swapaxes(np.broadcast_to(x[rows], (*error.shape[:-1], 5)), -1, -2) @ error / len(rows)
    return np.asarray(slope.reshape(w.shape) + PENALTY * w)


def _iris_gradient(w: Vector) -> Vector:
    return _iris_batch_gradient(w, np.arange(len(iris_table()[1])))


def _iris_hessian(w: Vector) -> Vector:
    x, _ = iris_table()
    p = _probabilities(w, x)
    spread = np.einsum("ni,ij->nij", p, np.eye(3)) - np.einsum("ni,nj->nij", p, p)
    whole = np.einsum("na,nb,nij->aibj", x, x, spread).reshape(15, 15) / len(x)
    return np.asarray(whole + PENALTY * np.eye(15))


@cache
def _iris_minimum() -> Vector:
    """Return the only minimum, by Newton's method: (1, 15)."""
    w = np.zeros(15)
    for _ in range(30):
        w = w - np.linalg.solve(_iris_hessian(w), _iris_gradient(w))
    return w[None]


QUADRATIC_DEEP = Function(
    name="quadratic_deep",
    summary="DeepOBS's noisy bowl in 100 dimensions, 10 of them steep; its value is the test loss.",
    formula="f = mean over samples s of (x - s)' Q (x - s) / 2",
    source="Schneider, Balles and Hennig (2019), arXiv:1903.05499",
    value=_deep_value,
    gradient=_deep_gradient,
    hessian=lambda theta: deep().hessian,
    start=lambda: np.ones(_N_DEEP),
    minima=lambda: deep().points.mean(axis=0)[None],
    # Only an order that is drawn once and repeated gives the published results with momentum.
    samples=Samples(1000, 128, _deep_batch_gradient, is_repeated=True),
    n_steps=700,
)

IRIS = Function(
    name="iris",
    summary="Softmax regression on 150 flowers: the batch decides how noisy the way is.",
    formula="f = mean cross-entropy + 0.005 |w|**2, of 4 x 3 weights and 3 biases",
    source="Fisher (1936), Annals of Eugenics 7(2); the lecture note on optimisation",
    value=_iris_value,
    gradient=_iris_gradient,
    hessian=_iris_hessian,
    start=lambda: np.zeros(15),
    minima=_iris_minimum,
    samples=Samples(150, 15, _iris_batch_gradient),
    n_steps=150,
)
