"""``nnbench export mlflow``: what MLflow's own client reads is what the store has."""

import math
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnbench.cli import main
from nnbench.machine.writing import printable
from nnbench.records.trials import TrialRecord
from tests.nnbench.exporting import export_samples as samples

for _package in ("mlflow", "sqlalchemy", "alembic"):
    pytest.importorskip(_package, reason=f"{_package} is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # of packages that MLflow brings

Run = Callable[..., tuple[int, str, str]]
_LARGEST = 1.7976931348623157e308  # MLflow's database has no infinity, and says so in its documentation
PARENT = "tags.`nnbench.kind` = 'run'"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.made(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def folder(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the database, written without a connection to anywhere."""
    folder = tmp_path_factory.mktemp("mlflow") / "a place"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", _no_connection)
        words = ["export", "mlflow", samples.RUN, "--store", str(store), "-o", str(folder), "--quiet"]
        assert main(words) == 0
    return folder


@pytest.fixture(scope="module")
def client(folder: Path) -> Any:
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=f"sqlite:///{folder / 'mlflow.db'}")


def _no_connection(*address: object) -> None:
    raise AssertionError(f"a connection to {address}")


def _runs(client: Any, query: str = "") -> list[Any]:
    (experiment,) = (one for one in client.search_experiments() if one.name == "nnbench")
    return list(client.search_runs([experiment.experiment_id], query))


def _of_trial(client: Any, trial: TrialRecord) -> Any:
    (run,) = _runs(client, f"tags.`nnbench.key` = '{trial.key}'")
    return run


def _kept(value: float) -> float:
    return math.copysign(_LARGEST, value) if math.isinf(value) else value


def test_a_run_for_each_trial_below_one_for_all(client: Any, store: Path) -> None:
    (parent,) = _runs(client, PARENT)
    trials = samples.recorded(store)

    assert parent.info.run_name == samples.RUN
    assert parent.info.status == "FINISHED"
    assert parent.data.tags["nnbench.command"] == "nnbench run --set \\u202e"
    assert len(_runs(client)) == 1 + len(trials)
    for trial in trials:
        tags = _of_trial(client, trial).data.tags
        assert tags["mlflow.parentRunId"] == parent.info.run_id
        assert (tags.get("nnbench.digest", ""), tags["nnbench.status"]) == (trial.digest, trial.status)


def test_parameters_are_the_choices_spelt_so_that_they_do_nothing(client: Any, store: Path) -> None:
    for trial in samples.recorded(store):
        expected = {"case": trial.case, **trial.axes.as_dict(), "seed": str(trial.seed)}

        assert _of_trial(client, trial).data.params == {
            name: printable(text) for name, text in expected.items()
        }


def test_curves_are_metrics_with_steps(client: Any, store: Path) -> None:
    for trial in samples.recorded(store):
        run_id = _of_trial(client, trial).info.run_id
        for name, values in trial.curves.items():
            steps = range(1, len(values) + 1) if name == "step_loss" else trial.curves["eval_step"]
            found = {one.step: one.value for one in client.get_metric_history(run_id, name)}
            expected = {} if name == "eval_step" else dict(zip(map(int, steps), values.tolist(), strict=True))
            assert found.keys() == expected.keys()
            assert all(
                found[step] == _kept(value) or (math.isnan(found[step]) and math.isnan(value))
                for step, value in expected.items()
            )


def test_numbers_of_a_trial_are_metrics(client: Any, store: Path) -> None:
    trial = samples.recorded(store)[0]

    metrics = _of_trial(client, trial).data.metrics

    assert metrics["final_accuracy"] == trial.final["accuracy"]
    assert metrics["best_step"] == trial.best["step"]
    assert (metrics["steps"], metrics["train_s"]) == (trial.steps, trial.train_s)
    assert "steps_to_target" not in metrics, "judged by the case as it is now, none of them reached it"


def test_trials_that_did_not_finish_are_failed_runs(client: Any, store: Path) -> None:
    found = {trial.status: _of_trial(client, trial) for trial in samples.recorded(store)}

    assert {status: run.info.status for status, run in found.items()} == {
        "finished": "FINISHED",
        "diverged": "FAILED",
        "failed": "FAILED",
    }
    assert found["failed"].data.tags["nnbench.error"].startswith("ValueError: \\x1b[31m'); DROP TABLE")


def test_the_same_again_writes_nothing(client: Any, store: Path, folder: Path, nnb: Run) -> None:
    """The half of a trial that somebody interrupted is written again, as a whole."""
    trial = samples.recorded(store)[0]
    whole = _of_trial(client, trial)
    client.update_run(whole.info.run_id, status="RUNNING")
    n_before = len(_runs(client))

    file = folder / "mlflow.db"
    code, out, err = nnb("export", "mlflow", samples.RUN, "--store", str(store), "-o", str(file))

    assert (code, out) == (0, f"{file}\n")
    assert err.splitlines()[-1] == (
        f"nnbench: {samples.RUN}: 1 trial written, 5 already there."
        f" To look: mlflow ui --backend-store-uri sqlite:///{file}"
    )
    again = _of_trial(client, trial)
    assert len(_runs(client)) == n_before
    assert again.info.run_id != whole.info.run_id
    assert (again.data.metrics, again.data.params) == (whole.data.metrics, whole.data.params)


def test_a_file_that_is_no_database_is_one_line(store: Path, nnb: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.db").write_text("a diary " * 200)

    code, out, err = nnb(
        "export", "mlflow", samples.RUN, "--store", str(store), "-o", str(tmp_path / "mine.db"), "-q"
    )

    assert (code, out) == (4, "")
    assert err.count("\n") == 1
    assert "MLflow cannot write into this database" in err
    assert (tmp_path / "mine.db").read_text() == "a diary " * 200


@pytest.mark.skipif(os.name == "nt", reason="no such letter in a name there")
def test_a_path_that_mlflow_would_read_otherwise_is_refused(store: Path, nnb: Run, tmp_path: Path) -> None:
    code, _, err = nnb("export", "mlflow", samples.RUN, "--store", str(store), "-o", str(tmp_path / "a?b"))

    assert code == 2
    assert "MLflow reads ?, # and % in a path as its own" in err
