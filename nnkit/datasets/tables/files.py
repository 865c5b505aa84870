"""Files of the user's own, of any kind that is read here, as something to train on.

``digest_of_files`` is what a trial is identified by: the content alone. Neither the path nor the time counts.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG

import numpy as np

from nnkit.datasets.dataset import Dataset
from nnkit.datasets.tables import arrays
from nnkit.datasets.tables.csvfile import read_csv
from nnkit.datasets.tables.parquet import read_parquet
from nnkit.datasets.tables.parts import as_dataset
from nnkit.datasets.tables.pictures import is_idx, read_any_idx, read_folder
from nnkit.datasets.tables.problem import Problem, Question, pose
from nnkit.datasets.tables.table import Table
from nnkit.errors import InvalidData

# Rises when the same file is read to other numbers than before: it is a part of what identifies a trial.
READING = 1
_MOST_BYTES = 4 << 30


@dataclass(frozen=True, slots=True, eq=False)
class OwnData:
    """What is in the user's files: a problem made of a table, or samples of more axes than a row has."""

    dataset: Dataset
    problem: Problem | None
    digest: str  # of the content of the files
    classes: tuple[str, ...]
    columns: tuple[str, ...]
    notes: tuple[str, ...]


def digest_of_files(files: Sequence[Path]) -> str:
    """Return the SHA-256 that identifies the content of these files."""
    if files and files[0].is_dir():
        return read_folder(files[0], str(files[0]))[3]
    return _together([hashlib.sha256(_content(path)).hexdigest() for path in files])


def read_files(files: Sequence[Path], question: Question, *, header: bool | None = None) -> OwnData:
    """Return what is in a table, an archive, a pair of arrays or IDX files, or a folder of pictures.

    Raises InvalidData with one line that names the file, what is wrong and what to do.
    """
    if not 1 <= len(files) <= 2:
        raise InvalidData(f"data file: expected one file, or features and targets, found {len(files)} files.")
    name = files[0].name or str(files[0])
    if files[0].is_dir():
        x, y, classes, digest = read_folder(files[0], str(files[0]))
        return _samples(name, x, y, classes, digest, question)
    contents = [_content(path) for path in files]
    digest = _together([hashlib.sha256(each).hexdigest() for each in contents])
    if len(files) == 2:
        x, y = (_array(content, path) for content, path in zip(contents, files, strict=True))
        called = question.target[0] if question.target else "y"
        return _of_arrays(x, y, called, name, digest, question)
    if files[0].suffix.lower() == ".npz":
        found = arrays.pick(arrays.read_npz(contents[0], name), question.target, name)
        return _of_arrays(*found, name, digest, question)
    return _of_table(_table(contents[0], files[0], digest, header), question)


def _together(digests: Sequence[str]) -> str:
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def _content(path: Path) -> bytes:
    try:
        found = path.stat()
        if S_ISREG(found.st_mode) and found.st_size <= _MOST_BYTES:
            return path.read_bytes()
    except FileNotFoundError:
        raise InvalidData(f"{path}: there is no such file.") from None
    except OSError as error:
        raise InvalidData(f"{path}: cannot be read: {error.strerror}.") from None
    except ValueError as error:  # of the path itself: a NUL
        raise InvalidData(f"{str(path)!r}: this cannot be the name of a file: {error}.") from None
    if S_ISDIR(found.st_mode):
        raise InvalidData(f"{path}: this is a folder. Name a file, or one folder of pictures alone.")
    if not S_ISREG(found.st_mode):
        raise InvalidData(f"{path}: not a regular file. Name a table.")
    raise InvalidData(f"{path}: larger than 4 GB, the most that is read into memory.")


def _table(content: bytes, path: Path, digest: str, header: bool | None) -> Table:
    name, suffix = path.name, path.suffix.lower()
    if suffix == ".parquet":
        return read_parquet(content, name, digest)
    if suffix == ".npy":
        return arrays.of_matrix(arrays.read_npy(content, name), name, digest)
    if is_idx(content):
        raise InvalidData(
            f"{name}: these are values of IDX without labels. Name the file of labels beside it."
        )
    return read_csv(content, name, digest, tabs=suffix == ".tsv", header=header)


def _array(content: bytes, path: Path) -> arrays.Array:
    if is_idx(content):
        return read_any_idx(content, path.name)
    if content.startswith(b"\x93NUMPY"):
        return arrays.read_npy(content, path.name)
    raise InvalidData(f"{path.name}: of two files, both must be arrays (.npy or IDX). Give a table alone.")


def _of_arrays(
    x: arrays.Array, y: arrays.Array, called: str, name: str, digest: str, question: Question
) -> OwnData:
    if x.ndim > 2:
        if y.shape not in ((len(x),), (len(x), 1)):
            raise InvalidData(f"{name}: expected {len(x):,} targets, one for each sample, found {y.shape}.")
        values, labels = np.unique(y.reshape(-1), return_inverse=True)
        return _samples(name, x, labels, tuple(str(value) for value in values), digest, question)
    table = arrays.of_pair(x, y, called, name, digest)
    targets = tuple(each for each in table.names if not each.startswith("x_") or each == called)
    return _of_table(table, Question(targets, question.task, question.drop, question.group, question.time))


def _of_table(table: Table, question: Question) -> OwnData:
    problem = pose(table, question)
    return OwnData(as_dataset(problem), problem, table.digest, problem.classes, table.names, problem.notes)


def _samples(
    name: str, x: arrays.Array, y: arrays.Array, classes: tuple[str, ...], digest: str, question: Question
) -> OwnData:
    """Return samples of several axes and their classes."""
    if question.task == "regression" or question.drop or question.group or question.time:
        raise InvalidData(f"{name}: samples of several axes are classified, and split by the seed alone.")
    if not 2 <= len(classes) <= len(y) // 2:
        raise InvalidData(
            f"{name}: {len(classes):,} classes in {len(y):,} samples. Expected 2 or more, twice each."
        )
    images = x[..., None] if x.ndim == 3 else x
    dataset = Dataset(name, images, y, "classification", len(classes))
    return OwnData(dataset, None, digest, classes, (), ())
