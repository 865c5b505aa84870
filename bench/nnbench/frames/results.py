"""``nnbench.load``: a run from the store, for notebooks and scripts."""

from collections.abc import Mapping
from functools import cached_property
from html import escape
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np

from nnbench.errors import NothingMeasured
from nnbench.evidence import findings
from nnbench.evidence.case import Findings
from nnbench.frames import parquet
from nnbench.frames.arrow import Values
from nnbench.frames.columns import Columns, beside, of_rows
from nnbench.plan.settings import Given, store_path
from nnbench.records.trials import TrialRecord
from nnbench.reporting import document
from nnbench.reporting.json import run as run_json
from nnbench.reporting.json import tune as tune_json
from nnbench.reporting.render import html
from nnbench.reporting.shapes.run import RunDocument
from nnbench.reporting.shapes.tune import TuneDocument
from nnbench.store import Store

_FRAME_HEIGHT_PX = 640
# Columns of the four tables that no axis may stand in the place of, whatever a user's training calls it.
_TAKEN = frozenset(
    (
        *("key", "case", "seed", "status", "failure", "steps", "steps_to_target", "train_s", "digest"),
        *("metric", "step", "value", "n", "median", "verdict", "difference", "p", "reason"),
    )
)
_OF_SEVERAL = ("success", "pruned")  # of a document: an object, or null


class Results:
    """What a run found, table by table. In a notebook it shows itself as its report.

    ``trials``          a row for each: key, case, axes, seed, status, final and best metrics, time, digest
    ``curves``          a row for each value of each curve: key, case, axes, seed, metric, step, value
    ``configurations``  a row for each: median, interval, success rate, steps to the target
    ``verdicts``        a row for each pair that was compared: verdict, difference, interval, p, n
    """

    def __init__(self, found: Findings, store: Path) -> None:
        self._found = found
        self._store = store

    @property
    def name(self) -> str:
        """The name of the run in its store."""
        return self._found.run.run

    def __repr__(self) -> str:
        cases = ", ".join(case.name for case in self._found.run.cases)
        return f"<run {self.name} of {cases}: {len(self._found.trials)} trials>"

    def _repr_html_(self) -> str:
        """Return the report in a frame of its own, so that its style and a notebook's do not mix."""
        page = html.render(document.build(self._found))
        return (
            f'<iframe title="nnbench report {escape(self.name)}" srcdoc="{escape(page)}"'
            f' style="width:100%;height:{_FRAME_HEIGHT_PX}px;border:1px solid #8884"></iframe>'
        )

    @cached_property
    def trials(self) -> Columns:
        """A row for each trial: key, case, axes, seed, status, metrics, steps, seconds, digest."""
        return self._with_numbers(of_rows(map(_trial_row, self._found.trials)))

    @cached_property
    def curves(self) -> Columns:
        """The learning curves: ``step_loss`` of every step, others of every evaluation."""
        run = self._found.run
        with Store.open(self._store, create=False) as store:
            whole = findings.find(store, run, with_all_curves=True).trials
        found = [
            (trial, name, values)
            for trial in whole
            for name, values in trial.curves.items()
            if name.startswith(("step_loss", "val_", "train_"))
        ]
        counts = [len(values) for _, _, values in found]
        choices = [beside(trial.axes.as_dict(), _TAKEN) for trial, _, _ in found]
        axes = dict.fromkeys(name for each in choices for name in each)
        by_curve: dict[str, list[Any]] = {
            "key": [trial.key for trial, _, _ in found],
            "case": [trial.case for trial, _, _ in found],
            **{axis: [each.get(axis) for each in choices] for axis in axes},
            "seed": [trial.seed for trial, _, _ in found],
            "metric": [name for _, name, _ in found],
        }
        steps = [_steps(trial, name, len(values)) for trial, name, values in found]
        table = Columns(
            {
                **{name: _repeated(values, counts) for name, values in by_curve.items()},
                "step": np.concatenate([*steps, np.zeros(0, np.int64)]),
                "value": np.concatenate([*(values for _, _, values in found), np.zeros(0)]).astype(float),
            }
        )
        return self._with_numbers(table)

    @cached_property
    def configurations(self) -> Columns:
        """A row for each configuration: median, interval, success rate, steps to the target."""
        return self._with_numbers(of_rows(map(_flat, self._document["configurations"])))

    @cached_property
    def verdicts(self) -> Columns:
        """A row for each pair that was compared: verdict, difference, interval, p, n."""
        return self._with_numbers(of_rows(map(_flat, self._document["verdicts"])))

    def to_parquet(self, folder: str | PathLike[str]) -> list[Path]:
        """Write the four tables into a folder, ``trials.parquet`` and so on, and return the files.

        The metadata of each, under ``nnbench``, say of which run it is, and on which machine that ran. Files
        of these names are replaced, all of them or none. Errors: EnvironmentProblem without pyarrow.
        """
        tables = {name: getattr(self, name) for name in ("trials", "curves", "configurations", "verdicts")}
        about = {"schema": parquet.SCHEMA, **run_json.header(self._found.run)}
        return parquet.write(tables, about, Path(folder))

    def _with_numbers(self, table: Columns) -> Columns:
        """Return the table with axes of numbers alone, such as rates, as numbers: records have texts."""
        axes = {name for trial in self._found.trials for name in beside(trial.axes.as_dict(), _TAKEN)}
        sided = axes | {f"{side}_{name}" for side in "ab" for name in axes}
        return Columns({name: _read(name in sided, values) for name, values in table.columns.items()})

    @cached_property
    def _document(self) -> RunDocument | TuneDocument:
        run, trials = self._found.run, self._found.trials
        return run_json.as_dict(self._found) if run.tuning is None else tune_json.as_dict(run, trials)


def load(store: str | PathLike[str] = ".nnbench", run: str = "last") -> Results:
    """Return a run from a store, a folder or its file; by its name, its beginning, ``last`` or ``last~1``.

    Errors      UsageError where there is no such run; NothingMeasured where none of its trials is recorded
    """
    path = store_path(Given(fspath(store), "load"))
    with Store.open(path, create=False) as opened:
        found = findings.find(opened, opened.run(run))
    if not found.trials:
        raise NothingMeasured(f"run {found.run.run}: no trial of it is recorded.")
    return Results(found, path)


def runs(store: str | PathLike[str] = ".nnbench") -> Columns:
    """Return the runs in a store, the newest first."""
    with Store.open(Path(store_path(Given(fspath(store), "runs"))), create=False) as opened:
        return of_rows(
            {"run": one.run, "created": one.created, "cases": ", ".join(one.cases), "trials": one.n_trials}
            for one in opened.runs()
        )


def _trial_row(trial: TrialRecord) -> dict[str, Any]:
    metrics = {"final": trial.final, "best": trial.best}
    return {
        "key": trial.key,
        "case": trial.case,
        **beside(trial.axes.as_dict(), _TAKEN),
        "seed": trial.seed,
        "status": trial.status,
        "failure": trial.failure,
        **{
            f"{when}_{name}": int(value) if name == "step" else value
            for when, values in metrics.items()
            for name, value in values.items()
        },
        "steps": trial.steps,
        "steps_to_target": trial.steps_to_target,
        "train_s": trial.train_s,
        "digest": trial.digest,
    }


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of a JSON document with a column for each number and word in it."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if name == "axes":
            found |= beside(value, _TAKEN)
        elif isinstance(value, dict):
            found |= {
                f"{name}_{inner}": one for inner, one in value.items() if not isinstance(one, dict | list)
            }
        elif name.endswith("interval") or name == "basin_range":
            low, high = value or (None, None)
            found |= {f"{name}_low": low, f"{name}_high": high}
        elif not isinstance(value, list) and name not in _OF_SEVERAL:
            found[name] = value
    return found


def _read(is_axis: bool, values: Values) -> Values:
    if not is_axis:
        return values
    try:
        return [None if value is None else float(value) for value in values]
    except ValueError:
        return values


def _steps(trial: TrialRecord, name: str, n: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    if name == "step_loss":
        return np.arange(1, n + 1, dtype=np.int64)
    return np.asarray(trial.curves["eval_step"], np.int64)


def _repeated(values: list[Any], counts: list[int]) -> list[Any]:
    return [value for value, count in zip(values, counts, strict=True) for _ in range(count)]
