"""Files of the user's own, carried to workers that may have no disk in common with this process."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from nnbench.cases.data_section import DataSection
from nnbench.plan.matrix import TrialSpec


@dataclass(frozen=True, slots=True)
class Carried:
    """What is in the files of a case: for each of its paths the bytes by name, ``""`` for the path itself."""

    content: str  # the digest that the case's trials have in their keys
    paths: tuple[tuple[str, tuple[tuple[str, bytes], ...]], ...]


def pack(data: DataSection) -> Carried:
    """Return the files of a case as bytes; a folder is all that lies in it."""
    return Carried(data.content, tuple((path.name, tuple(_files(path))) for path in data.paths))


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for each in sorted(path.rglob("*")):
            if each.is_file():
                yield each.relative_to(path).as_posix(), each.read_bytes()
    else:
        yield "", path.read_bytes()


def here(trial: TrialSpec, carried: Carried) -> TrialSpec:
    """Return the trial with its files as they lie on this machine, written out where they are missing."""
    data = trial.case.data
    if not _is_same(data):
        data = data.model_copy()
        data._paths = tuple(str(path) for path in _written(carried))
    return replace(trial, case=trial.case.rewritten(data=data))


def _is_same(data: DataSection) -> bool:
    from nnkit.datasets.tables.files import digest_of_files

    return all(path.exists() for path in data.paths) and digest_of_files(data.paths) == data.content


def _written(carried: Carried) -> list[Path]:
    name = hashlib.sha256(carried.content.encode()).hexdigest()[:24]
    place = Path(tempfile.gettempdir()) / f"nnbench-data-{os.getuid() if hasattr(os, 'getuid') else 0}-{name}"
    if not place.exists():
        half = Path(tempfile.mkdtemp(prefix="nnbench-data-"))
        for path, files in carried.paths:
            for inside, content in files:
                file = half / path / inside if inside else half / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
        with suppress(OSError):  # another worker of this machine was sooner
            half.rename(place)
    return [place / path for path, _ in carried.paths]
