"""Preparing loses no sample, holds out the right share of each class, and scales by the training part."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnkit import datasets
from nnkit.datasets import Dataset
from nnkit.datasets.prepare import Prepared, Scale, prepare
from nnkit.errors import InvalidArgument, InvalidData


def labelled(counts: list[int]) -> Dataset:
    """A dataset whose only feature is the row number, so that rows can be recognised."""
    labels = np.repeat(np.arange(len(counts)), counts)
    return Dataset("made", np.arange(len(labels))[:, None], labels, "classification", len(counts))


def prepared(dataset: Dataset, validation: float = 0.25, split_seed: int = 0) -> Prepared:
    return prepare(dataset, validation=validation, split_seed=split_seed, scale="none")


COUNTS = st.lists(st.integers(6, 60), min_size=1, max_size=6)
SHARES = st.floats(0.1, 0.6)
SEEDS = st.integers(0, 2**64)


@given(COUNTS, SHARES, SEEDS)
@settings(max_examples=100, deadline=None)
def test_split_is_a_partition(counts: list[int], share: float, seed: int) -> None:
    """Every sample is in exactly one part, and its label goes with it."""
    dataset = labelled(counts)
    parts = prepared(dataset, share, seed)
    rows = np.concatenate([parts.x_train, parts.x_val]).ravel()
    labels = np.concatenate([parts.y_train, parts.y_val])

    assert sorted(rows.tolist()) == list(range(len(dataset)))
    np.testing.assert_array_equal(labels, dataset.y[rows.astype(int)])
    np.testing.assert_array_equal(parts.x_train.ravel(), parts.train_rows)
    np.testing.assert_array_equal(parts.x_val.ravel(), parts.val_rows)


@given(COUNTS, SHARES, SEEDS)
@settings(max_examples=100, deadline=None)
def test_split_holds_out_the_share_of_every_class(counts: list[int], share: float, seed: int) -> None:
    """The held-out total is the nearest whole number, and each class is less than one from its share."""
    parts = prepared(labelled(counts), share, seed)
    held_out = np.bincount(parts.y_val, minlength=len(counts))

    assert abs(held_out.sum() - share * sum(counts)) <= 0.5 + 1e-9
    assert np.abs(held_out - share * np.array(counts)).max() < 1 + 1e-9


@given(st.integers(6, 300), SHARES, SEEDS)
@settings(max_examples=50, deadline=None)
def test_regression_split_is_plain(n: int, share: float, seed: int) -> None:
    """Without classes the part held out is the nearest whole number of all rows, and a partition."""
    dataset = Dataset("made", np.arange(n)[:, None], np.arange(n), "regression", 0)
    parts = prepared(dataset, share, seed)

    assert abs(len(parts.y_val) - share * n) <= 0.5 + 1e-9
    assert sorted([*parts.train_rows, *parts.val_rows]) == list(range(n))
    np.testing.assert_array_equal(parts.y_train, parts.x_train)


@given(SEEDS, SEEDS)
@settings(max_examples=50, deadline=None)
def test_seed_decides_the_split(seed: int, other: int) -> None:
    """The same seed gives the same rows in the same order, another seed gives other rows."""
    dataset = labelled([40, 40, 40])
    parts, again, changed = (prepared(dataset, 0.25, s) for s in (seed, seed, other))

    np.testing.assert_array_equal(parts.train_rows, again.train_rows)
    np.testing.assert_array_equal(parts.val_rows, again.val_rows)
    assert (set(parts.val_rows) != set(changed.val_rows)) == (seed != other)


def test_training_part_is_mixed_over_the_classes() -> None:
    """Data sorted by class come out mixed: a fixed batch order must not see one class after the other."""
    train = prepared(labelled([50, 50])).y_train

    # 75 labels in random order change about 37 times, with a standard deviation of 4.3.
    assert np.count_nonzero(np.diff(train)) > 20


def test_split_of_a_seed_never_changes() -> None:
    """The rows drawn for seed 0 are those of every earlier version: stored trials rest on them."""
    parts = prepared(labelled([4, 4, 4]))

    assert parts.train_rows.tolist() == [6, 1, 3, 8, 10, 5, 2, 4, 11]
    assert parts.val_rows.tolist() == [0, 7, 9]


def test_official_split_keeps_rows_and_order_whatever_the_seed() -> None:
    """The published parts come out as they are published."""
    data = datasets.load("mnist1d")
    first = prepare(data, validation="official", split_seed=0, scale="none")
    second = prepare(data, validation="official", split_seed=7, scale="none")

    for parts in (first, second):
        np.testing.assert_array_equal(parts.x_train, data.x[:4000])
        np.testing.assert_array_equal(parts.y_train, data.y[:4000])
        np.testing.assert_array_equal(parts.x_val, data.x[4000:])
        np.testing.assert_array_equal(parts.y_val, data.y[4000:])


@pytest.mark.parametrize("name", ["digits", "breast_cancer", "diabetes"])
@pytest.mark.parametrize("scale", ["none", "unit", "standardize"])
def test_parts_have_the_promised_types(name: str, scale: str) -> None:
    """Features are float32, labels int32 and targets float32 of shape (n, 1); all contiguous."""
    data = datasets.load(name)
    parts = prepare(data, validation=0.25, split_seed=3, scale=scale)
    arrays = (parts.x_train, parts.y_train, parts.x_val, parts.y_val)

    assert all(array.flags.c_contiguous for array in arrays)
    assert parts.x_train.dtype == parts.x_val.dtype == np.float32
    assert parts.y_train.dtype == parts.y_val.dtype == data.y.dtype
    assert parts.y_train.shape[1:] == parts.y_val.shape[1:] == data.y.shape[1:]


def test_unit_scale_divides_digits_by_sixteen_exactly() -> None:
    """One divisor for the whole array, with no rounding where the largest value is a power of two."""
    data = datasets.load("digits")
    parts = prepare(data, validation=0.25, split_seed=0, scale="unit")

    np.testing.assert_array_equal(parts.x_train * 16, data.x[parts.train_rows])
    np.testing.assert_array_equal(parts.x_val * 16, data.x[parts.val_rows])


def test_unit_scale_takes_the_largest_magnitude_of_the_training_part() -> None:
    """A negative value counts by its size, a larger one in the validation part does not count."""
    x = np.array([[-4.0, 1.0], [2.0, 2.0], [8.0, -100.0]])
    data = Dataset("made", x, np.array([0, 1, 1]), "binary", 2, n_official_train=2)
    parts = prepare(data, validation="official", split_seed=0, scale="unit")

    np.testing.assert_array_equal(parts.x_train, [[-1.0, 0.25], [0.5, 0.5]])
    np.testing.assert_array_equal(parts.x_val, [[2.0, -25.0]])


@pytest.mark.parametrize("name", ["wine", "breast_cancer", "diabetes"])
def test_standardized_features_have_mean_0_and_deviation_1(name: str) -> None:
    """Over the training part, per feature; the validation part is moved by the same numbers."""
    data = datasets.load(name)
    parts = prepare(data, validation=0.25, split_seed=1, scale="standardize")
    train = data.x[parts.train_rows].astype(np.float64)
    expected = (data.x[parts.val_rows] - train.mean(axis=0)) / train.std(axis=0)

    # float32 keeps 24 bits: the mean of 100 to 400 such values is good to 1e-6.
    np.testing.assert_allclose(parts.x_train.mean(axis=0, dtype=np.float64), 0, atol=1e-6)
    np.testing.assert_allclose(parts.x_train.std(axis=0, dtype=np.float64), 1, atol=1e-6)
    np.testing.assert_allclose(parts.x_val, expected, rtol=1e-5, atol=1e-6)


def test_standardizing_takes_nothing_from_the_validation_part() -> None:
    """Changing a held-out value changes no training value."""
    data = datasets.load("iris")
    before = prepare(data, validation=0.25, split_seed=0, scale="standardize")
    x = data.x.copy()
    x[before.val_rows[0]] += 100
    changed = Dataset("iris", x, data.y, "classification", 3)
    after = prepare(changed, validation=0.25, split_seed=0, scale="standardize")

    np.testing.assert_array_equal(before.x_train, after.x_train)
    assert not np.array_equal(before.x_val, after.x_val)


def test_constant_feature_becomes_zero_in_both_parts() -> None:
    """A feature without spread in the training part is 0 everywhere, not noise blown up, not NaN."""
    x = np.array([[0.1, 1.0], [0.1, 2.0], [0.1, 3.0], [0.7, 4.0]])
    data = Dataset("made", x, np.array([0, 1, 0, 1]), "binary", 2, n_official_train=3)
    parts = prepare(data, validation="official", split_seed=0, scale="standardize")

    assert parts.x_train[:, 0].tolist() == [0.0, 0.0, 0.0]
    assert parts.x_val[0, 0] == 0.0
    assert parts.x_val[0, 1] != 0.0


@given(st.floats(-(2.0**127), 2.0**127, width=32), st.integers(2, 5000))
@settings(max_examples=100, deadline=None)
def test_any_constant_feature_becomes_zero(value: float, n: int) -> None:
    """No value and no number of rows turns rounding errors of the mean into a feature."""
    labels = np.arange(n + 1) % 2
    data = Dataset("made", np.full((n + 1, 1), value), labels, "binary", 2, n_official_train=n)
    parts = prepare(data, validation="official", split_seed=0, scale="standardize")

    assert not parts.x_train.any()


def test_images_are_standardized_position_by_position() -> None:
    """Samples of any shape keep it, each position scaled on its own."""
    x = np.arange(24.0).reshape(4, 2, 3, 1) ** 2
    data = Dataset("made", x, np.array([0, 1, 0, 1]), "binary", 2)
    parts = prepare(data, validation=0.5, split_seed=0, scale="standardize")

    assert parts.x_train.shape == (2, 2, 3, 1)
    np.testing.assert_allclose(np.abs(parts.x_train), 1, atol=1e-6)


def test_regression_targets_can_be_scaled_back() -> None:
    """Standardised targets times the deviation plus the mean are the targets of the dataset."""
    data = datasets.load("diabetes")
    parts = prepare(data, validation=0.25, split_seed=5, scale="standardize")

    assert parts.y_train.mean(dtype=np.float64) == pytest.approx(0, abs=1e-6)
    assert parts.y_train.std(dtype=np.float64) == pytest.approx(1, abs=1e-6)
    for y, rows in ((parts.y_train, parts.train_rows), (parts.y_val, parts.val_rows)):
        np.testing.assert_allclose(y * parts.target_std + parts.target_mean, data.y[rows], rtol=1e-5)


@pytest.mark.parametrize("scale", ["none", "unit"])
def test_other_scales_leave_targets_alone(scale: str) -> None:
    """Targets keep their own units unless they are standardised with the features."""
    data = datasets.load("diabetes")
    parts = prepare(data, validation=0.25, split_seed=5, scale=scale)

    assert (parts.target_mean, parts.target_std) == (0.0, 1.0)
    np.testing.assert_array_equal(parts.y_train, data.y[parts.train_rows])


def test_sums_run_row_by_row() -> None:
    """The mean is that of a plain loop, bit for bit: numpy may not choose the order."""
    stream = np.random.RandomState(0)
    values = (stream.standard_normal(1001) * 10.0 ** stream.uniform(-9, 9, 1001)).astype(np.float32)
    data = Dataset("made", values[:, None], values, "regression", 0, n_official_train=1000)
    total = 0.0
    for value in values[:1000].tolist():
        total += value
    parts = prepare(data, validation="official", split_seed=0, scale="standardize")

    assert parts.scaling.shift.item() == total / 1000
    assert float(values[:1000].astype(np.float64).sum()) != total  # numpy's own sum has other bits


@pytest.mark.parametrize("share", [0, 1, 0.0, 1.0, -0.1, 1.5, float("nan"), True])
def test_share_outside_its_range_is_refused(share: float) -> None:
    """The message says the range and what to try."""
    with pytest.raises(InvalidArgument, match=r"above 0 and below 1, or 'official'.*Try 0\.25\."):
        prepared(datasets.load("iris"), share)


def test_other_wrong_arguments_are_refused() -> None:
    """Unknown words, a missing official split and a negative seed each get one clear line."""
    iris = datasets.load("iris")
    with pytest.raises(InvalidArgument, match="'iris' has no official split"):
        prepare(iris, validation="official", split_seed=0, scale="none")
    with pytest.raises(InvalidArgument, match="found 'half'"):
        prepare(iris, validation="half", split_seed=0, scale="none")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="'standardize', found 'minmax'"):
        prepare(iris, validation=0.25, split_seed=0, scale="minmax")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="split_seed must be at least 0, found -1"):
        prepare(iris, validation=0.25, split_seed=-1, scale="none")


def test_empty_parts_are_refused() -> None:
    """A share that rounds to no sample, or to all of them, is an error with both counts."""
    with pytest.raises(InvalidData, match="found 8 for training, 0 for validation"):
        prepared(labelled([4, 4]), 0.01)
    with pytest.raises(InvalidData, match="found 0 for training, 8 for validation"):
        prepared(labelled([4, 4]), 0.99)


def test_class_missing_from_the_training_part_is_refused() -> None:
    """A class that the model would never see is named."""
    data = Dataset("made", np.zeros((4, 1)), np.array([0, 1, 0, 2]), "classification", 3, n_official_train=3)
    with pytest.raises(InvalidData, match="class 2 has no sample in the training part"):
        prepare(data, validation="official", split_seed=0, scale="none")


def test_constant_target_is_refused() -> None:
    """A target without spread cannot be standardised, and there is nothing to learn."""
    data = Dataset("flat", np.arange(8.0)[:, None], np.full(8, 0.1), "regression", 0)
    with pytest.raises(InvalidData, match="'flat': the target is the same for every training sample"):
        prepare(data, validation=0.25, split_seed=0, scale="standardize")


@pytest.mark.parametrize("scale", ["none", "unit", "standardize"])
@pytest.mark.parametrize("n_values", [1, 7, 12, 1 << 30])
def test_the_size_of_a_block_changes_no_bit(
    n_values: int, scale: Scale, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large data are scaled some rows at a time; the sums go on from block to block in the same order."""
    x = np.random.default_rng(0).normal(size=(101, 2, 3)) * 50
    dataset = Dataset("made", x, np.arange(101) % 3, "classification", 3)

    def everything() -> list[bytes]:
        parts = prepare(dataset, validation=0.25, split_seed=1, scale=scale)
        arrays = (parts.x_train, parts.x_val, parts.scaling.shift, parts.scaling.divisor)
        return [array.tobytes() for array in arrays]

    at_once = everything()
    monkeypatch.setattr("nnkit.datasets.prepare._BLOCK_VALUES", n_values)

    assert everything() == at_once
