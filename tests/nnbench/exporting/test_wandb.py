"""``nnbench export wandb``: the records in wandb's offline files are what the store has."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnbench.cli import main
from nnbench.machine.writing import printable
from nnbench.records.trials import TrialRecord
from tests.nnbench.exporting import export_samples as samples
from tests.nnbench.exporting.offline_files import records

pytest.importorskip("wandb", reason="wandb is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # of packages that wandb brings

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.made(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def folder(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the offline runs, written although the environment says that wandb is off."""
    folder = tmp_path_factory.mktemp("wandb") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "disabled")
        words = ["export", "wandb", samples.RUN, "--store", str(store), "-o", str(folder), "--quiet"]
        assert main(words) == 0
    return folder / "wandb"


def _of_trial(folder: Path, trial: TrialRecord) -> list[Any]:
    (run,) = folder.glob(f"offline-run-*-{trial.key[:32]}")
    return records(run)


def _values(updates: Any) -> dict[str, Any]:
    return {one.key or ".".join(one.nested_key): json.loads(one.value_json) for one in updates}


def _histories(found: list[Any]) -> dict[int, dict[str, float]]:
    rows = [_values(one.history.item) for one in found if one.HasField("history")]
    return {row["_step"]: {k: float(v) for k, v in row.items() if not k.startswith("_")} for row in rows}


def test_a_folder_for_each_trial_and_nothing_half(folder: Path, store: Path) -> None:
    assert {path.name.rpartition("-")[2] for path in folder.iterdir()} == {
        trial.key[:32] for trial in samples.recorded(store)
    }


def test_a_run_says_what_the_trial_was(folder: Path, store: Path) -> None:
    for trial in samples.recorded(store):
        (run,) = (one.run for one in _of_trial(folder, trial) if one.HasField("run"))
        config = _values(run.config.update)

        assert (run.project, run.run_group, run.job_type) == ("nnbench", samples.RUN, trial.case)
        assert list(run.tags) == [trial.status]
        assert config["optimizer"] == printable(trial.axes.as_dict()["optimizer"])
        assert (config["learning_rate"], config["seed"]) == (0.01, trial.seed)
        assert (config["nnbench"]["key"], config["nnbench"].get("digest", "")) == (trial.key, trial.digest)


def test_histories_are_the_curves(folder: Path, store: Path) -> None:
    for trial in samples.recorded(store):
        found = _histories(_of_trial(folder, trial))
        for name in ("step_loss", "val_loss", "val_accuracy"):
            values = trial.curves.get(name, ())
            steps = range(1, len(values) + 1) if name == "step_loss" else trial.curves.get("eval_step", ())
            of_curve = {step: row[name] for step, row in found.items() if name in row}
            assert of_curve.keys() == set(map(int, steps))
            assert all(
                of_curve[int(step)] == float(value) or (math.isnan(of_curve[int(step)]) and math.isnan(value))
                for step, value in zip(steps, values, strict=True)
            )


def test_summaries_are_the_numbers_and_exit_codes_the_status(folder: Path, store: Path) -> None:
    for trial in samples.recorded(store):
        found = _of_trial(folder, trial)
        summary = {
            k: v for one in found if one.HasField("summary") for k, v in _values(one.summary.update).items()
        }
        (code,) = (one.exit.exit_code for one in found if one.HasField("exit"))

        assert summary["digest"] == trial.digest
        assert summary["train_s"] == trial.train_s
        assert summary.get("final_accuracy") == trial.final.get("accuracy") or trial.status != "finished"
        assert code == (0 if trial.status == "finished" else 1)


def test_the_same_again_writes_nothing(folder: Path, store: Path, nnb: Run) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.wandb")}

    code, out, err = nnb("export", "wandb", samples.RUN, "--store", str(store), "-o", str(folder))

    assert (code, out) == (0, f"{folder}\n")
    assert err == (
        f"nnbench: {samples.RUN}: 0 trials written, 6 already there."
        f" To send them: wandb sync {folder}/offline-run-*\n"
    )
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.wandb")} == before
