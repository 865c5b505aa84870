"""Data that cannot be trained on is refused before anything runs, with one line that says what to mend."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnkit import layers, losses
from nnkit.errors import InvalidArgument, InvalidData, NnkitError
from tests.nnkit.small_models import blobs, build, perceptron

X, Y = blobs(20)


def spoilt(value: float, row: int = 7) -> NDArray[Any]:
    x = X.copy()
    x[row, 2] = value
    return x


BAD_INPUTS = [
    (
        spoilt(np.nan),
        r"x: expected finite numbers, found NaN or infinity in 1 sample\(s\), the first at row 7",
    ),
    (spoilt(np.inf), r"x: expected finite numbers, found NaN or infinity in 1 sample\(s\)"),
    (spoilt(1e300), r"x: expected numbers that float32 can hold, found 1e\+300 at row 7"),
    (X[:, :3], r"x: expected shape \(samples, 4\), found \(20, 3\)"),
    (X[0], r"x: expected shape \(samples, 4\), found \(4,\)"),
    (X[:, :, None], r"x: expected shape \(samples, 4\), found \(20, 4, 1\)"),
    (1.0, r"x: expected shape \(samples, 4\), found \(\)"),
    (X[:0], "x: expected at least one sample, found none"),
    (X + 0j, "x: expected numbers, found complex128"),
    (X.astype(str), "x: expected numbers, found <U"),
    (None, "x: expected numbers, found object"),
    ([[1.0, 2.0], [3.0]], "x: expected an array of numbers"),
]
BAD_LABELS = [
    (Y[:-1], r"y: expected 20 labels, one per row, found shape \(19,\)"),
    (np.eye(3)[Y], "One-hot targets become labels with argmax"),
    (Y + 1, "y: expected labels from 0 to 2, found 3 in row 2"),
    (Y - 1, "y: expected labels from 0 to 2, found -1 in row 0"),
    (Y + 0.5, "y: expected labels that are whole numbers"),
    (np.where(Y == 2, np.nan, Y), "y: expected labels that are whole numbers"),
    (Y.astype(str), "y: expected labels that are whole numbers"),
    (np.full(20, 2**40), "y: expected labels from 0 to 2, found 1099511627776"),
    ([[1], [2, 3]], "y: expected an array of numbers"),
]
BAD_TARGETS = [
    (X[:, :3], r"y: expected shape \(20, 2\), found \(20, 3\)"),
    (X[:19, :2], r"y: expected shape \(20, 2\), found \(19, 2\)"),
    (X[:, 0], r"y: expected shape \(20, 2\), found \(20,\)"),
    (spoilt(np.nan)[:, 1:3], r"y: expected finite numbers, found NaN or infinity in 1 sample\(s\)"),
]


@pytest.mark.parametrize(("x", "message"), BAD_INPUTS)
@pytest.mark.parametrize("verb", ["fit", "evaluate", "loss_and_gradients", "trace", "predict", "forward"])
def test_bad_inputs_are_named(verb: str, x: object, message: str) -> None:
    model = perceptron((4, 3), dtype="float32")
    call = getattr(model, verb)

    with pytest.raises(InvalidData, match=message) as raised:
        call(x) if verb in ("predict", "forward") else call(x, Y)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("y", "message"), BAD_LABELS)
def test_bad_labels_are_named(y: object, message: str) -> None:
    with pytest.raises(InvalidData, match=message) as raised:
        perceptron((4, 3)).fit(X, y)  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("y", "message"), BAD_TARGETS)
def test_bad_targets_are_named(y: NDArray[Any], message: str) -> None:
    with pytest.raises(InvalidData, match=message):
        perceptron((4, 2), loss="mean_squared_error").fit(X, y)


def test_validation_data_are_named_as_such() -> None:
    model = perceptron((4, 3))

    with pytest.raises(InvalidData, match=r"validation_x: expected shape \(samples, 4\), found \(20, 3\)"):
        model.fit(X, Y, validation_data=(X[:, :3], Y))
    with pytest.raises(InvalidData, match="validation_y: expected labels from 0 to 2"):
        model.fit(X, Y, validation_data=(X, Y + 1))
    with pytest.raises(InvalidArgument, match=r"validation_data must be a pair \(x, y\)"):
        model.fit(X, Y, validation_data=(X, Y, Y, Y))  # type: ignore[arg-type]


def test_a_refused_fit_leaves_the_model_alone() -> None:
    model = perceptron((4, 3))
    before = model.digest()

    with pytest.raises(InvalidData):
        model.fit(X, Y + 1)
    assert model.digest() == before


@pytest.mark.parametrize("units", [2, 3])
def test_a_loss_of_one_logit_wants_one_output(units: int) -> None:
    model = build([layers.Dense(units)], (4,), loss="binary_crossentropy")

    with pytest.raises(
        NnkitError, match=rf"labels of shape \(20, {units}\), found shape .*Dense\(1\) before"
    ):
        model.fit(X, Y % 2)


def test_one_output_has_one_class_only() -> None:
    """A label of 1 would be read behind the row: one output of a softmax knows class 0 alone."""
    model = build([layers.Dense(1)], (4,), loss="sparse_categorical_crossentropy")

    with pytest.raises(InvalidData, match="expected labels from 0 to 0, found 1 in row 1"):
        model.fit(X, Y % 2)
    with pytest.raises(InvalidData, match="expected labels from 0 to 0, found 1"):
        losses.get("sparse_categorical_crossentropy").value(np.zeros((2, 1)), [0, 1])


def test_every_place_of_a_sequence_wants_a_label() -> None:
    model = build([layers.Dense(3)], (5, 4))

    with pytest.raises(
        InvalidData, match=r"labels of shape \(2, 5\), found shape \(2,\).* with Flatten and Dense"
    ):
        model.fit(np.zeros((2, 5, 4)), [0, 1])


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int64, np.float16, np.float64, np.longdouble])
def test_every_real_type_is_taken(dtype: type) -> None:
    """Lists and read-only, strided or Fortran arrays too; nothing of the caller's is changed."""
    whole = np.arange(80).reshape(20, 4) % 2
    given: NDArray[Any] = whole.astype(dtype)
    given.flags.writeable = False
    expected = perceptron((4, 3)).evaluate(whole, Y)
    twice = np.repeat(given, 2, axis=0)

    assert perceptron((4, 3)).evaluate(given, Y) == expected
    assert perceptron((4, 3)).evaluate(twice[::2], Y.tolist()) == expected
    assert perceptron((4, 3)).evaluate(np.asfortranarray(given), Y[:, None].astype(np.float32)) == expected
    assert np.array_equal(given, whole)


def test_one_value_per_sample_may_come_without_an_axis() -> None:
    flat, column = (perceptron((4, 1), loss="mean_squared_error") for _ in range(2))

    assert flat.evaluate(X, X[:, 0]) == column.evaluate(X, X[:, :1])
