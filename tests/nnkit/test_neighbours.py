"""Nearest neighbours and nearest means beside brute force in float64."""

import numpy as np
import pytest

from nnkit import NearestMean, NearestNeighbours
from nnkit.datasets import load
from nnkit.errors import InvalidArgument, InvalidData
from tests.reference import neighbours as reference


def points(n, features, seed=0, dtype="float64"):
    return np.random.default_rng([seed, n, features]).normal(size=(n, features)).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("k", [1, 3, 16])
@pytest.mark.parametrize(("n", "features"), [(16, 1), (17, 2), (511, 3), (512, 4), (513, 7), (1100, 33)])
def test_neighbours_are_those_of_brute_force(n, features, k, dtype):
    """On both sides of the block's border, for an odd and an even number of features.

    The points are random: the gap between two distances is far above the rounding of a sum of 33 squares.
    """
    known, queries = points(n, features, dtype=dtype), points(20, features, seed=1, dtype=dtype)
    labels = np.arange(n) % 5

    model = NearestNeighbours(k).fit(known, labels)

    expected = reference.nearest(queries.astype(float), known.astype(float), k)
    np.testing.assert_array_equal(model.neighbours(queries), expected)
    np.testing.assert_array_equal(model.predict(queries), reference.vote(expected, labels))


def test_of_equally_near_rows_the_earlier_counts():
    """Small whole numbers: many distances are equal, exactly."""
    rng = np.random.default_rng(0)
    known, queries = rng.integers(0, 3, (600, 3)).astype(float), rng.integers(0, 3, (30, 3)).astype(float)

    found = NearestNeighbours(5).fit(known, np.zeros(600)).neighbours(queries)

    np.testing.assert_array_equal(found, reference.nearest(queries, known, 5))


def test_of_labels_with_as_many_votes_the_nearest_counts():
    model = NearestNeighbours(2).fit([[0.0], [3.0]], ["far", "b"])

    assert model.predict([[1.0], [2.0]]).tolist() == ["far", "b"]


def test_digits_are_classified_as_by_scikit_learn():
    """One neighbour: no vote, and scikit-learn's choice is then the nearest too."""
    sklearn = pytest.importorskip("sklearn.neighbors", reason="scikit-learn is not installed")
    digits = load("digits")
    x, y = digits.x.reshape(len(digits.x), -1).astype(float), digits.y
    theirs = sklearn.KNeighborsClassifier(1, algorithm="brute").fit(x[:1300], y[:1300]).predict(x[1300:])

    np.testing.assert_array_equal(NearestNeighbours().fit(x[:1300], y[:1300]).predict(x[1300:]), theirs)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_nearest_mean_is_that_of_brute_force(dtype):
    x, queries = points(300, 6, dtype=dtype), points(100, 6, seed=1, dtype=dtype)
    y = np.arange(300) % 7 * 10  # labels need not count from 0

    model = NearestMean().fit(x, y)

    means = reference.class_means(x.astype(float), y)
    np.testing.assert_allclose(model.means, means, rtol=0, atol=1e-7 if dtype == "float32" else 1e-15)
    np.testing.assert_array_equal(
        model.predict(queries), 10 * reference.nearest(queries.astype(float), means, 1)[:, 0]
    )


def test_mistakes_are_refused_in_words():
    with pytest.raises(InvalidArgument, match="k must be at least 1"):
        NearestNeighbours(0)
    with pytest.raises(InvalidArgument, match=r"Call fit\(x, y\) first"):
        NearestNeighbours().predict([[0.0]])
    with pytest.raises(InvalidArgument, match="3 neighbours were asked for, of 2 rows"):
        NearestNeighbours(3).fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(InvalidData, match="expected 2 labels"):
        NearestMean().fit([[0.0], [1.0]], [0])
    with pytest.raises(InvalidData, match=r"expected shape \(samples, 1\)"):
        NearestNeighbours().fit([[0.0], [1.0]], [0, 1]).predict([[0.0, 1.0]])
