"""Every dataset keeps what its record promises, and loading is lazy, cached and safe to share."""

import re
import subprocess
import sys

import numpy as np
import pytest

from nnkit import datasets
from nnkit.datasets import DATASETS, Dataset, DatasetRecord
from nnkit.datasets.embedded import EMBEDDED
from nnkit.datasets.images import IMAGES
from nnkit.errors import InvalidArgument, InvalidData, UnknownName

ALL = pytest.mark.parametrize("record", tuple(DATASETS), ids=lambda record: record.name)
# Those that must be fetched are loaded from files of the same format, in test_image_data.
AT_HAND = pytest.mark.parametrize(
    "record", [record for record in DATASETS if not record.files], ids=lambda record: record.name
)


@AT_HAND
def test_loaded_data_match_the_record(record: DatasetRecord) -> None:
    """Shape, task, number of classes and official part are those of the record, in the promised types."""
    dataset = datasets.load(record.name)

    assert dataset.name == record.name
    assert dataset.x.shape == (record.n_samples, *record.input_shape)
    assert dataset.input_shape == record.input_shape
    assert len(dataset) == record.n_samples
    assert dataset.task == record.task
    assert dataset.n_classes == record.n_classes
    assert dataset.n_official_train == record.n_official_train
    assert dataset.x.dtype == np.float32
    assert dataset.x.flags.c_contiguous
    if record.task == "regression":
        assert (dataset.y.dtype, dataset.y.shape) == (np.float32, (record.n_samples, 1))
    else:
        assert (dataset.y.dtype, dataset.y.shape) == (np.int32, (record.n_samples,))
        assert set(dataset.y.tolist()) == set(range(record.n_classes))


@ALL
def test_record_says_where_the_data_come_from(record: DatasetRecord) -> None:
    """Summary, source and licence are never empty; generated sets have a formula and real ones have none."""
    assert record.summary.endswith(".")
    assert record.source
    assert record.licence
    assert (record.formula == "") == (record in (*EMBEDDED, *IMAGES))


@AT_HAND
def test_loading_twice_gives_one_read_only_object(record: DatasetRecord) -> None:
    """The cache returns the same object, whose arrays refuse to be written."""
    dataset = datasets.load(record.name)

    assert datasets.load(record.name) is dataset
    for array in (dataset.x, dataset.y):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_explicit_default_is_the_same_dataset() -> None:
    """A hyper-parameter spelled out with its default value does not build the data again."""
    default = datasets.record("spirals").resolve({})

    assert datasets.load("spirals", **default) is datasets.load("spirals")


def test_unknown_name_gets_the_nearest_one() -> None:
    """A misspelt dataset is an UnknownName that suggests the right one."""
    with pytest.raises(UnknownName, match=r"no dataset named 'digit'\. Did you mean 'digits'\?"):
        datasets.load("digit")


def test_unknown_hyper_parameter_names_place_and_remedy() -> None:
    """A misspelt hyper-parameter, or one for real data, says which dataset and what it takes."""
    with pytest.raises(UnknownName, match=r"dataset 'moons': .*'nois'.* Did you mean 'noise'\?"):
        datasets.load("moons", nois=0.1)
    with pytest.raises(UnknownName, match=r"dataset 'iris': .*It takes none\."):
        datasets.load("iris", noise=0.1)


def test_hyper_parameter_out_of_range_is_refused() -> None:
    """A value outside the range in the record is an InvalidArgument with the range in it."""
    with pytest.raises(InvalidArgument, match="noise must be at least 0"):
        datasets.load("moons", noise=-1.0)
    with pytest.raises(InvalidArgument, match="n_classes must be at least 2 and at most 3"):
        datasets.load("spirals", n_classes=4)


def test_import_needs_neither_numba_nor_scipy() -> None:
    """Listing and loading real data, as the command line does, leaves the heavy packages out."""
    code = (
        "import sys, nnkit.datasets as d, nnkit.datasets.prepare; d.load('iris'); d.load('mnist1d');"
        "print(sorted({'numba', 'llvmlite', 'scipy', 'sklearn'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "[]"


def test_digest_depends_on_values_shapes_and_targets() -> None:
    """Equal data have equal digests; one changed value, label or shape changes it."""
    x, y = np.arange(8.0).reshape(4, 2), np.array([0, 1, 0, 1])
    base = Dataset("d", x, y, "binary", 2)
    changed = x.copy()
    changed[3, 1] += 1e-6 * 7

    assert re.fullmatch("[0-9a-f]{64}", base.digest)
    assert Dataset("other name", x.astype(np.float32), y, "binary", 2).digest == base.digest
    others = [
        Dataset("d", changed, y, "binary", 2),
        Dataset("d", x, 1 - y, "binary", 2),
        Dataset("d", x.reshape(4, 2, 1), y, "binary", 2),
    ]
    assert len({base.digest, *(other.digest for other in others)}) == 4


def test_dataset_does_not_follow_its_callers_arrays() -> None:
    """The arrays are copied: a later change by the caller does not reach the dataset."""
    x, y = np.zeros((2, 1), dtype=np.float32), np.array([0, 1], dtype=np.int32)
    dataset = Dataset("d", x, y, "binary", 2)
    x[0, 0] = 5.0
    y[0] = 1

    assert dataset.x[0, 0] == 0.0
    assert dataset.y[0] == 0


X = np.zeros((3, 2))
BAD_DATA = {
    "nan": (np.array([[0.0], [np.nan], [0.0]]), np.zeros(3), r"x\[1, 0\] = nan"),
    "beyond float32": (np.array([[0.0], [1e39], [0.0]]), np.zeros(3), r"x\[1, 0\] = 1e\+39"),
    "flat x": (np.zeros(3), np.zeros(3), r"x must have shape .* found \(3,\)"),
    "no samples": (np.zeros((0, 2)), np.zeros(0), r"found \(0, 2\)"),
    "text": (np.array([["a"], ["b"], ["c"]]), np.zeros(3), "real numbers"),
    "too few labels": (X, np.zeros(2), r"y must have shape \(3,\) like x, found \(2,\)"),
    "column of labels": (X, np.zeros((3, 1)), r"found \(3, 1\)"),
    "label out of range": (X, np.array([0, 1, 2]), "from 0 to 1, found 2 .*Number the classes from 0"),
    "negative label": (X, np.array([0, -1, 1]), "found -1"),
    "half a label": (X, np.array([0, 0.5, 1]), "found 0.5"),
}


@pytest.mark.parametrize(("x", "y", "message"), BAD_DATA.values(), ids=BAD_DATA.keys())
def test_data_that_cannot_be_trained_on_are_refused(x: np.ndarray, y: np.ndarray, message: str) -> None:
    """Each kind of bad data is one InvalidData line that names the dataset and what was found."""
    with pytest.raises(InvalidData, match=message) as caught:
        Dataset("mine", x, y, "binary", 2)

    assert "'mine'" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_regression_targets_must_fit_the_samples() -> None:
    """Targets of a wrong shape or with infinities are refused; a vector becomes a column, several stay."""
    assert Dataset("d", X, np.arange(3.0), "regression", 0).y.shape == (3, 1)
    assert Dataset("d", X, np.zeros((3, 2)), "regression", 0).y.shape == (3, 2)
    with pytest.raises(InvalidData, match=r"\(3, 1\) like x, found \(2, 3\)"):
        Dataset("d", X, np.zeros((2, 3)), "regression", 0)
    with pytest.raises(InvalidData, match=r"y\[2\] = inf"):
        Dataset("d", X, np.array([0.0, 1.0, np.inf]), "regression", 0)
