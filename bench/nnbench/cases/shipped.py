"""The cases and suites that ship with nnbench, by name: read, and not yet checked, which takes longer."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from nnbench.cases import resources
from nnbench.cases.files import read_toml


@dataclass(frozen=True, slots=True)
class Entry:
    """A built-in case as a list shows it: its file has been read, but not yet checked."""

    name: str
    aliases: tuple[str, ...]
    summary: str
    path: Path
    content: dict[str, Any]


@lru_cache(maxsize=1)
def built_in() -> tuple[Entry, ...]:
    """Return the cases that ship with nnbench, sorted by name."""
    files = sorted(resources.cases_folder().glob("*.toml"))
    contents = [(path, read_toml(path)) for path in files]
    return tuple(_entry(path, content) for path, content in contents if is_case(content))


def is_case(content: dict[str, Any]) -> bool:
    """A case file has a model or data, or a subject that has its own; a matrix file has none of them."""
    return not {"data", "model", "training", "measure", "subject"}.isdisjoint(content)


@lru_cache(maxsize=1)
def suites() -> dict[str, Path]:
    """Return the matrix files that ship with nnbench, by name."""
    return {path.stem: path for path in sorted(resources.cases_folder().glob("suites/*.toml"))}


def _entry(path: Path, content: dict[str, Any]) -> Entry:
    aliases = content.get("aliases", ())
    return Entry(
        name=str(content.get("name", path.stem)),
        aliases=(aliases,) if isinstance(aliases, str) else tuple(aliases),
        summary=str(content.get("summary", "")),
        path=path,
        content=content,
    )
