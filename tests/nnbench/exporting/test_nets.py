"""The nets of trials as files: what onnx's evaluator computes, and weights that the store has digests of."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import nnkit
from nnbench import cli
from nnbench.cases.shipped import built_in
from nnbench.plan.request import plan_for, whole_case
from nnbench.plan.settings import from_options, read_settings
from nnbench.store import Store
from nnbench.training.program import layers_of
from nnkit import datasets
from nnkit.registry import parse_choice

Run = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("name", [entry.name for entry in built_in()])
def test_a_case_s_net_computes_the_same_in_onnx(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trained for two steps on noise of its data's shape: no data set need be here."""
    reference = pytest.importorskip("onnx.reference", reason="onnx is not installed")
    monkeypatch.setattr("nnkit.datasets.require", lambda names: None)
    monkeypatch.setattr("nnbench.plan.matrix.data_digest", lambda case: "")
    trial = plan_for([whole_case(name)], read_settings(from_options({}))).trials()[0]
    shape = datasets.record(parse_choice(trial.case.data.dataset)[0]).input_shape
    model = nnkit.Sequential(layers_of(trial.case, trial.axes), input_shape=shape, seed=1)
    model.compile("adam", "mean_squared_error")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(8, *shape)).astype(np.float32)
    model.fit(x, rng.normal(size=model.predict(x).shape), batch_size=4)

    model.export(tmp_path / "net.onnx")

    expected = model.predict(x[:3])
    (found,) = reference.ReferenceEvaluator(str(tmp_path / "net.onnx")).run(None, {"input": x[:3]})
    assert np.abs(found - expected).max() <= 1e-5 * max(1.0, np.abs(expected).max())


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of one run: two optimizers, one of which diverges."""
    folder = tmp_path_factory.mktemp("trained")
    words = ["run", "xor", "--optimizer", "adam,sgd(learning_rate=1e30)", "--seeds", "3", "--epochs", "3"]
    assert cli.main([*words, "--quiet", "--store", str(folder / "store.sqlite")]) == 0
    return folder


def _keys(folder: Path, status: str) -> list[str]:
    with Store.open(folder / "store.sqlite", create=False) as store:
        return [trial.key for trial in store.trials(store.run("last").trial_keys) if trial.status == status]


def test_the_leader_of_a_run_is_trained_again_and_written(trained: Path, nnb: Run, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")

    code, out, err = nnb("export", "onnx", "--store", str(trained / "store.sqlite"), "-o", str(tmp_path))

    properties = {each.key: each.value for each in onnx.load(out.strip()).metadata_props}
    with Store.open(trained / "store.sqlite", create=False) as store:
        (record,) = store.trials([properties["key"]])
    assert code == 0
    assert (record.digest, record.seed) == (properties["digest"], 0)
    assert properties["optimizer"] == "adam"
    assert "onnx's evaluator differs from it by" in err


def test_a_run_may_be_named_by_its_beginning_though_that_could_begin_a_key(
    trained: Path, nnb: Run, tmp_path: Path
) -> None:
    pytest.importorskip("safetensors", reason="safetensors is not installed")
    with Store.open(trained / "store.sqlite", create=False) as store:
        day = store.run("last").run[:8]

    code, out, _ = nnb(
        "export", "safetensors", day, "--store", str(trained / "store.sqlite"), "-o", str(tmp_path)
    )

    assert (day.isdigit(), code) == (True, 0)
    assert Path(out.strip()).parent == tmp_path


def test_weights_of_a_trial_load_into_a_model_with_its_digest(
    trained: Path, nnb: Run, tmp_path: Path
) -> None:
    safetensors = pytest.importorskip("safetensors", reason="safetensors is not installed")
    key, path = _keys(trained, "finished")[-1], tmp_path / "w.safetensors"

    code, _, _ = nnb("export", "safetensors", key, "--store", str(trained / "store.sqlite"), "-o", str(path))

    trial = plan_for([whole_case("xor")], read_settings(from_options({}))).trials()[0]
    model = nnkit.Sequential(layers_of(trial.case, trial.axes), input_shape=(2,))
    model.load_weights(path)
    with safetensors.safe_open(path, "numpy") as opened:
        assert (code, opened.metadata()["digest"]) == (0, model.digest())


def test_a_trial_that_trains_to_other_weights_is_refused(trained: Path, nnb: Run, tmp_path: Path) -> None:
    pytest.importorskip("safetensors", reason="safetensors is not installed")
    key, other = _keys(trained, "finished")[0], tmp_path / "store.sqlite"
    with Store.open(trained / "store.sqlite", create=False) as store:
        (record,) = store.trials([key])
    with Store.open(other, create=True) as store:
        store.put_trial(replace(record, digest="0" * 64))

    code, out, err = nnb("export", "safetensors", key, "--store", str(other), "-o", str(tmp_path / "w"))

    assert (code, out) == (3, "")
    assert "trained again it has other weights than recorded" in err
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("abcdef", "no trial has the key abcdef"),
        ("0" * 64, "no trial has the key 000"),
        ("nobody", "run 'nobody': "),
    ],
)
def test_what_is_not_there_is_one_line(name: str, said: str, trained: Path, nnb: Run) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed")

    code, out, err = nnb("export", "onnx", name, "--store", str(trained / "store.sqlite"))

    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err


def test_a_trial_that_diverged_has_no_net(trained: Path, nnb: Run) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed")
    key = _keys(trained, "diverged")[0]

    code, _, err = nnb("export", "onnx", key, "--store", str(trained / "store.sqlite"))

    assert code == 2
    assert "has no net to be kept: it is diverged" in err
