"""The record of a metric: how it is computed, which way is better, and how its numbers are read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnkit.registry import Part

Values = NDArray[np.float64]
Targets = NDArray[Any]
Unit = Literal["", "%"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric(Part):
    """A number that tells how well ``outputs`` (rows, n) match labels (rows,) or real targets (rows, n).

    ``compute(outputs, targets)`` takes both in float64 (labels as whole numbers) and returns the metric, or
    NaN where it has no value on these targets. ``evaluated`` is the place in what an evaluation returns
    (mean loss, share correct) of a metric that the driver computes itself.

    ``useless(targets)`` is the metric of a model that ignores its input and does the best it can. ``unit`` is
    "%" for a share that people write in percent, and ``least`` and ``most`` are the ends of its range.
    """

    direction: Literal["max", "min"]
    targets: Literal["labels", "real", "any"]
    useless: Callable[[Targets], float]
    compute: Callable[[Values, Targets], float] | None = None
    evaluated: Literal[0, 1] | None = None
    unit: Unit = ""
    least: float | None = None
    most: float | None = None
    needs_logits: bool = False
    in_target_units: bool = False  # another scale of real targets gives other numbers

    def value(self, outputs: NDArray[Any], targets: Targets) -> float:
        """Return the metric over all rows; NaN where an output is not finite, or where it has no value."""
        assert self.compute is not None, f"the driver computes {self.name}"
        assert len(outputs) == len(targets), (outputs.shape, targets.shape)
        if not np.isfinite(outputs).all():
            return float("nan")
        values = np.asarray(outputs, dtype=np.float64).reshape(len(outputs), -1)
        if self.targets == "labels":
            return float(self.compute(values, np.asarray(targets).reshape(-1)))
        with np.errstate(over="ignore", invalid="ignore"):  # float64 ends at 1e308, and so does its square
            return float(self.compute(values, np.asarray(targets, dtype=np.float64).reshape(values.shape)))
