"""From a dataset to what a trial trains and validates on: split by seed, scale by the training part."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnkit.datasets.dataset import Dataset
from nnkit.errors import InvalidArgument, InvalidData

Scale = Literal["none", "unit", "standardize"]
Rows = NDArray[np.int64]

# Work goes through float64 in blocks of about this size: as a whole, 50,000 photographs would need 4 GB.
_BLOCK_VALUES = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """``scaled = (x - shift) / divisor``, with the numbers of the training part."""

    shift: NDArray[np.float64]
    divisor: NDArray[np.float64]  # infinite for a feature that is constant: it becomes 0 everywhere

    def apply(self, x: NDArray[np.float32], rows: Rows) -> NDArray[np.float32]:
        """Return these rows of ``x``, scaled."""
        scaled = np.empty((len(rows), *x.shape[1:]), dtype=np.float32)
        start = 0
        single = self._single_divisor()
        for block in _blocks(x, rows):
            part = (block - self.shift) / self.divisor if single is None else block / single
            scaled[start : start + len(block)] = part
            start += len(block)
        return scaled

    def _single_divisor(self) -> np.float32 | None:
        """Return the divisor where dividing in float32 is all there is to do, five times faster.

        The bits are those of a float64 quotient rounded to float32: with 53 >= 2 * 24 + 2 digits in
        between, rounding twice is rounding once (Figueroa 1995, SIGNUM Newsletter 30(3)).
        """
        if self.divisor.ndim or self.shift.ndim or self.shift != 0.0:
            return None
        single = np.float32(self.divisor)
        return single if single == self.divisor else None


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """The two parts, contiguous: float32 features; int32 labels, or float32 targets of shape (n, 1)."""

    x_train: NDArray[np.float32]
    y_train: NDArray[np.int32] | NDArray[np.float32]
    x_val: NDArray[np.float32]
    y_val: NDArray[np.int32] | NDArray[np.float32]
    train_rows: Rows  # of the dataset, in the order of x_train
    val_rows: Rows
    scaling: Scaling
    # A prediction p means p * target_std + target_mean in the dataset's units; an array for several outputs.
    target_mean: float | NDArray[np.float64]
    target_std: float | NDArray[np.float64]


def prepare(
    dataset: Dataset,
    *,
    validation: float | Literal["official"],
    split_seed: int,
    scale: Scale,
) -> Prepared:
    """Split ``dataset`` and scale it; the same arguments give the same bits on every machine.

    ``validation`` is the share held out, per class for labels, drawn by ``split_seed``; or "official".
    ``scale``: "unit" divides by the largest magnitude in the training part; "standardize" gives each
    feature, and the target of a regression, mean 0 and standard deviation 1 over the training part.
    """
    train, val = split_rows(dataset, validation, split_seed)
    _check_split(dataset, validation, train, val)
    scaling = _fit(dataset.x, train, scale)
    is_target_scaled = dataset.task == "regression" and scale == "standardize"
    target = _fit(dataset.y, train, scale) if is_target_scaled else _identity()
    if np.isinf(target.divisor).any():
        raise InvalidData(f"dataset {dataset.name!r}: the target is the same for every training sample.")
    return Prepared(
        x_train=scaling.apply(dataset.x, train),
        y_train=_targets(dataset, train, target),
        x_val=scaling.apply(dataset.x, val),
        y_val=_targets(dataset, val, target),
        train_rows=train,
        val_rows=val,
        scaling=scaling,
        target_mean=_plain(target.shift),
        target_std=_plain(target.divisor),
    )


def split_rows(dataset: Dataset, validation: float | str, split_seed: int) -> tuple[Rows, Rows]:
    """Return the rows of the training and of the validation part, each in the order drawn."""
    if isinstance(validation, str):
        return _official_rows(dataset, validation)
    if isinstance(validation, bool) or not 0.0 < validation < 1.0:
        raise InvalidArgument(
            f"validation must be a share above 0 and below 1, or 'official', found {validation!r}. Try 0.25."
        )
    if split_seed < 0:
        raise InvalidArgument(f"split_seed must be at least 0, found {split_seed!r}.")
    # One permutation of all rows, in which the first of each class are held out: the training part
    # stays mixed over the classes, as a fixed batch order needs it.
    order = np.random.Generator(np.random.Philox(key=split_seed)).permutation(len(dataset))
    is_held_out = first_of_each(_strata(dataset)[order], validation)
    return order[~is_held_out], order[is_held_out]


def _official_rows(dataset: Dataset, validation: str) -> tuple[Rows, Rows]:
    if validation != "official":
        raise InvalidArgument(f"validation must be a share or 'official', found {validation!r}. Try 0.25.")
    if dataset.n_official_train is None:
        raise InvalidArgument(
            f"dataset {dataset.name!r} has no official split. Give validation a share, such as 0.25."
        )
    rows = np.arange(len(dataset), dtype=np.int64)
    return rows[: dataset.n_official_train], rows[dataset.n_official_train :]


def _strata(dataset: Dataset) -> NDArray[np.int32]:
    if dataset.task == "regression":
        return np.zeros(len(dataset), dtype=np.int32)
    return dataset.y.astype(np.int32, copy=False)


def first_of_each(strata: NDArray[Any], share: float, *, leave: int = 0) -> NDArray[np.bool_]:
    """Return which rows are among the first of their stratum, the share of each, and leave some at least."""
    chosen = np.zeros(len(strata), dtype=np.bool_)
    counts = np.bincount(strata)
    for stratum, quota in enumerate(_quotas(counts, share)):
        chosen[np.flatnonzero(strata == stratum)[: min(quota, max(0, int(counts[stratum]) - leave))]] = True
    return chosen


def _quotas(counts: NDArray[np.int64], share: float) -> list[int]:
    """Return how many of each stratum to hold out: largest remainders, so the total is the nearest."""
    exact = [share * int(count) for count in counts]
    quotas = [math.floor(value) for value in exact]
    n_missing = math.floor(share * int(counts.sum()) + 0.5) - sum(quotas)
    by_remainder = sorted(range(len(exact)), key=lambda i: (quotas[i] - exact[i], i))
    for i in by_remainder[:n_missing]:
        quotas[i] += 1
    return quotas


def _check_split(dataset: Dataset, validation: float | str, train: Rows, val: Rows) -> None:
    place = f"dataset {dataset.name!r}, validation {validation!r}"
    if len(train) == 0 or len(val) == 0:
        raise InvalidData(
            f"{place}: each part needs a sample, found {len(train)} for training, {len(val)} for validation."
        )
    if dataset.task == "regression":
        return
    present = np.bincount(dataset.y[train].astype(np.int64), minlength=dataset.n_classes)
    if not present.all():
        missing = int(np.argmin(present))
        raise InvalidData(
            f"{place}: class {missing} has no sample in the training part. Hold out less, or drop the class."
        )


def _targets(dataset: Dataset, rows: Rows, target: Scaling) -> NDArray[np.int32] | NDArray[np.float32]:
    if dataset.task == "regression":
        return target.apply(dataset.y.astype(np.float32, copy=False), rows)
    return np.ascontiguousarray(dataset.y[rows], dtype=np.int32)


def _plain(values: NDArray[np.float64]) -> float | NDArray[np.float64]:
    return float(values.item()) if values.size == 1 else values


def _identity() -> Scaling:
    return Scaling(shift=np.array(0.0), divisor=np.array(1.0))


def _fit(x: NDArray[np.float32] | NDArray[np.int32], rows: Rows, scale: Scale) -> Scaling:
    if scale == "none":
        return _identity()
    if scale == "unit":
        largest = max(max(float(block.max()), -float(block.min())) for block in _blocks(x, rows))
        return Scaling(shift=np.array(0.0), divisor=np.array(largest or 1.0))
    if scale == "standardize":
        return _standardizing(x, rows)
    raise InvalidArgument(f"scale must be 'none', 'unit' or 'standardize', found {scale!r}.")


def _standardizing(x: NDArray[np.float32] | NDArray[np.int32], rows: Rows) -> Scaling:
    mean = _row_sum(block.astype(np.float64) for block in _blocks(x, rows)) / len(rows)
    squares = ((block.astype(np.float64) - mean) ** 2 for block in _blocks(x, rows))
    std = np.sqrt(_row_sum(squares) / len(rows))
    # A constant column has exactly 0 here: equal float32 values add up in float64 without rounding.
    return Scaling(shift=mean, divisor=np.where(std == 0.0, np.inf, std))


def _row_sum(blocks: Iterator[NDArray[np.float64]]) -> NDArray[np.float64]:
    # Accumulate adds the rows one after the other, each block going on from the one before; the order
    # inside sum is numpy's to choose, and the digest of every trial depends on these bits.
    total: NDArray[np.float64] = np.add.accumulate(next(blocks), axis=0)[-1]
    for block in blocks:
        total = np.add.accumulate(np.concatenate([total[None], block]), axis=0)[-1]
    return total


def _blocks(x: NDArray[Any], rows: Rows) -> Iterator[NDArray[Any]]:
    """Yield these rows of ``x``, in order, some at a time."""
    n_rows = max(1, _BLOCK_VALUES // math.prod(x.shape[1:]))
    for start in range(0, len(rows), n_rows):
        yield x[rows[start : start + n_rows]]
