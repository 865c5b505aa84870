"""The data of a case: its dataset, split for a seed and scaled, in the types that a program reads."""

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnbench.cases import samples
from nnbench.cases.data_section import DataSection
from nnbench.cases.spec import CaseSpec, TransferSection
from nnkit import datasets, losses
from nnkit.datasets.prepare import Prepared, Scale, prepare
from nnkit.datasets.tables.parts import TableParts, prepare_table
from nnkit.datasets.tables.problem import Problem
from nnkit.errors import InvalidArgument, did_you_mean
from nnkit.execution.trial import Data
from nnkit.losses import BoundLoss
from nnkit.training.parts import BALANCED, class_weights


@dataclass(frozen=True, slots=True)
class Parts:
    """What a trial trains on, and what it is validated on."""

    train: Data
    validation: Data


def dataset_of(case: CaseSpec) -> datasets.Dataset:
    return samples.dataset_of(case.data)


def parts_of(case: CaseSpec, seed: int, dtype: str) -> Parts:
    """Return what a trial trains on and is validated on: of a transfer, the few rows that it moves to."""
    loss, weights = case.training.loss, case.training.class_weight
    return _for_loss(case.data, case.transfer, loss, weights, _split_seed(case, seed), dtype)


@lru_cache(maxsize=64)
def _for_loss(
    section: DataSection,
    transfer: TransferSection | None,
    loss: str,
    class_weight: str | None,
    split_seed: int,
    dtype: str,
) -> Parts:
    """Return the parts with targets as the loss reads them, and with the weights of what is trained on."""
    if transfer is None:
        parts = _prepared(section, split_seed, dtype)
    else:
        parts = _of_classes(section, split_seed, dtype, transfer.target, transfer.rows)
    judged = losses.resolve(loss)
    if judged.kind == "real":
        return parts
    n_classes = _samples_of(section).dataset.n_classes if transfer is None else len(transfer.target)
    shape = (1,) if judged.is_single else (n_classes,)
    train, validation = (_encoded(part, judged, shape, dtype) for part in (parts.train, parts.validation))
    if class_weight is not None:
        train = replace(train, weights=_weights(section, class_weight, train, judged, shape))
    return Parts(train, validation)


def _encoded(part: Data, loss: BoundLoss, shape: tuple[int, ...], dtype: str) -> Data:
    """Return the part with shares of the classes for its labels, where the loss takes these."""
    if loss.record.targets != "shares":
        return part
    return replace(part, y=loss.encoded(part.y.reshape(-1), len(part), shape, dtype, "data.y"))


def _weights(
    section: DataSection, given: str, part: Data, loss: BoundLoss, shape: tuple[int, ...]
) -> NDArray[np.float64]:
    where = "training.class_weight"
    if given == BALANCED:
        return class_weights(given, part.y, loss, shape, where)
    chosen: dict[str, float] = json.loads(given)
    problem = samples.own_data(section).problem if section.file else None
    names = problem.classes if problem is not None else ()
    labels = {name: label for label, name in enumerate(names)}
    unknown = next((name for name in chosen if names and name not in labels), None)
    if unknown is not None:
        raise InvalidArgument(f"{where}: no class named {unknown!r}.{did_you_mean(unknown, names)}")
    table: dict[Any, float] = {
        labels.get(name, int(name) if name.isdecimal() else name): weight for name, weight in chosen.items()
    }
    return class_weights(table, part.y, loss, shape, where)


def seen_of(case: CaseSpec) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return all rows that a case is about, and their targets: of a transfer, those that it moves to."""
    dataset = dataset_of(case)
    if case.transfer is None:
        return dataset.x, dataset.y
    only = _only(Data(dataset.x, dataset.y), case.transfer.target)
    return only.x, only.y


def source_of(case: CaseSpec, seed: int, dtype: str) -> Parts:
    """Return what the net of a transfer learns first."""
    assert case.transfer is not None, case.name
    return _of_classes(case.data, _split_seed(case, seed), dtype, case.transfer.source, None)


def _split_seed(case: CaseSpec, seed: int) -> int:
    # An official split is the same for every seed; what is held out of its training part is not.
    return 0 if case.data.validation == "official" else seed


@lru_cache(maxsize=64)
def _of_classes(
    section: DataSection, split_seed: int, dtype: str, classes: tuple[int, ...], rows: int | None
) -> Parts:
    """Return the rows of some classes, called 0, 1, … in their order, and at most so many to train on."""
    whole = _prepared(section, split_seed, dtype)
    train, validation = (_only(part, classes) for part in (whole.train, whole.validation))
    if rows is not None and rows > len(train):
        raise InvalidArgument(
            f"dataset {samples.dataset_of(section).name!r}: a transfer to {rows:,} rows, and the classes"
            f" {', '.join(map(str, classes))} have {len(train):,} to train on."
        )
    return Parts(Data(train.x[:rows], train.y[:rows]), validation)


def _only(part: Data, classes: tuple[int, ...]) -> Data:
    labels = part.y.reshape(-1)
    known = np.isin(labels, classes)
    names = np.zeros(1 + max(int(labels.max()), *classes), dtype=np.int32)
    names[list(classes)] = np.arange(len(classes))
    kept = np.ascontiguousarray(names[part.y[known]])
    return Data(np.ascontiguousarray(part.x[known]), kept)


@dataclass(frozen=True, slots=True, eq=False)
class _Samples:
    """The samples of a case before they are split, the same for every seed."""

    dataset: datasets.Dataset
    validation: float | Literal["official"]
    scale: Scale
    problem: Problem | None  # of files of the user's own


@lru_cache(maxsize=64)
def _samples_of(section: DataSection) -> _Samples:
    dataset, validation = samples.dataset_of(section), section.validation
    problem = samples.own_data(section).problem if section.file else None
    if problem is None and validation == "official_training":
        dataset, validation = _official_training(dataset)
    share: float | Literal["official"] = "official" if validation == "official" else float(validation)
    return _Samples(dataset, share, section.scale, problem)


@lru_cache(maxsize=64)
def _prepared(section: DataSection, split_seed: int, dtype: str) -> Parts:
    found = _samples_of(section)
    if found.problem is not None:
        parts: TableParts | Prepared = prepare_table(
            found.problem, validation=float(found.validation), split_seed=split_seed, scale=found.scale
        )
    else:
        parts = prepare(found.dataset, validation=found.validation, split_seed=split_seed, scale=found.scale)
    return Parts(_data(parts.x_train, parts.y_train, dtype), _data(parts.x_val, parts.y_val, dtype))


def _official_training(dataset: datasets.Dataset) -> tuple[datasets.Dataset, float]:
    """Return the official training part alone, and which share of it to hold out: that of the test part."""
    n = dataset.n_official_train
    if n is None:
        raise InvalidArgument(f"dataset {dataset.name!r} has no official split to hold a part out of.")
    train = replace(dataset, x=dataset.x[:n], y=dataset.y[:n], n_official_train=None)
    return train, 1.0 - n / len(dataset)


def _data(x: NDArray[Any], y: NDArray[Any], dtype: str) -> Data:
    targets = y if y.dtype == np.int32 else np.ascontiguousarray(y, dtype=dtype)
    return Data(np.ascontiguousarray(x, dtype=dtype), targets)


def sizes_of(case: CaseSpec) -> tuple[int, int]:
    """Return how many samples train and how many validate; the same for every seed."""
    return _sizes_of(case.data, case.transfer)


@lru_cache(maxsize=256)
def _sizes_of(section: DataSection, transfer: TransferSection | None) -> tuple[int, int]:
    if transfer is None:
        parts = _prepared(section, 0, "float32")
    else:
        parts = _of_classes(section, 0, "float32", transfer.target, transfer.rows)
    return len(parts.train), len(parts.validation)
