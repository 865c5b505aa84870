"""From a dataset to what a trial trains and validates on: split by seed, scale by the training part."""

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnkit.datasets.dataset import Dataset
from nnkit.errors import InvalidArgument, InvalidData

Scale = Literal["none", "unit", "standardize"]
Rows = NDArray[np.int64]

# Work goes through float64 in blocks of about this size: as a whole, 50,000 photographs would need 4 GB.
_BLOCK_VALUES = 1 << 20
# Of Philox, before the first number.
_AT_START = np.zeros(4, dtype=np.uint64)
_WORD = (1 << 64) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """``scaled = (x - shift) / divisor``, with the numbers of the training part."""

    shift: NDArray[np.float64]
    divisor: NDArray[np.float64]  # infinite for a feature that is constant: it becomes 0 everywhere

    def apply(self, x: NDArray[np.float32], rows: Rows) -> NDArray[np.float32]:
        """Return these rows of ``x``, scaled."""
        single = self._single_divisor()
        if single is not None:
            quotient = _rows_of(x, rows)
            quotient /= single
            return quotient
        scaled = np.empty((len(rows), *x.shape[1:]), dtype=np.float32)
        start = 0
        for block in _blocks(x, rows):
            scaled[start : start + len(block)] = (block - self.shift) / self.divisor
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
    _check_split(dataset, validation)
    scaling, x_train = _fit(dataset.x, train, scale, dataset)
    target, y_train = _fit_targets(dataset, train, scale)
    return Prepared(
        x_train=x_train,
        y_train=y_train,
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
    order = _drawing(split_seed).permutation(len(dataset))
    strata, firsts = _held_out(dataset, validation)
    is_held_out = np.zeros(len(order), dtype=np.bool_)
    is_held_out[strata[order].argsort(kind="stable")[firsts]] = True
    return order[~is_held_out], order[is_held_out]


def _drawing(seed: int) -> np.random.Generator:
    """Return ``Generator(Philox(key=seed))``, for use at once: making one anew costs as much as a split."""
    generator = _generator(threading.get_ident())
    generator.bit_generator.state = {
        "bit_generator": "Philox",
        "state": {"counter": _AT_START, "key": np.array([seed & _WORD, seed >> 64], dtype=np.uint64)},
        "buffer": _AT_START,
        "buffer_pos": 4,
        "has_uint32": 0,
        "uinteger": 0,
    }
    return generator


@lru_cache(maxsize=256)
def _generator(thread: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=0))


def _official_rows(dataset: Dataset, validation: str) -> tuple[Rows, Rows]:
    if validation != "official":
        raise InvalidArgument(f"validation must be a share or 'official', found {validation!r}. Try 0.25.")
    if dataset.n_official_train is None:
        raise InvalidArgument(
            f"dataset {dataset.name!r} has no official split. Give validation a share, such as 0.25."
        )
    rows = np.arange(len(dataset), dtype=np.int64)
    return rows[: dataset.n_official_train], rows[dataset.n_official_train :]


@lru_cache(maxsize=8)
def _held_out(dataset: Dataset, share: float) -> tuple[NDArray[Any], Rows]:
    """Return the stratum of every row, and the places of those to hold out once rows are sorted by it."""
    if dataset.task == "regression":
        strata = np.zeros(len(dataset), dtype=np.uint8)
    else:  # as small as they can be: up to 16 bits are sorted in linear time
        strata = dataset.y.astype(np.min_scalar_type(int(dataset.y.max())))
    return strata, _firsts(strata, share)


def first_of_each(strata: NDArray[Any], share: float, *, leave: int = 0) -> NDArray[np.bool_]:
    """Return which rows are among the first of their stratum, the share of each, and leave some at least."""
    chosen = np.zeros(len(strata), dtype=np.bool_)
    chosen[strata.argsort(kind="stable")[_firsts(strata, share, leave=leave)]] = True
    return chosen


def _firsts(strata: NDArray[Any], share: float, *, leave: int = 0) -> Rows:
    """Return the places of the first of each stratum, among rows that are sorted by it."""
    counts = np.bincount(strata)
    n_chosen = np.minimum(_quotas(counts, share), np.maximum(0, counts - leave))
    starts = np.cumsum(counts) - counts
    return np.concatenate([start + np.arange(n) for start, n in zip(starts, n_chosen, strict=True)])


def _quotas(counts: NDArray[np.int64], share: float) -> list[int]:
    """Return how many of each stratum to hold out: largest remainders, so the total is the nearest."""
    exact = [share * int(count) for count in counts]
    quotas = [math.floor(value) for value in exact]
    n_missing = math.floor(share * int(counts.sum()) + 0.5) - sum(quotas)
    by_remainder = sorted(range(len(exact)), key=lambda i: (quotas[i] - exact[i], i))
    for i in by_remainder[:n_missing]:
        quotas[i] += 1
    return quotas


@lru_cache(maxsize=8)
def _check_split(dataset: Dataset, validation: float | str) -> None:
    """Raise InvalidData where a part lacks samples; every seed holds out as many of each class."""
    train, val = split_rows(dataset, validation, 0)
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


def _fit_targets(
    dataset: Dataset, rows: Rows, scale: Scale
) -> tuple[Scaling, NDArray[np.int32] | NDArray[np.float32]]:
    """Return how targets are scaled, and those of the training part."""
    if dataset.task != "regression" or scale != "standardize":
        return _IDENTITY, _targets(dataset, rows, _IDENTITY)
    target, scaled = _standardized(dataset.y.astype(np.float32, copy=False), rows)
    if np.isinf(target.divisor).any():
        raise InvalidData(f"dataset {dataset.name!r}: the target is the same for every training sample.")
    return target, scaled


def _targets(dataset: Dataset, rows: Rows, target: Scaling) -> NDArray[np.int32] | NDArray[np.float32]:
    if dataset.task == "regression":
        return target.apply(dataset.y.astype(np.float32, copy=False), rows)
    return _rows_of(dataset.y, rows)


def _plain(values: NDArray[np.float64]) -> float | NDArray[np.float64]:
    return float(values.item()) if values.size == 1 else values


_IDENTITY = Scaling(shift=np.array(0.0), divisor=np.array(1.0))


def _fit(
    x: NDArray[np.float32], rows: Rows, scale: Scale, dataset: Dataset
) -> tuple[Scaling, NDArray[np.float32]]:
    """Return the scaling that these rows of the data set ask for, and the rows scaled."""
    if scale == "standardize":
        return _standardized(x, rows)
    if scale not in ("none", "unit"):
        raise InvalidArgument(f"scale must be 'none', 'unit' or 'standardize', found {scale!r}.")
    largest = float(_magnitudes(dataset)[rows].max()) if scale == "unit" else 1.0
    scaling = Scaling(shift=np.array(0.0), divisor=np.array(largest or 1.0))
    return scaling, scaling.apply(x, rows)


@lru_cache(maxsize=8)
def _magnitudes(dataset: Dataset) -> NDArray[np.float32]:
    """Return the largest magnitude in every row."""
    values = dataset.x.reshape(len(dataset), -1)
    largest: NDArray[np.float32] = np.maximum(values.max(axis=1), -values.min(axis=1))
    return largest


def _standardized(x: NDArray[np.float32], rows: Rows) -> tuple[Scaling, NDArray[np.float32]]:
    if len(rows) > _rows_in_block(x):
        mean = _row_sum(block.astype(np.float64) for block in _blocks(x, rows)) / len(rows)
        squares = ((block.astype(np.float64) - mean) ** 2 for block in _blocks(x, rows))
        scaling = _standardizing(mean, _row_sum(squares), len(rows))
        return scaling, scaling.apply(x, rows)
    values = _rows_of(x, rows).astype(np.float64)  # the same steps, on rows that are at hand
    mean = np.add.accumulate(values, axis=0)[-1] / len(rows)
    values -= mean
    scaling = _standardizing(mean, np.add.accumulate(values * values, axis=0)[-1], len(rows))
    values /= scaling.divisor
    return scaling, values.astype(np.float32)


def _standardizing(mean: NDArray[np.float64], squares: NDArray[np.float64], n_rows: int) -> Scaling:
    std = np.sqrt(squares / n_rows)
    # A constant column has exactly 0 here: equal float32 values add up in float64 without rounding.
    std[std == 0.0] = np.inf
    return Scaling(shift=mean, divisor=std)


def _row_sum(blocks: Iterator[NDArray[np.float64]]) -> NDArray[np.float64]:
    # Accumulate adds the rows one after the other, each block going on from the one before; the order
    # inside sum is numpy's to choose, and the digest of every trial depends on these bits.
    total: NDArray[np.float64] = np.add.accumulate(next(blocks), axis=0)[-1]
    for block in blocks:
        total = np.add.accumulate(np.concatenate([total[None], block]), axis=0)[-1]
    return total


def _blocks(x: NDArray[Any], rows: Rows) -> Iterator[NDArray[Any]]:
    """Yield these rows of ``x``, in order, some at a time."""
    n_rows = _rows_in_block(x)
    for start in range(0, len(rows), n_rows):
        yield _rows_of(x, rows[start : start + n_rows])


def _rows_in_block(x: NDArray[Any]) -> int:
    return max(1, _BLOCK_VALUES // math.prod(x.shape[1:]))


def _rows_of(x: NDArray[Any], rows: Rows) -> NDArray[Any]:
    """Return ``x[rows]`` of rows that are there, which is faster if they are not looked at."""
    return x.take(rows, axis=0, mode="clip")
