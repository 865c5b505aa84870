"""Callbacks: what they see at each evaluation point, and when early stopping stops."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nnkit
from nnkit.callbacks import Callback, EarlyStopping, Fitting
from nnkit.errors import InvalidArgument
from tests.nnkit.small_models import blobs, perceptron


@dataclass
class Imaginary:
    """A fit whose weights are the number of the evaluation."""

    weights: NDArray[Any] = field(default_factory=lambda: np.zeros(1))
    reasons: list[str] = field(default_factory=list)

    def parameter_vector(self) -> NDArray[Any]:
        return self.weights

    def stop(self, reason: str) -> None:
        self.reasons.append(reason)


def evaluations_until_stop(
    stopping: EarlyStopping, values: list[float], name: str = "val_loss"
) -> int | None:
    """Return after how many of ``values`` the fit was stopped, and end it."""
    fit = Imaginary()
    made = None
    for index, value in enumerate(values, start=1):
        fit.weights[0] = index
        stopping.on_evaluation(10 * index, {name: value}, fit)
        if fit.reasons:
            made = index
            break
    stopping.on_end(fit)
    stopping.weights_in_the_end = fit.weights[0]  # type: ignore[attr-defined]
    return made


@pytest.mark.parametrize(
    ("patience", "values", "expected"),
    [
        (1, [3, 2, 2.5, 1], 3),
        (0, [3, 2, 2.5, 1], 3),
        (2, [3, 2, 2.5, 1, 1.5, 1.2], 6),
        (2, [3, 3, 3], 3),
        (3, [3, 2, 1, 0.5], None),
        (2, [3, 4, 5, 6], 3),
    ],
)
def test_patience_counts_evaluations_without_improvement(
    patience: int, values: list[float], expected: int | None
) -> None:
    """Keras's meaning: stop at the patience-th evaluation in a row that is no better than the best."""
    assert evaluations_until_stop(EarlyStopping(patience=patience), values) == expected


def test_an_improvement_must_exceed_min_delta() -> None:
    values = [1.0, 0.95, 0.91, 0.85]

    assert evaluations_until_stop(EarlyStopping(patience=2, min_delta=0.1), values) == 3
    assert evaluations_until_stop(EarlyStopping(patience=2, min_delta=0.08), values) is None


@pytest.mark.parametrize(
    ("monitor", "mode", "values", "expected"),
    [
        ("val_accuracy", None, [0.5, 0.6, 0.7], None),
        ("val_accuracy", None, [0.5, 0.4, 0.3], 2),
        ("val_loss", "max", [0.5, 0.6, 0.7], None),
        ("val_accuracy", "min", [0.5, 0.6, 0.7], 2),
    ],
)
def test_accuracy_is_to_grow_and_loss_to_fall(
    monitor: str, mode: Any, values: list[float], expected: int | None
) -> None:
    stopping = EarlyStopping(monitor=monitor, mode=mode, patience=1)

    assert evaluations_until_stop(stopping, values, monitor) == expected


@pytest.mark.parametrize(("restore", "weights"), [(True, 2), (False, 4)])
def test_the_best_evaluation_s_weights_are_put_back(restore: bool, weights: int) -> None:
    stopping = EarlyStopping(patience=2, restore_best_weights=restore)
    evaluations_until_stop(stopping, [3, 1, 2, 2])

    assert stopping.weights_in_the_end == weights  # type: ignore[attr-defined]
    assert (stopping.best, stopping.best_step) == (1, 20)


def test_a_second_fit_starts_afresh() -> None:
    """The best of another fit is no measure of this one, and its weights may have another size."""
    stopping = EarlyStopping(patience=2)
    evaluations_until_stop(stopping, [0.1, 0.2])
    second = evaluations_until_stop(stopping, [5, 4, 3, 2, 1])

    assert second is None
    assert stopping.weights_in_the_end == 5  # type: ignore[attr-defined]
    assert stopping.best == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"patience": -1}, "patience and min_delta must be at least 0, found -1"),
        ({"min_delta": -0.1}, "must be at least 0"),
        ({"mode": "maximum"}, "mode must be 'min', 'max' or None, found 'maximum'"),
    ],
)
def test_mistakes_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        EarlyStopping(**arguments)


def test_an_unknown_value_is_named_with_those_there_are() -> None:
    x, y = blobs()

    with pytest.raises(
        InvalidArgument, match=r"no value named 'val_los'. There are: loss, val_accuracy, val_loss"
    ):
        perceptron((4, 3)).fit(x, y, validation_data=(x, y), callbacks=[EarlyStopping(monitor="val_los")])
    with pytest.raises(InvalidArgument, match=r"no value named 'val_loss'. There are: loss\."):
        perceptron((4, 3)).fit(x, y, callbacks=[EarlyStopping()])


@dataclass
class Diary:
    """Keeps what it sees, and stops when it is told to."""

    stop_at: int = 10**9
    steps: list[int] = field(default_factory=list)
    values: list[dict[str, float]] = field(default_factory=list)
    weights: list[bytes] = field(default_factory=list)
    ends: int = 0

    def on_evaluation(self, step: int, values: Mapping[str, float], fitting: Fitting) -> None:
        self.steps.append(step)
        self.values.append(dict(values))
        self.weights.append(fitting.parameter_vector().tobytes())
        if step >= self.stop_at:
            fitting.stop("seen enough")

    def on_end(self, fitting: Fitting) -> None:
        self.ends += 1


def test_a_callback_sees_every_epoch_s_values_and_the_end_once() -> None:
    x, y = blobs()
    diary = Diary()
    model = perceptron((4, 8, 3), metrics=("accuracy",))
    history = model.fit(x, y, epochs=4, validation_data=(x[:30], y[:30]), callbacks=[diary])

    assert diary.steps == [3, 6, 9, 12]
    assert [value["val_loss"] for value in diary.values] == history.history["val_loss"]
    assert [value["val_accuracy"] for value in diary.values] == history.history["val_accuracy"]
    assert [value["loss"] for value in diary.values] == history.step_loss[2::3].tolist()
    assert diary.ends == 1


def test_callbacks_change_no_bit() -> None:
    """Entering Python between epochs or running through: the same losses, the same weights."""
    x, y = blobs()
    watched, alone = (perceptron((4, 8, 3), optimizer="adam") for _ in range(2))
    first = watched.fit(x, y, epochs=3, validation_data=(x, y), callbacks=[Diary()])
    second = alone.fit(x, y, epochs=3, validation_data=(x, y))

    assert first.step_loss.tolist() == second.step_loss.tolist()
    assert first.history == second.history
    assert watched.digest() == alone.digest()


def test_stopping_ends_the_fit_after_that_evaluation() -> None:
    x, y = blobs()
    model = perceptron((4, 8, 3))
    history = model.fit(x, y, epochs=9, validation_data=(x, y), callbacks=[Diary(stop_at=6)])

    assert history.status == "stopped"
    assert history.stopped_at == 6
    assert {len(values) for values in history.history.values()} == {2}


def test_early_stopping_restores_the_best_epoch_s_model() -> None:
    """A rate so large that the loss soon grows; what comes back is the best evaluation's, to the byte."""
    x, y = blobs()
    diary, stopping = Diary(), nnkit.EarlyStopping(patience=2)
    model = perceptron((4, 16, 3), optimizer="sgd(learning_rate=3.0)", seed=1)
    history = model.fit(x, y, epochs=60, validation_data=(x, y), callbacks=[diary, stopping])
    losses = history.history["val_loss"]
    best = int(np.argmin(losses))

    assert history.status == "stopped"
    assert len(losses) == best + 3
    assert stopping.best_step == 3 * (best + 1)
    assert model.evaluate(x, y)["loss"] == losses[best]
    assert model.digest() != perceptron((4, 16, 3), seed=1).digest()


def test_divergence_leaves_the_best_weights_too() -> None:
    x, y = blobs()
    targets = y[:, None].astype(np.float64)
    model = perceptron((4, 1), loss="mean_squared_error", optimizer="sgd(learning_rate=1e3)")
    history = model.fit(
        x, targets, epochs=200, validation_data=(x, targets), callbacks=[nnkit.EarlyStopping(patience=99)]
    )

    assert history.status == "diverged"
    assert model.evaluate(x, targets)["loss"] == min(history.history["val_loss"])


def test_an_evaluation_by_a_callback_leaves_those_of_the_fit_as_they_are() -> None:
    """On other data, at every evaluation: the fit goes on with its own data and keeps its own rows."""
    x, y = blobs()

    class Looking(Callback):
        def __init__(self, model: nnkit.Sequential) -> None:
            self.model = model
            self.seen: list[float] = []

        def on_evaluation(self, step: int, values: Mapping[str, float], fitting: Fitting) -> None:
            self.seen.append(self.model.evaluate(x[:7], y[:7])["loss"])

    undisturbed, watched = perceptron((4, 8, 3)), perceptron((4, 8, 3))
    looking = Looking(watched)

    plain = undisturbed.fit(x, y, epochs=3, validation_data=(x[:40], y[:40]))
    history = watched.fit(x, y, epochs=3, validation_data=(x[:40], y[:40]), callbacks=[looking])

    assert len(looking.seen) == 3
    assert looking.seen[-1] == undisturbed.evaluate(x[:7], y[:7])["loss"]
    assert history.history == plain.history
