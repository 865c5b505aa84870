"""Non-parametric classifiers: the nearest neighbours of a row, and the nearest mean of a class."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnkit.entries import op_kind
from nnkit.errors import InvalidArgument, InvalidData
from nnkit.execution.alone import run_alone
from nnkit.kernels import neighbours as kernels
from nnkit.ops import Operand, Scalar
from nnkit.registry import Hyper
from nnkit.training.samples import as_array, checked_inputs

Array = NDArray[Any]

_FIND = op_kind(
    "find_nearest",
    kernels.find_nearest,
    Operand("queries", "in", rank=2),
    Operand("known", "in", rank=3),
    Operand("nearest", "out", rank=2, type="int32"),
    Operand("lengths", "scratch"),
    Operand("distances", "scratch"),
    Scalar("n", "integer"),
)
_VOTE = op_kind(
    "vote",
    kernels.vote,
    Operand("nearest", "in", rank=2, type="int32"),
    Operand("classes", "in", type="int32"),
    Operand("votes", "scratch", type="int32"),
    Operand("chosen", "out", type="int32"),
)
_K = Hyper("k", 1, at_least=1, integer=True)


@dataclass(frozen=True, slots=True)
class _Known:
    """Labelled rows, as columns in blocks, so that a vector holds one feature of several rows."""

    blocks: Array  # (blocks, features, BLOCK)
    classes: NDArray[np.int32]  # (n,), positions in labels
    labels: Array

    def nearest(self, x: ArrayLike, k: int) -> NDArray[np.int32]:
        """Return the positions of the k nearest rows, nearest first."""
        dtype = str(self.blocks.dtype)
        queries = checked_inputs(x, self.blocks.shape[1:2], dtype)
        nearest = np.empty((len(queries), k), dtype=np.int32)
        arrays = {
            "queries": queries,
            "known": self.blocks,
            "nearest": nearest,
            "lengths": np.empty(k, dtype=dtype),
            "distances": np.empty(kernels.BLOCK, dtype=dtype),
        }
        run_alone(_FIND, dtype, arrays, {"n": len(self.classes)})
        return nearest

    def vote(self, nearest: NDArray[np.int32]) -> Array:
        """Return the label that most of the nearest have."""
        chosen = np.empty(len(nearest), dtype=np.int32)
        votes = np.empty(len(self.labels), dtype=np.int32)
        arrays = {"nearest": nearest, "classes": self.classes, "votes": votes, "chosen": chosen}
        run_alone(_VOTE, "float64", arrays)
        return self.labels[chosen]


@dataclass(slots=True)
class NearestNeighbours:
    """The label that most of the ``k`` nearest training rows have.

    Distance    squared Euclidean, summed over the features in order; float32 rows are summed in float32
    Ties        of equally near rows the earlier counts; of labels with as many votes the one met first,
                counted from the nearest row
    Source      Cover and Hart (1967), IEEE Transactions on Information Theory 13(1), 21-27
    """

    k: int = 1
    _known: _Known | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        self.k = int(_K.check(self.k, "NearestNeighbours") or 1)

    def fit(self, x: ArrayLike, y: ArrayLike) -> "NearestNeighbours":
        """Keep the rows of ``x`` (rows, features) and their labels, of any type that can be sorted."""
        rows, classes, labels = _labelled(x, y)
        if self.k > len(rows):
            raise InvalidArgument(f"fit: {self.k} neighbours were asked for, of {len(rows)} rows. Lower k.")
        self._known = _Known(_in_blocks(rows), classes, labels)
        return self

    def neighbours(self, x: ArrayLike) -> NDArray[np.int32]:
        """Return the positions of the k nearest training rows of every row, nearest first: (rows, k)."""
        return _fitted(self._known, "neighbours").nearest(x, self.k)

    def predict(self, x: ArrayLike) -> Array:
        """Return a label for every row."""
        return _fitted(self._known, "predict").vote(self.neighbours(x))


@dataclass(slots=True)
class NearestMean:
    """The label whose training rows have the nearest mean: one template per class.

    Formula     argmin over classes of |x - mean of the class|**2; of equally near ones the smaller label
    Means       summed in float64, in the order of the rows
    means       the mean of every class, in the order of the sorted labels: (classes, features)
    Source      Rocchio (1971), in The SMART Retrieval System; Hastie, Tibshirani and Friedman (2009), The
                Elements of Statistical Learning, chapter 18.2
    """

    means: Array = field(init=False, repr=False, default_factory=lambda: np.empty((0, 0)))
    _known: _Known | None = field(init=False, repr=False, default=None)

    def fit(self, x: ArrayLike, y: ArrayLike) -> "NearestMean":
        """Take the mean of every label's rows."""
        rows, classes, labels = _labelled(x, y)
        sums = np.zeros((len(labels), rows.shape[1]))
        np.add.at(sums, classes, rows)  # one row after the other: the same bits everywhere
        self.means = (sums / np.bincount(classes)[:, None]).astype(rows.dtype)
        self._known = _Known(_in_blocks(self.means), np.arange(len(labels), dtype=np.int32), labels)
        return self

    def predict(self, x: ArrayLike) -> Array:
        """Return a label for every row."""
        known = _fitted(self._known, "predict")
        return known.vote(known.nearest(x, 1))


def _in_blocks(rows: Array) -> Array:
    n, features = rows.shape
    blocks = np.zeros((-(-n // kernels.BLOCK), kernels.BLOCK, features), dtype=rows.dtype)
    blocks.reshape(-1, features)[:n] = rows
    return np.ascontiguousarray(blocks.transpose(0, 2, 1))


def _fitted(known: _Known | None, verb: str) -> _Known:
    if known is None:
        raise InvalidArgument(f"{verb}: there are no rows to compare with yet. Call fit(x, y) first.")
    return known


def _labelled(x: ArrayLike, y: ArrayLike) -> tuple[Array, NDArray[np.int32], Array]:
    """Return the rows, in float32 if they are, the class of each, and the sorted labels."""
    values, given = as_array(x, "x"), as_array(y, "y")
    dtype = "float32" if values.dtype == np.float32 else "float64"
    rows = checked_inputs(values, values.shape[1:2] or (1,), dtype)
    if given.shape != (len(rows),):
        raise InvalidData(f"y: expected {len(rows)} labels, one per row, found shape {given.shape}.")
    labels, classes = np.unique(given, return_inverse=True)
    return rows, classes.astype(np.int32), labels
