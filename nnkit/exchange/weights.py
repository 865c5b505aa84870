"""Weights as safetensors files: arrays by name, and a few texts about them."""

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import numpy as np

from nnkit.errors import EnvironmentProblem, InvalidData
from nnkit.exchange.graph import Array

_TYPES = {"float32": "F32", "float64": "F64"}


def weights_bytes(weights: Mapping[str, Array], metadata: Mapping[str, str]) -> bytes:
    """Return the safetensors file of these arrays."""
    arrays = {name: np.ascontiguousarray(array) for name, array in weights.items()}
    found: bytes = _library("save_weights").numpy.save(arrays, dict(metadata))
    return found


def read_weights(path: Path, known: Mapping[str, Array]) -> dict[str, Array]:
    """Return the arrays of a safetensors file, which must be those of ``known`` by name, shape and type.

    Raises InvalidData for another file, or a damaged one, before memory is asked for any array.
    """
    library = _library("load_weights")
    if not path.is_file():
        raise EnvironmentProblem(f"{path}: there is no such file.")
    try:
        with library.safe_open(path, framework="numpy") as opened:
            _check_names(set(opened.keys()), set(known))
            for name, array in known.items():
                there = opened.get_slice(name)
                _check(name, array, there.get_dtype(), tuple(there.get_shape()))
            return {name: opened.get_tensor(name) for name in known}
    except InvalidData as error:
        raise InvalidData(f"{path}: {error}") from error
    except library.SafetensorError as error:
        raise InvalidData(f"{path}: is no safetensors file, or is damaged ({error}).") from error
    except OSError as error:
        raise EnvironmentProblem(
            f"{path}: the weights cannot be read ({error.strerror or error})."
        ) from error


def _check_names(found: set[str], known: set[str]) -> None:
    for text, names in (("the model has", known - found), ("only the file has", found - known)):
        if names:
            raise InvalidData(
                f"the weights are another model's: {text} {', '.join(sorted(names)[:3])}"
                f"{' …' if len(names) > 3 else ''}."
            )


def _check(name: str, array: Array, dtype: str, shape: tuple[int, ...]) -> None:
    wanted = _TYPES[str(array.dtype)]
    if (dtype, shape) != (wanted, array.shape):
        raise InvalidData(
            f"{name}: expected {wanted} of shape {array.shape}, found {dtype} of shape {shape}."
        )


def _library(verb: str) -> ModuleType:
    try:
        import safetensors
        import safetensors.numpy
    except ImportError as error:
        raise EnvironmentProblem(
            f"{verb}: these files need the package safetensors. Install it: pip install"
            ' "nnkit-bench[safetensors]"'
        ) from error
    found: ModuleType = safetensors
    return found
