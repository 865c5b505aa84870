"""Parameters and gradients as they are given by hand: checked, clipped, and put together."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit.errors import InvalidArgument
from nnkit.kernels.update import LANES, clip_by_global_norm, clip_by_value
from nnkit.optimizers.optimizer import as_number
from nnkit.registry import Value

Array = NDArray[Any]


def joined(arrays: Mapping[str, Array]) -> Array:
    """Return arrays behind one another as one vector."""
    return np.concatenate([array.reshape(-1) for array in arrays.values()])


def split_as(whole: Array, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return the pieces of a vector that `joined` made of arrays of these sizes, in their shapes."""
    ends = np.cumsum([array.size for array in arrays.values()])[:-1]
    pieces = np.split(whole, ends)
    return {
        name: piece.reshape(array.shape) for (name, array), piece in zip(arrays.items(), pieces, strict=True)
    }


def check_names(parameters: Mapping[str, Array], gradients: Mapping[str, Array], where: str) -> None:
    """Raise InvalidArgument unless there is one gradient for each parameter."""
    if set(parameters) != set(gradients):
        raise InvalidArgument(
            f"{where}: parameters and gradients must have the same names, found {sorted(parameters)} and"
            f" {sorted(gradients)}. Give one gradient for each parameter."
        )


def check_parameter(name: str, array: Array, gradient: Array, where: str) -> None:
    """Raise InvalidArgument unless a step can be made on the parameter with this gradient."""
    if not isinstance(array, np.ndarray) or array.dtype not in (np.float32, np.float64):
        kind = getattr(array, "dtype", type(array).__name__)
        raise InvalidArgument(
            f"{where}: parameter {name!r} must be a float32 or float64 array, found {kind}. Convert it."
        )
    if not array.flags.writeable:
        raise InvalidArgument(f"{where}: parameter {name!r} is read-only; a step changes it. Give a copy.")
    if np.shape(gradient) != array.shape:
        raise InvalidArgument(
            f"{where}: the gradient of {name!r} must have shape {array.shape}, found {np.shape(gradient)}."
        )


def clipped(gradients: dict[str, Array], parameters: Mapping[str, Value]) -> dict[str, Array]:
    """Return the gradients within the limits; the caller's arrays stay as they are."""
    value_limit, norm_limit = parameters["clipvalue"], parameters["global_clipnorm"]
    if (value_limit is None and norm_limit is None) or not gradients:
        return gradients
    flat = np.concatenate([gradient.reshape(-1) for gradient in gradients.values()])
    if value_limit is not None:
        clip_by_value(flat, as_number(value_limit))
    if norm_limit is not None:
        clip_by_global_norm(flat, np.zeros(LANES), as_number(norm_limit))
    ends = np.cumsum([gradient.size for gradient in gradients.values()])[:-1]
    pieces = np.split(flat, ends)
    return {
        name: piece.reshape(gradient.shape).astype(gradient.dtype, copy=False)
        for (name, gradient), piece in zip(gradients.items(), pieces, strict=True)
    }


def can_stand_for(array: object, parameter: Array) -> bool:
    return isinstance(array, np.ndarray) and array.dtype.kind in "fiu" and array.shape == parameter.shape


def kind_of(value: object) -> str:
    return f"{value.dtype} of shape {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
