"""Fits: batches of every size, fit after fit, and runs that diverge or are stopped."""

import threading
from typing import Any

import numpy as np
import pytest

import nnkit
from nnkit import layers, losses, optimizers
from nnkit.compiler.program import compile_program
from nnkit.errors import InvalidArgument
from nnkit.execution import driver
from nnkit.execution.trial import Data, Trial
from nnkit.training.fit import Fit, Outcome
from tests.nnkit.small_models import blobs, build, perceptron
from tests.waiting import until

OPTIMIZERS = [
    "sgd",
    "momentum",
    "adam",
    "rmsprop(global_clipnorm=0.5)",
    nnkit.optimizers.get("sgd", learning_rate=nnkit.schedules.get("exponential_decay", decay_steps=4)),
]


@pytest.mark.parametrize("n", [1, 2, 31, 32, 33, 90])
@pytest.mark.parametrize("batch_size", [1, 7, 32, 90, 300])
def test_every_batch_but_the_last_is_full(n: int, batch_size: int) -> None:
    x, y = blobs(n)
    model = perceptron((4, 8, 3), metrics=("accuracy",))
    history = model.fit(x, y, batch_size=batch_size, epochs=2)

    assert history.step_loss.shape == (2 * -(-n // batch_size),)
    assert np.isfinite(history.step_loss).all()
    assert 0.0 <= min(history.history["accuracy"]) <= max(history.history["accuracy"]) <= 1.0


def test_a_batch_larger_than_the_data_is_the_data() -> None:
    x, y = blobs(20)
    digests = set()
    for batch_size in (20, 21, 1000):
        model = perceptron((4, 8, 3))
        model.fit(x, y, batch_size=batch_size, epochs=3)
        digests.add(model.digest())

    assert len(digests) == 1


# A name of its own for every one: xdist needs the same names in every worker.
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=[*map(str, OPTIMIZERS[:-1]), "scheduled"])
def test_two_fits_are_one_longer_fit(optimizer: str) -> None:
    """Moments, step numbers, rates, orders and masks go on where the first fit ended."""
    x, y = blobs()
    stack = [
        layers.Dense(8, activation="relu"),
        layers.Dropout(0.3),
        layers.BatchNormalization(),
        layers.Dense(3),
    ]
    once, twice = (build(stack, (4,), optimizer=optimizer) for _ in range(2))
    whole = once.fit(x, y, epochs=3)
    parts = [twice.fit(x, y, epochs=1), twice.fit(x, y, epochs=2)]

    assert np.array_equal(np.concatenate([part.step_loss for part in parts]), whole.step_loss)
    assert once.digest() == twice.digest()


def test_a_larger_arena_takes_over_what_the_optimizer_remembers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of 300 need more room than there is; with room for them from the start, the same bits.

    Three epochs go before, since a new arena begins with the number of the first one; small batches follow,
    because the order of the samples in a batch of them all changes less than a bit of the weights.
    """
    x, y = blobs(300)
    digests = []
    for room in (256, 300):
        monkeypatch.setattr("nnkit.model._LEAST_ROOM", room)
        model = perceptron((4, 8, 3), optimizer="adam")
        model.fit(x, y, batch_size=50, epochs=3)
        model.fit(x, y, batch_size=300)
        model.fit(x, y, batch_size=50)
        digests.append(model.digest())

    assert digests[0] == digests[1]


def test_a_fit_without_validation_after_one_with_it_evaluates_nothing() -> None:
    x, y = blobs()
    model = perceptron((4, 8, 3))
    first = model.fit(x, y, epochs=2, validation_data=(x[:9], y[:9]))
    second = model.fit(x, y, epochs=5)
    third = model.fit(x, y, epochs=3, validation_data=(x[:9], y[:9]))

    assert len(first.history["val_loss"]) == 2
    assert "val_loss" not in second.history
    assert len(third.history["val_loss"]) == 3
    assert third.train_s > 0


def test_an_unshuffled_fit_takes_the_samples_as_they_are() -> None:
    x, y = blobs(64)
    model = perceptron((4, 8, 3))
    first, _ = model.loss_and_gradients(x[:32], y[:32])
    history = model.fit(x, y, shuffle=False)

    assert history.step_loss[0] == first


def test_the_loss_of_a_last_batch_that_is_not_full_is_the_mean_of_its_own_rows() -> None:
    """The model that has made the steps before it has that loss on these rows, its penalties once."""
    x, y = blobs(41)
    model, before = perceptron((4, 8, 3), l2=0.01), perceptron((4, 8, 3), l2=0.01)
    history = model.fit(x, y, batch_size=16, shuffle=False)
    before.fit(x[:32], y[:32], batch_size=16, shuffle=False)
    last, _ = before.loss_and_gradients(x[32:], y[32:])

    assert history.step_loss[2] == pytest.approx(last, rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, found 0"),
        ({"batch_size": 2.5}, "batch_size must be a whole number of at least 1, found 2.5"),
        ({"batch_size": "32"}, "batch_size must be a whole number of at least 1, found '32'"),
        ({"epochs": -1}, "epochs must be a whole number of at least 1, found -1"),
        ({"epochs": True}, "epochs must be a whole number of at least 1, found True"),
    ],
)
def test_counts_are_checked(arguments: dict[str, Any], message: str) -> None:
    x, y = blobs()

    with pytest.raises(InvalidArgument, match=message):
        perceptron((4, 3)).fit(x, y, **arguments)


# -- divergence -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("with_callback", [False, True])
def test_divergence_ends_the_fit_at_its_step(dtype: str, with_callback: bool) -> None:
    """Nothing is raised; the last loss is the first that is not finite."""
    x, y = blobs()
    model = perceptron((4, 8, 1), loss="mean_squared_error", optimizer="sgd(learning_rate=1e6)", dtype=dtype)
    callbacks = (nnkit.EarlyStopping(monitor="loss", patience=100),) if with_callback else ()
    history = model.fit(
        x, y[:, None] * 1.0, epochs=40, validation_data=(x, y[:, None] * 1.0), callbacks=callbacks
    )

    assert history.status == "diverged"
    assert 1 < history.stopped_at < 120
    assert history.step_loss.shape == (history.stopped_at,)
    assert np.isfinite(history.step_loss[:-1]).all()


def test_a_diverging_batch_is_named_by_its_step() -> None:
    """The third batch of the second epoch holds the one sample whose square overflows."""
    x, y = np.zeros((90, 4)), np.zeros((90, 1))
    y[80] = 1e200
    model = perceptron(
        (4, 1), loss="mean_squared_error", optimizer="sgd(learning_rate=1e-300)", dtype="float64"
    )
    history = model.fit(x, y, shuffle=False, epochs=2)

    assert history.status == "diverged"
    assert history.stopped_at == 3
    assert history.step_loss.tolist()[:2] == [0.0, 0.0]


def test_a_loss_that_is_not_finite_in_validation_diverges_there() -> None:
    x, _ = blobs()
    model = perceptron((4, 1), loss="mean_squared_error")
    history = model.fit(x, x[:, :1], epochs=4, validation_data=(x, np.full((90, 1), 1e200)))

    assert history.status == "diverged"
    assert history.stopped_at == 3
    assert history.history["val_loss"] == [np.inf]


def test_weights_that_are_not_finite_diverge_although_every_loss_was() -> None:
    """One step, whose loss is taken before the update that ruins the weights."""
    x, y = blobs(32)
    model = perceptron((4, 3), optimizer="sgd(learning_rate=1e300)", dtype="float32")
    history = model.fit(x, y)

    assert np.isfinite(history.step_loss).all()
    assert not np.isfinite(model.parameters["dense_0/kernel"]).all()
    assert history.status == "diverged"


def huge(optimizer: str, *, normalised: bool, dtype: str = "float32") -> nnkit.Sequential:
    """A model whose first losses are finite whatever it is given."""
    stack: list[layers.Layer] = [layers.BatchNormalization()] if normalised else []
    stack += [layers.Dense(3, kernel_initializer="zeros")]
    model = nnkit.Sequential(stack, input_shape=(4,), dtype=dtype)
    model.compile(optimizer)
    return model


@pytest.mark.parametrize("is_watched", [False, True])
@pytest.mark.parametrize("is_normalised", [False, True])
def test_states_and_slots_that_overflow_diverge_although_every_loss_is_finite(
    is_normalised: bool, is_watched: bool
) -> None:
    """A running variance or Adam's mean square is infinite: at the first evaluation, or else at the end."""
    x, y = blobs()
    x = (x * 1e20 if is_normalised else np.full((90, 4), 1e25)).astype(np.float32)
    model = huge("sgd" if is_normalised else "adam", normalised=is_normalised)
    watched = (0 * x, y)
    history = model.fit(x, y, epochs=4, validation_data=watched if is_watched else None)

    assert np.isfinite(history.step_loss).all()
    assert np.isfinite(model.parameters["dense_0/kernel"]).all()
    assert history.status == "diverged"
    assert history.stopped_at == (3 if is_watched else 12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_large_finite_states_are_no_divergence(dtype: str) -> None:
    """The exponent of infinity is looked for, and no other: 1e18 squared is a float32."""
    x, y = blobs()
    model = huge("momentum", dtype=dtype, normalised=True)
    history = model.fit(x * 1e18, y, epochs=2, validation_data=(x * 1e18, y))

    assert history.status == "finished"
    assert max(array.max() for array in model.states.values()) > 1e33


def test_large_finite_losses_are_averaged_without_a_warning() -> None:
    x, y = np.zeros((64, 4)), np.full((64, 1), 2e153)
    model = perceptron((4, 1), loss="mean_squared_error", optimizer="sgd(learning_rate=1e-300)")
    history = model.fit(x, y)

    assert history.status == "finished"
    assert history.history["loss"] == [pytest.approx(4e306)]


# -- stopping -------------------------------------------------------------------------------------------


def long_fit() -> tuple[Trial, Fit]:
    program = compile_program(
        [layers.Dense(32, activation="relu"), layers.Dense(3)], (4,), losses.get("cross_entropy"),
        optimizers.get("sgd"), dtype="float32", batch_size=32,
    )  # fmt: skip
    x, y = blobs(320)
    data = Data(x.astype(np.float32), y.astype(np.int32))
    trial = Trial(program, 0)
    return trial, Fit(trial, data, None, epochs=200_000, order=driver.RESHUFFLE)


def test_stop_from_another_thread_ends_the_fit_within_a_step() -> None:
    """The main thread goes on meanwhile: the interpreter lock is free while the driver runs."""
    trial, fit = long_fit()
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.append(fit.run()))
    thread.start()
    until(lambda: trial.steps_done >= 100)
    trial.stop()
    thread.join(timeout=120)

    assert not thread.is_alive()
    assert outcomes[0].status == "cancelled"
    assert 100 <= outcomes[0].steps < 2_000_000
    assert len(outcomes[0].step_loss) == outcomes[0].steps
    assert np.isfinite(outcomes[0].step_loss).all()


def test_a_stop_before_the_fit_makes_no_step_and_holds_once() -> None:
    trial, fit = long_fit()
    before = trial.digest()
    trial.stop()
    stopped = fit.run()
    x, y = blobs(320)
    again = Fit(trial, Data(x.astype(np.float32), y.astype(np.int32)), None, epochs=1).run()

    assert (stopped.status, stopped.steps) == ("cancelled", 0)
    assert again.status == "finished"
    assert trial.digest() != before
