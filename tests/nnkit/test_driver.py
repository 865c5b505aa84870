"""The driver: whole epochs without the interpreter, evaluated when due, in segments or at once."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnkit import layers, losses, optimizers
from nnkit.compiler.program import compile_program
from nnkit.execution import driver
from nnkit.execution.trial import Data, Trial
from nnkit.training.fit import Fit, Outcome
from tests.nnkit.small_models import blobs

X, Y = (array.astype(kind) for array, kind in zip(blobs(50), ("float32", "int32"), strict=True))
DATA = Data(np.ascontiguousarray(X), Y)


def trial(*, seed: int = 0, batch_size: int = 8, eval_batch: int = 16) -> Trial:
    program = compile_program(
        [layers.Dense(6, activation="relu"), layers.Dense(3)], (4,), losses.get("cross_entropy"),
        optimizers.get("momentum"), dtype="float32", batch_size=batch_size, eval_batch=eval_batch,
    )  # fmt: skip
    return Trial(program, seed)


def fit(made: Trial, validation: Data | None = None, **options: Any) -> Outcome:
    return Fit(made, DATA, validation, **{"epochs": 3, **options}).run()


@pytest.mark.parametrize("every", [1, 3, 7, 10, 100])
def test_evaluations_come_every_so_many_steps_and_at_the_end(every: int) -> None:
    """21 steps; a last evaluation closes the run, and is not made twice."""
    outcome = fit(trial(), DATA, every=every)
    due = sorted({*range(every, 22, every), 21})

    assert outcome.evaluations[:, 0].tolist() == due
    assert np.isfinite(outcome.evaluations).all()
    assert (np.diff(outcome.evaluations[:, 3]) >= 0).all()


def test_evaluating_changes_nothing_and_sees_the_weights_of_its_step() -> None:
    """The last row is what an evaluation of the final weights finds."""
    watched, alone = trial(), trial()
    outcome = fit(watched, DATA, every=2)
    plain = fit(alone)
    watched.attach_evaluation(DATA, every=0)
    loss, share = watched.evaluate()

    assert outcome.step_loss.tolist() == plain.step_loss.tolist()
    assert watched.digest() == alone.digest()
    assert outcome.evaluations[-1, 1:3].tolist() == [loss, share]


@pytest.mark.parametrize("eval_batch", [1, 7, 50, 64])
def test_evaluation_is_the_mean_over_all_samples_whatever_its_batches(eval_batch: int) -> None:
    made = trial(eval_batch=eval_batch)
    made.attach_evaluation(DATA, every=0)
    loss, share = made.evaluate()
    logits = made.predict(DATA.x).astype(np.float64)
    shifted = logits - logits.max(axis=1, keepdims=True)
    expected = np.mean(np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(50), Y])

    assert loss == pytest.approx(expected, rel=1e-6)
    assert share == np.mean(logits.argmax(axis=1) == Y)


def test_segments_are_one_run() -> None:
    """Returning to Python after every few steps: the same losses, the same weights."""
    whole, pieces = trial(), trial()
    rates = np.full(21, 0.05)
    for made in (whole, pieces):
        made.attach_training(DATA, rates=rates)
    whole.train(0, 21)
    ends = [pieces.train(first, min(first + 4, 21)) for first in range(0, 21, 4)]

    assert [(end.status, end.step) for end in ends] == [("done", step) for step in (4, 8, 12, 16, 20, 21)]
    assert np.array_equal(whole.step_totals, pieces.step_totals)
    assert whole.digest() == pieces.digest()


def test_every_step_has_the_rate_of_its_place_in_the_table() -> None:
    """A rate of next to nothing leaves the weights; the steps after it move them again."""
    made = trial()
    rates = np.array([0.1] * 5 + [1e-30] * 5 + [0.1])
    made.attach_training(DATA, rates=rates)
    seen = []
    for step in range(11):
        before = made.parameters()["dense_1/kernel"].copy()
        made.region("slot 0")[:] = 0  # without it, momentum would carry on
        made.train(step, step + 1)
        seen.append(not np.array_equal(before, made.parameters()["dense_1/kernel"]))

    assert seen == [True] * 5 + [False] * 5 + [True]


def seen_orders(mode: int, *, epochs: int = 3) -> NDArray[Any]:
    """Return which samples each epoch took, read off losses that name their sample."""
    program = compile_program(
        [layers.Dense(1, kernel_initializer="zeros")], (1,), losses.get("mse"), optimizers.get("sgd"),
        dtype="float64", batch_size=1,
    )  # fmt: skip
    data = Data(np.ones((9, 1)), np.arange(1.0, 10.0)[:, None])
    made = Trial(program, 4)
    outcome = Fit(made, data, None, epochs=epochs, order=mode, rates=np.full(9 * epochs, 1e-30)).run()
    return np.rint(np.sqrt(outcome.step_loss)).astype(int).reshape(epochs, 9)


def test_samples_come_as_given_shuffled_anew_or_in_one_fixed_order() -> None:
    given, fresh, fixed = (seen_orders(mode) for mode in (driver.AS_GIVEN, driver.RESHUFFLE, driver.FIXED))

    assert given.tolist() == [list(range(1, 10))] * 3
    assert len({tuple(epoch) for epoch in fresh.tolist()}) == 3
    assert fixed.tolist() == [fresh[0].tolist()] * 3
    assert all(sorted(epoch) == list(range(1, 10)) for epoch in fresh.tolist())


def test_losses_and_hits_of_every_step_are_those_of_its_rows() -> None:
    outcome = fit(trial(), shuffle=False)

    assert outcome.rows.tolist() == [8, 8, 8, 8, 8, 8, 2] * 3
    assert ((outcome.step_correct >= 0) & (outcome.step_correct <= outcome.rows)).all()
    assert outcome.steps_per_epoch == 7


def test_time_is_counted_while_training_only() -> None:
    """Training takes some time, and evaluation none of it."""
    large = Data(np.repeat(DATA.x, 2000, axis=0), np.repeat(DATA.y, 2000))
    quick, slow = trial(), trial()
    fit(quick, epochs=20)
    fit(slow, large, epochs=20)

    assert 0 < quick.train_s < 1
    assert slow.train_s < 20 * quick.train_s + 0.02


def test_a_small_batch_in_a_large_arena_is_the_same_batch() -> None:
    exact, roomy = trial(batch_size=8), trial(batch_size=200)
    fit(exact)
    fit(roomy, batch_size=8)

    assert exact.digest() == roomy.digest()


def test_an_arena_keeps_its_neighbours_apart() -> None:
    """Two trials of one program in turn are two trials."""
    made = trial(seed=1)
    other = Trial(made.program, 2)
    alone = Trial(made.program, 1)
    for one in (made, other):
        one.attach_training(DATA, rates=np.full(6, 0.05))
    for step in range(6):
        made.train(step, step + 1)
        other.train(step, step + 1)
    alone.attach_training(DATA, rates=np.full(6, 0.05))
    alone.train(0, 6)

    assert made.digest() == alone.digest() != other.digest()
