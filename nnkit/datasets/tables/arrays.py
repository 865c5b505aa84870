"""Arrays of NumPy as tables: ``.npz``, one ``.npy``, or a pair of them, and what has more than two axes."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit.datasets.tables.table import Column, Numbers, Table, texts_of
from nnkit.errors import InvalidData, did_you_mean

Array = NDArray[Any]
_FEATURES = ("x", "X", "features", "data", "images", "inputs")
_TARGETS = ("y", "Y", "target", "targets", "labels", "label")


def read_npz(content: bytes, name: str) -> dict[str, Array]:
    """Return the arrays of an archive by name, or raise InvalidData."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {each: _checked(archive[each], f"{name}, array {each!r}") for each in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, KeyError, AttributeError) as error:
        raise _unreadable(name, error) from None


def read_npy(content: bytes, name: str) -> Array:
    """Return the array of a ``.npy`` file, or raise InvalidData."""
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise _unreadable(name, error) from None
    if not isinstance(array, np.ndarray):
        raise InvalidData(f"{name}: expected one array, found an archive of several. Name it .npz.")
    return _checked(array, name)


def _unreadable(name: str, error: Exception) -> InvalidData:
    if isinstance(error, InvalidData):
        return error
    if "Object arrays" in str(error):
        return InvalidData(f"{name}: it holds Python objects, which are not read. Save numbers or texts.")
    return InvalidData(
        f"{name}: not arrays as NumPy saves them. Save it again with numpy.save or numpy.savez."
    )


def _checked(array: Array, where: str) -> Array:
    if array.dtype.kind not in "biufUM":
        raise InvalidData(f"{where}: expected numbers, texts or dates, found dtype {array.dtype}.")
    if array.ndim == 0 or array.size == 0:
        raise InvalidData(f"{where}: expected rows, found an array of shape {array.shape}.")
    return array


def pick(arrays: Mapping[str, Array], target: Sequence[str], name: str) -> tuple[Array, Array, str]:
    """Return features, targets, and what the targets are called, of an archive."""
    called = target[0] if target else next((each for each in _TARGETS if each in arrays), None)
    if called is None:
        raise InvalidData(
            f"{name}: no target is named. Name the array to predict; there are: {', '.join(arrays)}."
        )
    if called not in arrays:
        raise InvalidData(f"{name}, target: there is no array {called!r}.{did_you_mean(called, arrays)}")
    others = [each for each in arrays if each != called]
    features = next((each for each in _FEATURES if each in others), others[0] if len(others) == 1 else None)
    if features is None:
        found = ", ".join(arrays)
        raise InvalidData(
            f"{name}: which array has the features? Call it x, and the targets y; found {found}."
        )
    return arrays[features], arrays[called], called


def of_pair(x: Array, y: Array, called: str, name: str, digest: str) -> Table:
    """Return features (rows, columns) and targets (rows,) or (rows, outputs) as one table."""
    if len(x) != len(y):
        raise InvalidData(
            f"{name}: {len(x):,} rows of features and {len(y):,} of targets. They must be as many."
        )
    outputs = y.reshape(len(y), -1)
    targets = [called] if outputs.shape[1] == 1 else [f"{called}_{i + 1}" for i in range(outputs.shape[1])]
    flat = x.reshape(len(x), -1)
    names = [f"x_{i + 1}" for i in range(flat.shape[1])]
    return Table(name, (*columns_of(flat, names), *columns_of(outputs, targets)), digest)


def of_matrix(array: Array, name: str, digest: str) -> Table:
    """Return one array of rows and columns as a table; its columns are called column_1 and so on."""
    if array.ndim != 2:
        raise InvalidData(
            f"{name}: expected rows and columns, found shape {array.shape}. Name the targets in a file of"
            " their own beside it."
        )
    return Table(name, columns_of(array, [f"column_{i + 1}" for i in range(array.shape[1])]), digest)


def columns_of(array: Array, names: Sequence[str]) -> tuple[Column, ...]:
    return tuple(column_of(array[:, place], name) for place, name in enumerate(names))


def column_of(values: Array, name: str) -> Column:
    """Return numbers, dates or texts as a column."""
    if values.dtype.kind == "U":
        distinct, codes = np.unique(np.char.strip(values), return_inverse=True)
        return texts_of(name, codes.astype(np.int64), [str(each) for each in distinct])
    if values.dtype.kind == "M":
        days = values.astype("datetime64[s]").astype(np.int64) / 86_400.0
        return Numbers(name, np.where(np.isnat(values), np.nan, days), is_date=True)
    return Numbers(name, np.ascontiguousarray(values, dtype=np.float64))
