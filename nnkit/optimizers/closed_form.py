"""What optimizers are measured by where their path is known by hand."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def moved(
    gradient: Callable[[int], ArrayLike] | float, steps: int, *, start: ArrayLike = 0.0
) -> Callable[[Any], Array]:
    """Return what measures how far an optimizer has moved after each step: ``start - w``.

    gradient    that of step ``t``, counted from 1; or one number that it always is
    Shapes      start and every gradient: those of the parameter; measured: (steps, *start)
    """

    def measure(optimizer: Any) -> Array:
        first = np.atleast_1d(np.asarray(start, np.float64))
        w, path = first.copy(), []
        for t in range(1, steps + 1):
            g = gradient(t) if callable(gradient) else gradient
            optimizer.apply({"w": w}, {"w": np.broadcast_to(np.asarray(g, np.float64), w.shape).copy()})
            path.append(first - w)
        return np.array(path)

    return measure


def after_each(steps: int, distance: Callable[[int], ArrayLike]) -> Array:
    """Return ``distance(t)`` for the steps ``t`` from 1, in the shape that `moved` measures."""
    return np.array([np.atleast_1d(np.asarray(distance(t), np.float64)) for t in range(1, steps + 1)])
