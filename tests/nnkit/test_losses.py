"""Losses by name: values and gradients of arrays, and the mistakes that a kernel could not report."""

from dataclasses import replace

import numpy as np
import pytest

from nnkit import losses
from nnkit.errors import InvalidArgument, InvalidData, UnknownName
from nnkit.losses import BoundLoss
from tests.nnkit.loss_samples import CHOICES, OPTIONS, sample, spelt, textbook
from tests.reference import losses as reference
from tests.reference.numeric import numeric_gradient, relative_error

LABELS = np.array([2, 0, 1, 2])


def outputs(n=3):
    return np.random.default_rng(n).normal(size=(4, n))


@pytest.fixture
def in_python(monkeypatch):
    """Let kernels run as the Python that they are: their machine code is held against the same textbook."""
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")


@pytest.mark.parametrize(("name", "options"), CHOICES, ids=spelt)
def test_values_and_gradients_are_those_of_the_textbook(name, options):
    """In float64, to 1e-12 of the largest."""
    loss = losses.get(name, **options)
    y, targets = sample(loss)
    value, gradient = loss.value_and_gradient(y, targets)
    expected, slopes = textbook(loss, y, targets)

    assert value == loss.value(y, targets) == pytest.approx(expected, rel=1e-12)
    assert relative_error(gradient, slopes) < 1e-12


@pytest.mark.parametrize(("name", "options"), CHOICES, ids=spelt)
def test_rows_in_blocks_have_the_bits_of_all_at_once(in_python, name, options):
    """Of every loss without rows that do not count, weighted and not."""
    loss = losses.get(name, **options)
    y, targets = sample(loss)
    values, wanted = y.reshape(-1, loss.columns(y.shape[1:])), loss.check(y, targets)
    n_rows, numbers = len(values), loss.scalars().values()
    for weights in ((), (np.linspace(0.5, 2.0, n_rows),)):
        kernel = loss.record.kernel(weighted=bool(weights)).python()
        found = []
        for block in (n_rows, 1, 2):
            gradient, totals = np.full_like(values, np.nan), np.full(2, np.nan)
            for first in range(0, n_rows, block):
                rows = slice(first, first + block)
                heavy = [each[rows] for each in weights]
                kernel(values[rows], wanted[rows], *heavy, gradient[rows], totals, n_rows, first, *numbers)
            found.append((gradient.tobytes(), totals.tobytes()))

        assert loss.ignored is not None or len(set(found)) == 1


def test_every_option_is_tried():
    tried = {(name, key) for name, sets in OPTIONS.items() for options in sets for key in options}
    there = {(one.name, hyper.name) for one in losses.records() for hyper in one.hyperparameters}

    assert tried == {(name, key) for name, key in there if key != "from_logits"}


@pytest.mark.parametrize(("name", "options"), CHOICES, ids=spelt)
def test_float32_loses_no_more_than_its_rounding(in_python, name, options):
    """Rows are computed in float64: what is lost is the rounding of outputs, targets and gradient."""
    loss = losses.get(name, **options)
    y, targets = (array.astype(np.float32) if array.dtype == float else array for array in sample(loss))
    value, gradient = loss.value_and_gradient(y, targets)
    expected, slopes = textbook(loss, y, targets)

    assert gradient.dtype == np.float32
    assert value == pytest.approx(expected, rel=1e-6)
    assert relative_error(gradient, slopes) < 1e-6


@pytest.mark.parametrize("name", losses.names())
def test_the_gradient_is_the_derivative_of_the_value(name):
    """Central differences in float64, to 1e-9 of the largest entry."""
    loss = losses.get(name)
    y, targets = sample(loss)
    _, gradient = loss.value_and_gradient(y, targets)

    assert relative_error(gradient, numeric_gradient(lambda z: loss.value(z, targets), y)) < 1e-9


@pytest.mark.parametrize(("name", "options"), CHOICES, ids=spelt)
def test_large_outputs_are_finite(name, options):
    """Right and wrong by 10,000, where exp ends at 709. A rate is no logarithm of one."""
    loss = losses.get(name, **options)
    y, targets = sample(loss, scale=1e4 if options != {"log_input": True} else 300.0)
    value, gradient = loss.value_and_gradient(y, targets)

    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 0.0


@pytest.mark.parametrize("name", losses.names())
def test_one_nan_makes_the_loss_nan(name):
    """Divergence must reach the record."""
    loss = losses.get(name)
    y, targets = sample(loss)
    for place in range(y.shape[1] if loss.name != "negative_log_likelihood" else 0):
        broken = y.copy()
        broken[3, place] = np.nan

        assert np.isnan(loss.value(broken, targets)), place


@pytest.mark.parametrize(("name", "options"), CHOICES, ids=spelt)
def test_weights_multiply_the_losses_of_rows(in_python, name, options):
    """The mean still divides by the rows, as Keras's does: twice the weights are twice the loss."""
    loss = losses.get(name, **options)
    y, targets = sample(loss)
    weights = np.arange(len(y)) % 3 / 2
    value, gradient = loss.value_and_gradient(y, targets, weights)
    alone = [loss.value_and_gradient(y[i : i + 1], targets[i : i + 1]) for i in range(len(y))]
    counted = len(y) - np.count_nonzero(targets == loss.ignored) if loss.ignored is not None else len(y)

    assert value == pytest.approx(sum(w * one for w, (one, _) in zip(weights, alone, strict=True)) / counted)
    expected = np.concatenate([w * one for w, (_, one) in zip(weights, alone, strict=True)]) / counted
    np.testing.assert_allclose(gradient, expected, rtol=1e-12, atol=1e-15)


# -- closed forms --------------------------------------------------------------------------------------


def misses(loss: BoundLoss, form) -> float:
    """Return how far a loss is from a closed form, in tolerances."""
    chosen = BoundLoss(loss.record, loss.record.resolve(form.options))
    expected = np.asarray(form.expected(chosen.parameters) if callable(form.expected) else form.expected)
    found = np.asarray(form.measure(chosen))
    assert found.shape == expected.shape, form.claim
    return float(np.max(np.abs(found - expected)) / (form.tolerance * np.max(np.abs(expected))))


@pytest.mark.parametrize("record", losses.records(), ids=lambda record: record.name)
def test_a_loss_has_closed_forms_and_they_hold(in_python, record):
    assert record.closed_forms
    for form in record.closed_forms:
        assert misses(losses.get(record.name), form) <= 1.0, form.claim


class Wrong(BoundLoss):
    """A loss with a mistake: in the value, or in the gradient."""

    of_value = staticmethod(lambda value, rows: value)
    of_gradient = staticmethod(lambda gradient, rows: gradient)

    def value_and_gradient(self, outputs, targets, weights=None):
        value, gradient = BoundLoss.value_and_gradient(self, outputs, targets, weights)
        return self.of_value(value, len(outputs)), self.of_gradient(gradient, len(outputs))


MISTAKES = {
    "half of it": lambda value, rows: 0.5 * value,
    "the other sign": lambda value, rows: -value,
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("record", losses.records(), ids=lambda record: record.name)
def test_a_wrong_value_or_gradient_misses_the_closed_forms(in_python, monkeypatch, record, mistake):
    for part in ("of_value", "of_gradient"):
        with monkeypatch.context() as patched:
            patched.setattr(Wrong, part, staticmethod(MISTAKES[mistake]))
            found = [_is_missed(record, form) for form in record.closed_forms]
        assert any(found), part


def _is_missed(record, form) -> bool:
    chosen = Wrong(record, record.resolve(form.options))
    expected = np.asarray(form.expected)
    return bool(np.max(np.abs(form.measure(chosen) - expected)) > form.tolerance * np.max(np.abs(expected)))


@pytest.mark.parametrize("record", losses.records(), ids=lambda record: record.name)
def test_another_loss_misses_the_closed_forms(in_python, record):
    """No two losses, or forms of one, could be taken for each other, nor one whose options do nothing."""
    alike = [
        other
        for other in losses.records()
        if other.name != record.name
        and (other.targets, other.n_outputs) == (record.targets, record.n_outputs)
    ]
    for other in alike:
        swapped = replace(record, row=other.row, fast=None)
        if len(other.scalar_names()) == len(record.scalar_names()):
            assert any(misses(BoundLoss(swapped, {}), form) > 1.0 for form in record.closed_forms), other.name


@pytest.mark.parametrize(
    ("name", "key"), [(one.name, hyper.name) for one in losses.records() for hyper in one.hyperparameters]
)
def test_an_option_that_does_nothing_misses_the_closed_forms(in_python, name, key):
    record = losses.record(name)
    default = {hyper.name: hyper.default for hyper in record.hyperparameters}[key]
    forms = [form for form in record.closed_forms if key in form.options]
    if (name, key) in _HELD_ELSEWHERE or key == "ignore_label":  # a label that is none is refused
        return

    assert any(
        misses(losses.get(name), replace(form, options={**form.options, key: default})) > 1.0
        for form in forms
    )


# Options without a closed form of their own: they are held against the textbook above.
_HELD_ELSEWHERE = {
    ("binary_focal_crossentropy", "alpha"),
    ("binary_focal_crossentropy", "from_logits"),
    ("categorical_crossentropy", "from_logits"),
    ("categorical_focal_crossentropy", "from_logits"),
    ("kullback_leibler", "from_logits"),
}


# -- shapes, shares, mistakes --------------------------------------------------------------------------


def test_values_are_means_over_the_rows():
    y, x = outputs(), outputs()[::-1]

    assert losses.get("mse").value(y, x) == pytest.approx(reference.mean_squared_error(y, x)[0])
    expected = reference.sparse_categorical_crossentropy(y, LABELS)[0]
    assert losses.get("cross_entropy").value(y, LABELS) == pytest.approx(expected)


def test_the_gradient_has_the_shape_and_type_of_the_outputs():
    for shape in ((4,), (4, 1), (4, 2, 3)):
        y = np.ones(shape, np.float32)
        _, gradient = losses.get("mean_squared_error").value_and_gradient(y, np.zeros(shape))

        assert gradient.shape == shape
        assert gradient.dtype == np.float32
    assert losses.get("binary_crossentropy").value_and_gradient(np.zeros(4), [0, 1, 0, 1])[1].shape == (4,)


@pytest.mark.parametrize("name", losses.names())
def test_every_place_of_a_sequence_is_a_row(in_python, name):
    """Outputs (rows, places, n) are the mean over all places, as rows·places rows are."""
    loss = losses.get(name)
    y, targets = sample(loss, rows=6)
    places = (2, 3, *y.shape[1:])
    there = targets.reshape((2, 3) if loss.record.targets == "labels" else places)
    value, gradient = loss.value_and_gradient(y.reshape(places), there)
    expected, slopes = loss.value_and_gradient(y, targets)

    assert value == pytest.approx(expected, rel=1e-14)
    np.testing.assert_allclose(gradient, slopes.reshape(places), rtol=1e-13, atol=1e-17)


def test_several_outputs_answer_a_question_each():
    """Binary cross-entropy of (rows, n) is the mean over all, as Keras has it."""
    y, labels = outputs(3), np.array([[0, 1, 1], [1, 1, 0], [0, 0, 0], [1, 0, 1]])
    value, gradient = losses.get("binary_crossentropy").value_and_gradient(y, labels)
    expected, slopes = reference.binary_crossentropy(y, labels.astype(float))

    assert value == pytest.approx(expected, rel=1e-14)
    assert relative_error(gradient, slopes) < 1e-13


@pytest.mark.parametrize(
    "name",
    [
        one.name
        for one in losses.records()
        if one.takes_logits and "from_logits" in {hyper.name for hyper in one.hyperparameters}
    ],
)
def test_shares_are_judged_as_their_logits_are(in_python, name):
    """The same value, and the gradient through the softmax (or sigmoid) that made them."""
    of_logits, of_shares = losses.get(name), losses.get(name, from_logits=False)
    y, targets = sample(of_logits, rows=3)
    make = (lambda z: 1 / (1 + np.exp(-z))) if of_logits.is_single else reference.softmax
    value, gradient = of_shares.value_and_gradient(make(y), targets)

    assert value == pytest.approx(of_logits.value(y, targets), rel=1e-10)
    numeric = numeric_gradient(lambda p: of_shares.value(p, targets), make(y), 1e-6)
    assert relative_error(gradient, numeric) < 1e-6


def test_shares_of_0_and_1_cost_no_more_than_keras_lets_them(in_python):
    """Held 1e-7 from the ends, where there is no gradient."""
    categorical = losses.get("sparse_categorical_crossentropy", from_logits=False)
    value, gradient = categorical.value_and_gradient([[0.0, 1.0]], [0])
    binary, slope = losses.get("binary_crossentropy", from_logits=False).value_and_gradient([[1.0]], [0])

    assert value == pytest.approx(binary, rel=1e-6) == pytest.approx(-np.log(1e-7), rel=1e-6)
    assert gradient[0, 0] == slope[0, 0] == 0.0


def test_one_hot_targets_and_labels_are_the_same(in_python):
    y, loss = outputs(), losses.get("categorical_crossentropy")
    expected = losses.get("sparse_categorical_crossentropy").value(y, LABELS)

    assert loss.value(y, LABELS) == loss.value(y, np.eye(3)[LABELS]) == pytest.approx(expected, rel=1e-14)


def test_a_batch_without_a_row_that_counts_costs_nothing(in_python):
    loss = losses.get("sparse_categorical_crossentropy", ignore_label=-1)
    value, gradient = loss.value_and_gradient(outputs(), [-1, -1, -1, -1])

    assert value == 0.0
    assert not gradient.any()


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
        ("binary_crossentropy", outputs(2), [0, 1, 1, 0], r"labels of shape .4, 2., found shape .4,.."),
        ("mse", outputs(), outputs(1), "targets of the outputs' shape .4, 3., found .4, 1."),
        ("categorical_crossentropy", outputs(), np.eye(4)[LABELS], r"one-hot targets of shape \(4, 3\), or"),
        ("categorical_crossentropy", outputs(), -np.eye(3)[LABELS], "numbers from 0, found -1.0 in row 0"),
        ("categorical_crossentropy", outputs(), [2, 0, 3, 1], "labels from 0 to 2, found 3"),
    ],
)
def test_what_a_kernel_could_not_refuse_is_refused_before(name, y, targets, message):
    """Labels out of range would give a plausible loss and no error."""
    with pytest.raises(InvalidData, match=message):
        losses.get(name).value_and_gradient(y, targets)


def test_names_options_and_their_mistakes():
    assert losses.resolve("Huber(delta=2)") == losses.Huber(delta=2.0) == losses.get("huber", delta=2)
    assert losses.resolve("huber(delta=2)").spelled == "huber(delta=2)"
    assert losses.resolve("cross_entropy").spelled == "sparse_categorical_crossentropy"
    with pytest.raises(UnknownName, match="no loss named 'crossentropy'"):
        losses.get("crossentropy")
    with pytest.raises(UnknownName, match=r"no hyper-parameter named 'delt'.*Did you mean 'delta'"):
        losses.resolve("huber(delt=2)")
    with pytest.raises(InvalidArgument, match="delta must be above 0, found -1"):
        losses.get("huber", delta=-1)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        losses.Nothing  # noqa: B018


def test_every_record_says_what_it_is():
    for record in losses.records():
        assert record.summary
        assert record.formula
        assert record.source
