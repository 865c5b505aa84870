"""How a trial failed, told from its status and curves."""

import numpy as np
import pytest

from nnbench.records.trials import Status
from nnbench.statistics.trials.failures import failure_kind, failures_by_level
from tests.nnbench.statistics.records_by_hand import facts, trial

FALLING = np.geomspace(2.3, 0.01, 200)
FLAT = np.full(200, 2.3)


@pytest.mark.parametrize("status", ["diverged", "failed", "pruned"])
def test_without_a_score_the_status_is_the_kind(status: Status) -> None:
    """Nothing needs to be read from the curves."""
    assert failure_kind(trial(status=status), facts()) == status


def test_cancelled_and_successful_trials_have_no_kind() -> None:
    """A trial at its target has not failed, even where its training loss stands still."""
    assert failure_kind(trial(status="cancelled"), facts()) is None
    assert failure_kind(trial(accuracy=0.95, curves={"step_loss": FLAT.tolist()}), facts()) is None


def test_blown_up_is_ten_times_the_first_loss() -> None:
    """A loss that ends above ten times its start, though finite; a spike on the way does not count."""
    exploding = np.linspace(1.0, 40.0, 200)
    spiking = FALLING.copy()
    spiking[20] = 1e6

    assert failure_kind(trial(accuracy=0.3, curves={"step_loss": exploding.tolist()}), facts()) == "blown_up"
    assert failure_kind(trial(accuracy=0.3, curves={"step_loss": spiking.tolist()}), facts()) is None


def test_dead_is_a_layer_without_a_living_unit() -> None:
    """All units of some layer, not most of them."""
    record = trial(accuracy=0.4, curves={"step_loss": FALLING.tolist()})

    assert failure_kind(record, facts(), dead_share=1.0) == "dead"
    assert failure_kind(record, facts(), dead_share=0.99) is None


@pytest.mark.parametrize(("accuracy", "kind"), [(0.08, "chance"), (0.125, "chance"), (0.14, None)])
def test_chance_allows_for_the_size_of_the_validation_set(accuracy: float, kind: str | None) -> None:
    """At chance 0.1 and 400 examples two standard errors are 0.03: 0.125 is still chance, 0.14 is not."""
    record = trial(accuracy=accuracy, curves={"step_loss": FALLING.tolist()})

    assert failure_kind(record, facts()) == kind


def test_chance_of_a_loss_is_the_noticeable_difference() -> None:
    """A validation loss within the noticeable of the useless model's; less is better."""
    of_loss = facts(metric="loss", direction="min", chance=0.5, noticeable=0.02, target=0.1)

    assert failure_kind(trial(accuracy=0.51), of_loss) == "chance"
    assert failure_kind(trial(accuracy=0.55), of_loss) is None


def test_overfit_rises_on_validation_while_training_falls() -> None:
    """20 % above the lowest validation loss; where training rises along with it, it is not overfitting."""
    turning = [1.0, 0.6, 0.5, 0.55, 0.65]
    rising = np.concatenate([np.linspace(2.3, 0.2, 100), np.linspace(0.2, 1.0, 100)])

    def kind_of(loss: np.ndarray, validation: list[float]) -> str | None:
        curves = {"step_loss": loss.tolist(), "val_loss": validation}
        return failure_kind(trial(accuracy=0.7, curves=curves), facts())

    assert kind_of(FALLING, turning) == "overfit"
    assert kind_of(FALLING, [1.0, 0.6, 0.5, 0.55, 0.59]) is None
    assert kind_of(rising, turning) == "plateau"


@pytest.mark.parametrize("at", [110, 150, 185, 199])
@pytest.mark.parametrize("lasts", [1, 5, 80])
@pytest.mark.parametrize("accuracy", [0.7, 0.1])
@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_a_spike_late_in_training_is_no_overfitting(
    at: int, lasts: int, accuracy: float, scale: float
) -> None:
    """The loss leaps and validation with it, however long it lasts and wherever the trial ends."""
    loss = FALLING.copy()
    loss[at : at + lasts] = 4.0
    evaluated = np.geomspace(1.0, 0.2, 10)
    evaluated[at // 20 :] = 2.0

    curves = {"step_loss": (scale * loss).tolist(), "val_loss": (scale * evaluated).tolist()}

    assert failure_kind(trial(accuracy=accuracy, curves=curves), facts()) == "spike"


def test_a_spike_that_validation_has_got_over_is_no_failure() -> None:
    """Nor is an early one, nor a bad batch while overfitting goes on from evaluation to evaluation."""
    spiked = FALLING.copy()
    spiked[150] = 4.0
    early = FALLING.copy()
    early[20] = 1e6
    overfit = [1.0, 0.5, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75]

    def kind_of(loss: np.ndarray, validation: list[float]) -> str | None:
        curves = {"step_loss": loss.tolist(), "val_loss": validation}
        return failure_kind(trial(accuracy=0.7, curves=curves), facts())

    assert kind_of(spiked, [1.0, 0.6, 0.4, 0.9, 0.3]) is None
    assert kind_of(spiked, overfit) == "overfit"
    assert kind_of(early, overfit) == "overfit"
    assert kind_of(FALLING, overfit) == "overfit"


def test_plateau_stands_still_short_of_the_target() -> None:
    """No fall over the second half, at a loss that leaves something to learn, with a target to miss."""
    stuck = np.concatenate([np.geomspace(2.3, 0.8, 60), np.full(140, 0.8)])
    learnt = np.concatenate([np.geomspace(2.3, 0.1, 60), np.full(140, 0.1)])

    def record(loss: np.ndarray) -> object:
        return trial(accuracy=0.7, curves={"step_loss": loss.tolist()})

    assert failure_kind(record(stuck), facts()) == "plateau"  # type: ignore[arg-type]
    assert failure_kind(record(stuck), facts(target=None)) is None  # type: ignore[arg-type]
    assert failure_kind(record(learnt), facts()) is None  # type: ignore[arg-type]
    assert failure_kind(record(FALLING), facts()) is None  # type: ignore[arg-type]


def test_a_trial_without_curves_is_judged_by_its_metric() -> None:
    """Nothing is said of a shape nobody recorded."""
    assert failure_kind(trial(accuracy=0.7), facts()) is None
    assert failure_kind(trial(accuracy=0.1), facts()) == "chance"


def test_failures_are_counted_at_every_level() -> None:
    """Each trial counts once on every axis; cancelled trials and other cases not at all."""
    trials = [
        trial("sgd", 0, status="diverged"),
        trial("sgd", 1, activation="tanh", status="diverged"),
        trial("adam", 0, accuracy=0.1),
        trial("adam", 1),
        trial("adam", 2, status="cancelled"),
        trial("adam", 3, case="moons"),
    ]

    table = failures_by_level(trials, facts())

    assert {level: (row.n, dict(row.kinds)) for level, row in table["optimizer"].items()} == {
        "sgd": (2, {"diverged": 2}),
        "adam": (2, {"chance": 1}),
    }
    assert table["activation"]["tanh"].kinds == {"diverged": 1}
