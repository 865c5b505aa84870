"""Data that do not ship: which original files make a dataset, and where they lie once they are fetched."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nnkit.errors import EnvironmentProblem

FOLDER_VARIABLE = "NNBENCH_DATA_DIR"
State = Literal["fetched", "partial", "missing"]


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file as its authors published it, and several addresses that serve the same bytes."""

    name: str
    size_bytes: int
    sha256: str
    mirrors: tuple[str, ...]  # tried in this order


def folder() -> Path:
    """Return where fetched data are kept: ``$NNBENCH_DATA_DIR`` or a part of the user's cache folder."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("nnkit-bench", appauthor=False) / "data"


def place(dataset: str) -> Path:
    """Return the folder of one dataset."""
    return folder() / dataset


def part_of(path: Path) -> Path:
    """Return where a file is collected until it is whole and has the right digest."""
    return path.with_name(f"{path.name}.part")


def state_of(file: RemoteFile, path: Path) -> State:
    """Return at once, by the size alone, whether the file is there."""
    if size_of(path) == file.size_bytes:
        return "fetched"
    return "partial" if size_of(part_of(path)) else "missing"


def is_original(file: RemoteFile, path: Path) -> bool:
    """Return whether the file is there with exactly the published bytes."""
    if size_of(path) != file.size_bytes:
        return False
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256
    except OSError as error:
        raise EnvironmentProblem(f"{path}: cannot be read: {error.strerror}.") from None


def originals(dataset: str, files: Sequence[RemoteFile]) -> tuple[Path, ...]:
    """Return the paths of a dataset's files, once every byte of them is known to be the published one."""
    require({dataset: files})
    paths = tuple(place(dataset) / file.name for file in files)
    for file, path in zip(files, paths, strict=True):
        # Not only the transfer is checked: the results of every trial depend on these bytes.
        if not is_original(file, path):
            raise EnvironmentProblem(
                f"{path}: this is not the published file, whose SHA-256 begins with {file.sha256[:12]}."
                f" Replace it: nnbench data fetch {dataset}"
            )
    return paths


def require(files_of: Mapping[str, Sequence[RemoteFile]]) -> None:
    """Raise EnvironmentProblem with the command that fetches what is not there of these datasets."""
    absent = {
        dataset: [file for file in files if state_of(file, place(dataset) / file.name) != "fetched"]
        for dataset, files in files_of.items()
    }
    names = [dataset for dataset, files in absent.items() if files]
    if names:
        size = megabytes(sum(file.size_bytes for dataset in names for file in absent[dataset]))
        subject = f"dataset {names[0]!r} is" if len(names) == 1 else f"datasets {', '.join(names)} are"
        raise EnvironmentProblem(
            f"{subject} not in {folder()}. Fetch {size} first: nnbench data fetch {' '.join(names)}"
        )


def size_of(path: Path) -> int | None:
    """Return the size in bytes, or None where there is no such file."""
    try:
        return path.stat().st_size if path.is_file() else None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise EnvironmentProblem(
            f"{path}: cannot be looked at: {error.strerror}. Name another folder in {FOLDER_VARIABLE}."
        ) from None


def megabytes(n_bytes: int) -> str:
    """Return ``"11.6 MB"``, or kilobytes and bytes where there are fewer."""
    if n_bytes < 1000:
        return f"{n_bytes} bytes"
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes >= 1e5 else f"{n_bytes / 1e3:.1f} kB"
