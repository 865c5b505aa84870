"""Whole runs against plain float64 NumPy: from the same weights, on the same batches, the same losses."""

from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

import nnkit
from nnkit import datasets, schedules
from nnkit.rng import shuffle
from nnkit.schedules import BoundSchedule
from tests.nnkit.small_models import blobs, perceptron
from tests.reference import clipping, mlp, optimizers
from tests.reference.optimizers import State, Step, Update

Array = NDArray[np.float64]
SEED = 3
# The engine's optimizer and its textbook form. Rates that learn: a loss that stays put would hide errors.
UPDATES: dict[str, tuple[str, Update, float]] = {
    "sgd": ("sgd", optimizers.sgd, 0.1),
    "sgd with momentum": ("sgd(momentum=0.9)", optimizers.momentum, 0.05),
    "momentum": ("momentum", optimizers.momentum, 0.05),
    "nesterov": ("nesterov", optimizers.nesterov, 0.05),
    "adagrad": ("adagrad", optimizers.adagrad, 0.05),
    "rmsprop": ("rmsprop", optimizers.rmsprop, 0.003),
    "adam": ("adam", optimizers.adam, 0.005),
    "adamw": ("adamw(weight_decay=0.1)", partial(optimizers.adamw, weight_decay=0.1), 0.005),
    "lion": ("lion", optimizers.lion, 0.0005),
}


def digits(rows: int) -> tuple[Array, NDArray[np.int32]]:
    """Return the first ``rows`` images, scaled to [0, 1]."""
    data = datasets.load("digits")
    return data.x[:rows].astype(np.float64) / 16, data.y[:rows].astype(np.int32)


def orders(n: int, epochs: int) -> list[NDArray[np.int32]]:
    """Return the order of the samples in every epoch, as the engine's own kernel draws it."""
    found = []
    for epoch in range(epochs):
        order = np.full(n, -1, dtype=np.int32)
        shuffle(order, np.empty(-(-n // 4) * 4, dtype=np.uint32), n, SEED, epoch)
        found.append(order)
    return found


def reference_run(
    model: nnkit.Sequential, x: Array, y: NDArray[np.generic], update: Update, rate: float | Array, *,
    batch_size: int, epochs: int, loss: str = "sparse_categorical_crossentropy", activation: str = "relu",
    l1: float = 0.0, l2: float = 0.0, clipnorm: float | None = None,
) -> mlp.Outcome:  # fmt: skip
    """Train the textbook's network from ``model``'s weights on the batches that the engine will see."""
    weights = [np.array(value, dtype=np.float64) for value in model.parameters.values()]
    network = mlp.build(weights, activation=activation, loss=loss, l1=l1, l2=l2)
    batches = [b for order in orders(len(x), epochs) for b in mlp.split_into_batches(order, batch_size)]
    rates = np.broadcast_to(np.asarray(rate, dtype=np.float64), (len(batches),))
    return mlp.train(network, x, y, batches, update, list(rates), global_clipnorm=clipnorm)


def assert_learnt(step_loss: Array) -> None:
    """Losses that do not move would agree by themselves."""
    assert np.mean(step_loss[-10:]) < 0.8 * np.mean(step_loss[:10])


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 1e-4)])
@pytest.mark.parametrize("name", UPDATES)
def test_a_hundred_steps_on_digits_have_the_reference_s_losses(
    name: str, dtype: str, tolerance: float
) -> None:
    """784 images in batches of 32, the last of each epoch of 16: 25 steps an epoch, 4 epochs."""
    choice, update, rate = UPDATES[name]
    x, y = digits(784)
    model = perceptron((64, 64, 32, 10), optimizer=_with_rate(choice, rate), dtype=dtype, seed=SEED)
    expected = reference_run(model, x, y, update, rate, batch_size=32, epochs=4)
    history = model.fit(x, y, batch_size=32, epochs=4)

    assert history.step_loss.shape == (100,)
    np.testing.assert_allclose(history.step_loss, expected.step_loss, rtol=tolerance, atol=tolerance)
    assert_learnt(history.step_loss)


def test_final_weights_are_the_reference_s() -> None:
    x, y = digits(200)
    model = perceptron((64, 16, 10), optimizer=_with_rate("adam", 0.005), seed=SEED)
    expected = reference_run(model, x, y, optimizers.adam, 0.005, batch_size=32, epochs=5)
    model.fit(x, y, batch_size=32, epochs=5)

    for found, wanted in zip(model.parameters.values(), expected.parameters, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-11)


def test_penalties_are_in_loss_and_step() -> None:
    x, y = blobs()
    model = perceptron((4, 12, 3), optimizer=_with_rate("sgd", 0.05), seed=SEED, l1=0.01, l2=0.02)
    expected = reference_run(model, x, y, optimizers.sgd, 0.05, batch_size=16, epochs=6, l1=0.01, l2=0.02)
    history = model.fit(x, y, batch_size=16, epochs=6)

    np.testing.assert_allclose(history.step_loss, expected.step_loss, rtol=1e-10)
    assert_learnt(history.step_loss)


def test_clipping_by_norm_comes_before_the_optimizer() -> None:
    """A limit that nearly every step exceeds; momentum's sum would show a clip that comes later."""
    x, y = blobs()
    choice = "momentum(learning_rate=0.1, global_clipnorm=0.2)"
    model = perceptron((4, 12, 3), optimizer=choice, seed=SEED)
    expected = reference_run(model, x, y, optimizers.momentum, 0.1, batch_size=16, epochs=6, clipnorm=0.2)
    history = model.fit(x, y, batch_size=16, epochs=6)

    np.testing.assert_allclose(history.step_loss, expected.step_loss, rtol=1e-10)
    assert_learnt(history.step_loss)


def test_clipping_by_value_comes_before_the_optimizer() -> None:
    x, y = blobs()
    model = perceptron((4, 12, 3), optimizer="momentum(learning_rate=0.1, clipvalue=0.02)", seed=SEED)

    def clipped(w: Array, g: Array, state: State, learning_rate: float) -> Step:
        return optimizers.momentum(w, clipping.clip_by_value(g, 0.02), state, learning_rate)

    expected = reference_run(model, x, y, clipped, 0.1, batch_size=16, epochs=6)
    history = model.fit(x, y, batch_size=16, epochs=6)

    np.testing.assert_allclose(history.step_loss, expected.step_loss, rtol=1e-10)


@pytest.mark.parametrize(
    "schedule",
    [
        schedules.get("piecewise_constant", boundaries=(10, 20), values=(1.0, 0.3, 0.05)),
        schedules.get("exponential_decay", decay_steps=10, decay_rate=0.5),
        schedules.get("cosine_decay", decay_steps=30, warmup_steps=4),
    ],
    ids=["pieces", "exponential", "cosine with warm-up"],
)
def test_a_schedule_gives_every_step_its_rate(schedule: BoundSchedule) -> None:
    x, y = blobs()
    model = perceptron((4, 12, 3), optimizer=nnkit.optimizers.get("sgd", learning_rate=schedule), seed=SEED)
    rates = schedule.table(36)
    expected = reference_run(model, x, y, optimizers.sgd, rates, batch_size=16, epochs=6)
    history = model.fit(x, y, batch_size=16, epochs=6)

    assert rates.max() > 10 * rates[-1]
    np.testing.assert_allclose(history.step_loss, expected.step_loss, rtol=1e-10)


@pytest.mark.parametrize("loss", ["binary_crossentropy", "mean_squared_error"])
@pytest.mark.parametrize("activation", ["tanh", "gelu"])
def test_other_losses_and_activations_train_alike(loss: str, activation: str) -> None:
    x, labels = blobs(classes=2)
    targets = (
        labels if loss == "binary_crossentropy" else x @ [[1.0, 0.0], [0.5, -1.0], [0.0, 2.0], [1.0, 1.0]]
    )
    units = (4, 9, 1 if loss == "binary_crossentropy" else 2)
    model = perceptron(units, activation=activation, loss=loss, optimizer=_with_rate("adam", 0.01), seed=SEED)
    wanted = targets[:, None] if loss == "binary_crossentropy" else targets
    expected = reference_run(
        model, x, wanted, optimizers.adam, 0.01, batch_size=7, epochs=4, loss=loss, activation=activation
    )
    history = model.fit(x, targets, batch_size=7, epochs=4)

    np.testing.assert_allclose(history.step_loss, expected.step_loss, rtol=1e-10)


@pytest.mark.parametrize(("wrong_rate", "deviation"), [(0.101, 1e-3), (0.1000001, 1e-8)])
def test_the_comparison_rejects_a_wrong_rate(wrong_rate: float, deviation: float) -> None:
    """A hundredth stands out of float32's tolerance by ten times, a millionth of float64's by a hundred."""
    x, y = digits(200)
    model = perceptron((64, 16, 10), optimizer=_with_rate("sgd", 0.1), seed=SEED)
    expected = reference_run(model, x, y, optimizers.sgd, wrong_rate, batch_size=32, epochs=4)
    history = model.fit(x, y, batch_size=32, epochs=4)

    assert np.abs(expected.step_loss / history.step_loss - 1).max() > deviation


def test_the_comparison_rejects_another_order() -> None:
    x, y = digits(200)
    model = perceptron((64, 16, 10), optimizer=_with_rate("sgd", 0.1), seed=SEED)
    expected = reference_run(model, x, y, optimizers.sgd, 0.1, batch_size=32, epochs=1)
    history = model.fit(x, y, batch_size=32, epochs=1, shuffle=False)

    assert np.abs(expected.step_loss / history.step_loss - 1).max() > 1e-2


def _with_rate(choice: str, rate: float) -> str:
    if choice.endswith(")"):
        return f"{choice[:-1]}, learning_rate={rate})"
    return f"{choice}(learning_rate={rate})"
