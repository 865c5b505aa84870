"""Stands in for ``nnbench.training.trial`` in tests of the command line: results come from the key.

Run as a program it is ``nnbench`` with this module in the place of the real one; of its trials as many end as
``FAKE_TRIALS`` says, and those behind them last until the run is stopped.
"""

import hashlib
import itertools
import os
import sys
import threading
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import nnbench.training
from nnbench.cases.spec import CaseSpec
from nnbench.plan.matrix import TrialSpec
from nnbench.records.trials import CaseFacts, TrialRecord

# Where nnbench asks nnkit for anything: the fake stands for all of them.
MODULES = tuple(f"nnbench.training.{name}" for name in ("facts", "precompile", "program", "trial"))
_begun, _HANG_S = itertools.count(1), 120.0
EVALUATED = np.array([10, 20, 30, 40], dtype=np.float32)


def install(monkeypatch: pytest.MonkeyPatch, **replaced: Any) -> None:
    """Let trials take no time; ``run_trial=…`` and so on put a function in the place of the one here."""
    module = sys.modules[__name__]
    if replaced:
        module = ModuleType("fake_trial")
        module.__dict__.update({**globals(), **replaced})
    for name in MODULES:
        monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setattr(nnbench.training, name.rpartition(".")[2], module, raising=False)


def facts(case: CaseSpec) -> CaseFacts:
    return CaseFacts(
        name=case.name,
        summary=case.summary,
        metric=case.measure.metric,
        direction="max" if case.measure.metric == "accuracy" else "min",
        target=case.measure.target,
        noticeable=case.measure.noticeable,
        chance=0.1,
        n_train=100,
        n_validation=50,
        n_parameters=10,
        epochs=case.training.epochs,
        batch_size=case.training.batch_size,
        steps=40,
        suite_version=None if case.calibration is None else case.calibration.suite_version,
        exchange_rate=None if case.calibration is None else case.calibration.exchange_rate,
    )


def estimate_s(trial: TrialSpec) -> float:
    return 0.5


def state_bytes(trial: TrialSpec) -> float | None:
    return {"sgd": 0.0, "adam": 8.0}.get(trial.axes.as_dict()["optimizer"])


def warm_up(trials: Sequence[TrialSpec], progress: Callable[[int, int, str], None]) -> None:
    progress(0, 1, "everything")
    progress(1, 1, "everything")


def run_trial(trial: TrialSpec, *, stop: threading.Event | None = None) -> TrialRecord:
    """Return a record that is better for adam than for the others; tanh raises and selu diverges."""
    axes = trial.axes.as_dict()
    if next(_begun) > int(os.environ.get("FAKE_TRIALS", "1000000")):
        (stop or threading.Event()).wait(_HANG_S)
    if stop is not None and stop.is_set():
        return _record(trial, status="cancelled")
    if axes["activation"] == "tanh":
        raise RuntimeError("tanh is not\nfor fakes")
    if axes["activation"] == "selu":
        return _record(trial, status="diverged", failure="diverged")
    noise = int(trial.key[:4], 16) / 0xFFFF * 0.01
    accuracy = (0.9 if axes["optimizer"].startswith("adam") else 0.8) + noise
    curve = (accuracy * np.array([0.5, 0.8, 0.95, 1.0])).astype(np.float32)
    final = {"loss": 1.0 - accuracy, "accuracy": accuracy}
    return _record(
        trial,
        status="finished",
        final=final,
        best={**final, "step": 40},
        curves={
            "step_loss": np.linspace(2.0, 0.1, 40, dtype=np.float32),
            "eval_step": EVALUATED,
            "val_accuracy": curve,
            "val_loss": (1.0 - curve).astype(np.float32),
        },
    )


def explain(trial: TrialSpec) -> dict[str, Any]:
    return {"arena": {"bytes": 64}, "ops": [], "axes": trial.axes.as_dict()}


def _record(trial: TrialSpec, **fields: Any) -> TrialRecord:
    plain: dict[str, Any] = {"final": {}, "best": {}, "curves": {}}
    return TrialRecord(
        key=trial.key,
        case=trial.case.name,
        axes=trial.axes,
        seed=trial.seed,
        steps=40,
        steps_to_target=None,
        train_s=0.006,
        digest=hashlib.sha256(trial.key.encode()).hexdigest(),
        **{**plain, **fields},
    )


if __name__ == "__main__":
    for module_name in MODULES:
        sys.modules[module_name] = sys.modules["__main__"]

    from nnbench.cli import main

    sys.exit(main())
