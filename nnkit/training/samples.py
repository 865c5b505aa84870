"""Checking data before anything runs: a kernel cannot refuse a label, and NaN would train in silence."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnkit.errors import InvalidData
from nnkit.execution.trial import Data
from nnkit.losses import BoundLoss


def checked_inputs(x: ArrayLike, input_shape: tuple[int, ...], dtype: str, where: str = "x") -> NDArray[Any]:
    """Return ``x`` contiguous and in the model's type, or raise InvalidData."""
    values = as_array(x, where)
    if values.dtype.kind not in "biuf":
        raise InvalidData(f"{where}: expected numbers, found {values.dtype}.")
    if values.ndim == 0 or values.shape[1:] != input_shape:
        raise InvalidData(
            f"{where}: expected shape (samples, {', '.join(map(str, input_shape))}), found {values.shape}."
        )
    if len(values) == 0:
        raise InvalidData(f"{where}: expected at least one sample, found none.")
    with np.errstate(over="ignore"):
        converted = np.ascontiguousarray(values, dtype=dtype)
    bad = np.flatnonzero(~np.isfinite(converted.reshape(len(converted), -1)).all(axis=1))
    if bad.size and np.isfinite(values[bad[0]]).all():
        largest = np.abs(values[bad[0]]).max()
        raise InvalidData(
            f"{where}: expected numbers that {dtype} can hold, found {largest:g} at row {bad[0]}. "
            "Scale the data."
        )
    if bad.size:
        raise InvalidData(
            f"{where}: expected finite numbers, found NaN or infinity in {bad.size} sample(s), the first "
            f"at row {bad[0]}. Remove or fill them."
        )
    return converted


def checked_data(
    x: ArrayLike,
    y: ArrayLike,
    loss: BoundLoss,
    input_shape: tuple[int, ...],
    output_shape: tuple[int, ...],
    dtype: str,
    where: str = "",
) -> Data:
    """Return samples and targets as a program reads them, or raise InvalidData."""
    inputs = checked_inputs(x, input_shape, dtype, f"{where}x")
    targets = as_array(y, f"{where}y")
    if loss.kind == "labels":
        return Data(inputs, loss.encoded(targets, len(inputs), output_shape, dtype, f"{where}y"))
    if targets.shape == (len(inputs),) and output_shape == (1,):
        targets = targets[:, None]
    if targets.shape != (len(inputs), *output_shape):
        raise InvalidData(f"{where}y: expected shape {(len(inputs), *output_shape)}, found {targets.shape}.")
    return Data(inputs, checked_inputs(targets, output_shape, dtype, f"{where}y"))


def as_array(values: ArrayLike, where: str) -> NDArray[Any]:
    """Return ``values`` as an array, or raise InvalidData where its rows differ in length."""
    try:
        return np.asarray(values)
    except ValueError as error:
        reason = str(error).split(". ")[0]
        raise InvalidData(
            f"{where}: expected an array of numbers, found a list that is none ({reason})."
        ) from None
