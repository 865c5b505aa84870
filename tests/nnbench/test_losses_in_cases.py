"""Losses with options and class weights in cases: what they train, their keys, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnbench.cases.catalogue import read_case
from nnbench.cases.spec import CaseSpec
from nnbench.errors import UsageError
from nnbench.training.data import parts_of
from nnbench.training.facts import facts
from nnbench.training.trial import run_trial
from nnkit.errors import InvalidArgument
from tests.nnbench.case_file import case_content
from tests.nnbench.trial_cases import case_of, install, trial_of

ROWS = 40


def small(name: str = "case.toml", **training: Any) -> CaseSpec:
    content = case_content()
    content["training"] |= training
    return read_case(content, name)


def of_table(folder: Path, **training: Any) -> CaseSpec:
    """Return a case of a table, of whose rows three in ten say yes."""
    rows = [f"{row % 7},{['no', 'yes'][row % 10 < 3]}" for row in range(ROWS)]
    (folder / "bought.csv").write_text("\n".join(["size,bought", *rows]))
    content = case_content()
    content["data"] = {"file": "bought.csv", "target": "bought", "validation": 0.25}
    content["model"]["layers"][-1]["units"] = 2
    content["training"] |= training
    return read_case(content, str(folder / "case.toml"))


def test_one_hot_targets_train_as_labels_do() -> None:
    dense, sparse = small(loss="categorical_crossentropy"), small()
    found, expected = (run_trial(trial_of(case, rate=0.1)) for case in (dense, sparse))

    assert found.final["accuracy"] == expected.final["accuracy"]
    assert found.final["loss"] == pytest.approx(expected.final["loss"], rel=1e-9)
    assert facts(dense).chance == facts(sparse).chance


def test_options_are_in_the_key_in_one_spelling_and_a_bare_name_as_it_ever_was() -> None:
    bare = small(loss="sparse_categorical_crossentropy")
    spelt = [
        small(loss=f"{name}(label_smoothing={s})")
        for name, s in (("cross_entropy", 0.1), ("CrossEntropyLoss", "1e-1"))
    ]
    off = small(loss="sparse_categorical_crossentropy(label_smoothing=0)")

    assert spelt[0].digest == spelt[1].digest != bare.digest == off.digest
    assert "class_weight" not in bare.identity["training"]
    assert trial_of(spelt[0], rate=0.1).key != trial_of(bare, rate=0.1).key


def test_absolute_errors_are_trained_and_measured_in_standardised_targets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One step of a bias by hand: of the slopes of four targets, three pull down and one up."""
    x, y = np.ones((4, 1)), np.array([[10.0], [10.0], [10.0], [50.0]])
    install(monkeypatch, "far_off", (x, y), (x, y))
    layer = {"type": "Dense", "units": 1, "kernel_initializer": "zeros"}
    training = {"loss": "mean_absolute_error"}
    case = case_of("far_off", layers=[layer], training=training, data={"scale": "standardize"})
    record = run_trial(trial_of(case, rate=0.01))
    scaled = (y - y.mean()) / y.std()

    bias = 0.01 * np.mean(np.sign(scaled))  # the input is 0, as it does not vary
    assert record.final["loss"] == pytest.approx(np.mean(np.abs(bias - scaled)), rel=1e-6)
    assert facts(case).chance == pytest.approx(np.mean(np.abs(scaled - np.median(scaled))), rel=1e-6)


def test_a_huber_loss_lies_between_squares_and_distances_of_a_useless_model() -> None:
    content = case_content()
    content["data"] = {"dataset": "diabetes", "validation": 0.25, "scale": "standardize"}
    content["model"]["layers"][-1]["units"] = 1
    content["measure"] = {"metric": "loss", "noticeable": 0.01}
    chances = []
    for loss in ("huber(delta=100)", "mean_squared_error", "huber(delta=1e-3)", "mean_absolute_error"):
        content["training"]["loss"] = loss
        chances.append(facts(read_case(content, "case.toml")).chance)

    assert chances[0] == pytest.approx(0.5 * chances[1], rel=1e-9)
    assert chances[2] == pytest.approx(1e-3 * chances[3], rel=2e-3)


def test_smoothed_losses_have_a_chance_of_their_own() -> None:
    content = case_content()
    content["measure"] = {"metric": "loss", "noticeable": 0.01}
    content["training"]["loss"] = "cross_entropy(label_smoothing=0.4)"

    assert facts(read_case(content, "case.toml")).chance == pytest.approx(np.log(3), rel=1e-12)


@pytest.mark.parametrize(
    ("given", "no", "yes"),
    [("balanced", 15 / 21, 15 / 9), ({"yes": 4}, 1.0, 4.0), ({"no": 0.5, "yes": 3}, 0.5, 3.0)],
)
def test_classes_weigh_in_training_alone(tmp_path: Path, given: Any, no: float, yes: float) -> None:
    """By the names that the table has for them."""
    case = of_table(tmp_path, class_weight=given)
    parts = parts_of(case, 0, "float64")
    counted = np.bincount(parts.train.y.reshape(-1))

    assert counted.tolist() == [21, 9]
    assert parts.train.weights is not None
    np.testing.assert_allclose(
        parts.train.weights.reshape(-1), np.array([no, yes])[parts.train.y.reshape(-1)]
    )
    assert parts.validation.weights is None
    plain = of_table(tmp_path)
    assert run_trial(trial_of(case, rate=0.1)).digest != run_trial(trial_of(plain, rate=0.1)).digest


@pytest.mark.parametrize(
    ("training", "message"),
    [
        (
            {"class_weight": "even"},
            r'class_weight: .*expected "balanced", or a weight of at least 0 for classes',
        ),
        ({"class_weight": {"0": -1}}, 'expected "balanced", or a weight'),
        ({"loss": "huber(delta=0)"}, "training.loss: .*delta must be above 0, found 0"),
        ({"loss": "cross_entropy(smoothing=0.1)"}, "training.loss: no hyper-parameter named 'smoothing'"),
        ({"loss": "crossentropy"}, "no loss named 'crossentropy'"),
        (
            {"loss": "mse", "class_weight": "balanced"},
            "training.class_weight: the case has no classes to weigh",
        ),
    ],
)
def test_a_mistake_is_one_line(training: dict[str, Any], message: str) -> None:
    content = case_content()
    content["training"] |= training
    content["measure"] = {"metric": "loss", "noticeable": 0.01}

    with pytest.raises(UsageError, match=message):
        read_case(content, "case.toml")


def test_a_class_that_there_is_not_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"class_weight: no class named 'yess'. Did you mean 'yes'"):
        facts(of_table(tmp_path, class_weight={"yess": 2}))
    with pytest.raises(InvalidArgument, match="class_weight: expected labels from 0 to 2, found 3"):
        facts(small(class_weight={"3": 2}))


def test_the_case_s_own_weights_and_an_asked_for_choice_are_one_configuration() -> None:
    from nnbench.cases.axis import AXES, applied

    own, asked = small(class_weight="balanced"), applied(small(), (("class_weight", "balanced"),))

    assert own.digest == asked.digest
    assert AXES["class_weight"].own(own) == "balanced"
    assert AXES["class_weight"].own(small(class_weight={"0": 2})) == "own"
