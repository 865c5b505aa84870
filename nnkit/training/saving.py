"""Saving and loading a model: one ``.npz`` file, plain arrays and one line of JSON. No pickle."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from nnkit.activations import BoundActivation
from nnkit.errors import EnvironmentProblem, InvalidData, NnkitError
from nnkit.initializers import BoundInitializer
from nnkit.layers import record as layer_record
from nnkit.layers.base import Layer
from nnkit.registry import spell_choice

_FORMAT = 1


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


def save(model: Saveable, path: Path) -> None:
    """Write ``model`` to ``path``; the file appears whole or not at all."""
    facts = {
        "format": _FORMAT,
        "input_shape": model.input_shape,
        "seed": model.seed,
        "dtype": model.dtype,
        "layers": [describe_layer(layer) for layer in model.layers],
    }
    arrays = {f"parameter:{name}": value for name, value in model.parameters.items()}
    arrays |= {f"state:{name}": value for name, value in model.states.items()}
    beside = path.with_name(path.name + ".writing")
    try:
        with beside.open("wb") as stream:
            np.savez(stream, model=np.array(json.dumps(facts)), allow_pickle=False, **arrays)
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise EnvironmentProblem(f"{path}: the model cannot be written ({error.strerror}).") from error


def read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what `save` wrote: the facts, with the layers made again, and the arrays by name."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise EnvironmentProblem(f"{path}: there is no such file.") from error
    except OSError as error:
        raise EnvironmentProblem(f"{path}: the model cannot be read ({error.strerror or error}).") from error
    try:
        return _parse(content)
    except NnkitError as error:
        raise InvalidData(f"{path}: {error}") from error
    # A damaged file makes zipfile, numpy and json raise a dozen kinds of exceptions, all to be told alike.
    except Exception as error:
        raise InvalidData(f"{path}: is not a saved model, or is damaged ({type(error).__name__}).") from error


def _parse(content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    with np.load(io.BytesIO(content), allow_pickle=False) as found:
        arrays = {name: found[name] for name in found.files}
    facts = json.loads(str(arrays.pop("model")))
    if facts["format"] != _FORMAT:
        raise InvalidData(
            f"expected a model of format {_FORMAT}, found format {facts['format']!r}. Upgrade nnkit."
        )
    kept = {name: facts[name] for name in ("input_shape", "seed", "dtype")}
    return {**kept, "layers": [make_layer(one) for one in facts["layers"]]}, arrays


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
