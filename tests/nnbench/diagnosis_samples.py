"""Diagnoses made up for the views: every number is written here or follows from a formula."""

import math

import numpy as np

from nnbench.records.diagnosis import (
    Diagnosis,
    LayerCheck,
    Preflight,
    Quantity,
    Series,
    Training,
    WatchedActivation,
    WatchedWeights,
)
from nnbench.records.trials import Axes, CaseFacts, TrialRecord

AXES = Axes((("optimizer", "adam"), ("activation", "relu"), ("init", "glorot_uniform"), ("norm", "none")))
FACTS = CaseFacts(
    name="stack",
    summary="A stack of layers",
    metric="accuracy",
    direction="max",
    target=0.9,
    noticeable=0.01,
    chance=0.1,
    n_train=100,
    n_validation=50,
    n_parameters=1000,
    epochs=10,
    batch_size=10,
    steps=100,
)
STEPS = np.arange(0.0, 101.0, 10.0)


def quantity(mean: float, *, expected: float | None = None) -> Quantity:
    return Quantity(mean, (0.9 * mean, 1.1 * mean), expected)


def check(*, decay: float, n_layers: int = 4, expected: bool = True) -> Preflight:
    """Return a check in which both variance and gradient change by ``decay`` from layer to layer."""
    layers = []
    for place in range(n_layers):
        variance, gradient = decay**place, decay ** (n_layers - 1 - place)
        is_last = place == n_layers - 1
        layers.append(
            LayerCheck(
                layer=f"dense_{place}",
                units=32,
                activation=None if is_last else "relu",
                gain=1.0,
                keeping_gain=math.sqrt(2) if place else 1.0,
                variance=quantity(variance, expected=1.05 * variance if expected else None),
                gradient=quantity(gradient, expected=gradient if expected else None),
                gradient_factor=None if is_last else quantity(decay, expected=decay if expected else None),
            )
        )
    return Preflight(AXES, tuple(layers), n_seeds=6, n_samples=128)


def series(*values: float) -> Series:
    """Return a series for each of six seeds: ``values`` at the evaluations in turn, then the last again."""
    row = np.full(len(STEPS), values[-1])
    row[: len(values)] = values
    return np.tile(row, (6, 1))


def training(*, dead: float = 0.25) -> Training:
    activations = tuple(
        WatchedActivation(
            layer=f"activation_{place}",
            activation="relu",
            units=32,
            dead=series(0.0, 0.1 * dead, dead),
            dead_for_good=series(0.0, 0.0, dead),
            saturated=series(0.5, 0.4),
            mean=series(0.2, 0.7),
            variance=series(0.1, 1.0 + place),
            revived=np.full(6, 0.125),
        )
        for place in range(3)
    )
    weights = tuple(
        WatchedWeights(
            layer=f"dense_{place}",
            gradient_norm=series(math.nan, 2.0**-place, 4.0**-place),
            update_ratio=series(math.nan, 0.003, 0.001),
        )
        for place in range(4)
    )
    trials = tuple(
        TrialRecord(
            key=f"{seed:064x}",
            case="stack",
            axes=AXES,
            seed=seed,
            status="finished",
            final={"accuracy": 0.9 + 0.01 * seed, "loss": 0.3},
            best={"accuracy": 0.95, "loss": 0.3, "step": 90.0},
            steps=100,
            steps_to_target=None,
            train_s=0.01,
            digest=f"{seed:064x}",
            failure="dead" if seed == 5 else None,
        )
        for seed in range(6)
    )
    return Training(trials, STEPS, activations, weights)


def diagnosis() -> Diagnosis:
    return Diagnosis(
        FACTS,
        AXES,
        check(decay=0.5),
        training(),
        ("optimizer", "activation", "init"),
        "nnbench diagnose stack",
    )
