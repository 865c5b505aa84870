"""One trial from its description to its record, against training written out in float64."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnbench.cases.spec import CaseSpec
from nnbench.machine.stopping import Stop
from nnbench.plan.matrix import TrialSpec
from nnbench.records.probes import NAMES
from nnbench.records.trials import TrialRecord
from nnbench.training.facts import facts
from nnbench.training.trial import run_trial, run_with_probes
from tests.nnbench.trial_cases import LAYER, case_of, install, trial_of
from tests.reference import mlp
from tests.reference.losses import sparse_categorical_crossentropy
from tests.reference.optimizers import sgd

Array = NDArray[np.float64]

# One weight w on inputs of 1: it goes from 0 towards 3, past the 1.875 of the validation samples.
GOAL, VALIDATED, N_TRAIN, BATCH, EPOCHS, RATE = 3.0, 1.875, 10, 4, 6, 0.05
PER_EPOCH, N_STEPS = 3, 18  # 4 + 4 + 2 samples, six times
# Some roundings of a float64; a step more or less moves the weight by a tenth of the way that is left.
CLOSE = 1e-12


def weights(rates: list[float]) -> list[float]:
    """Return the weight before the first step and after every one: d/dw (w - 3)**2 = 2 (w - 3)."""
    found = [0.0]
    for rate in rates:
        found.append(found[-1] - rate * 2.0 * (found[-1] - GOAL))
    return found


W = weights([RATE] * N_STEPS)
STEPS = [3, 6, 9, 12, 15, 18]
LOSSES = [(W[step] - VALIDATED) ** 2 for step in STEPS]


@pytest.fixture
def one_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    install(
        monkeypatch,
        "one_weight",
        (np.ones((N_TRAIN, 1)), np.full((N_TRAIN, 1), GOAL)),
        (np.ones((4, 1)), np.full((4, 1), VALIDATED)),
    )


def regression(*, measure: dict[str, Any] | None = None, **training: Any) -> CaseSpec:
    return case_of(
        "one_weight", training={"epochs": EPOCHS, "batch_size": BATCH, **training}, measure=measure
    )


def trained(case: CaseSpec, rate: float = RATE, **options: Any) -> TrialRecord:
    return run_trial(trial_of(case, rate=rate, **options))


# -- a regression, where less is better ------------------------------------------------------------------


@pytest.mark.usefixtures("one_weight")
def test_the_loss_of_every_step_is_the_one_before_its_update() -> None:
    """One a step, the short last batch of an epoch included; the first is that of the weights as drawn."""
    record = trained(regression())

    curve = record.curves["step_loss"]
    assert curve.dtype == np.float32
    np.testing.assert_allclose(curve, [(w - GOAL) ** 2 for w in W[:-1]], rtol=2e-7)
    assert record.steps == N_STEPS


@pytest.mark.usefixtures("one_weight")
def test_an_evaluation_follows_the_last_step_of_every_epoch() -> None:
    """Its step counts from 1, and its loss is that of the weights after that step."""
    curves = trained(regression()).curves

    assert {name: curve.dtype for name, curve in curves.items()} == {
        "step_loss": np.float32, "eval_step": np.float32, "val_loss": np.float32,
    }  # fmt: skip
    assert curves["eval_step"].tolist() == STEPS
    np.testing.assert_allclose(curves["val_loss"], LOSSES, rtol=2e-7)


@pytest.mark.usefixtures("one_weight")
def test_the_best_loss_is_the_lowest_and_the_final_one_the_last() -> None:
    """The weight passes what is validated after step 9 or so: from there on the loss rises again."""
    record = trained(regression())
    lowest = int(np.argmin(LOSSES))

    assert 0 < lowest < len(LOSSES) - 1
    assert record.status == "finished"
    assert dict(record.best) == {"loss": pytest.approx(LOSSES[lowest], rel=CLOSE), "step": STEPS[lowest]}
    assert dict(record.final) == {"loss": pytest.approx(LOSSES[-1], rel=CLOSE)}


@pytest.mark.usefixtures("one_weight")
@pytest.mark.parametrize(
    ("target", "step"), [(LOSSES[0] * 1.001, 3), (LOSSES[1] * 1.001, 6), (min(LOSSES) * 0.999, None)]
)
def test_a_loss_reaches_its_target_at_the_first_evaluation_that_is_not_above_it(
    target: float, step: int | None
) -> None:
    """Also where it leaves it again later; a target that is below every evaluation is not reached."""
    record = trained(regression(measure={"target": target}))

    assert record.steps_to_target == step
    assert step is None or type(record.steps_to_target) is int


@pytest.mark.usefixtures("one_weight")
def test_without_a_target_none_is_reached() -> None:
    assert trained(regression()).steps_to_target is None


@pytest.mark.usefixtures("one_weight")
def test_the_first_step_has_the_first_rate_of_the_schedule() -> None:
    """The rate halves every four steps, from the whole rate at the first one."""
    record = trained(
        regression(), schedule="exponential_decay(decay_steps=4, decay_rate=0.5, staircase=true)"
    )
    expected = weights([RATE * 0.5 ** (step // 4) for step in range(N_STEPS)])

    assert record.final["loss"] == pytest.approx((expected[-1] - VALIDATED) ** 2, rel=1e-9)
    np.testing.assert_allclose(
        record.curves["step_loss"], [(w - GOAL) ** 2 for w in expected[:-1]], rtol=2e-7
    )


@pytest.mark.usefixtures("one_weight")
def test_training_that_stops_early_is_finished_with_what_it_has() -> None:
    """Patience 2: it ends two evaluations behind the lowest loss."""
    record = trained(regression(early_stopping={"monitor": "val_loss", "patience": 2}))
    last = int(np.argmin(LOSSES)) + 2

    assert record.status == "finished"
    assert record.steps == STEPS[last] < N_STEPS
    assert record.curves["step_loss"].size == record.steps
    assert record.curves["eval_step"].tolist() == STEPS[: last + 1]
    assert record.final["loss"] == pytest.approx(LOSSES[last], rel=CLOSE)
    assert record.best["loss"] == pytest.approx(min(LOSSES), rel=CLOSE)


@pytest.mark.usefixtures("one_weight")
def test_a_trial_that_is_stopped_before_its_first_step_has_neither_results_nor_a_failure() -> None:
    stop = Stop()
    stop.set()

    record = run_trial(trial_of(regression(), rate=RATE), stop=stop)

    assert (record.status, record.failure, record.steps) == ("cancelled", None, 0)
    assert (dict(record.final), dict(record.best), record.steps_to_target) == ({}, {}, None)
    assert all(curve.size == 0 for curve in record.curves.values())


@pytest.mark.usefixtures("one_weight")
def test_a_trial_carries_what_it_was_asked_for() -> None:
    """Its key, case, choices and seed; and the digest and the time of what was trained."""
    trial = trial_of(regression(), rate=RATE, seed=7)

    record, again = run_trial(trial), run_trial(trial)

    assert (record.key, record.case, record.axes, record.seed) == (trial.key, "one_weight", trial.axes, 7)
    assert len(record.digest) == 64
    assert record.digest == again.digest != trained(regression(), rate=2 * RATE).digest
    assert 0.0 < record.train_s < 60.0
    assert record.pictures is None


@pytest.mark.usefixtures("one_weight")
def test_seeds_draw_weights_of_their_own() -> None:
    """On an official split all else is the same, so the losses differ from the first step on."""
    layers = [{**LAYER, "kernel_initializer": "glorot_uniform"}]
    first, second = (trained(case_of("one_weight", layers=layers), seed=seed) for seed in (0, 1))

    assert first.curves["step_loss"][0] != second.curves["step_loss"][0]


@pytest.mark.parametrize(("order", "is_same"), [("fixed", True), ("reshuffle", False)])
def test_batches_are_as_in_the_epoch_before_where_their_order_is_fixed(
    monkeypatch: pytest.MonkeyPatch, order: str, is_same: bool
) -> None:
    """At a rate of next to nothing the loss of a batch tells which samples are in it."""
    goals = 2.0 ** np.arange(16.0)[:, None]
    install(monkeypatch, f"powers_{order}", (np.ones((16, 1)), goals), (np.ones((2, 1)), np.ones((2, 1))))
    case = case_of(f"powers_{order}", training={"epochs": 2, "batch_size": 4, "order": order})

    losses = trained(case, rate=1e-15).curves["step_loss"]

    assert (losses[:4].tolist() == losses[4:].tolist()) is is_same
    assert losses[:4].sum() == pytest.approx(np.sum(goals**2) / 4, rel=1e-6)
    assert losses[4:].sum() == pytest.approx(np.sum(goals**2) / 4, rel=1e-6)


# -- divergence ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("one_weight")
def test_a_loss_that_overflows_ends_the_trial_with_the_best_before_it() -> None:
    """The error grows by -1e30 a step: (3e150)**2 is still a float64 after step 5, (3e180)**2 is not."""
    case = regression(epochs=20, batch_size=N_TRAIN)

    record = trained(case, rate=(1.0 + 1e30) / 2)

    assert (record.status, record.failure, record.steps) == ("diverged", "diverged", 6)
    assert (dict(record.final), record.best["step"]) == ({}, 1.0)
    assert record.best["loss"] == pytest.approx((GOAL + GOAL * 1e30 - VALIDATED) ** 2, rel=CLOSE)
    assert record.curves["step_loss"].size == 6
    assert np.isinf(record.curves["val_loss"][-1])


FAR = 1.75 * 2.0**127  # a weight of 8/7 times this is more than a float32 can hold


def overflowing(monkeypatch: pytest.MonkeyPatch, **measure: Any) -> TrialSpec:
    """Return a trial that ends where logits of plus and minus infinity stand in one row: its loss is NaN.

    Two classes, inputs of 1, label 0: the kernel is (w, -w) and ``dw = rate * sigmoid(-2 w) / 2``. A sample
    at 0 teaches nothing. The far one costs nothing while its logits are finite; of the others, one in four is
    of class 1.
    """
    install(
        monkeypatch,
        "overflowing",
        (np.array([[1.0], [1.0], [0.0], [0.0]]), np.array([0, 0, 0, 1], np.int32)),
        (np.array([[FAR], [1.0], [1.0], [1.0], [1.0]]), np.array([0, 0, 0, 0, 1], np.int32)),
    )
    case = case_of(
        "overflowing",
        layers=[{**LAYER, "units": 2}],
        training={"loss": "sparse_categorical_crossentropy", "epochs": 40},
        measure=measure,
    )
    return trial_of(case, rate=0.5, dtype="float32")


def losses_until_overflow() -> list[float]:
    """Return the validation loss after each step, as long as it is a number."""
    w, found = 0.0, []
    while (w := w + 0.25 / (1.0 + math.exp(2.0 * w))) * 7 < 8:
        found.append((3.0 * math.log1p(math.exp(-2.0 * w)) + math.log1p(math.exp(2.0 * w))) / 5)
    return found


def test_an_evaluation_that_is_no_number_is_never_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    """argmin would take it. The loss is lowest where the net gives class 0 three chances in four."""
    record = run_trial(overflowing(monkeypatch))
    losses = losses_until_overflow()
    lowest = int(np.argmin(losses))

    assert 0 < lowest < len(losses) - 1
    assert (record.status, record.failure, record.steps) == ("diverged", "diverged", len(losses) + 1)
    np.testing.assert_allclose(record.curves["val_loss"], [*losses, np.nan], rtol=1e-5)
    assert record.best["step"] == lowest + 1
    assert record.best["loss"] == pytest.approx(losses[lowest], rel=1e-5)
    assert dict(record.final) == {}


def test_an_evaluation_that_is_no_number_reaches_no_target(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every other evaluation is above the target."""
    record = run_trial(overflowing(monkeypatch, target=0.01))

    assert np.isnan(record.curves["val_loss"][-1])
    assert record.steps_to_target is None


def test_a_row_that_is_no_number_counts_as_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four of five samples are right until the far one's logits overflow: then the others are left."""
    accuracy = run_trial(overflowing(monkeypatch)).curves["val_accuracy"]

    assert accuracy[:-1] == pytest.approx(0.8)
    assert accuracy[-1] == pytest.approx(0.6)


# -- a classification, where more is better --------------------------------------------------------------

_DRAWN = np.random.default_rng(68)
X_TRAIN, Y_TRAIN = np.round(_DRAWN.normal(size=(12, 2)), 2), np.arange(12) % 3
X_VALIDATION, Y_VALIDATION = np.round(_DRAWN.normal(size=(8, 2)), 2), np.arange(8) % 3
N_FULL_BATCHES, FULL_RATE = 8, 1.0


@pytest.fixture
def three_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    train, validation = (X_TRAIN, Y_TRAIN.astype(np.int32)), (X_VALIDATION, Y_VALIDATION.astype(np.int32))
    install(monkeypatch, "three_classes", train, validation)


def classification(**measure: Any) -> CaseSpec:
    return case_of(
        "three_classes",
        layers=[{"type": "Dense", "units": 3, "kernel_initializer": "zeros"}],
        training={
            "loss": "sparse_categorical_crossentropy",
            "epochs": N_FULL_BATCHES,
            "batch_size": len(X_TRAIN),
        },
        measure={"metric": "accuracy", **measure},
    )


def by_hand() -> tuple[Array, Array]:
    """Return validation loss and accuracy after each of the steps, each of which sees all samples."""
    x, validated = (part.astype(np.float32).astype(np.float64) for part in (X_TRAIN, X_VALIDATION))
    network = mlp.build(
        [np.zeros((2, 3)), np.zeros(3)], activation="linear", loss="sparse_categorical_crossentropy"
    )
    everything = np.arange(len(x))
    losses, accuracies = [], []
    for n_steps in range(1, N_FULL_BATCHES + 1):
        outcome = mlp.train(network, x, Y_TRAIN, [everything] * n_steps, sgd, FULL_RATE)
        kernel, bias = outcome.parameters
        logits = validated @ kernel + bias
        losses.append(sparse_categorical_crossentropy(logits, Y_VALIDATION)[0])
        accuracies.append(float(np.mean(logits.argmax(axis=1) == Y_VALIDATION)))
    return np.array(losses), np.array(accuracies)


@pytest.mark.usefixtures("three_classes")
def test_the_best_accuracy_is_the_first_of_the_highest() -> None:
    """It rises, falls, and is as high again later; loss and step are those of the same evaluation."""
    record = trained(classification(), rate=FULL_RATE)
    losses, accuracies = by_hand()
    best = int(np.argmax(accuracies))

    assert accuracies[best] > max(accuracies[0], accuracies[-1])
    assert np.sum(accuracies == accuracies[best]) > 1
    assert dict(record.best) == {
        "loss": pytest.approx(losses[best], rel=1e-9), "accuracy": accuracies[best], "step": best + 1,
    }  # fmt: skip
    assert dict(record.final) == {"loss": pytest.approx(losses[-1], rel=1e-9), "accuracy": accuracies[-1]}
    np.testing.assert_allclose(record.curves["val_loss"], losses, rtol=2e-7)
    np.testing.assert_array_equal(record.curves["val_accuracy"], accuracies.astype(np.float32))


@pytest.mark.usefixtures("three_classes")
def test_what_is_compared_decides_which_evaluation_is_the_best() -> None:
    """By the loss it is the lowest one; the accuracy beside it is the one of that evaluation."""
    record = trained(classification(metric="loss"), rate=FULL_RATE)
    losses, accuracies = by_hand()
    best = int(np.argmin(losses))

    assert accuracies[best] < accuracies.max()
    assert record.best["step"] == best + 1
    assert record.best["accuracy"] == accuracies[best]


@pytest.mark.usefixtures("three_classes")
def test_an_accuracy_reaches_its_target_at_the_first_evaluation_that_is_not_below_it() -> None:
    _, accuracies = by_hand()
    highest = float(accuracies.max())

    assert trained(classification(target=highest), rate=FULL_RATE).steps_to_target == 2
    assert trained(classification(target=highest + 0.01), rate=FULL_RATE).steps_to_target is None


# -- in which way it failed ------------------------------------------------------------------------------


@pytest.mark.usefixtures("one_weight")
@pytest.mark.parametrize(
    ("rate", "epochs", "target", "kind"),
    [
        (0.02, EPOCHS, None, None),  # on its way, and better than the mean target
        (RATE, EPOCHS, 1.01 * LOSSES[-1], None),  # at its target, whatever its curve looks like
        (1e-9, EPOCHS, None, "chance"),  # the weight stays at 0
        (RATE, EPOCHS, None, "chance"),  # past the optimum by more than the mean target is
        (RATE, EPOCHS - 1, None, "overfit"),  # past it by less, and sixty times the lowest loss
        (1.2, EPOCHS, None, "blown_up"),  # the error grows by -1.4 a step
    ],
)
def test_the_record_says_how_the_trial_failed(
    rate: float, epochs: int, target: float | None, kind: str | None
) -> None:
    record = trained(regression(measure={"target": target}, epochs=epochs), rate=rate)

    assert (record.status, record.failure) == ("finished", kind)


def test_a_loss_that_stands_still_above_a_target_is_a_plateau(monkeypatch: pytest.MonkeyPatch) -> None:
    """Targets of 1 and 5 on one input: half of the squared error of the start cannot be learned."""
    goals = np.array([[1.0], [5.0]])
    install(monkeypatch, "in_two_minds", (np.ones((2, 1)), goals), (np.ones((2, 1)), np.full((2, 1), 3.5)))
    case = case_of("in_two_minds", training={"epochs": 60}, measure={"target": 0.1})

    record = trained(case)

    assert (record.status, record.failure) == ("finished", "plateau")
    assert record.final["loss"] == pytest.approx(0.25, abs=0.01)


def dying(monkeypatch: pytest.MonkeyPatch) -> TrialSpec:
    """Return a trial with one ReLU whose weight of 0.5, on inputs of 1, falls below 0 at the first step.

    The output is 0.5 where -3 is wanted, so the weight moves by -0.2 * 7.
    """
    wanted = np.full((4, 1), -3.0)
    install(monkeypatch, "dying", (np.ones((4, 1)), wanted), (np.ones((2, 1)), wanted[:2]))
    layers = [
        {**LAYER, "kernel_initializer": "constant(value=0.5)"},
        {"type": "Activation", "activation": "relu"},
        {**LAYER, "kernel_initializer": "ones"},
    ]
    return trial_of(case_of("dying", layers=layers, training={"epochs": 5}), rate=0.2)


def test_a_layer_without_a_living_unit_is_a_failure_that_only_probes_see(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trial = dying(monkeypatch)

    assert run_trial(trial).failure == "chance"
    assert run_trial(replace(trial, probes=True)).failure == "dead"


def test_probes_add_their_curves_and_change_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value per activation or kernel: the unit is alive at first, dead at the end, without gradient."""
    trial = dying(monkeypatch)
    plain = run_trial(trial)

    record, found = run_with_probes(trial)

    assert set(record.curves) == set(plain.curves) | set(NAMES)
    assert all(record.curves[name].dtype == np.float32 for name in NAMES)
    assert record.curves["probe_units"].tolist() == [1.0]
    assert record.curves["probe_dead_at_start"].tolist() == [0.0]
    assert record.curves["probe_dead"].tolist() == [1.0]
    assert record.curves["probe_gradient_norm"].tolist() == [0.0, 0.0]
    assert [len(each.dead) for each in found.activations] == [1 + 5]
    for name, curve in plain.curves.items():
        np.testing.assert_array_equal(record.curves[name], curve)
    assert (record.digest, record.steps, record.final) == (plain.digest, plain.steps, plain.final)


# -- the facts of a case ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("one_weight")
def test_chance_of_a_regression_is_the_variance_of_its_targets() -> None:
    """Of all of them, the error of their mean: 10 of 3.0 and 4 of 1.875."""
    expected = (GOAL - VALIDATED) ** 2 * (10 / 14) * (4 / 14)

    assert facts(regression()).chance == pytest.approx(expected, rel=1e-6)
