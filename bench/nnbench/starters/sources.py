"""Where a model of another framework is from: a file of Keras's, or an object in a user's module."""

import json
import sys
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any

from nnbench.cases.files import read_bytes
from nnbench.errors import UsageError
from nnbench.machine.foreign import contained
from nnbench.machine.stopping import Interrupted
from nnbench.starters.keras_config import read_keras
from nnbench.starters.model import Model
from nnbench.starters.torch_modules import is_sequential, read_torch


def read_model(source: str) -> Model:
    """Return the model in ``model.json``, ``model.keras`` or ``module:name``, or raise UsageError."""
    if source.endswith((".json", ".keras")):
        return read_keras(_configuration(source), source)
    module, colon, name = source.partition(":")
    if not colon or not module or not name.isidentifier():
        raise UsageError(
            f"--from {source}: expected model.json, model.keras, or module:name of a Sequential or of a"
            " function that returns one."
        )
    found = _made(module, name, source)
    if is_sequential(found):
        return read_torch(found, source)
    if _is_keras(found):
        return read_keras(json.loads(found.to_json()), source)
    kind = f"{type(found).__module__}.{type(found).__qualname__}"
    raise UsageError(
        f"--from {source}: expected a Sequential of Keras or PyTorch, found {kind}. Write the layers of the"
        " case by hand: nnbench init case."
    )


def _configuration(source: str) -> Any:
    try:
        if source.endswith(".json"):
            return json.loads(read_bytes(Path(source), what="Keras's JSON"))
        with zipfile.ZipFile(source) as archive:
            return json.loads(archive.read("config.json"))
    except (ValueError, KeyError, OSError, zipfile.BadZipFile, RecursionError) as error:
        said = error.strerror if isinstance(error, OSError) else "this is no model that Keras wrote"
        raise UsageError(f"--from {source}: {said}.") from None


def _made(module: str, name: str, source: str) -> Any:
    """Return the object, or what it returns where it is a function of the user's."""
    before = list(sys.path)
    sys.path.insert(0, str(Path.cwd()))
    try:
        with contained():
            found = getattr(import_module(module.removesuffix(".py")), name)
            is_model = is_sequential(found) or _is_keras(found)
            return found() if callable(found) and not is_model else found
    except Interrupted:
        raise
    except BaseException as error:
        raise UsageError(f"--from {source}: {type(error).__name__}: {error}") from error
    finally:
        sys.path[:] = before


def _is_keras(found: object) -> bool:
    return type(found).__module__.partition(".")[0] in ("keras", "tf_keras") and hasattr(found, "to_json")
