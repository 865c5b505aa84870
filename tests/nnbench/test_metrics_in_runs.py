"""Metrics of trials: measured after every evaluation where they are asked for, and nothing else changes."""

import json
import math
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnbench.cases.catalogue import read_case
from nnbench.cases.spec import CaseSpec
from nnbench.cli import main
from nnbench.errors import UsageError
from nnbench.records.trials import TrialRecord
from nnbench.statistics.trials.failures import failure_kind
from nnbench.statistics.trials.summary import scores_by_configuration, summaries
from nnbench.store import Store
from nnbench.training.facts import facts
from nnbench.training.trial import run_trial, run_with_probes
from tests.nnbench.case_file import case_content, write_case
from tests.nnbench.trial_cases import case_of, install, trial_of
from tests.reference import metrics as reference
from tests.reference import mlp
from tests.reference.optimizers import sgd

Array = NDArray[Any]
# Some roundings of a float64; a step more or less moves the weight by a tenth of the way that is left.
CLOSE = 1e-12
RATE, EPOCHS = 0.1, 6
GOALS = np.array([[0.5], [1.5], [2.5], [1.75]])  # what is validated; the weight passes their mean


# -- followed by hand ------------------------------------------------------------------------------------


@pytest.fixture
def one_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    train = np.ones((10, 1)), np.full((10, 1), 3.0)
    install(monkeypatch, "weight_to_measure", train, (np.ones((4, 1)), GOALS))


def regression(metric: str, **measure: Any) -> CaseSpec:
    """Return a case whose output is one weight, which goes from 0 towards 3."""
    return case_of(
        "weight_to_measure",
        training={"epochs": EPOCHS},
        measure={"metric": metric, "noticeable": 0.01, **measure},
    )


def trained(case: CaseSpec, rate: float = RATE, **options: Any) -> TrialRecord:
    return run_trial(trial_of(case, rate=rate, **options))


def outputs_by_hand() -> list[Array]:
    """Return the outputs after every epoch, one step each."""
    w, found = 0.0, []
    for _ in range(EPOCHS):
        w -= RATE * 2.0 * (w - 3.0)
        found.append(np.full((4, 1), w))
    return found


@pytest.mark.usefixtures("one_weight")
@pytest.mark.parametrize("name", ["rmse", "mae", "r2"])
def test_a_regression_is_measured_after_every_epoch(name: str) -> None:
    """As the textbook has it, of the outputs that follow by hand; more is better of R² alone."""
    expected = [getattr(reference, name)(outputs, GOALS) for outputs in outputs_by_hand()]
    record = trained(regression(name, target=expected[2]))
    best = max(expected) if name == "r2" else min(expected)

    np.testing.assert_allclose(record.curves[f"val_{name}"], expected, rtol=2e-7)
    assert record.final[name] == pytest.approx(expected[-1], rel=CLOSE)
    assert record.best[name] == pytest.approx(best, rel=CLOSE)
    assert record.best["step"] == 1 + expected.index(best)
    assert record.steps_to_target == 3


@pytest.mark.usefixtures("one_weight")
def test_the_training_part_is_measured_where_it_is_asked_for() -> None:
    """Its loss after the step, all of it, and not that of the batch before; and any other metric."""
    record = trained(regression("train_loss", also=["train_rmse", "rmse"], target=1e-9))
    errors = [abs(outputs[0, 0] - 3.0) for outputs in outputs_by_hand()]

    np.testing.assert_allclose(record.curves["train_loss"], np.square(errors), rtol=2e-7)
    np.testing.assert_allclose(record.curves["train_rmse"], errors, rtol=2e-7)
    assert set(record.final) == {"loss", "train_loss", "train_rmse", "rmse"}
    assert record.steps_to_target is None
    reached = trained(regression("train_loss", target=errors[3] ** 2 * (1 + CLOSE)))
    assert reached.steps_to_target == 4


_DRAWN = np.random.default_rng(7)
X, Y = np.round(_DRAWN.normal(size=(24, 2)), 2), np.arange(24) % 3
N_STEPS, FULL_RATE = 5, 1.0


def classification(dataset: str = "three_kinds", **measure: Any) -> CaseSpec:
    return case_of(
        dataset,
        layers=[{"type": "Dense", "units": 3, "kernel_initializer": "zeros"}],
        training={"loss": "sparse_categorical_crossentropy", "epochs": N_STEPS, "batch_size": 16},
        measure={"metric": "f1", "noticeable": 0.01, **measure},
    )


def install_three(monkeypatch: pytest.MonkeyPatch, labels: Array = Y, name: str = "three_kinds") -> None:
    parts = [(X[rows], labels[rows].astype(np.int32)) for rows in (slice(16), slice(16, None))]
    install(monkeypatch, name, *parts)


def test_a_classification_is_measured_after_every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a net trained in textbook code, in float64."""
    install_three(monkeypatch)
    record = trained(
        classification(also=["auc", "balanced_accuracy", "log_loss", "train_accuracy"]), rate=FULL_RATE
    )
    # The data of a case are float32.
    x = X.astype(np.float32).astype(np.float64)
    start = [np.zeros((2, 3)), np.zeros(3)]
    network = mlp.build(start, activation="linear", loss="sparse_categorical_crossentropy")
    for n_steps in range(1, N_STEPS + 1):
        batches = [np.arange(16)] * n_steps
        kernel, bias = mlp.train(network, x[:16], Y[:16], batches, sgd, FULL_RATE).parameters
        logits, at = x @ kernel + bias, n_steps - 1
        for name in ("f1", "auc", "balanced_accuracy", "log_loss"):
            expected = getattr(reference, name)(logits[16:], Y[16:])
            assert record.curves[f"val_{name}"][at] == pytest.approx(expected, rel=2e-7), name
        assert record.curves["train_accuracy"][at] == pytest.approx(reference.accuracy(logits[:16], Y[:16]))


def test_measuring_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Key, digest and step losses are those of a trial that is asked for nothing, probes or not."""
    install_three(monkeypatch)
    everything = {"also": ["auc", "train_loss", "train_f1"]}
    plain, measured = (
        trial_of(classification(**more), rate=FULL_RATE, dtype="float32")
        for more in ({"metric": "accuracy"}, everything)
    )
    records = [run_trial(plain), run_trial(measured)]
    (probed, seen), (measured_too, seen_too) = (
        run_with_probes(replace(trial, probes=True)) for trial in (plain, measured)
    )

    assert plain.key == measured.key
    assert len({record.digest for record in (*records, probed, measured_too)}) == 1
    assert records[0].curves["step_loss"].tobytes() == records[1].curves["step_loss"].tobytes()
    assert set(records[1].curves) - set(records[0].curves) == {"val_f1", "val_auc", "train_loss", "train_f1"}
    for mine, other in zip(seen.activations, seen_too.activations, strict=True):
        np.testing.assert_array_equal(mine.mean, other.mean)
    for mine, other in zip(seen.weights, seen_too.weights, strict=True):
        np.testing.assert_array_equal(mine.update_ratio, other.update_ratio)


# -- what has no value -----------------------------------------------------------------------------------


def test_a_metric_without_a_value_is_no_evidence_and_no_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    """All validation rows are of one class: there is no AUC, and the trial is beside the count."""
    install_three(monkeypatch, np.where(np.arange(24) < 16, Y, 1), "one_kind")
    case = classification("one_kind", metric="auc", also=["f1"])
    record, known = trained(case, rate=FULL_RATE), facts(case)

    assert record.status == "finished"
    assert math.isnan(record.final["auc"])
    assert "auc" not in record.best
    assert np.isfinite(record.final["f1"])
    assert record.failure == failure_kind(record, known) == "no_value"
    assert list(scores_by_configuration([record], known).values()) == [{}]
    (row,) = summaries([record], known)
    assert (row.n, dict(row.failures)) == (0, {"no_value": 1})


@pytest.mark.usefixtures("one_weight")
def test_a_diverged_trial_has_the_curve_that_it_came_to() -> None:
    """The metric of an evaluation that is no number is none, and the best is one before it."""
    record = trained(regression("r2", also=["train_rmse"]), rate=1e160)

    assert record.status == "diverged"
    assert dict(record.final) == {}
    for name in ("val_r2", "train_rmse"):
        assert record.curves[name].size == record.curves["eval_step"].size > 0
        assert not np.isfinite(record.curves[name][-1])


# -- facts -----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("one_weight")
@pytest.mark.parametrize(
    ("metric", "direction", "limits", "chance"),
    [
        ("loss", "min", (None, None), None),
        ("rmse", "min", (0.0, None), None),
        ("r2", "max", (None, 1.0), 0.0),
        ("train_mae", "min", (0.0, None), None),
    ],
)
def test_a_case_knows_how_its_metric_is_read(
    metric: str, direction: str, limits: tuple[float | None, float | None], chance: float | None
) -> None:
    found = facts(regression(metric, also=["r2"]))
    rows = np.concatenate([np.full((10, 1), 3.0), GOALS])
    by_hand = {
        "loss": rows.var(axis=0).mean(),
        "rmse": rows.std(axis=0).mean(),
        "train_mae": np.abs(rows - 3.0).mean(),
    }

    assert (found.metric, found.direction, found.unit, found.limits) == (metric, direction, "", limits)
    assert found.chance == pytest.approx(by_hand[metric] if chance is None else chance, rel=CLOSE)
    assert [each.metric for each in found.also] == ([] if metric == "r2" else ["r2"])


def test_mistakes_are_lines_that_say_what_there_is() -> None:
    content = case_content()
    content["measure"] = {"metric": "f2", "also": ["rmse", "F1Score", "train_auk"], "noticeable": 0.1}
    content["training"]["early_stopping"] = {"monitor": "val_r2"}

    with pytest.raises(UsageError) as caught:
        read_case(content, "my.toml")

    has_labels = "and loss 'sparse_categorical_crossentropy' has labels. There are: loss, accuracy,"
    first, second, third, fourth, last = caught.value.args
    assert first.startswith("my.toml, measure.metric: no metric named 'f2'. Known: accuracy, auc,")
    assert second.startswith(f"my.toml, measure.also: rmse needs numbers as targets, {has_labels}")
    assert third == "my.toml, measure.also: 'F1Score' is another name of a metric. Write 'f1'."
    assert fourth == "my.toml, measure.also: no metric named 'train_auk'. Did you mean 'auc'?"
    assert last.startswith("my.toml, training.early_stopping.monitor: r2 needs numbers as targets")


# -- runs and the store ----------------------------------------------------------------------------------


@pytest.fixture
def document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Any]:
    """Return a function that runs iris, measured so, and returns the document."""
    monkeypatch.chdir(tmp_path)

    def run(metric: str, *arguments: str, also: tuple[str, ...] = (), target: float = 0.9) -> Any:
        measure = {"metric": metric, "also": list(also), "target": target, "noticeable": 0.01}
        write_case(tmp_path / "small.toml", {**case_content(), "measure": measure})
        capsys.readouterr()
        code = main(["run", "small.toml", "--json", "--quiet", *arguments])
        captured = capsys.readouterr()
        assert code == 0, captured.err
        assert not captured.err
        return json.loads(captured.out)

    return run


def test_trials_that_lack_the_metric_are_trained_again_and_keep_what_they_had(document: Any) -> None:
    """Same keys, same digests; once all is recorded, any of the metrics is there without training."""
    plain = document("accuracy")
    first, second = document("f1"), document("auc", also=("train_loss",))
    again = [document(name)["new"] for name in ("f1", "auc", "accuracy", "loss", "train_loss")]

    assert (plain["new"], first["new"], second["new"]) == (4, 4, 4)
    assert again == [0, 0, 0, 0, 0]
    for before, after in zip(plain["trials"], second["trials"], strict=True):
        assert (before["key"], before["digest"]) == (after["key"], after["digest"])
        assert set(after["final"]) == {"loss", "accuracy", "f1", "auc", "train_loss"}
        assert before["train_s"] == after["train_s"]


def test_the_best_evaluation_is_that_of_the_metric_that_is_asked_for_now(document: Any) -> None:
    """From the curves, where the trial was recorded for another one."""
    document("loss", "--epochs", "8", also=("train_accuracy",))
    found = document("train_accuracy", "--epochs", "8")
    with Store.open(Path(".nnbench/store.sqlite"), create=False) as store:
        records = store.trials([trial["key"] for trial in found["trials"]], with_curves=True)

    assert found["new"] == 0
    for trial, record in zip(found["trials"], records, strict=True):
        curve = record.curves["train_accuracy"]
        first = int(np.argmax(curve))
        assert np.float32(trial["best"]["train_accuracy"]) == curve[first]
        assert trial["best"]["step"] == record.curves["eval_step"][first]


def test_a_trial_fails_by_the_metric_that_is_asked_for_now(document: Any) -> None:
    """By the loss all stood at their target; what they are by F1 is what a fresh store says."""
    document("loss", target=10.0, also=("f1",))
    found = document("f1", target=0.999)
    fresh = document("f1", "--store", "fresh", target=0.999)

    assert found["new"] == 0
    failures = [trial["failure"] for trial in fresh["trials"]]
    assert [trial["failure"] for trial in found["trials"]] == failures
    assert set(failures) != {None}


@pytest.mark.usefixtures("document")
def test_a_run_that_was_broken_off_reports_no_trial_without_its_metric(document: Any, capsys: Any) -> None:
    """Its trials are in the store from an earlier run, and none of them can be judged."""
    found = document("accuracy")
    with Store.open(Path(".nnbench/store.sqlite"), create=True) as store:
        run = store.run(found["run"])
        (case,) = run.cases
        store.put_run(replace(run, run="later", cases=(replace(case, metric="f1", unit=""),)))

    assert main(["report", "later"]) == 6
    assert "no trial of it is recorded" in capsys.readouterr().err


def test_weights_that_came_out_otherwise_are_reported(document: Any, capsys: Any) -> None:
    key = document("accuracy")["trials"][0]["key"]
    with Store.open(Path(".nnbench/store.sqlite"), create=True) as store:
        (trial,) = store.trials([key], with_curves=True)
        store.put_trial(replace(trial, digest="0" * 64))
    write_case(Path("small.toml"), {**case_content(), "measure": {"metric": "f1", "noticeable": 0.01}})

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert main(["run", "small.toml", "--json", "--quiet"]) == 0
    captured = capsys.readouterr()
    assert "small, seed 0: trained again with other metrics, the weights came out as" in captured.err
    assert len(json.loads(captured.out)["trials"]) == 3


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_any_number_of_jobs_measures_the_same(document: Any, jobs: str) -> None:
    asked = {"also": ("auc", "train_f1", "balanced_accuracy")}
    one = document("f1", "--jobs", "1", "--store", "a", **asked)
    other = document("f1", "--jobs", jobs, "--store", "b", "--order", "seed", **asked)

    def measured(trials: list[dict[str, Any]]) -> list[object]:
        return [(trial["final"], trial["best"], trial["steps_to_target"]) for trial in trials]

    assert measured(one["trials"]) == measured(other["trials"])


def test_a_search_measures_what_its_case_asks_for(document: Any, capsys: Any) -> None:
    """Also where the same trials were recorded before without it."""
    tune = ["tune", "small.toml", "--optimizer", "sgd", "--json", "--quiet", "--points", "5", "--seeds", "1"]
    document("accuracy", "--optimizer", "sgd")
    write_case(Path("small.toml"), {**case_content(), "measure": {"metric": "f1", "noticeable": 0.01}})
    capsys.readouterr()

    assert main([*tune]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["cases"][0]["metric"] == "f1"
    assert 0.0 < found["configurations"][0]["tuned"]["median"] <= 1.0


def test_early_stopping_may_watch_a_metric() -> None:
    """Of which more is better: it ends two evaluations behind the last rise by a hundredth."""
    content = case_content()
    early = {"monitor": "val_auc", "patience": 2, "min_delta": 0.01}
    content["training"].update(epochs=40, early_stopping=early)

    curve = run_trial(trial_of(read_case(content, "small.toml"), rate=0.05)).curves["val_auc"]
    rises = np.flatnonzero([i == 0 or value > curve[:i].max() + 0.01 for i, value in enumerate(curve)])
    assert 2 < curve.size < 40
    assert curve.size - 1 >= rises[-1] + 2
