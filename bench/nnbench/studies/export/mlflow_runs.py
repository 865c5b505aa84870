"""Trials as runs of MLflow, in a database file: no server is asked, and nothing is sent."""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from nnbench.errors import EnvironmentProblem, UsageError
from nnbench.machine.extras import extra
from nnbench.machine.writing import make_folder
from nnbench.records.trials import RunRecord
from nnbench.studies.export.kinds import Asked, Exported
from nnbench.studies.export.tracked import Tracked, facts_of, found_of, tracked, written

_EXPERIMENT, _FILE, _ENDINGS = "nnbench", "mlflow.db", (".db", ".sqlite", ".sqlite3")
_PREFIX, _RUNS = "nnbench.", "nnbench.runs"
# What MLflow takes: values of one call, letters of a parameter and of a tag, letters of a metric's name.
_MOST_VALUES, _LONGEST_PARAMETER, _LONGEST_TAG, _LONGEST_NAME = 1000, 500, 5000, 250
_FOREIGN = re.compile(r"[^\w. -]|^[. ]+")
_STATUS = {"finished": "FINISHED", "pruned": "KILLED", "cancelled": "KILLED"}
_BEGUN = "RUNNING"


def to_mlflow(asked: Asked) -> Exported:
    """Write a run of MLflow for each trial, below one for the run; what is there by its key stays as it is.

    Parameters are the choices, metrics the numbers and curves, tags the facts.
    """
    file = _database(asked.output)
    found = found_of(asked.store, asked.name)
    _check_packages()
    make_folder(file.absolute().parent)
    with _in_words(file):
        tracker = _Tracker(file, found.run)
        trials, n_new = tracked(asked.store, found), 0
        for n_done, trial in enumerate(trials):
            asked.told(n_done, len(found.trials))
            n_new += tracker.add(trial)
        tracker.close()
    said = written(found.run.run, n_new, len(found.trials))
    return Exported(file, f"{said}. To look: mlflow ui --backend-store-uri sqlite:///{file}")


class _Tracker:
    """The database, the experiment in it, and the run of MLflow under which those of the trials stand."""

    def __init__(self, file: Path, run: RunRecord) -> None:
        from mlflow.tracking import MlflowClient

        place = file.absolute()
        self._client: Any = MlflowClient(tracking_uri=f"sqlite:///{place}")
        known = self._client.get_experiment_by_name(_EXPERIMENT)
        artifacts = (place.parent / "mlruns").as_uri()
        self._experiment = (
            self._client.create_experiment(_EXPERIMENT, artifact_location=artifacts)
            if known is None
            else known.experiment_id
        )
        self._run = run
        self._began_ms = _milliseconds(run.created)
        self._facts = {f"{_PREFIX}{name}": text[:_LONGEST_TAG] for name, text in facts_of(run).items()}
        self._parent: str = self._of_run()

    def add(self, trial: Tracked) -> bool:
        """Write a trial unless it is there, and return whether it was not."""
        if self._is_there(trial):
            return False
        tags = {f"{_PREFIX}{name}": text[:_LONGEST_TAG] for name, text in trial.facts.items()}
        tags |= {"mlflow.parentRunId": self._parent, _RUNS: self._run.run}
        made = self._client.create_run(
            self._experiment, self._began_ms, {**self._facts, **tags}, trial.name[:_LONGEST_NAME]
        )
        self._fill(made.info.run_id, trial)
        ended_ms = self._began_ms + round(1000 * trial.numbers["train_s"])
        status = _STATUS.get(trial.status, "FAILED")
        self._client.set_terminated(made.info.run_id, status, max(ended_ms, self._began_ms))
        return True

    def close(self) -> None:
        ended_ms = self._began_ms + round(1000 * self._run.elapsed_s)
        self._client.set_terminated(self._parent, "FINISHED", ended_ms)

    def _of_run(self) -> str:
        found = self._found("run", self._run.run, "and tags.`nnbench.kind` = 'run'")
        if found:
            return str(found[0].info.run_id)
        tags = {**self._facts, f"{_PREFIX}kind": "run", "mlflow.source.name": self._facts["nnbench.command"]}
        made = self._client.create_run(self._experiment, self._began_ms, tags, self._run.run)
        return str(made.info.run_id)

    def _is_there(self, trial: Tracked) -> bool:
        """Return whether the trial is there as a whole; the half of one is taken away.

        One that is there from another run of nnbench, which shares it, is tagged with this run's name too.
        """
        is_whole = False
        for known in self._found("key", trial.key):
            if known.info.status == _BEGUN:
                self._client.delete_run(known.info.run_id)
                continue
            is_whole, runs = True, known.data.tags.get(_RUNS, "").split()
            if self._run.run not in runs:
                self._client.set_tag(known.info.run_id, _RUNS, " ".join([*runs, self._run.run]))
        return is_whole

    def _found(self, tag: str, value: str, further: str = "") -> list[Any]:
        quoted = value.replace("'", "")
        query = f"tags.`{_PREFIX}{tag}` = '{quoted}' {further}"
        return list(self._client.search_runs([self._experiment], query))

    def _fill(self, run_id: str, trial: Tracked) -> None:
        from mlflow.entities import Metric, Param

        parameters = [Param(_name(name), text[:_LONGEST_PARAMETER]) for name, text in trial.choices.items()]
        last = int(trial.numbers["steps"])
        values = [
            Metric(_name(name), value, self._began_ms, last) for name, value in trial.numbers.items()
        ] + [
            Metric(_name(name), value, self._began_ms, step)
            for name, (steps, of_curve) in trial.curves.items()
            for step, value in zip(steps.tolist(), of_curve.tolist(), strict=True)
        ]
        self._client.log_batch(run_id, params=parameters)
        for first in range(0, len(values), _MOST_VALUES):
            self._client.log_batch(run_id, metrics=values[first : first + _MOST_VALUES])


def _database(output: Path | None) -> Path:
    """Return the file that is meant: MLflow's own name for it in a folder, or one that ends as a database."""
    if output is None:
        return Path(_FILE)
    if output.suffix.lower() not in _ENDINGS:
        output = output / _FILE
    if any(letter in str(output) for letter in "?#%"):
        raise UsageError(f"--output {output}: MLflow reads ?, # and % in a path as its own. Choose another.")
    return output


def _check_packages() -> None:
    """Import MLflow, quiet and without its telemetry, or raise the command that installs what is missing."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    for name in ("mlflow", "sqlalchemy", "alembic"):
        extra(name, "mlflow", "export mlflow")
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)


@contextmanager
def _in_words(file: Path) -> Iterator[None]:
    """Turn what MLflow and its database refuse into one line."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError) as error:
        said = str(error).strip().partition("\n")[0]
        raise EnvironmentProblem(f"{file}: MLflow cannot write into this database: {said}") from None


def _name(text: str) -> str:
    """Return the name of a parameter or a metric with the letters that MLflow takes."""
    return _FOREIGN.sub("_", text)[:_LONGEST_NAME] or "_"


def _milliseconds(created: str) -> int:
    try:
        return round(1000 * datetime.fromisoformat(created).timestamp())
    except ValueError:
        return 0
