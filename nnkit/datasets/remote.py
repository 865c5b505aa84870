"""Data that do not ship: which original files make a dataset, and where they lie once they are fetched."""

import gzip
import hashlib
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, cast

from nnkit.errors import EnvironmentProblem, InvalidArgument

FOLDER_VARIABLE = "NNBENCH_DATA_DIR"
State = Literal["fetched", "partial", "missing"]


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file as its authors published it, and several addresses that serve the same bytes."""

    name: str
    size_bytes: int
    sha256: str
    mirrors: tuple[str, ...]  # tried in this order
    # Where they are known: size and SHA-256 of what the gzip file holds. Files that were packed anew, or lie
    # unpacked under the name without .gz, are then known by their content.
    content_bytes: int = 0
    content_sha256: str = ""


def folder() -> Path:
    """Return where fetched data are kept: ``$NNBENCH_DATA_DIR`` or a part of the user's cache folder."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen:
        try:
            return Path(chosen).expanduser()
        except RuntimeError:
            raise InvalidArgument(f"{FOLDER_VARIABLE}: found {chosen!r}, but no such user.") from None
    from platformdirs import user_cache_path

    return user_cache_path("nnkit-bench", appauthor=False) / "data"


def place(dataset: str) -> Path:
    """Return the folder of one dataset."""
    return folder() / dataset


def part_of(path: Path) -> Path:
    """Return where a file is collected until it is whole and has the right digest."""
    return path.with_name(f"{path.name}.part")


def state_of(file: RemoteFile, path: Path) -> State:
    """Return at once, by the size alone, whether the file is there; one packed anew may have any size."""
    sizes = [size_of(place) for place in _places(file, path)]
    if file.size_bytes in sizes or (file.content_sha256 and any(sizes)):
        return "fetched"
    return "partial" if size_of(part_of(path)) else "missing"


def is_original(file: RemoteFile, path: Path) -> bool:
    """Return whether the file is there with exactly the published bytes, or the published content."""
    return original_of(file, path) is not None


def original_of(file: RemoteFile, path: Path) -> Path | None:
    """Return where the published file lies: at ``path``, or unpacked under the name without ``.gz``."""
    try:
        return next((place for place in _places(file, path) if is_genuine(file, place)), None)
    except OSError as error:
        raise EnvironmentProblem(f"{path}: cannot be read: {error.strerror}.") from None


def _places(file: RemoteFile, path: Path) -> tuple[Path, ...]:
    may_be_plain = path.suffix == ".gz" and bool(file.content_sha256)
    return (path, path.with_suffix("")) if may_be_plain else (path,)


def is_genuine(file: RemoteFile, path: Path) -> bool:
    """Return whether the file at ``path``, whatever it is called, has the published bytes or content."""
    size = size_of(path)
    if size is None or (size != file.size_bytes and not file.content_sha256):
        return False
    with path.open("rb") as stream:
        if size == file.size_bytes and hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256:
            return True
    try:
        with open_content(path) as content:
            # Never more than is expected: a few kilobytes of gzip can unpack to gigabytes.
            found = content.read(file.content_bytes + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        return False
    return hashlib.sha256(found).hexdigest() == file.content_sha256


def is_packed(path: Path) -> bool:
    """Return whether the file begins as gzip files do."""
    with path.open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def open_content(path: Path) -> BinaryIO:
    """Return a stream of what a gzip file holds, or of the file itself where it is none."""
    return cast(BinaryIO, gzip.open(path)) if is_packed(path) else path.open("rb")


def originals(dataset: str, files: Sequence[RemoteFile]) -> tuple[Path, ...]:
    """Return the paths of a dataset's files, once every byte of them is known to be the published one."""
    require({dataset: files})
    paths = []
    for file in files:
        path = place(dataset) / file.name
        # Not only the transfer is checked: the results of every trial depend on these bytes.
        found = original_of(file, path)
        if found is None:
            raise EnvironmentProblem(
                f"{path}: this is not the published file, whose SHA-256 begins with {file.sha256[:12]}."
                f" Replace it: {how_to_get([dataset], files)}"
            )
        paths.append(found)
    return tuple(paths)


def require(files_of: Mapping[str, Sequence[RemoteFile]]) -> None:
    """Raise EnvironmentProblem with the command that fetches what is not there of these datasets."""
    absent = {
        dataset: [file for file in files if state_of(file, place(dataset) / file.name) != "fetched"]
        for dataset, files in files_of.items()
    }
    only_imported = [dataset for dataset, files in absent.items() if files and not files[0].mirrors]
    if only_imported:
        raise EnvironmentProblem(
            f"dataset {only_imported[0]!r} is not in {folder()}, and no address serves it."
            f" Import it: {how_to_get(only_imported[:1], absent[only_imported[0]])}"
        )
    names = [dataset for dataset, files in absent.items() if files]
    if names:
        size = megabytes(sum(file.size_bytes for dataset in names for file in absent[dataset]))
        subject = f"dataset {names[0]!r} is" if len(names) == 1 else f"datasets {', '.join(names)} are"
        raise EnvironmentProblem(
            f"{subject} not in {folder()}. Fetch {size} first: nnbench data fetch {' '.join(names)}"
        )


def how_to_get(datasets: Sequence[str], files: Sequence[RemoteFile]) -> str:
    """Return the command that brings these datasets here."""
    if all(file.mirrors for file in files):
        return f"nnbench data fetch {' '.join(datasets)}"
    return f"nnbench data import {datasets[0]} FOLDER"


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
