"""Arrays that a user gives, written into those of a model once all of them are known to fit."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import ArrayLike, NDArray

from nnkit.errors import InvalidArgument
from nnkit.training.samples import as_array


def assign(known: Mapping[str, NDArray[Any]], given: Mapping[str, ArrayLike], verb: str) -> None:
    """Overwrite the arrays called so; raise InvalidArgument where one does not fit, before any is written."""
    arrays = {name: as_array(value, f"{verb}: {name}") for name, value in given.items()}
    for name, array in arrays.items():
        if array.shape != known[name].shape:
            raise InvalidArgument(f"{verb}: {name} must have shape {known[name].shape}, found {array.shape}.")
        if array.dtype.kind not in "biuf":
            raise InvalidArgument(f"{verb}: {name} must hold real numbers, found {array.dtype}.")
    for name, array in arrays.items():
        known[name][...] = array
