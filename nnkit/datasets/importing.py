"""Files that the user has already: known by their content, not their names, and copied to their place."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from nnkit.datasets import remote
from nnkit.datasets.remote import RemoteFile, is_genuine, is_original
from nnkit.errors import EnvironmentProblem, InvalidArgument


def import_files(dataset: str, files: Sequence[RemoteFile], source: Path) -> int:
    """Copy a dataset's files out of a folder (or the one file) ``source``; return how many were not here.

    A file is known by the SHA-256 of its bytes or of what they unpack to, so any gzip will do, or none.
    Nothing is copied unless all are there. Raises InvalidArgument for a source that is not there or lacks a
    file, EnvironmentProblem where the data folder cannot be written.
    """
    folder = remote.place(dataset)
    absent = [file for file in files if not is_original(file, folder / file.name)]
    found = _found(dataset, absent, source)
    with _copying(folder) as copies:
        for file, origin in found:
            copies.append((_copied(file, origin, folder), folder / _name_of(file, origin)))
    return len(found)


def _found(dataset: str, files: Sequence[RemoteFile], source: Path) -> list[tuple[RemoteFile, Path]]:
    """Return where each file lies."""
    if not source.exists():
        raise InvalidArgument(f"data import {dataset}: {source}: there is no such file or folder.")
    candidates = _candidates(source)
    found = []
    for file in files:
        origin = next((path for path in candidates if _is(file, path)), None)
        if origin is None:
            raise InvalidArgument(f"data import {dataset}: {_why_not(file, candidates, source)}")
        found.append((file, origin))
    return found


def _candidates(source: Path) -> list[Path]:
    try:
        return sorted(path for path in source.iterdir() if path.is_file()) if source.is_dir() else [source]
    except OSError as error:
        raise InvalidArgument(f"{source}: cannot be read: {error.strerror}.") from None


def _is(file: RemoteFile, path: Path) -> bool:
    try:
        return is_genuine(file, path)
    except OSError as error:
        raise InvalidArgument(f"{path}: cannot be read: {error.strerror or error}.") from None


def _why_not(file: RemoteFile, candidates: Sequence[Path], source: Path) -> str:
    plain = file.name.removesuffix(".gz")
    namesake = next((path for path in candidates if path.name in (file.name, plain)), None)
    digest = file.content_sha256 or file.sha256
    if namesake is None and source.is_dir():
        return f"{source}: expected {plain} (plain or gzipped), found no file with its content."
    what = namesake or source
    return (
        f"{what}: expected the content whose SHA-256 begins with {digest[:12]}, found another."
        " Get the published file."
    )


def _name_of(file: RemoteFile, origin: Path) -> str:
    """Return the name under which the file is looked for: without ``.gz`` where it is not gzipped."""
    return file.name if remote.is_packed(origin) or not file.content_sha256 else file.name.removesuffix(".gz")


def _copied(file: RemoteFile, origin: Path, folder: Path) -> Path:
    """Copy a file beside its place, and return where."""
    beside = folder / f".{file.name}.{os.getpid()}.importing"
    try:
        shutil.copyfile(origin, beside)
        if not _is(file, beside):
            raise EnvironmentProblem(f"{origin}: changed while it was copied. Try again.")
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return beside


@contextmanager
def _copying(folder: Path) -> Iterator[list[tuple[Path, Path]]]:
    """Move the copies to their places at the end of the block, or remove them if anything went wrong."""
    copies: list[tuple[Path, Path]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield copies
        for beside, place in copies:
            os.replace(beside, place)
    except OSError as error:
        raise EnvironmentProblem(
            f"{folder}: cannot be written: {error.strerror}. Name another folder in {remote.FOLDER_VARIABLE}."
        ) from None
    finally:
        with suppress(OSError):
            for beside, _ in copies:
                beside.unlink(missing_ok=True)
