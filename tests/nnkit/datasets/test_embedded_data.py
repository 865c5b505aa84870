"""The embedded files hold the published data, unchanged, and their papers are in order."""

import hashlib
import re
from importlib.resources import files

import numpy as np
import pytest

from nnkit import datasets
from nnkit.datasets.embedded import EMBEDDED

DATA = files("nnkit.datasets").joinpath("data")
NAMES = tuple(record.name for record in EMBEDDED)

COUNTS = {  # samples per class, as the UCI repository documents them
    "iris": [50, 50, 50],
    "wine": [59, 71, 48],
    "breast_cancer": [212, 357],
    "digits": [178, 182, 177, 183, 181, 182, 181, 179, 174, 180],
}

FIRST_ROWS = {
    "iris": [5.1, 3.5, 1.4, 0.2],
    "wine": [14.23, 1.71, 2.43, 15.6, 127, 2.8, 3.06, 0.28, 2.29, 5.64, 1.04, 3.92, 1065],
    "breast_cancer": [17.99, 10.38, 122.8, 1001.0, 0.1184, 0.2776, 0.3001, 0.1471, 0.2419, 0.07871],
    "digits": [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0],
    "diabetes": [59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.8598, 87],
}


@pytest.mark.parametrize("name", COUNTS)
def test_class_counts_are_the_published_ones(name: str) -> None:
    """No sample was lost or given another label."""
    assert np.bincount(datasets.load(name).y).tolist() == COUNTS[name]


@pytest.mark.parametrize("name", FIRST_ROWS)
def test_first_row_is_the_published_one(name: str) -> None:
    """The first row holds the published numbers, to the precision of float32."""
    expected = np.array(FIRST_ROWS[name], dtype=np.float32)

    np.testing.assert_array_equal(datasets.load(name).x[0, : len(expected)], expected)


def test_iris_has_the_published_means_and_the_two_corrected_rows() -> None:
    """Means are 5.84, 3.06, 3.76, 1.20; rows 35 and 38 carry Fisher's values, which UCI's file misspells."""
    x = datasets.load("iris").x.astype(np.float64)

    np.testing.assert_allclose(x.mean(axis=0), [5.8433, 3.0573, 3.7580, 1.1993], atol=5e-5)
    np.testing.assert_allclose(x[34], [4.9, 3.1, 1.5, 0.2], atol=1e-6)
    np.testing.assert_allclose(x[37], [4.9, 3.6, 1.4, 0.1], atol=1e-6)


def test_wine_and_breast_cancer_have_the_documented_ranges() -> None:
    """Least and largest values are those in the descriptions: alcohol 11.0-14.8, mean area 143.5-2501."""
    alcohol = datasets.load("wine").x[:, 0]
    area = datasets.load("breast_cancer").x[:, 3]

    assert (round(float(alcohol.min()), 1), round(float(alcohol.max()), 1)) == (11.0, 14.8)
    assert (float(area.min()), float(area.max())) == (143.5, 2501.0)


def test_digits_are_whole_numbers_from_0_to_16() -> None:
    """Every pixel counts dark points of a 4x4 block."""
    x = datasets.load("digits").x

    assert (float(x.min()), float(x.max())) == (0.0, 16.0)
    np.testing.assert_array_equal(x, np.floor(x))


def test_diabetes_targets_have_the_published_moments() -> None:
    """The response runs from 25 to 346 with mean 152.13 and standard deviation 77.1."""
    y = datasets.load("diabetes").y.astype(np.float64)

    assert (y.min(), y.max()) == (25.0, 346.0)
    assert y.mean() == pytest.approx(152.133, abs=1e-3)
    assert y.std() == pytest.approx(77.005, abs=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_data_equal_those_of_scikit_learn(name: str) -> None:
    """Every value is the one that scikit-learn distributes, rounded to float32."""
    sources = pytest.importorskip("sklearn.datasets")
    options = {"scaled": False} if name == "diabetes" else {}
    x, y = getattr(sources, f"load_{name}")(return_X_y=True, **options)
    dataset = datasets.load(name)

    np.testing.assert_array_equal(dataset.x, x.astype(np.float32))
    np.testing.assert_array_equal(dataset.y.ravel(), y)


def test_every_file_is_listed_with_its_sha256() -> None:
    """The licence file lists exactly the files there are, each with the hash of its bytes."""
    text = DATA.joinpath("LICENSES.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| (\w+\.npz) \| ([0-9a-f]{64}) \|$", text, flags=re.MULTILINE))
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in DATA.iterdir()
        if path.name != "LICENSES.md"
    }

    assert listed == found
    assert set(found) == {f"{name}.npz" for name in NAMES}


@pytest.mark.parametrize("record", EMBEDDED, ids=lambda record: record.name)
def test_licence_file_cites_each_source(record: datasets.DatasetRecord) -> None:
    """The first author, and the DOI where there is one, stand in the licence file as in the record."""
    text = DATA.joinpath("LICENSES.md").read_text(encoding="utf-8")
    author = record.source.split()[0].rstrip(",")
    doi = re.search(r"doi:[\w./]+\w", record.source)

    assert f"**{record.name}.npz**" in text
    assert author in text
    assert doi is None or doi.group() in text
