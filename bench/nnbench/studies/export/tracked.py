"""What a tracker of experiments gets of a run and of its trials, whatever its own words for it are."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nnbench.errors import NothingMeasured
from nnbench.evidence import findings
from nnbench.evidence.case import Findings
from nnbench.frames.columns import beside
from nnbench.machine.writing import printable
from nnbench.records.trials import RunRecord, TrialRecord
from nnbench.reporting.digits import counted
from nnbench.store import Store

_CURVES = ("step_loss", "val_", "train_")
_OF_THE_MACHINE = ("cpu", "os", "python", "numpy", "numba", "nnkit", "git")


@dataclass(frozen=True, slots=True)
class Tracked:
    """One trial. All texts are such that a page or a terminal shows them and obeys nothing in them."""

    key: str
    name: str  # for people: case, the choices that vary, seed
    case: str
    status: str
    choices: Mapping[str, str]  # case, axes and seed
    numbers: Mapping[str, float]  # final and best metrics, steps, seconds; NaN and infinity among them
    curves: Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]]  # by metric: steps and values
    facts: Mapping[str, str]  # key, digest, status, failure, error, numerics

    @property
    def has_finished(self) -> bool:
        return self.status == "finished"

    def by_step(self) -> dict[int, dict[str, float]]:
        """Return the values of all curves at every step that has any."""
        found: dict[int, dict[str, float]] = {}
        for name, (steps, values) in self.curves.items():
            for step, value in zip(steps.tolist(), values.tolist(), strict=True):
                found.setdefault(step, {})[name] = value
        return dict(sorted(found.items()))


def found_of(path: Path, name: str) -> Findings:
    """Return a run with the trials that are recorded of it, or raise one line."""
    with Store.open(path, create=False) as store:
        found = findings.find(store, store.run(name))
    if not found.trials:
        raise NothingMeasured(f"run {found.run.run}: no trial of it is recorded.")
    return found


def tracked(path: Path, found: Findings) -> Iterator[Tracked]:
    """Yield the trials of a run one by one: the curves of all at once may be more than the memory holds."""
    varying, has_cases = found.run.varying, len(found.run.cases) > 1
    with Store.open(path, create=False) as store:
        for trial in found.trials:
            for whole in store.trials([trial.key], with_curves=True):
                name = f"{trial.axes.label(varying)}, seed {trial.seed}"
                yield _tracked(trial, whole, f"{trial.case}: {name}" if has_cases else name)


def facts_of(run: RunRecord) -> dict[str, str]:
    """Return what is said of a run: its name, its command, when and where it ran, in which versions."""
    machine = {name: run.environment.get(name) for name in _OF_THE_MACHINE}
    said = {"run": run.run, "created": run.created, "command": run.command, **machine}
    return {name: printable(str(value)) for name, value in said.items() if value is not None}


def written(run: str, n_new: int, n_trials: int) -> str:
    """Return in words how many of the trials of a run were written, and how many stood there."""
    there = f", {n_trials - n_new} already there" if n_new < n_trials else ""
    return f"{run}: {counted(n_new, 'trial')} written{there}"


def number(text: str) -> float | str:
    """Return a choice as the number that it is, or as it is spelt."""
    try:
        value = float(text)
    except ValueError:
        return text
    return value if math.isfinite(value) else text


def _tracked(trial: TrialRecord, whole: TrialRecord, name: str) -> Tracked:
    facts = {
        "key": trial.key,
        "digest": trial.digest,
        "status": trial.status,
        "failure": trial.kind or trial.failure or "",
        "error": trial.error or "",
        "numerics": str(trial.numerics),
    }
    axes = beside(trial.axes.as_dict(), {"case", "seed"})
    choices = {"case": trial.case, **axes, "seed": str(trial.seed)}
    return Tracked(
        key=trial.key,
        name=printable(name),
        case=printable(trial.case),
        status=trial.status,
        choices=_shown(choices),
        numbers={printable(key): value for key, value in _numbers(trial).items()},
        curves={
            printable(key): (_steps(whole, key, len(values)), values.astype(np.float64))
            for key, values in whole.curves.items()
            if key.startswith(_CURVES)
        },
        facts={key: text for key, text in _shown(facts).items() if text},
    )


def _shown(texts: Mapping[str, str]) -> dict[str, str]:
    return {printable(name): printable(text) for name, text in texts.items()}


def _numbers(trial: TrialRecord) -> dict[str, float]:
    reached = {} if trial.steps_to_target is None else {"steps_to_target": float(trial.steps_to_target)}
    return {
        **{f"final_{name}": value for name, value in trial.final.items()},
        **{f"best_{name}": value for name, value in trial.best.items()},
        "steps": float(trial.steps),
        **reached,
        "train_s": trial.train_s,
    }


def _steps(trial: TrialRecord, name: str, n: int) -> NDArray[np.int64]:
    """Return the steps of a curve's values: every step has a loss, the others are evaluated now and then."""
    if name == "step_loss":
        return np.arange(1, n + 1, dtype=np.int64)
    return np.asarray(trial.curves["eval_step"], np.int64)
