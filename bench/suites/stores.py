"""Stores of any size with made-up trials, for timing reports: records as those of the digits."""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np

from nnbench.records.trials import Axes, CaseFacts, RunRecord, TrialRecord
from nnbench.store import Store

_STEPS, _EVALUATIONS, _VALIDATION = 860, 20, 449
_AT_ONCE = 1_000
# Of every configuration so many seeds in a hundred diverge, and the worst configurations are stuck at chance.
_DIVERGED = 2

FACTS = CaseFacts(
    name="digits_mlp",
    summary="Handwritten 8x8 digits, two hidden layers",
    metric="accuracy",
    direction="max",
    unit="%",
    least=0.0,
    most=1.0,
    target=0.96,
    noticeable=0.01,
    chance=0.1018363939899833,
    n_train=1348,
    n_validation=_VALIDATION,
    n_parameters=6570,
    epochs=20,
    batch_size=32,
    steps=_STEPS,
    suite_version=1,
    exchange_rate=4.28e-05,
)
_OWN = (("init", "glorot_uniform"), ("norm", "none"), ("schedule", "constant"))


def configurations(levels: Sequence[int]) -> list[Axes]:
    """Return the product of up to three axes with so many choices: optimizer, activation, learning rate."""
    n_optimizers, n_activations, n_rates = (*levels, 1, 1, 1)[:3]
    optimizers = ["adam", *(f"sgd(momentum={place / n_optimizers:g})" for place in range(1, n_optimizers))]
    activations = [
        "relu",
        *(f"leaky_relu(slope={place / n_activations:g})" for place in range(1, n_activations)),
    ]
    rates = [f"{0.001 * 1.02**place:.5g}" for place in range(n_rates)]
    return [
        Axes(
            (("optimizer", one), ("activation", other), *_OWN, ("learning_rate", rate), ("batch_size", "32"))
        )
        for one, other, rate in product(optimizers, activations, rates)
    ]


def fill(path: Path, levels: Sequence[int], n_seeds: int, *, cases: int = 1) -> RunRecord:
    """Write a store with one run, the product of ``levels`` by ``n_seeds`` in every case, and return it."""
    facts = tuple(replace(FACTS, name=f"digits_{place}") if place else FACTS for place in range(cases))
    keys: list[str] = []
    with Store.open(path, create=True) as store:
        for case in facts:
            batch: list[TrialRecord] = []
            for place, axes in enumerate(configurations(levels)):
                batch += _trials(case, axes, place, n_seeds)
                if len(batch) >= _AT_ONCE:
                    keys += _put(store, batch)
            keys += _put(store, batch)
        named = ("optimizer", "activation", "learning_rate")
        run = RunRecord(
            run="20260101-000000-abcd",
            created="2026-01-01T00:00:00Z",
            command="nnbench run digits",
            cases=facts,
            varying=tuple(name for name, n in zip(named, levels, strict=False) if n > 1),
            against=None,
            trial_keys=tuple(keys),
            environment={"cpu": "made up", "cores": 2, "jobs": 2, "engine": "threads"},
            elapsed_s=0.01 * len(keys),
            n_new=len(keys),
            n_cached=0,
        )
        store.put_run(run)
    return run


def _put(store: Store, batch: list[TrialRecord]) -> list[str]:
    store.put_trials(batch)
    keys = [trial.key for trial in batch]
    batch.clear()
    return keys


def _trials(case: CaseFacts, axes: Axes, place: int, n_seeds: int) -> Iterator[TrialRecord]:
    """Yield the trials of a configuration: a level of its own, and around it what the seeds make of it."""
    draws = np.random.Generator(np.random.Philox(key=place))
    final = min(0.985, 0.1 + 0.88 * float(draws.beta(4.0, 0.4)))
    at = np.linspace(0.0, 1.0, _STEPS)
    evaluated = np.arange(1, _EVALUATIONS + 1) * (_STEPS // _EVALUATIONS)
    for seed in range(n_seeds):
        digest = hashlib.sha256(f"{case.name} {axes.values} {seed}".encode()).hexdigest()
        noise = draws.standard_normal(_STEPS + _EVALUATIONS)
        speed = float(draws.uniform(4.0, 8.0))
        loss = 2.3 * np.exp(-speed * final * at) * (1.0 + 0.1 * noise[:_STEPS])
        rising = 0.1 + (final - 0.1) * -np.expm1(-speed * evaluated / _STEPS)
        accuracy = np.clip(rising + 0.006 * noise[_STEPS:], 0.0, 1.0)
        accuracy = np.round(accuracy * _VALIDATION) / _VALIDATION
        yield _record(case, axes, seed, digest, (loss, evaluated, accuracy))


def _record(
    case: CaseFacts, axes: Axes, seed: int, digest: str, told: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> TrialRecord:
    loss, evaluated, accuracy = told
    losses = 2.4 * (1.05 - accuracy)
    best, reached = int(np.argmax(accuracy)), np.flatnonzero(accuracy >= (case.target or math.inf))
    has_diverged = int(digest[:2], 16) * 100 < _DIVERGED * 256
    curves = {"step_loss": loss, "eval_step": evaluated, "val_loss": losses, "val_accuracy": accuracy}
    return TrialRecord(
        key=digest,
        case=case.name,
        axes=axes,
        seed=seed,
        status="diverged" if has_diverged else "finished",
        final={} if has_diverged else {"loss": float(losses[-1]), "accuracy": float(accuracy[-1])},
        best={"loss": float(losses[best]), "accuracy": float(accuracy[best]), "step": float(evaluated[best])},
        steps=_STEPS,
        steps_to_target=int(evaluated[reached[0]]) if reached.size else None,
        train_s=0.01,
        digest=digest,
        failure="diverged" if has_diverged else None,
        curves={name: values.astype(np.float32) for name, values in curves.items()},
        numerics=2,
    )
