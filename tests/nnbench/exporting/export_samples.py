"""A store with one run as bad as a run can be: names that break formats, values that are no numbers."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from nnbench.records.trials import Axes, TrialRecord
from nnbench.store import Store
from tests.nnbench import store_samples

RUN = "20260131-091502-ab12"
_HOSTILE = "a'\";<script>alert(1)</script>\u202e%s 한글\n/../x"
OPTIMIZERS = ("sgd(momentum=0.9)", _HOSTILE)
N_SEEDS = 3
_STEPS = 4


def made(folder: Path) -> Path:
    """Return a store of that run: two optimizers, three seeds; one of the last two diverges, one fails."""
    trials = [_trial(place, name, seed) for place, name in enumerate(OPTIMIZERS) for seed in range(N_SEEDS)]
    trials[2], trials[5] = diverged(trials[2]), failed(trials[5])
    path = folder / "store.sqlite"
    with Store.open(path, create=True) as store:
        for one in trials:
            store.put_trial(one)
        keys = tuple(one.key for one in trials)
        store.put_run(store_samples.run(RUN, trial_keys=keys, command="nnbench run --set \u202e"))
        store.put_run(store_samples.run("20260101-000000-none", trial_keys=("f" * 64,)))
    return path


def recorded(path: Path) -> list[TrialRecord]:
    """Return the trials of that run with their curves."""
    with Store.open(path, create=False) as store:
        return store.trials(store.run(RUN).trial_keys, with_curves=True)


def _trial(place: int, optimizer: str, seed: int) -> TrialRecord:
    score = 0.9 + 0.01 * place + 0.001 * seed
    evaluated = np.array([2, 4], np.float32)
    return store_samples.trial(
        10 * place + seed,
        axes=Axes((("optimizer", optimizer), ("learning_rate", "0.01"))),
        seed=seed,
        final={"loss": 1 - score, "accuracy": score},
        best={"loss": 1 - score, "accuracy": score, "step": 4},
        steps=_STEPS,
        curves={
            "step_loss": np.linspace(2, 1, _STEPS, dtype=np.float32),
            "eval_step": evaluated,
            "val_loss": 1 / evaluated,
            "val_accuracy": np.float32(score) - 1 / evaluated,
        },
    )


def diverged(trial: TrialRecord) -> TrialRecord:
    """Return the trial as one whose loss left the numbers, and none of whose metrics has a value."""
    curves = {**trial.curves, "step_loss": np.array([2, np.inf, -np.inf, np.nan], np.float32)}
    return replace(
        trial,
        status="diverged",
        failure="diverged",
        final={"loss": np.inf, "accuracy": np.nan},
        best={},
        steps_to_target=None,
        curves={**curves, "val_loss": np.array([np.nan, np.inf], np.float32)},
    )


def failed(trial: TrialRecord) -> TrialRecord:
    """Return the trial as one that ended in an error, of more letters than a tag may have."""
    error = "ValueError: \x1b[31m'); DROP TABLE runs; -- " + "é" * 9_000
    return replace(
        trial, status="failed", failure="failed", error=error, final={}, best={}, curves={}, digest=""
    )
