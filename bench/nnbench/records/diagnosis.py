"""What a diagnosis leaves: plain data, which the views and the JSON document are made from.

Nothing here computes, and nothing here imports nnkit or numba.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnbench.records.trials import Axes, CaseFacts, TrialRecord

Series = NDArray[np.float64]  # by seed, then by evaluation; NaN where a trial has none


@dataclass(frozen=True, slots=True)
class Quantity:
    """A mean over seeds with its interval, beside what mean-field theory expects."""

    mean: float
    interval: tuple[float, float]
    expected: float | None  # None where theory is silent


@dataclass(frozen=True, slots=True)
class LayerCheck:
    """What reaches one layer with weights before any training."""

    layer: str
    units: int
    activation: str | None  # behind it
    gain: float | None  # sqrt(variance of its weights * inputs of a unit); None if they have a mean
    keeping_gain: float | None  # that would give it variance 1, if the layer before has variance 1
    variance: Quantity  # mean square of what it puts out, before the activation
    gradient: Quantity  # squared length of the gradient for that, where the output's gradient has length 1
    gradient_factor: Quantity | None  # that gradient over the next layer's; None for the last


@dataclass(frozen=True, slots=True)
class Preflight:
    """The check of initialisation and activation before any training."""

    axes: Axes
    layers: tuple[LayerCheck, ...]
    n_seeds: int
    n_samples: int


@dataclass(frozen=True, slots=True)
class WatchedActivation:
    """One activation during training; shares of its units or values."""

    layer: str
    activation: str
    units: int
    dead: Series
    dead_for_good: Series  # dead then and at every evaluation after
    saturated: Series
    mean: Series
    variance: Series
    revived: NDArray[np.float64]  # by seed: once dead, alive at the end


@dataclass(frozen=True, slots=True)
class WatchedWeights:
    """One kernel at the last step before each evaluation; NaN before the first step."""

    layer: str
    gradient_norm: Series
    update_ratio: Series  # length of the step over length of the weights


@dataclass(frozen=True, slots=True)
class Training:
    """One configuration in training, seen by the probes. ``steps`` are the evaluations, from 0 on."""

    trials: tuple[TrialRecord, ...]
    steps: NDArray[np.float64]
    activations: tuple[WatchedActivation, ...]
    weights: tuple[WatchedWeights, ...]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One configuration of a case under the microscope."""

    facts: CaseFacts
    axes: Axes
    preflight: Preflight
    training: Training
    naming: tuple[str, ...]  # the axes that matter to the case and tell configurations apart
    command: str
