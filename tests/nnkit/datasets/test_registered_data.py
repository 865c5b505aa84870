"""``datasets.register``: a function of the user's own becomes a dataset that can be loaded by name."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from nnkit import datasets
from nnkit.errors import InvalidArgument, InvalidData

X = np.arange(12.0).reshape(6, 2)


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave the registry as it was."""
    monkeypatch.setattr(datasets.DATASETS, "_parts", dict(datasets.DATASETS._parts))
    datasets._built.cache_clear()
    yield
    datasets._built.cache_clear()


TARGETS = {
    "whole numbers": (np.array([0, 1, 2, 0, 1, 2]), "classification", 3, [0, 1, 2, 0, 1, 2]),
    "a column of them": (np.array([[0], [1], [0], [1], [0], [1]]), "classification", 2, [0, 1, 0, 1, 0, 1]),
    "words": (list("babcab"), "classification", 3, [1, 0, 1, 2, 0, 1]),
    "halves": ([0, 0.5, 1, 2, 3, 4], "regression", 0, [[0], [0.5], [1], [2], [3], [4]]),
    "two outputs": (X / 2, "regression", 0, (X / 2).tolist()),
}


@pytest.mark.parametrize(("y", "task", "n_classes", "expected"), TARGETS.values(), ids=TARGETS)
def test_targets_say_what_the_task_is(y: Any, task: str, n_classes: int, expected: Any) -> None:
    record = datasets.register("mine", lambda: (X, y))
    found = datasets.load("mine")

    assert (found.task, found.n_classes, record.n_samples, record.input_shape) == (task, n_classes, 6, (2,))
    np.testing.assert_array_equal(found.x, X)
    assert found.y.tolist() == expected


def test_keywords_with_a_number_are_hyper_parameters() -> None:
    def mine(*, n: int = 4, factor: float = 2.0) -> tuple[Any, Any]:
        return factor * np.ones((n, 3)), np.arange(n) / 2

    datasets.register("mine", mine)
    assert datasets.load("mine", n=7).x.shape == (7, 3)
    assert datasets.load("mine", factor=0.5).x[0, 0] == 0.5
    with pytest.raises(InvalidArgument, match="a whole number"):
        datasets.load("mine", n=2.5)


def test_the_task_can_be_said() -> None:
    datasets.register("mine", lambda: (X, [0, 1, 2, 0, 1, 2]), task="regression")

    assert datasets.load("mine").y.shape == (6, 1)


REFUSED = {
    "a name that is taken": ("iris", lambda: (X, X[:, 0]), "exists already"),
    "no pair": ("mine", lambda: X, r"to return \(x, y\), found ndarray"),
    "other lengths": ("mine", lambda: (X, [0.5, 1.5]), "y must have shape"),
    "not finite": ("mine", lambda: (X + np.inf, X[:, 0] / 3), "x must be finite"),
    "objects": ("mine", lambda: (X, [{}] * 6), "expected targets of numbers or texts"),
    "needs an argument": ("mine", lambda path: (X, X), "without arguments"),
}


@pytest.mark.parametrize(("name", "build", "line"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_dataset_is_refused_at_once(name: str, build: Any, line: str) -> None:
    with pytest.raises((InvalidArgument, InvalidData), match=line):
        datasets.register(name, build)
    assert "mine" not in datasets.names()
