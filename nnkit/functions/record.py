"""The record of a function that optimizers descend."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnkit.registry import Part

Vector = NDArray[np.float64]


def nowhere() -> Vector:
    return np.empty((0, 2))


@dataclass(frozen=True, slots=True)
class Samples:
    """What makes a function the mean over samples, so that a batch of them gives a noisy gradient.

    gradient     of the mean over the samples at these positions
    is_repeated  the order of the first epoch is that of every epoch; else each epoch has its own
    """

    n: int
    batch_size: int
    gradient: Callable[[Vector, NDArray[np.int64]], Vector]
    is_repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Function(Part):
    """A smooth function of d numbers.

    value        of points (…, d): an array (…)
    gradient     of points (…, d): an array (…, d)
    hessian      of one point: (d, d); None: differences of the gradient stand for it
    start        the usual start, (d,)
    domain       x_min, x_max, y_min, y_max of its picture; None where d is not 2
    minima       where it is least, (n, d); empty where it has no least value
    others       what else is stationary: local minima and saddles, (n, d)
    samples      what it is the mean of; None: it is itself
    n_steps      that show what it is about
    """

    value: Callable[[Vector], Vector]
    gradient: Callable[[Vector], Vector]
    hessian: Callable[[Vector], Vector] | None = None
    start: Callable[[], Vector]
    domain: tuple[float, float, float, float] | None = None
    minima: Callable[[], Vector] = nowhere
    others: Callable[[], Vector] = nowhere
    samples: Samples | None = None
    n_steps: int = 200

    def curvature(self, point: Vector) -> Vector:
        """Return the Hessian at a point, (d, d), by central differences where no formula is known."""
        if self.hessian is not None:
            return self.hessian(point)
        width = 1e-5 * max(1.0, float(np.abs(point).max()))
        rows = [
            (self.gradient(point + step) - self.gradient(point - step)) / (2 * width)
            for step in width * np.eye(point.size)
        ]
        return (np.array(rows) + np.array(rows).T) / 2

    def largest_curvature(self) -> float | None:
        """Return the Hessian's largest eigenvalue where the function is least; None: it has no minimum."""
        minima = self.minima()
        return float(np.linalg.eigvalsh(self.curvature(minima[0]))[-1]) if len(minima) else None
