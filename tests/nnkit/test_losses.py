"""Losses by name: values and gradients of arrays, and the mistakes that a kernel could not report."""

import numpy as np
import pytest

from nnkit import losses
from nnkit.errors import InvalidData, UnknownName
from tests.reference import losses as reference
from tests.reference.numeric import numeric_gradient, relative_error

LABELS = np.array([2, 0, 1, 2])


def outputs(n=3):
    return np.random.default_rng(n).normal(size=(4, n))


def targets_of(name):
    """Return outputs and targets that fit the loss."""
    record = losses.record(name)
    if record.targets == "real":
        return outputs(), outputs()[::-1].copy()
    return (outputs(1), np.array([0, 1, 1, 0])) if record.n_outputs == 1 else (outputs(), LABELS)


@pytest.mark.parametrize("name", losses.names())
def test_the_gradient_is_the_derivative_of_the_value(name):
    """Central differences in float64, to 1e-10 of the largest entry."""
    y, targets = targets_of(name)
    loss = losses.get(name)
    value, gradient = loss.value_and_gradient(y, targets)

    assert value == loss.value(y, targets)
    assert relative_error(gradient, numeric_gradient(lambda z: loss.value(z, targets), y)) < 1e-10


def test_values_are_means_over_the_rows():
    y, x = outputs(), outputs()[::-1]

    assert losses.get("mse").value(y, x) == pytest.approx(reference.mean_squared_error(y, x)[0])
    expected = reference.sparse_categorical_crossentropy(y, LABELS)[0]
    assert losses.get("cross_entropy").value(y, LABELS) == pytest.approx(expected)


def test_uniform_outputs_cost_the_log_of_the_number_of_classes():
    value, gradient = losses.get("cross_entropy").value_and_gradient(np.zeros((1, 10)), [3])

    assert value == pytest.approx(np.log(10), rel=1e-15)
    np.testing.assert_allclose(gradient[0], np.full(10, 0.1) - np.eye(10)[3], rtol=1e-15)


def test_the_gradient_has_the_shape_and_type_of_the_outputs():
    for shape in ((4,), (4, 1), (4, 2, 3)):
        y = np.ones(shape, np.float32)
        _, gradient = losses.get("mean_squared_error").value_and_gradient(y, np.zeros(shape))

        assert gradient.shape == shape
        assert gradient.dtype == np.float32
    assert losses.get("binary_crossentropy").value_and_gradient(np.zeros(4), [0, 1, 0, 1])[1].shape == (4,)


def test_labels_may_be_a_column_and_whole_floats():
    loss = losses.get("sparse_categorical_crossentropy")

    assert loss.value(outputs(), LABELS[:, None].astype(np.float32)) == loss.value(outputs(), LABELS)


@pytest.mark.parametrize(
    ("name", "y", "targets", "message"),
    [
        ("cross_entropy", outputs(), [2, 0, 3, 1], "labels from 0 to 2, found 3 in row 2"),
        ("cross_entropy", outputs(), [2, 0, -1, 1], "labels from 0 to 2, found -1 in row 2"),
        ("cross_entropy", outputs(), [2, 0, 1], "expected 4 labels, one per row, found shape"),
        ("cross_entropy", outputs(), np.eye(3)[LABELS], "One-hot targets become labels"),
        ("cross_entropy", outputs(), [0.5, 0, 1, 2], "whole numbers"),
        ("cross_entropy", outputs(), [np.nan, 0, 1, 2], "whole numbers"),
        ("cross_entropy", np.ones((0, 3)), [], "at least one row"),
        ("cross_entropy", np.ones((4, 3), complex), LABELS, "real numbers"),
        ("binary_crossentropy", outputs(1), [0, 1, 2, 0], "labels from 0 to 1, found 2 in row 2"),
        ("binary_crossentropy", outputs(2), [0, 1, 1, 0], "expected 1 output.* found 2.*sparse_categorical"),
        ("mse", outputs(), outputs(1), "targets of the outputs' shape .4, 3., found .4, 1."),
    ],
)
def test_what_a_kernel_could_not_refuse_is_refused_before(name, y, targets, message):
    """Labels out of range would give a plausible loss and no error."""
    with pytest.raises(InvalidData, match=message):
        losses.get(name).value_and_gradient(y, targets)


def test_an_unknown_name_is_named():
    with pytest.raises(UnknownName, match="no loss named 'crossentropy'"):
        losses.get("crossentropy")


def test_every_record_says_what_it_is():
    for record in losses.records():
        assert record.summary
        assert record.formula
        assert record.source
