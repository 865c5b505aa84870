"""Stands in for training where a test is about learning rates: the score depends on the rate."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nnbench.plan.matrix import TrialSpec
from nnbench.records.trials import TrialRecord
from tests.nnbench import fake_trial
from tests.nnbench.case_file import case_content, write_case

# Where each optimizer is best; far below, for lion, what a search can reach.
OPTIMA = {"adam": 0.004, "sgd": 0.05, "lion": 1e-20, "rmsprop": 3e-9, "adagrad": 0.02}
N_RATES, N_TUNING = 13 + 2 * 2, 3
# Of one configuration: every rate on three tuning seeds, and five of them on seventeen more.
N_SEARCH = N_RATES * N_TUNING + 5 * 17


def run_trial(trial: TrialSpec, *, stop: Any = None) -> TrialRecord:
    """Lose a tenth (lion less) a decade away from the optimum.

    sgd diverges above 1, momentum at any rate; to nesterov all rates are the same.
    """
    record = fake_trial.run_trial(trial, stop=stop)
    chosen = trial.axes.as_dict()
    name, rate = chosen["optimizer"].partition("(")[0], float(chosen["learning_rate"])
    if (name == "sgd" and rate > 1.0) or name == "momentum":
        return replace(record, status="diverged", final={}, best={})
    if name == "nesterov":
        return replace(record, final={"loss": 0.5, "accuracy": 0.8})
    noise = int(trial.key[:4], 16) / 0xFFFF * 0.001
    slope = 0.03 if name == "lion" else 0.1
    accuracy = max(0.1, 0.95 - slope * abs(math.log10(rate / OPTIMA[name])) + noise)
    loss = 1.0 - accuracy
    if name == "adagrad":
        accuracy = 0.5
    return replace(record, final={"loss": loss, "accuracy": accuracy})


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let trials take no time, and put a case called small into the folder."""
    monkeypatch.chdir(folder)
    fake_trial.install(monkeypatch, run_trial=run_trial)
    write_case(folder / "small.toml", case_content())
