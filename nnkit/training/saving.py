"""Saving and loading a model: one ``.npz`` file, plain arrays and one line of JSON. No pickle."""

from __future__ import annotations

import io
import json
import os
import shutil
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from nnkit.activations import BoundActivation
from nnkit.errors import EnvironmentProblem, InvalidArgument, InvalidData, NnkitError
from nnkit.initializers import BoundInitializer
from nnkit.layers import record as layer_record
from nnkit.layers.base import Layer
from nnkit.registry import spell_choice

_FORMAT = 1
_FACTS_BYTES = 1 << 24
_HEADER_BYTES = 1 << 14
# Compressed weights shrink to half; equal ones, such as zeros, to a thousandth, but no net has many of them.
_MOST_EXPANSION = 50
_REALS = (np.dtype("float32"), np.dtype("float64"))
_LATER_HEADER = np.lib.format.read_array_header_2_0


class Saveable(Protocol):
    """What of a model is saved."""

    input_shape: tuple[int, ...]
    seed: int
    dtype: str
    layers: tuple[Layer, ...]

    @property
    def parameters(self) -> dict[str, Any]: ...
    @property
    def states(self) -> dict[str, Any]: ...
    def how_far(self) -> tuple[dict[str, Any], dict[str, Any]]: ...


def as_path(given: object, verb: str) -> Path:
    """Return the path that ``given`` names, or raise InvalidArgument."""
    if not isinstance(given, str | os.PathLike) or not os.fspath(given) or "\0" in str(given):
        raise InvalidArgument(f"{verb}: expected the path of a file, found {given!r}.")
    return Path(given)


def save(model: Saveable, path: Path) -> None:
    """Write ``model`` to ``path``."""
    facts = {
        "format": _FORMAT,
        "input_shape": model.input_shape,
        "seed": model.seed,
        "dtype": model.dtype,
        "layers": [describe_layer(layer) for layer in model.layers],
    }
    training, slots = model.how_far()
    facts |= {"training": training} if training else {}
    arrays = {f"parameter:{name}": value for name, value in model.parameters.items()}
    arrays |= {f"state:{name}": value for name, value in model.states.items()}
    arrays |= {f"slot:{name}": value for name, value in slots.items()}
    with written(path) as stream:
        np.savez(stream, model=np.array(json.dumps(facts)), allow_pickle=False, **arrays)


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """Write a file of a model: it appears whole or not at all, and a link stays one."""
    try:
        target = _regular(path.resolve())
        beside = target.with_name(f".nnkit-{os.getpid()}-{threading.get_ident()}.writing")
        try:
            with beside.open("xb") as stream:
                yield stream
            if target.exists():
                shutil.copymode(target, beside)
            beside.replace(target)
        finally:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
    except (OSError, RuntimeError) as error:  # the second for links that go round
        raise EnvironmentProblem(f"{path}: the model cannot be written ({_reason(error)}).") from error


def _regular(path: Path) -> Path:
    """Return ``path`` where it is a regular file or nothing yet."""
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "a pipe" if path.is_fifo() else "a device"
        raise OSError(f"this is {kind}, not a regular file")
    return path


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


class Saved:
    """A saved model that is open for reading. Nothing of it is believed: sizes are checked before arrays."""

    def __init__(self, archive: zipfile.ZipFile, n_bytes: int) -> None:
        self._archive = archive
        self._members = {info.filename: info for info in archive.infolist()}
        expanded = sum(info.file_size for info in archive.infolist())
        if len(self._members) != len(archive.infolist()):
            raise InvalidData("it has two members of one name.")
        if expanded > _MOST_EXPANSION * n_bytes + _FACTS_BYTES:
            raise InvalidData(f"its {n_bytes} bytes would unpack to {expanded}: no model does.")

    def facts(self) -> dict[str, Any]:
        """Return the arguments of the model, with the layers made again."""
        if self._members["model.npy"].file_size > _FACTS_BYTES:
            raise InvalidData("its description of the model is too long.")
        facts = self._facts()
        if facts["format"] != _FORMAT:
            raise InvalidData(
                f"expected a model of format {_FORMAT}, found format {facts['format']!r}. Upgrade nnkit."
            )
        kept = {name: facts[name] for name in ("input_shape", "seed", "dtype")}
        return {**kept, "layers": [make_layer(one) for one in facts["layers"]]}

    def training(self) -> dict[str, Any]:
        """Return how far the training had come, or nothing where the model was not compiled."""
        found: dict[str, Any] = self._facts().get("training", {})
        return found

    def _facts(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(str(self._read("model.npy")))
        return found

    def check(self, kind: str, name: str, shape: tuple[int, ...]) -> None:
        """Raise InvalidData unless the array has this shape and real numbers, by what its header says."""
        info, found = self._members.get(f"{kind}:{name}.npy"), "none"
        if info is not None:
            with self._archive.open(info) as stream:
                version = np.lib.format.read_magic(stream)
                read = np.lib.format.read_array_header_1_0 if version == (1, 0) else _LATER_HEADER
                there, _, dtype = read(stream)
            n_bytes = prod(shape) * dtype.itemsize
            if there == shape and dtype in _REALS and info.file_size <= n_bytes + _HEADER_BYTES:
                return
            found = f"{dtype} of shape {there}"
        raise InvalidData(f"{kind} {name}: expected real numbers of shape {shape}, found {found}.")

    def array(self, kind: str, name: str) -> NDArray[Any]:
        """Return an array that has been checked."""
        return self._read(f"{kind}:{name}.npy")

    def _read(self, member: str) -> NDArray[Any]:
        # All of it, for only then zipfile compares the checksum.
        content = io.BytesIO(self._archive.read(self._members[member]))
        found: NDArray[Any] = np.lib.format.read_array(content, allow_pickle=False)
        return found


@contextmanager
def opened(path: Path) -> Iterator[Saved]:
    """Open what `save` wrote. Whatever goes wrong while it is read is told as a fault of the file."""
    try:
        stream = _regular(path).open("rb")
    except FileNotFoundError as error:
        raise EnvironmentProblem(f"{path}: there is no such file.") from error
    except (OSError, RuntimeError) as error:
        raise EnvironmentProblem(f"{path}: the model cannot be read ({_reason(error)}).") from error
    try:
        with stream, zipfile.ZipFile(stream) as archive:
            yield Saved(archive, os.fstat(stream.fileno()).st_size)
    except NnkitError as error:
        raise InvalidData(f"{path}: {error}") from error
    # A damaged file makes zipfile, numpy and json raise a dozen kinds of exceptions, all to be told alike.
    except Exception as error:
        raise InvalidData(f"{path}: is not a saved model, or is damaged ({type(error).__name__}).") from error


def describe_layer(layer: Layer) -> dict[str, Any]:
    """Return a layer's type and arguments as JSON can hold them."""
    config = {name: _describe(value) for name, value in layer.config().items()}
    return {"type": layer.record.name, **config}


def _describe(value: Any) -> Any:
    if isinstance(value, BoundActivation | BoundInitializer):
        return spell_choice(value.record.name, value.parameters)
    if isinstance(value, tuple | list):
        return [describe_layer(one) if isinstance(one, Layer) else _describe(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value


def make_layer(facts: dict[str, Any]) -> Layer:
    """Return the layer that `describe_layer` described."""
    arguments = {name: _made(value) for name, value in facts.items()}
    return layer_record(str(arguments.pop("type"))).make(**arguments)


def _made(value: Any) -> Any:
    """Return an argument as a layer takes it: lists as tuples, and descriptions of layers as layers."""
    if isinstance(value, dict):
        return make_layer(value)
    return tuple(_made(one) for one in value) if isinstance(value, list) else value


def tuples(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return hyper-parameters as they were before JSON made lists of tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
