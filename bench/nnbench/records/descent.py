"""Paths of optimizers over a function, and the landscape that they are drawn on."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

End = Literal["converged", "saddle", "local_minimum", "diverged", "running"]
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """One descent. ``points`` are what is drawn: the point itself in two dimensions, else its shadow."""

    optimizer: str
    learning_rate: float
    schedule: str
    batch_size: int | None  # None: the whole gradient
    seed: int | None  # None: nothing is drawn
    points: Values  # (steps + 1, 2), the start first
    values: Values  # (steps + 1,)
    last: tuple[float, ...]  # the last point, in all its dimensions
    end: End
    why: str
    settled: int | None  # the step from which on it is as near to its end as "converged" asks for
    limit: float | None  # the rate from which on this optimizer diverges; None: no rate is known

    @property
    def n_steps(self) -> int:
        return len(self.values) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Landscape:
    """Values over a rectangle: ``z[row, column]`` at ``(x[column], y[row])``."""

    x: Values
    y: Values
    z: Values
    x_label: str
    y_label: str


@dataclass(frozen=True, slots=True, eq=False)
class Descent:
    """All paths of one command."""

    function: str
    formula: str
    source: str
    summary: str
    start: tuple[float, ...]
    least: float | None  # the function's least value; None: it falls without end
    curvature: float | None  # the largest eigenvalue of the Hessian where the function is least
    noise: float
    paths: tuple[Path, ...]
    landscape: Landscape
    minima: Values  # (n, 2), as they are drawn
    others: Values  # (n, 2): local minima and saddles
    command: str

    @property
    def stability_limit(self) -> float | None:
        """The learning rate above which plain gradient descent leaves the minimum: 2 / curvature."""
        return None if self.curvature is None else 2.0 / self.curvature

    @property
    def varying(self) -> tuple[str, ...]:
        """What tells the paths apart, beside the optimizer and its rate."""
        told = ("schedule", "batch_size", "seed")
        return tuple(name for name in told if len({getattr(path, name) for path in self.paths}) > 1)

    def label(self, path: Path) -> str:
        """Return what to call a path in this company."""
        further = {
            "schedule": path.schedule,
            "batch_size": f"batch {path.batch_size}",
            "seed": f"seed {path.seed}",
        }
        return ", ".join(
            (f"{path.optimizer} {path.learning_rate:g}", *(further[name] for name in self.varying))
        )
