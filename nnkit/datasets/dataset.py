"""What a dataset is: checked arrays with a task, and the record that says where they come from."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnkit.datasets.remote import RemoteFile
from nnkit.errors import InvalidData
from nnkit.registry import Part

Task = Literal["classification", "binary", "regression"]
Arrays = tuple[NDArray[Any], NDArray[Any]]  # features and targets, in any numeric type


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Samples and targets that can be trained on: every one that exists has passed the checks below.

    ``x`` is float32 of shape (n, ...); ``y`` is int32 labels of shape (n,), or float32 of shape (n, outputs)
    for regression. Both are copied, contiguous and read-only. ``digest`` is the sha256 of shapes and bytes.
    """

    name: str
    x: NDArray[np.float32] = field(repr=False)
    y: NDArray[np.int32] | NDArray[np.float32] = field(repr=False)
    task: Task
    n_classes: int  # 0 for regression
    n_official_train: int | None = None  # rows before it are the published training part
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        x, y = np.asarray(self.x), np.asarray(self.y)
        _check_features(self.name, x)
        if self.task == "regression":
            _check_values(self.name, x, y)
            self._keep("y", np.array(y.reshape(len(x), -1), dtype=np.float32, order="C"))
        else:
            _check_labels(self.name, x, y, self.n_classes)
            self._keep("y", np.array(y, dtype=np.int32, order="C"))
        self._keep("x", np.array(x, dtype=np.float32, order="C"))
        object.__setattr__(self, "digest", _digest(self.x, self.y))

    def _keep(self, name: str, array: NDArray[Any]) -> None:
        array.flags.writeable = False
        object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return len(self.x)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one example, without the axis of examples."""
        return self.x.shape[1:]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetRecord(Part):
    """A dataset that can be loaded by name. The sizes are those of the default hyper-parameters."""

    licence: str
    task: Task
    n_samples: int
    input_shape: tuple[int, ...]
    n_classes: int = 0
    n_official_train: int | None = None
    files: tuple[RemoteFile, ...] = ()  # what must be fetched before the dataset can be built
    build: Callable[..., Arrays]  # takes the hyper-parameters by name


def round_off(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``values`` with 5 decimals, so that machines agree on every bit of a generated dataset."""
    # sin, exp and log differ by an ulp between math libraries, and a sum by its order. Without the
    # rounding, digests would differ between machines for data that are equal to the 15th digit.
    return np.round(values, 5) + 0.0  # -0.0 and 0.0 have different bytes


def _digest(*arrays: NDArray[Any]) -> str:
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(f"{array.dtype.str}{array.shape}".encode())
        sha.update(array.data)
    return sha.hexdigest()


def _check_features(name: str, x: NDArray[Any]) -> None:
    if x.ndim < 2 or x.size == 0:
        raise InvalidData(f"dataset {name!r}: x must have shape (samples, features, …), found {x.shape}.")
    _check_finite(name, "x", x)


def _check_values(name: str, x: NDArray[Any], y: NDArray[Any]) -> None:
    if y.shape[:1] != (len(x),) or y.ndim > 2 or y.size == 0:
        raise InvalidData(f"dataset {name!r}: y must have shape ({len(x)}, 1) like x, found {y.shape}.")
    _check_finite(name, "y", y)


def _check_labels(name: str, x: NDArray[Any], y: NDArray[Any], n_classes: int) -> None:
    if y.shape != (len(x),):
        raise InvalidData(f"dataset {name!r}: y must have shape ({len(x)},) like x, found {y.shape}.")
    _check_finite(name, "y", y)
    wrong = y[(y != np.floor(y)) | (y < 0) | (y >= n_classes)]
    if wrong.size:
        raise InvalidData(
            f"dataset {name!r}: labels must be whole numbers from 0 to {n_classes - 1}, "
            f"found {wrong[0].item()!r} ({wrong.size} of {len(y)} are wrong). Number the classes from 0."
        )


def _check_finite(name: str, part: str, array: NDArray[Any]) -> None:
    if array.dtype.kind not in "biuf":
        raise InvalidData(f"dataset {name!r}: {part} must hold real numbers, found dtype {array.dtype}.")
    if array.dtype.kind != "f":
        return  # no whole number is infinite in float32, and the copy below is four times as large as pixels
    with np.errstate(over="ignore"):  # a value beyond float32 becomes inf, which is what is looked for
        finite = np.isfinite(array.astype(np.float32))
    if not finite.all():
        place = tuple(int(i) for i in np.argwhere(~finite)[0])
        found = f"{part}[{', '.join(map(str, place))}] = {array[place].item()!r}"
        raise InvalidData(
            f"dataset {name!r}: {part} must be finite in float32, found {found}. Remove or fill such rows."
        )
