"""Losses in programs: over the places of a sequence, of shares, with options, through a file and back."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nnkit
from nnkit import layers
from nnkit.errors import InvalidArgument
from tests.nnkit.small_models import blobs, build, inputs_for, spread_parameters
from tests.reference import losses as reference
from tests.reference.numeric import numeric_gradient, relative_error

Array = NDArray[Any]
X, Y = blobs(30)


def slopes_agree(model: nnkit.Sequential, x: Array, y: Any) -> None:
    """Hold the gradient of the first kernel against differences of the loss."""
    name = "dense_0/kernel"
    start = model.parameters[name].copy()

    def at(moved: Array) -> float:
        model.set_parameters({name: moved})
        return model.loss_and_gradients(x, y)[0]

    _, gradients = model.loss_and_gradients(x, y)
    assert relative_error(gradients[name], numeric_gradient(at, start, 1e-4)) < 1e-7
    model.set_parameters({name: start})


@pytest.mark.parametrize(
    ("loss", "units", "targets"),
    [
        ("categorical_crossentropy(label_smoothing=0.1)", 3, np.eye(3)[Y]),
        ("huber(delta=0.3)", 3, np.eye(3)[Y]),
        ("multiclass_hinge(form=weston_watkins)", 3, Y),
        ("cosine_similarity", 3, np.eye(3)[Y]),
        ("BinaryFocalCrossentropy(gamma=1)", 1, Y % 2),
    ],
)
def test_a_model_is_trained_by_the_loss_of_its_outputs(loss: str, units: int, targets: Array) -> None:
    model = build([layers.Dense(units)], (4,), loss=loss)
    value, gradients = model.loss_and_gradients(X, targets)
    expected, slope = nnkit.losses.resolve(loss).value_and_gradient(model.predict(X), targets)

    assert value == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(gradients["dense_0/kernel"], X.T @ slope, rtol=1e-11, atol=1e-14)
    assert model.evaluate(X, targets)["loss"] == pytest.approx(expected, rel=1e-13)
    first, *_, last = model.fit(X, targets, epochs=60, batch_size=8).history["loss"]
    assert last < first


def test_every_place_of_a_sequence_is_classified() -> None:
    """Labels (rows, places): the mean over all places, and the share of them that is right."""
    x, labels = inputs_for((5, 4)), np.random.default_rng(0).integers(0, 3, (6, 5))
    model = build([layers.Dense(3)], (5, 4), metrics=("accuracy", "f1"))
    spread_parameters(model)
    logits = model.predict(x)
    found = model.evaluate(x, labels)
    right = logits.argmax(axis=-1) == labels

    value = reference.sparse_categorical_crossentropy(logits.reshape(30, 3), labels.reshape(30))[0]
    assert found["loss"] == pytest.approx(value, rel=1e-12)
    assert found["accuracy"] == pytest.approx(right.mean(), rel=1e-15)
    assert 0.0 < found["f1"] < 1.0
    slopes_agree(model, x, labels)
    history = model.fit(x, labels, batch_size=4, epochs=2, sample_weight=labels > 0).history
    assert len(history["accuracy"]) == 2


def test_places_with_the_ignored_label_do_not_count() -> None:
    x, labels = inputs_for((5, 4)), np.random.default_rng(0).integers(-1, 3, (6, 5))
    model = build([layers.Dense(3)], (5, 4), loss="cross_entropy(ignore_label=-1)", metrics=("accuracy",))
    spread_parameters(model)
    kept, logits = labels >= 0, model.predict(x)
    found = model.evaluate(x, labels)

    value = reference.sparse_categorical_crossentropy(logits[kept], labels[kept])[0]
    assert found["loss"] == pytest.approx(value, rel=1e-12)
    assert found["accuracy"] == pytest.approx(np.mean(logits.argmax(-1)[kept] == labels[kept]), rel=1e-15)
    slopes_agree(model, x, labels)


def test_questions_are_answered_side_by_side() -> None:
    """Three outputs with a label each, as in Keras's multi-label models."""
    labels = np.random.default_rng(0).integers(0, 2, (30, 3))
    model = build([layers.Dense(3)], (4,), loss="binary_crossentropy", metrics=("accuracy",))
    found, logits = model.evaluate(X, labels), model.predict(X)

    assert found["loss"] == pytest.approx(reference.binary_crossentropy(logits, labels)[0], rel=1e-12)
    assert found["accuracy"] == pytest.approx(np.mean((logits > 0) == labels), rel=1e-15)
    slopes_agree(model, X, labels)


_OF_SHARES = "binary_crossentropy(from_logits=false)"
_METRICS = ("accuracy", "auc", "log_loss")


def test_a_final_sigmoid_is_left_to_the_loss_that_has_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Training is that of the logits to the bit; predictions are shares; it is said once."""
    of_logits = build([layers.Dense(1)], (4,), loss="binary_crossentropy", metrics=_METRICS)
    for stack in ([layers.Dense(1, activation="sigmoid")], [layers.Dense(1), layers.Activation("sigmoid")]):
        model = build(stack, (4,), loss=_OF_SHARES, metrics=_METRICS)
        said = capsys.readouterr().err.splitlines()
        expected = of_logits.fit(X, Y % 2, validation_data=(X, Y % 2)).history
        found = model.fit(X, Y % 2, validation_data=(X, Y % 2)).history

        assert len(said) == 1
        assert said[0].startswith("compile: the final sigmoid is in the loss")
        assert model.digest() == of_logits.digest()
        assert {name: found[name] for name in ("loss", "val_loss", "val_accuracy", "val_auc")} == {
            name: expected[name] for name in ("loss", "val_loss", "val_accuracy", "val_auc")
        }
        assert found["val_log_loss"] == pytest.approx(expected["val_log_loss"], rel=1e-9)
        shares = 1 / (1 + np.exp(-of_logits.predict(X)))
        np.testing.assert_allclose(model.predict(X), shares, rtol=1e-14)
        assert "the final sigmoid is in the loss" in model.summary()
        of_logits = build([layers.Dense(1)], (4,), loss="binary_crossentropy", metrics=_METRICS)
    model.save(tmp_path / "model.npz")
    assert nnkit.load_model(tmp_path / "model.npz").evaluate(X, Y % 2) == model.evaluate(X, Y % 2)


def test_shares_that_no_loss_has_in_it_are_taken_as_they_are() -> None:
    """Sigmoids for classes that exclude each other: divided by their sum, as Keras does."""
    model = build(
        [layers.Dense(3, activation="sigmoid")], (4,),
        loss="sparse_categorical_crossentropy(from_logits=false)", metrics=("accuracy", "log_loss"),
    )  # fmt: skip
    shares = model.predict(X)
    found = model.evaluate(X, Y)
    value = -np.mean(np.log(shares / shares.sum(axis=1, keepdims=True))[np.arange(30), Y])

    assert found["loss"] == pytest.approx(value, rel=1e-12)
    assert found["log_loss"] == pytest.approx(value, rel=1e-12)
    assert found["accuracy"] == pytest.approx(np.mean(shares.argmax(axis=1) == Y))
    slopes_agree(model, X, Y)


@pytest.mark.parametrize(
    ("stack", "loss", "message"),
    [
        ([layers.Dense(1)], _OF_SHARES, "gives sums, and the loss takes shares: end in sigmoid, or"),
        ([layers.Dense(3, activation="relu")], "cross_entropy(from_logits=false)", "relu.* in softmax"),
        ([layers.Dense(1, activation="sigmoid")], "binary_crossentropy",
         r"leave the activation out, or write binary_crossentropy\(from_logits=false\)"),
        ([layers.Dense(3)], "nll", "the loss takes its logarithms: end in log_softmax, or take sparse_cat"),
        ([layers.Dense(1)], "poisson", r"positive: end in softplus, or write poisson\(log_input=true\)"),
    ],
)  # fmt: skip
def test_outputs_that_the_loss_cannot_mean_are_refused(
    stack: list[layers.Layer], loss: str, message: str
) -> None:
    with pytest.raises(InvalidArgument, match=message):
        nnkit.Sequential(stack, input_shape=(4,)).compile(loss=loss)


def test_a_saved_loss_keeps_its_options(tmp_path: Path) -> None:
    model = build([layers.Dense(2)], (4,), loss="huber(delta=0.25)")
    model.fit(X, X[:, :2])
    model.save(tmp_path / "model.npz")

    assert nnkit.load_model(tmp_path / "model.npz").evaluate(X, X[:, :2]) == model.evaluate(X, X[:, :2])
