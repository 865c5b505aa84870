"""Gradients to drive an optimizer with: a few short walks on which known forms differ."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Weights = Mapping[str, Array]
# The gradients of step t, counted from 1, at the weights.
Gradients = Callable[[int, Weights], dict[str, Array]]

_VECTOR = (0.5, -1.0, 2.0, 0.25)
_START = (0.5, -0.8, 1.1, -1.4)
_CURVATURE = np.array(
    [[2.0, -1.0, 0.0, 0.0], [-1.0, 4.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.5], [0.0, 0.0, 0.5, 3.0]]
)


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """One walk: where it starts, its gradients, and by what its rate is multiplied at each step.

    Kernels have Keras's layout: (in, out), and (height, width, in, out).
    """

    name: str
    start: Weights
    gradients: Gradients
    n_steps: int
    rates: Callable[[int], float] | None = None  # None: the rate stays
    degree: int = 1  # of the loss that has these gradients: 1 where they do not depend on the weights

    def value(self, step: int, weights: Weights) -> float:
        """Return the loss with these gradients at these weights, for those who ask for one."""
        found = self.gradients(step, weights)
        return float(sum(np.vdot(found[name], weights[name]) for name in weights)) / self.degree


def _vector(
    name: str, gradient: Callable[[int], Array], n_steps: int, *, start: tuple[float, ...] = _START,
    rates: Callable[[int], float] | None = None,
) -> Probe:  # fmt: skip
    return Probe(name, {"w": np.array(start)}, lambda t, _: {"w": gradient(t)}, n_steps, rates)


def _arrays(name: str, n_steps: int, rank: int | None = None, **shapes: tuple[int, ...]) -> Probe:
    """Return a walk of several arrays over noise, or over matrices of a rank."""

    def draw(shape: tuple[int, ...], seed: int) -> Array:
        rng = np.random.RandomState(seed)
        if rank is None:
            return rng.normal(size=shape)
        return rng.normal(size=(shape[0], rank)) @ rng.normal(size=(rank, shape[1]))

    drawn = {
        key: [draw(shape, 100 * place + t) for t in range(n_steps)]
        for place, (key, shape) in enumerate(shapes.items())
    }
    start = {
        key: np.random.RandomState(7 + place).normal(size=shape)
        for place, (key, shape) in enumerate(shapes.items())
    }
    return Probe(name, start, lambda t, _: {key: drawn[key][t - 1].copy() for key in drawn}, n_steps)


def _varied() -> Callable[[int], Array]:
    drawn = np.random.RandomState(3).normal(size=(40, 4)) * np.array([1.0, 0.1, 3.0, 1.0])
    drawn[::5, 3] = 0.0
    return lambda t: np.asarray(drawn[t - 1].copy())


@cache
def probes() -> tuple[Probe, ...]:
    """Return every walk, the telling ones first."""
    constant, varied = np.array(_VECTOR), _varied()
    return (
        _vector("constant", lambda t: constant.copy(), 12),
        _vector("varied", varied, 40),
        _vector("alternating", lambda t: constant * (-1.0) ** t, 10),
        _vector("then zero", lambda t: varied(t) if t <= 5 else np.zeros(4), 12),
        _vector("always zero", lambda t: np.zeros(4), 3),
        _vector("tiny", lambda t: np.array([1e-4, -1e-6, 1e-8, -3e-5]) * (1 + t % 3), 8, start=(0.0,) * 4),
        _vector("moving rate", varied, 8, rates=lambda t: 1.0 / t),
        Probe("quadratic", {"w": np.array(_START)}, lambda t, w: {"w": _CURVATURE @ w["w"]}, 12, degree=2),
        _arrays("rank one", 4, rank=1, kernel=(5, 3)),
        _arrays("tall matrix", 14, kernel=(6, 4)),
        _arrays("wide matrix", 6, kernel=(3, 5)),
        _arrays("kernel and bias", 8, kernel=(4, 3), bias=(3,)),
        _arrays("convolution", 5, kernel=(3, 3, 2, 4)),
    )
