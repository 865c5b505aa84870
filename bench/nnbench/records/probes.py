"""What the probes of a trial leave in its record: short curves with a value for each layer, at the end.

Reports read these curves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from nnbench.records.trials import TrialRecord

PREFIX = "probe_"
Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ProbeSummary:
    """What the probes saw at the end of a trial: by activation, and from ``gradient_norm`` on by kernel."""

    units: Values
    dead_at_start: Values  # shares of the units
    dead: Values
    revived: Values
    saturated: Values  # share of the values
    mean: Values
    variance: Values
    gradient_norm: Values  # NaN where no step was made
    update_ratio: Values

    def items(self) -> list[tuple[str, Values]]:
        return [(field.name, getattr(self, field.name)) for field in fields(self)]

    @property
    def dead_share(self) -> float:
        """The share of dead units of all layers; NaN without activations."""
        return float(self.units @ self.dead / self.units.sum()) if self.units.size else float("nan")

    @property
    def saturated_share(self) -> float:
        """The share of saturated values, each layer counting alike."""
        return float(self.saturated.mean()) if self.saturated.size else float("nan")

    @property
    def gradient_ratio(self) -> float:
        """The gradient of the first layer over that of the last, in Euclidean lengths."""
        norm = self.gradient_norm
        return float(norm[0] / norm[-1]) if norm.size > 1 and norm[-1] > 0 else float("nan")


NAMES = tuple(PREFIX + field.name for field in fields(ProbeSummary))


def summary_of(trial: TrialRecord) -> ProbeSummary | None:
    """Return what the probes saw, or None for a trial that ran without them."""
    curves: Mapping[str, Values] = trial.curves
    if not all(name in curves for name in NAMES):
        return None
    return ProbeSummary(*(curves[name] for name in NAMES))
