"""What the probes of a trial read, as the short curves that its record keeps."""

import numpy as np

from nnbench.records.probes import PREFIX, ProbeSummary, Values
from nnkit.insight.probes import Readings


def as_curves(found: Readings) -> dict[str, Values]:
    """Return the curves to be recorded."""
    activations, weights = found.activations, found.weights
    summary = ProbeSummary(
        units=_values([each.units for each in activations]),
        dead_at_start=_values([each.dead[0] for each in activations]),
        dead=_values([each.dead[-1] for each in activations]),
        revived=_values([each.revived for each in activations]),
        saturated=_values([each.saturated[-1] for each in activations]),
        mean=_values([each.mean[-1] for each in activations]),
        variance=_values([each.variance[-1] for each in activations]),
        gradient_norm=_values([each.gradient_norm[-1] for each in weights]),
        update_ratio=_values([each.update_ratio[-1] for each in weights]),
    )
    return {PREFIX + name: values for name, values in summary.items()}


def _values(numbers: list[float]) -> Values:
    return np.array(numbers, dtype=np.float32)
