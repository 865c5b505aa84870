"""Read TOML files into the models of ``spec``, with one line for every mistake in them."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from nnbench.cases.spec import Section
from nnbench.errors import UsageError
from nnkit.errors import did_you_mean

S = TypeVar("S", bound=Section)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file, or raise UsageError that names the file, the line and the remedy."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such file.") from None
    except IsADirectoryError:
        raise UsageError(f"{path}: this is a folder. Name a TOML file in it.") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text (see byte {error.start}). Save it as UTF-8.") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}.") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not valid TOML: {error}.") from None


def check(model: type[S], content: Mapping[str, Any], where: str) -> S:
    """Return ``content`` as a ``model``, or raise UsageError with one line for every mistake in it."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise UsageError(*dict.fromkeys(_lines(error, model, where))) from None


def _lines(error: ValidationError, model: type[BaseModel], where: str) -> Iterator[str]:
    for mistake in error.errors(include_url=False):
        steps = [step for step in mistake["loc"] if not str(step).startswith("<")]
        yield f"{where}, {_place(steps)}: {_what(mistake, model, steps)}"


def _place(steps: Iterable[int | str]) -> str:
    """Return ``"model.layers[2].type"``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return text.removeprefix(".")


def _what(mistake: Any, model: type[BaseModel], steps: list[int | str]) -> str:
    if mistake["type"] == "missing":
        return "this is missing."
    if mistake["type"] == "extra_forbidden":
        return f"there is no such key.{did_you_mean(str(steps[-1]), _keys(model, steps[:-1]))}"
    text = mistake["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return f"{text}, found {_short(mistake['input'])}."


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _keys(model: type[BaseModel], steps: Iterable[int | str]) -> list[str]:
    """Return the keys that may stand at a place in the file."""
    models = {model}
    for step in steps:
        if isinstance(step, str):
            models = {found for inside in models for found in _models(_annotation(inside, step))}
    return [field.alias or name for inside in models for name, field in inside.model_fields.items()]


def _annotation(model: type[BaseModel], key: str) -> Any:
    fields = model.model_fields
    return fields[key].annotation if key in fields else None


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models inside a type such as ``tuple[LayerSection, ...] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
