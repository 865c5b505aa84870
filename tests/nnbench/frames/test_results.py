"""``nnbench.load``: the tables of a run, held to the records and documents that they come from."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nnbench
from nnbench.cli import main
from nnbench.errors import NnbenchError
from nnbench.store import Store
from nnkit.jit import is_disabled

pytestmark = pytest.mark.skipif(is_disabled(), reason="trains through kernels")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with a run of two optimizers on iris."""
    path = tmp_path_factory.mktemp("results")
    words = ["run", "iris", "--optimizer", "sgd,adam", "--lr", "0.01,0.1", "--seeds", "3", "--epochs", "4"]
    assert main([*words, "--quiet", "--store", str(path)]) == 0
    return path


def test_a_row_for_every_trial(folder: Path) -> None:
    found = nnbench.load(folder).trials

    assert len(found) == 12
    assert set(found["optimizer"]) == {"sgd", "adam"}
    assert set(found["learning_rate"]) == {0.01, 0.1}
    assert sorted(found["seed"]) == sorted([0, 1, 2] * 4)
    assert all(0 <= value <= 1 for value in found["final_accuracy"])


def test_parameters_of_a_user_s_own_training_take_no_other_column_s_place(tmp_path: Path) -> None:
    """A training may call them what it likes: each keeps its values beside what has that name already."""
    names = ("key", "case", "status", "metric", "step", "steps", "value")
    (tmp_path / "train.py").write_text(
        f"def train(seed, log, {', '.join(f'{name}=0' for name in names)}):\n    log(1, val_loss=seed)\n"
    )
    (tmp_path / "own.toml").write_text(
        'name = "own"\nsummary = "own"\n[subject]\ncall = "train.py:train"\ntimeout = "1m"\n'
        '[measure]\nmetric = "val_loss"\nnoticeable = 0.1\n'
    )
    given = [word for name in names for word in ("--set", f"{name}=7,8" if name == "key" else f"{name}=7")]
    words = ["run", str(tmp_path / "own.toml"), *given, "--seeds", "1", "--quiet", "--store", str(tmp_path)]
    assert main(words) == 0

    found = nnbench.load(tmp_path)

    for table in (found.trials, found.curves):
        assert set(table["axis_key"]) == {7.0, 8.0}
        assert {len(key) for key in table["key"]} == {64}
        assert set(table["case"]) == {"own"}
        assert {name for name in table.columns if name.startswith("axis_")} == {
            f"axis_{name}" for name in names
        }
    assert set(found.trials["status"]) == {"finished"}
    assert set(found.curves["metric"]) == {"val_loss"}


def test_curves_are_those_of_the_store(folder: Path) -> None:
    table = nnbench.load(folder).curves
    with Store.open(folder / "store.sqlite", create=False) as store:
        trials = store.trials(store.run("last").trial_keys, with_curves=True)

    rows = list(table)
    for trial in trials:
        for name in ("step_loss", "val_accuracy"):
            mine = [row for row in rows if row["key"] == trial.key and row["metric"] == name]
            assert [row["value"] for row in mine] == trial.curves[name].astype(float).tolist()
            steps = np.arange(1, trial.steps + 1) if name == "step_loss" else trial.curves["eval_step"]
            assert [row["step"] for row in mine] == steps.tolist()


def test_configurations_and_verdicts_are_those_of_the_json(folder: Path) -> None:
    found = nnbench.load(folder)

    assert len(found.configurations) == 4
    assert len(found.verdicts) == 3
    assert set(found.verdicts["verdict"]) <= {"better", "worse", "equivalent", "cannot_tell"}
    assert all(
        low <= median <= high
        for low, median, high in zip(
            *(found.configurations[name] for name in ("interval_low", "median", "interval_high")), strict=True
        )
        if low is not None and high is not None
    )


def test_a_notebook_shows_the_report_in_a_frame_of_its_own(folder: Path) -> None:
    shown = nnbench.load(folder)._repr_html_()

    assert shown.startswith('<iframe title="nnbench report ')
    assert shown.count('"') == 6, "a quote of the page would end the attribute it stands in"


def test_runs_are_a_table(folder: Path) -> None:
    (row,) = nnbench.runs(folder)

    assert (row["cases"], row["trials"]) == ("iris_softmax", 12)


@pytest.mark.parametrize("run", ["first", "last~3"])
def test_an_unknown_run_is_one_line(folder: Path, run: str) -> None:
    with pytest.raises(NnbenchError, match=run):
        nnbench.load(folder, run)


def test_a_folder_without_a_store_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(NnbenchError, match="store"):
        nnbench.load(tmp_path)


def test_importing_nnbench_imports_no_store() -> None:
    program = "import sys, nnbench; print({'sqlite3', 'numpy', 'numba'} & sys.modules.keys())"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"


def test_another_name_is_not_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'lood'"):
        _ = nnbench.lood
