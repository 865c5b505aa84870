"""The data of a case: its dataset, split for a seed and scaled, in the types that a program reads."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnbench.cases.spec import CaseSpec, DataSection
from nnkit import datasets
from nnkit.datasets.prepare import Prepared, prepare
from nnkit.errors import InvalidArgument
from nnkit.execution.trial import Data
from nnkit.registry import parse_choice


@dataclass(frozen=True, slots=True)
class Parts:
    """What a trial trains on, and what it is validated on."""

    train: Data
    validation: Data


def dataset_of(case: CaseSpec) -> datasets.Dataset:
    name, given = parse_choice(case.data.dataset)
    return datasets.load(name, **given)


def parts_of(case: CaseSpec, seed: int, dtype: str) -> Parts:
    # An official split is the same for every seed; what is held out of its training part is not.
    split_seed = 0 if case.data.validation == "official" else seed
    return _prepared(case.data, split_seed, dtype)


@lru_cache(maxsize=64)
def _prepared(section: DataSection, split_seed: int, dtype: str) -> Parts:
    name, given = parse_choice(section.dataset)
    dataset, validation = datasets.load(name, **given), section.validation
    if validation == "official_training":
        dataset, validation = _official_training(dataset)
    found: Prepared = prepare(
        dataset,
        validation="official" if validation == "official" else float(validation),
        split_seed=split_seed,
        scale=section.scale,
    )
    return Parts(_data(found.x_train, found.y_train, dtype), _data(found.x_val, found.y_val, dtype))


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


@lru_cache(maxsize=256)
def _sizes_of(section: DataSection) -> tuple[int, int]:
    parts = _prepared(section, 0, "float32")
    return len(parts.train), len(parts.validation)


def sizes_of(case: CaseSpec) -> tuple[int, int]:
    """Return how many samples train and how many validate; the same for every seed."""
    return _sizes_of(case.data)
