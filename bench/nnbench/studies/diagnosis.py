"""One configuration under the microscope: the check before any training, and the probes during it."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from nnbench.cases import plugins
from nnbench.machine.stopping import Interrupted, Stop
from nnbench.plan.matrix import TrialSpec
from nnbench.records.diagnosis import (
    LayerCheck,
    Preflight,
    Quantity,
    Series,
    Training,
    WatchedActivation,
    WatchedWeights,
)
from nnbench.records.trials import TrialRecord
from nnbench.statistics.estimation.intervals import t_interval
from nnbench.training.precompile import warm_up
from nnbench.training.program import layers_of
from nnbench.training.trial import data_of, run_with_probes
from nnkit.insight import propagation
from nnkit.insight.probes import Readings
from nnkit.insight.propagation import LayerSignal, Measured

# Variance is a mean over so many samples; more would cost memory and say no more.
_SAMPLES = 128


def preflight(trials: Sequence[TrialSpec]) -> Preflight:
    """Return how signals and gradients pass through a fresh model, over the seeds of one configuration."""
    first = trials[0]
    train, _ = data_of(first)
    found = propagation.measure(
        layers_of(first.case, first.axes), train.x[:_SAMPLES], seeds=[trial.seed for trial in trials]
    )
    checks = tuple(_check(layer) for layer in found.layers)
    return Preflight(first.axes, checks, found.n_seeds, found.n_samples)


def train(trials: Sequence[TrialSpec], *, progress: Callable[[int, int], None], stop: Stop) -> Training:
    """Train one configuration on its seeds, and return what the probes saw until a stop."""
    records, readings = [], []
    for place, trial in enumerate(trials):
        progress(place, len(trials))
        record, found = _trained(trial, stop)
        if record.status == "cancelled":
            break
        records.append(record)
        readings.append(found)
    progress(len(records), len(trials))
    return collected(records, readings) if records else Training((), np.empty(0), (), ())


class TrialFailed(Exception):
    """A plug-in ended the training, and there is nothing to show without it."""


def _trained(trial: TrialSpec, stop: Stop) -> tuple[TrialRecord, Readings]:
    try:
        return run_with_probes(trial, stop=stop)
    except BaseException as error:
        if isinstance(error, Interrupted) or not plugins.place_of(error):
            raise
        raise TrialFailed(plugins.said_of(error)) from error


def compile_kernels(trials: Sequence[TrialSpec], progress: Callable[[int, int, str], None]) -> None:
    warm_up(trials[:1], progress, probes=True)


def collected(records: Sequence[TrialRecord], readings: Sequence[Readings]) -> Training:
    """Put the readings of several seeds side by side."""
    longest = max(readings, key=lambda found: len(found.steps))
    return Training(
        trials=tuple(records),
        steps=longest.steps,
        activations=tuple(
            WatchedActivation(
                layer=each.layer,
                activation=each.activation,
                units=each.units,
                **{
                    name: _stacked([getattr(found.activations[place], name) for found in readings])
                    for name in ("dead", "dead_for_good", "saturated", "mean", "variance")
                },
                revived=np.array([found.activations[place].revived for found in readings]),
            )
            for place, each in enumerate(longest.activations)
        ),
        weights=tuple(
            WatchedWeights(
                layer=each.layer,
                **{
                    name: _stacked([getattr(found.weights[place], name) for found in readings])
                    for name in ("gradient_norm", "update_ratio")
                },
            )
            for place, each in enumerate(longest.weights)
        ),
    )


def _stacked(series: Sequence[NDArray[np.float64]]) -> Series:
    """Return one row for each seed; a trial that ended early is filled up with NaN."""
    stacked = np.full((len(series), max(map(len, series))), np.nan)
    for row, values in zip(stacked, series, strict=True):
        row[: len(values)] = values
    return stacked


def _check(layer: LayerSignal) -> LayerCheck:
    return LayerCheck(
        layer=layer.name,
        units=layer.units,
        activation=layer.activation,
        gain=layer.gain,
        keeping_gain=layer.keeping_gain,
        variance=_quantity(layer.variance),
        gradient=_quantity(layer.gradient),
        gradient_factor=None if layer.gradient_factor is None else _quantity(layer.gradient_factor),
    )


def _quantity(measured: Measured) -> Quantity:
    return Quantity(measured.mean, t_interval(measured.per_seed), measured.expected)
