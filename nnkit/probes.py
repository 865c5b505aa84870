"""What the probes of a trial found: dead and saturated units, activations, gradients and steps, over time."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit.compiler.probes import ACTIVATION_CELLS, WEIGHT_CELLS, ActivationProbe, WeightProbe
from nnkit.execution import Trial

Series = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ActivationReading:
    """One activation, over evaluations; shares are of its units, or of all its values.

    A unit is dead if the slope is 0 for every sample of the evaluation, in effect: below a millionth of
    the activation's steepest slope. A value is saturated where the slope is below a twentieth of that: of
    a sigmoid or tanh, its flat ends; of a ReLU, its zeros; of GELU and the like, the negative side.
    """

    layer: str
    activation: str
    units: int
    dead: Series
    dead_for_good: Series  # dead then and at every evaluation after
    saturated: Series
    mean: Series
    variance: Series
    revived: float  # share of the units that were dead at some time, and are alive at the end


@dataclass(frozen=True, slots=True)
class WeightReading:
    """One kernel, at the last training step before each evaluation; NaN before the first."""

    layer: str
    gradient_norm: Series
    update_ratio: Series  # length of the step over length of the weights
    weight_norm: Series


@dataclass(frozen=True, slots=True)
class Readings:
    """All probes of a trial. ``steps`` are the evaluations: 0 is before any training."""

    steps: Series
    activations: tuple[ActivationReading, ...]
    weights: tuple[WeightReading, ...]


def read(trial: Trial) -> Readings:
    """Return what the probes have found so far; raises where the program has none."""
    probes = trial.program.probes
    assert probes.n_cells, "the program was compiled without probes"
    n = min(trial.n_probe_rows, len(trial.probe_rows))
    rows = trial.probe_rows[:n]
    n_samples = trial.n_evaluation_samples
    start = ACTIVATION_CELLS * len(probes.activations)
    return Readings(
        np.concatenate([[0.0], trial.evaluations[: n - 1, 0]])[:n],
        tuple(
            _activation(trial, probe, rows[:, ACTIVATION_CELLS * place :][:, :ACTIVATION_CELLS], n_samples)
            for place, probe in enumerate(probes.activations)
        ),
        tuple(
            _weight(probe, rows[:, start + WEIGHT_CELLS * place :][:, :WEIGHT_CELLS])
            for place, probe in enumerate(probes.weights)
        ),
    )


def _activation(
    trial: Trial, probe: ActivationProbe, cells: NDArray[Any], n_samples: int
) -> ActivationReading:
    n_values = n_samples * probe.values
    mean = cells[:, 2] / n_values
    n = len(cells)
    alive_at, times_alive = trial.view(probe.alive_at), trial.view(probe.times_alive)
    # Evaluations are counted from 1; a unit last alive at an earlier one has been dead ever since.
    for_good = np.array([np.mean(alive_at < number) for number in range(1, n + 1)])
    return ActivationReading(
        layer=probe.layer,
        activation=probe.activation,
        units=probe.units,
        dead=(probe.units - cells[:, 0]) / probe.units,
        dead_for_good=for_good,
        saturated=cells[:, 1] / n_values,
        mean=mean,
        # Rounding may leave a variance of nothing below 0.
        variance=np.maximum(cells[:, 3] / n_values - mean**2, 0.0),
        revived=float(np.mean((times_alive < n) & (alive_at == n))),
    )


def _weight(probe: WeightProbe, cells: NDArray[Any]) -> WeightReading:
    gradient, step, weight = cells.T.copy()
    # No step has been made before the first evaluation.
    gradient[:1] = step[:1] = weight[:1] = np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        return WeightReading(probe.layer, gradient, step / weight, weight)
