"""Files of the user's own on a worker that has another disk: the same content, the same trials."""

import shutil
from pathlib import Path

import pytest

from nnbench.plan import request
from nnbench.plan.matrix import TrialSpec
from nnbench.plan.settings import read_settings
from nnbench.running import carried
from nnbench.running.clustered import Fingerprint, fingerprint, run_there
from nnbench.training.trial import run_trial

TABLE = "a,b,y\n" + "".join(f"{i % 7},{i % 5},{'high' if i % 7 > 3 else 'low'}\n" for i in range(60))
CASE = """\
name = "own"
summary = "a table"
[data]
file = "table.csv"
target = "y"
[model]
layers = [{ type = "Dense", units = 2, kernel_initializer = "$init" }]
[training]
loss = "sparse_categorical_crossentropy"
epochs = 2
[measure]
noticeable = 0.01
"""


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrialSpec:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").mkdir()
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "table.csv").write_text(TABLE, encoding="utf-8")
    (mine / "own.toml").write_text(CASE, encoding="utf-8")
    case = request.one_case(str(mine / "own.toml"))
    return request.plan_for([case], read_settings()).matrix.trials()[0]


def test_a_file_that_is_missing_is_written_out_and_gives_the_same_trial(
    trial: TrialSpec, tmp_path: Path
) -> None:
    expected = run_trial(trial).digest
    packed = carried.pack(trial.case.data)
    shutil.rmtree(tmp_path / "mine")

    there = carried.here(trial, packed)

    assert there.key == trial.key
    assert there.case.data.paths[0].is_relative_to(tmp_path / "elsewhere")
    assert run_trial(there).digest == expected


def test_a_file_that_is_there_is_left_alone(trial: TrialSpec, tmp_path: Path) -> None:
    there = carried.here(trial, carried.pack(trial.case.data))

    assert there.case.data.paths == trial.case.data.paths
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_file_of_the_same_name_with_another_content_is_not_taken(trial: TrialSpec, tmp_path: Path) -> None:
    expected = run_trial(trial).digest
    packed = carried.pack(trial.case.data)
    (tmp_path / "mine" / "table.csv").write_text(TABLE.replace("high", "top"), encoding="utf-8")

    assert run_trial(carried.here(trial, packed)).digest == expected


def test_a_worker_takes_what_was_sent_with_the_trials(trial: TrialSpec, tmp_path: Path) -> None:
    expected = run_trial(trial).digest
    packed = carried.pack(trial.case.data)
    shutil.rmtree(tmp_path / "mine")

    (record,) = run_there([trial], (), fingerprint(()), packed)

    assert record.digest == expected


def test_a_worker_that_differs_runs_nothing(trial: TrialSpec) -> None:
    with pytest.raises(Exception, match="a worker differs: numpy is"):
        run_there([trial], (), Fingerprint((("numpy", "0.0"),)))
