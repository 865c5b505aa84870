"""What the probes of a trial found: dead and saturated units, activations, gradients and steps, over time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit.compiler.probes import ACTIVATION_CELLS, WEIGHT_CELLS, ActivationProbe, WeightProbe
from nnkit.execution.trial import Trial

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
    start = ACTIVATION_CELLS * len(probes.activations)
    return Readings(
        np.concatenate([[0.0], trial.evaluations[: n - 1, 0]])[:n],
        _activations(trial, probes.activations, rows[:, :start]),
        tuple(
            _weight(probe, rows[:, start + WEIGHT_CELLS * place :][:, :WEIGHT_CELLS])
            for place, probe in enumerate(probes.weights)
        ),
    )


def _activations(
    trial: Trial, probes: Sequence[ActivationProbe], rows: NDArray[Any]
) -> tuple[ActivationReading, ...]:
    """Return the readings of all activations; a deep model has many, so they are reckoned together."""
    n = len(rows)
    cells = rows.reshape(n, len(probes), ACTIVATION_CELLS)
    units = np.array([probe.units for probe in probes])
    values = np.array([probe.values for probe in probes]) * trial.n_evaluation_samples
    dead = (units - cells[:, :, 0]) / units
    saturated, mean = cells[:, :, 1] / values, cells[:, :, 2] / values
    # Rounding may leave a variance of nothing below 0.
    variance = np.maximum(cells[:, :, 3] / values - mean**2, 0.0)
    found = []
    for place, probe in enumerate(probes):
        for_good, revived = _fates(trial, probe, n)
        found.append(
            ActivationReading(
                layer=probe.layer,
                activation=probe.activation,
                units=probe.units,
                dead=dead[:, place],
                dead_for_good=for_good,
                saturated=saturated[:, place],
                mean=mean[:, place],
                variance=variance[:, place],
                revived=revived,
            )
        )
    return tuple(found)


def _fates(trial: Trial, probe: ActivationProbe, n: int) -> tuple[Series, float]:
    """Return the shares of units that were dead for good at each of ``n`` evaluations, and revived."""
    alive_at, times_alive = trial.view(probe.alive_at), trial.view(probe.times_alive)
    # Evaluations are counted from 1; a unit last alive at an earlier one has been dead ever since.
    for_good = np.cumsum(np.bincount(alive_at.astype(np.int64), minlength=n)[:n]) / probe.units
    revived = np.count_nonzero((times_alive < n) & (alive_at == n)) / probe.units
    return for_good, revived


def _weight(probe: WeightProbe, cells: NDArray[Any]) -> WeightReading:
    gradient, step, weight = cells.T.copy()
    # No step has been made before the first evaluation.
    gradient[:1] = step[:1] = weight[:1] = np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        return WeightReading(probe.layer, gradient, step / weight, weight)
