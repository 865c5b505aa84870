"""A problem, split and prepared: what is learned of the columns is learned on the training part alone."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit.datasets.dataset import Dataset
from nnkit.datasets.prepare import Rows, Scale, first_of_each
from nnkit.datasets.tables.problem import Problem, width_of
from nnkit.datasets.tables.table import Numbers
from nnkit.errors import InvalidData

Features = NDArray[np.float32]
Targets = NDArray[np.int32] | NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class TableParts:
    """The two parts: float32 features, and int32 classes or float32 targets of shape (n, outputs)."""

    x_train: Features
    y_train: Targets
    x_val: Features
    y_val: Targets
    train_rows: Rows
    val_rows: Rows


def prepare_table(problem: Problem, *, validation: float, split_seed: int, scale: Scale) -> TableParts:
    """Split a problem and make numbers of it; the same arguments give the same bits on every machine.

    Missing numbers become the median of the training part; a text becomes a 1 among zeros, and only zeros
    where it is missing or no row of the training part has it. "standardize" gives columns of numbers, and
    targets of a regression, mean 0 and standard deviation 1 over the training part; "unit" divides each
    column by its largest magnitude there.
    """
    train, val = split_table(problem, validation, split_seed)
    x = np.empty((len(problem), problem.n_inputs), dtype=np.float32)
    start = 0
    for feature in problem.features:
        width = width_of(feature)
        if isinstance(feature, Numbers):
            x[:, start] = _scaled(_filled(feature.values, train), train, scale)
        else:
            x[:, start : start + width] = _one_hot(feature.codes, width, train)
        start += width
    y = _targets(problem, train, scale)
    return TableParts(x[train], y[train], x[val], y[val], train, val)


def as_dataset(problem: Problem) -> Dataset:
    """Return all rows as a data set: what a program must know of shapes and classes."""
    every = np.arange(len(problem), dtype=np.int64)
    x = np.zeros((len(problem), problem.n_inputs), dtype=np.float32)
    return Dataset(problem.name, x, _targets(problem, every, "none"), problem.task, len(problem.classes))


def split_table(problem: Problem, validation: float, split_seed: int) -> tuple[Rows, Rows]:
    """Return the rows of the training part and of the validation part, each in the order drawn.

    By time, the last rows validate, whatever the seed; by group, whole groups do, as many as come near the
    share. Else the share of each class is drawn, of which at least one row trains.
    """
    order = np.random.Generator(np.random.Philox(key=split_seed)).permutation(len(problem))
    if problem.times is not None:
        is_held_out = _last(problem.times, validation)[order]
    elif problem.groups is not None:
        is_held_out = _some_groups(problem.groups[order], validation)
    else:
        strata = problem.y if problem.task == "classification" else np.zeros(len(problem), dtype=np.int64)
        is_held_out = first_of_each(strata[order], validation, leave=1)
    train, val = order[~is_held_out], order[is_held_out]
    if not (train.size and val.size):
        raise InvalidData(
            f"{problem.name}: {len(problem)} rows leave {train.size} for training and {val.size} for"
            f" validation, a share of {validation}. Give more rows, or another share."
        )
    return train, val


def _last(times: NDArray[np.float64], share: float) -> NDArray[np.bool_]:
    n_train = len(times) - math.floor(share * len(times) + 0.5)
    is_last = np.ones(len(times), dtype=np.bool_)
    is_last[np.argsort(times, kind="stable")[:n_train]] = False
    return is_last


def _some_groups(groups: NDArray[np.int64], share: float) -> NDArray[np.bool_]:
    """Return which rows are of the groups held out: in the order of their first rows, those that fit."""
    sizes = np.bincount(groups)
    _, firsts = np.unique(groups, return_index=True)
    drawn = groups[np.sort(firsts)]
    room = max(share * len(groups), float(sizes.min()))
    held_out = []
    for group in drawn:
        if sizes[group] <= room:
            held_out.append(group)
            room -= float(sizes[group])
    return np.isin(groups, held_out)


def _filled(values: NDArray[np.float64], train: Rows) -> NDArray[np.float64]:
    is_missing = np.isnan(values)
    if not is_missing.any():
        return values
    known = values[train][~is_missing[train]]
    return np.where(is_missing, np.median(known) if known.size else 0.0, values)


def _scaled(values: NDArray[np.float64], train: Rows, scale: Scale) -> NDArray[np.float64]:
    known = values[train]
    if scale == "none":
        return values
    if scale == "unit":
        largest = float(np.abs(known).max())
        return values / (largest or 1.0)
    if (known == known[0]).all():
        return np.zeros_like(values)
    # From the first value on: of numbers that are large and nearly equal, a sum loses the differences.
    values, known = values - known[0], known - known[0]
    # Accumulate adds one value after the other; the order inside sum is numpy's to choose.
    mean = np.add.accumulate(known)[-1] / known.size
    std = math.sqrt(np.add.accumulate((known - mean) ** 2)[-1] / known.size)
    return (values - mean) / std if std else np.zeros_like(values)


def _one_hot(codes: NDArray[np.int64], width: int, train: Rows) -> Features:
    is_known = np.zeros(width, dtype=np.bool_)
    is_known[codes[train][codes[train] >= 0]] = True
    hot: NDArray[np.bool_] = (codes[:, None] == np.arange(width)) & is_known
    return hot.astype(np.float32)


def _targets(problem: Problem, train: Rows, scale: Scale) -> Targets:
    if problem.task == "classification":
        return problem.y.astype(np.int32)
    columns: list[NDArray[Any]] = []
    for place in range(problem.n_outputs):
        values = problem.y[:, place]
        if scale == "standardize" and (values[train] == values[train][0]).all():
            raise InvalidData(
                f"{problem.name}, column {problem.question.target[place]!r}: the target is the same in every"
                " row of the training part. Hold out less, or name another column."
            )
        columns.append(_scaled(values, train, "standardize" if scale == "standardize" else "none"))
    return np.column_stack(columns).astype(np.float32)
