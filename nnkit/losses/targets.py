"""Targets of classifiers, checked before anything runs: a kernel cannot refuse a label."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnkit.errors import InvalidData


def checked_labels(
    labels: ArrayLike, shape: tuple[int, ...], n_classes: int, where: str, *, ignored: int | None = None
) -> NDArray[np.int32]:
    """Return the labels as int32 of ``shape``; raise InvalidData where one is not a whole number from 0."""
    given = np.asarray(labels)
    if given.shape not in (shape, (*shape, 1)):
        wanted = f"{shape[0]} labels, one per row" if len(shape) == 1 else f"labels of shape {shape}"
        raise InvalidData(f"{where}: expected {wanted}, found shape {given.shape}.{_remedy(given, shape)}")
    found = given.reshape(shape)
    if found.dtype.kind not in "biu" and not (
        found.dtype.kind == "f" and bool(np.all(found == np.rint(found)))
    ):
        raise InvalidData(
            f"{where}: expected labels that are whole numbers, found {found.dtype} {found.reshape(-1)[:3]!r}."
        )
    outside = (found < 0) | (found >= n_classes)
    if ignored is not None:
        outside &= found != ignored
    wrong = np.argwhere(outside)
    if len(wrong):
        place = tuple(wrong[0])
        raise InvalidData(
            f"{where}: expected labels from 0 to {n_classes - 1}, found {found[place].item()!r} "
            f"in row {place[0]}. Count classes from 0 and give the model an output for each."
        )
    return np.ascontiguousarray(found, dtype=np.int32)


def _remedy(given: NDArray[Any], shape: tuple[int, ...]) -> str:
    if given.ndim == len(shape) + 1:
        return " One-hot targets become labels with argmax(axis=-1), or take categorical_crossentropy."
    if len(shape) == given.ndim + 1:
        return (
            " Every place has a label; for one a sample end the model with Flatten and Dense(classes), and"
            " with Dense(1) before a loss of two classes."
        )
    return ""


def checked_shares(targets: ArrayLike, shape: tuple[int, ...], dtype: Any, where: str) -> NDArray[Any]:
    """Return shares of classes (…, classes), labels one-hot; raise InvalidData where there are neither."""
    given = np.asarray(targets)
    n_classes = shape[-1]
    if given.shape in (shape[:-1], (*shape[:-1], 1)) and given.shape != shape:
        labels = checked_labels(given, shape[:-1], n_classes, where)
        return np.eye(n_classes, dtype=dtype)[labels]
    if given.shape != shape:
        raise InvalidData(
            f"{where}: expected one-hot targets of shape {shape}, or labels of shape {shape[:-1]}, "
            f"found {given.shape}."
        )
    if given.dtype.kind not in "biuf":
        raise InvalidData(f"{where}: expected shares of the classes, found {given.dtype}.")
    found = np.ascontiguousarray(given, dtype=dtype)
    wrong = np.argwhere(~(found >= 0.0) | np.isinf(found))  # NaN is not at least 0
    if len(wrong):
        place = tuple(wrong[0])
        raise InvalidData(
            f"{where}: expected shares that are numbers from 0, found {found[place].item()!r} "
            f"in row {place[0]}."
        )
    return found
