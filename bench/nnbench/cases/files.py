"""Read what users write: text, and TOML into the models of ``spec``, with one line for every mistake."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from nnbench.errors import UsageError
from nnkit.errors import did_you_mean

if TYPE_CHECKING:  # the models take a tenth of a second to import, and who reads no file has no use for them
    from pydantic import BaseModel, ValidationError

    from nnbench.cases.fields import Section

S = TypeVar("S", bound="Section")

MOST_BYTES = 1_000_000
_DEEPEST, _LARGEST = 64, 2**63 - 1
# tomllib takes a time that grows with the square of the names in a dotted key.
_ENDLESS_KEY = re.compile(r"""(?<![\w"'-])(?:[\w"'-]++[ \t]*+\.[ \t]*+){500}""")


def read_text(path: Path, *, what: str) -> str:
    """Return the text of a file that a user named, or raise UsageError with what is wrong with it.

    ``what`` says in the messages what the file should be: ``"a TOML file"``.
    """
    try:
        return read_bytes(path, what=what).decode("utf-8-sig")  # editors on Windows put a byte-order mark
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text (see byte {error.start}). Save it as UTF-8.") from None


def read_bytes(path: Path, *, what: str, most_bytes: int = MOST_BYTES) -> bytes:
    """Return what is in a file that a user named, or raise UsageError.

    What is no regular file is refused unread, since a device has no end and a pipe may have no writer.
    """
    try:
        if path.is_dir():
            raise UsageError(f"{path}: this is a folder. Name {what} in it.")
        if not S_ISREG(path.stat().st_mode):
            raise UsageError(f"{path}: not a regular file. Name {what}.")
        with path.open("rb") as stream:
            content = stream.read(most_bytes + 1)
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such file.") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}.") from None
    except ValueError as error:  # of the path itself: a NUL, or letters that no file name can hold
        raise UsageError(f"{str(path)!r}: this cannot be the name of a file: {error}.") from None
    if len(content) > most_bytes:
        raise UsageError(f"{path}: larger than {most_bytes // 1_000_000} MB, the most that {what} may be.")
    return content


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file, or raise UsageError that names the file, the line and the remedy."""
    text = read_text(path, what="a TOML file")
    try:
        if _ENDLESS_KEY.search(text):
            raise RecursionError
        content = tomllib.loads(text)
        _check_sizes(content)
        return content
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not valid TOML: {error}.") from None
    except RecursionError:
        raise UsageError(
            f"{path}: lists and tables stand inside others, more than {_DEEPEST} deep."
        ) from None
    except ValueError:  # of _check_sizes, or of Python, which reads no number of 4,300 digits
        raise UsageError(f"{path}: not valid TOML: a whole number of more than 64 bits.") from None


def _check_sizes(content: dict[str, Any]) -> None:
    """Refuse what no file means and what later steps would take long over, or could not even print."""
    level: list[Any] = [content]
    for _ in range(_DEEPEST):
        if any(isinstance(value, int) and not -_LARGEST - 1 <= value <= _LARGEST for value in level):
            raise ValueError
        level = [list(value.values()) if isinstance(value, dict) else value for value in level]
        level = [inner for value in level if isinstance(value, list) for inner in value]
        if not level:
            return
    raise RecursionError


def check(model: type[S], content: Mapping[str, Any], where: str) -> S:
    """Return ``content`` as a ``model``, or raise UsageError with one line for every mistake in it."""
    from pydantic import ValidationError

    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise UsageError(*dict.fromkeys(_lines(error, model, where))) from None


def _lines(error: ValidationError, model: type[BaseModel], where: str) -> Iterator[str]:
    for mistake in error.errors(include_url=False):
        steps = [step for step in mistake["loc"] if not str(step).startswith("<")]
        place = f"{where}, {_place(steps)}" if steps else where
        yield f"{place}: {_what(mistake, model, steps)}"


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
    text = {"model_type": "expected a table", "tuple_type": "expected a list"}.get(mistake["type"], text)
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
    from pydantic import BaseModel

    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
