"""What Keras users find in ``fit``: weights of classes and samples, a part split off, lines to read."""

from typing import Any

import numpy as np
import pytest

import nnkit
from nnkit import layers
from nnkit.errors import InvalidArgument, InvalidData
from nnkit.training.parts import class_weights
from tests.nnkit.small_models import blobs, build, perceptron
from tests.reference import losses as reference

X, Y = blobs(30)
RARE = np.where(np.arange(30) % 5 == 0, Y, 0)  # class 0 in most rows


def one_step(loss: str = "cross_entropy", y: Any = Y, **weights: Any) -> tuple[Any, Any, float]:
    """Return the kernel before a step of the whole gradient, the gradient, and the loss."""
    model = build([layers.Dense(3)], (4,), loss=loss, optimizer="sgd(learning_rate=1)")
    before = model.parameters["dense_0/kernel"].copy()
    history = model.fit(X, y, batch_size=30, **weights)
    return before, before - model.parameters["dense_0/kernel"], history.history["loss"][0]


def weighted(before: Any, weights: Any, y: Any = Y) -> tuple[Any, float]:
    """Return the textbook's gradient and loss: rows weigh, and the mean divides by their number."""
    logits = X @ before
    slopes = (reference.softmax(logits) - np.eye(3)[y]) * weights[:, None] / len(X)
    costs = -reference.log_softmax(logits)[np.arange(len(X)), y]
    return X.T @ slopes, float(np.mean(weights * costs))


def check(found: tuple[Any, Any, float], weights: Any, y: Any = Y) -> None:
    before, gradient, loss = found
    expected, value = weighted(before, weights, y)

    np.testing.assert_allclose(gradient, expected, rtol=1e-12, atol=1e-15)
    assert loss == pytest.approx(value, rel=1e-12)


def test_a_sample_s_weight_multiplies_its_loss() -> None:
    weights = np.random.default_rng(0).uniform(0, 3, 30)

    check(one_step(sample_weight=weights), weights)


def test_a_class_s_weight_multiplies_the_losses_of_its_rows() -> None:
    """A class that is not named weighs 1; both kinds of weights are multiplied."""
    of_class, of_sample = np.array([0.5, 1.0, 4.0])[Y], np.arange(30) / 10

    check(one_step(class_weight={0: 0.5, 2: 4}), of_class)
    check(one_step(class_weight={0: 0.5, 2: 4}, sample_weight=of_sample[:, None]), of_class * of_sample)


def test_balanced_weights_are_those_of_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.utils.class_weight", reason="needs scikit-learn")
    weights = sklearn.compute_class_weight("balanced", classes=np.unique(RARE), y=RARE)[RARE]

    check(one_step(y=RARE, class_weight="balanced"), weights, RARE)


def test_one_hot_targets_have_class_weights_too() -> None:
    found = one_step("categorical_crossentropy", np.eye(3)[Y], class_weight={1: 3.0})

    check(found, np.array([1.0, 3.0, 1.0])[Y])


def test_real_targets_have_sample_weights() -> None:
    model = build([layers.Dense(2, kernel_initializer="zeros")], (4,), loss="huber(delta=0.5)")
    model.fit(X, np.ones((30, 2)), batch_size=30, sample_weight=np.arange(30.0))

    slope = -0.5 / 2 * np.mean(np.arange(30.0)[:, None] * X, axis=0)
    np.testing.assert_allclose(model.parameters["dense_0/kernel"][:, 0], -0.01 * slope, rtol=1e-12)


def test_weights_move_nothing_of_a_fit_without_them() -> None:
    """A model that was fitted with weights trains on without them to the same bits as ever."""
    first, second = perceptron((4, 5, 3), optimizer="adam"), perceptron((4, 5, 3), optimizer="adam")
    first.fit(X, Y, epochs=2)
    second.fit(X, Y, epochs=2, sample_weight=np.ones(30))
    np.testing.assert_allclose(
        first.parameters["dense_1/kernel"], second.parameters["dense_1/kernel"], rtol=1e-10
    )
    second.set_weights(first.get_weights())
    third = perceptron((4, 5, 3), optimizer="adam")
    third.fit(X, Y, epochs=2)

    assert first.digest() == second.digest() == third.digest()
    first.fit(X, Y)
    third.fit(X, Y)
    assert first.digest() == third.digest()


def test_validation_weights_count_in_validation_and_class_weights_do_not() -> None:
    weights = np.arange(30.0)
    model = perceptron((4, 3))
    history = model.fit(X, Y, class_weight={0: 9.0}, validation_data=(X, Y, weights)).history
    logits = model.predict(X)
    costs = -reference.log_softmax(logits)[np.arange(30), Y]

    assert history["val_loss"][0] == pytest.approx(np.mean(weights * costs), rel=1e-12)
    assert model.evaluate(X, Y, sample_weight=weights)["loss"] == pytest.approx(history["val_loss"][0])
    assert model.evaluate(X, Y)["loss"] == pytest.approx(np.mean(costs), rel=1e-12)


def test_the_end_of_the_data_is_split_off_before_any_shuffle() -> None:
    split, given = perceptron((4, 3)), perceptron((4, 3))
    weights = np.arange(30) / 7
    found = split.fit(X, Y, epochs=3, validation_split=0.3, sample_weight=weights)
    expected = given.fit(
        X[:21], Y[:21], epochs=3, sample_weight=weights[:21], validation_data=(X[21:], Y[21:], weights[21:])
    )

    assert split.digest() == given.digest()
    assert found.history == expected.history
    assert split.fit(X, Y, validation_split=0.5, validation_data=(X[:4], Y[:4])).history["val_loss"]


def test_a_line_is_printed_for_every_epoch_where_asked(capsys: pytest.CaptureFixture[str]) -> None:
    model = perceptron((4, 3), metrics=("accuracy",))
    history = model.fit(X, Y, epochs=2, validation_split=0.2, verbose=1).history
    model.evaluate(X, Y, verbose=2)
    assert np.array_equal(model.predict(X, batch_size=8, verbose=0), model.predict(X))
    lines = capsys.readouterr().out.splitlines()
    model.fit(X, Y)

    assert lines[1] == "Epoch 2/2" + "".join(f" - {name}: {each[1]:.4f}" for name, each in history.items())
    assert len(lines) == 3
    assert lines[2].startswith("loss: ")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"class_weight": {3: 1.0}}, "class_weight: expected labels from 0 to 2, found 3"),
        ({"class_weight": {"0": 1.0}}, "expected labels from 0 to 2, found '0'"),
        ({"class_weight": {0: -1.0}}, "the weight of label 0 must be a number of at least 0, found -1.0"),
        ({"class_weight": [1, 2, 3]}, r"weights by label such as {0: 1.0, 1: 5.0}, or 'balanced', found \[1"),
        ({"sample_weight": np.ones(29)}, r"sample_weight: expected 30 weights, one per sample, found .*29"),
        ({"sample_weight": -np.ones(30)}, "finite numbers of at least 0, found -1 at row 0"),
        ({"sample_weight": np.full(30, np.nan)}, "finite numbers of at least 0, found nan at row 0"),
        ({"sample_weight": ["a"] * 30}, "sample_weight: expected numbers"),
        ({"validation_split": 1.0}, "validation_split must be a share from 0 to below 1, .* found 1.0"),
        ({"validation_split": 0.99}, "validation_split=0.99 of 30 sample.* leaves one of the parts empty"),
        ({"verbose": 3}, "verbose must be 0, 1, 2 or 'auto', found 3"),
    ],
)
def test_mistakes_are_one_line_and_train_nothing(arguments: dict[str, Any], message: str) -> None:
    model = perceptron((4, 3))
    before = model.digest()

    with pytest.raises((InvalidArgument, InvalidData), match=message):
        model.fit(X, Y, **arguments)
    assert model.digest() == before


def test_real_targets_have_no_classes() -> None:
    with pytest.raises(InvalidArgument, match="needs labels, and loss 'mean_squared_error' has none"):
        build([layers.Dense(1)], (4,), loss="mse").fit(X, X[:, :1], class_weight="balanced")


def test_ignored_labels_are_in_no_class() -> None:
    loss = nnkit.losses.get("cross_entropy", ignore_label=2)
    labels = np.array([0, 0, 0, 1, 2, 2], np.int32)

    assert class_weights("balanced", labels, loss, (3,), "").ravel().tolist() == [2 / 3] * 3 + [2.0, 1.0, 1.0]
