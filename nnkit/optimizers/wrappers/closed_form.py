"""What wrappers are measured by: the path, known by hand, of an optimizer with the wrapper around it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnkit.optimizers.closed_form import moved

Array = NDArray[np.float64]
RATE = 0.1


def around(measure: Callable[[Any], Array], optimizer: str = "sgd") -> Callable[[Any], Array]:
    """Return what measures a wrapper by what it makes of an optimizer at the rate `RATE`."""

    def measured(wrapper: Any) -> Array:
        from nnkit import optimizers

        return measure(wrapper.around(optimizers.get(optimizer, learning_rate=RATE)))

    return measured


def moved_around(
    gradient: Callable[[int], ArrayLike] | float, steps: int, *, start: ArrayLike = 0.0, by: str = "sgd"
) -> Callable[[Any], Array]:
    """Return what measures how far the optimizer ``by`` has moved after each step, as `moved` does."""
    return around(moved(gradient, steps, start=start), by)


def seen_around(gradient: float, steps: int) -> Callable[[Any], Array]:
    """Return what measures how far from 0 the evaluated weight is after each step of gradient descent."""

    def measure(optimizer: Any) -> Array:
        w, path = np.zeros(1), []
        for _ in range(steps):
            optimizer.apply({"w": w}, {"w": np.full(1, gradient)})
            path.append(-optimizer.view({"w": w})["w"])
        return np.array(path)

    return around(measure)


def left_on_bowl(start: ArrayLike, steps: int) -> Callable[[Any], Array]:
    """Return what measures the weights after each step down ``w'w / 2``, whose gradient is ``w``."""

    def measure(optimizer: Any) -> Array:
        point, path = {"w": np.array(start, np.float64)}, []
        for _ in range(steps):
            optimizer.apply(point, lambda at: {"w": at["w"]})
            path.append(point["w"].copy())
        return np.array(path)

    return around(measure)
