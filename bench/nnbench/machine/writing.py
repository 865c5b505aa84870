"""What is written for users: files as a whole or not at all, and texts without what a terminal obeys."""

import errno
import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from nnbench.errors import EnvironmentProblem, UsageError

# Control characters (escape sequences begin with one), formats (some turn the direction of a line), halves
# of surrogate pairs (bytes of a name that are no UTF-8), and the two separators that end a line.
_OBEYED = {"Cc", "Cf", "Cs", "Zl", "Zp"}
# Refused because of the name that was given, and not because of the disk.
_OF_THE_NAME = {errno.ENAMETOOLONG, errno.EINVAL, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ELOOP}


def printable(text: str, *, keep: str = "") -> str:
    """Return the text with what a terminal would obey spelt out, ``\\x1b`` for one; ``keep`` stays."""
    if text.isprintable():
        return text
    return "".join(
        ascii(letter)[1:-1] if letter not in keep and unicodedata.category(letter) in _OBEYED else letter
        for letter in text
    )


def write_files(contents: Mapping[Path, bytes | Iterable[str]]) -> None:
    """Write all of these files, texts also piece by piece, or raise with one line and leave what was there.

    Each is written beside its place and put there once all are on the disk: a full disk leaves neither half a
    file nor an empty one. A link stays a link; what is no regular file is refused.
    """
    beside: dict[Path, Path] = {}
    try:
        for path, content in contents.items():
            with _in_words(path, "written"):
                place = _place(path)
                # Not a longer name than the file's own, which may be as long as the disk takes.
                beside[place] = place.with_name(f".{os.urandom(4).hex()}.new")
                _write(beside[place], content, like=place)
        for place, half in beside.items():
            with _in_words(place, "written"):
                os.replace(half, place)
    except BaseException:
        for half in beside.values():
            with suppress(OSError):
                half.unlink()
        raise


def make_folder(folder: Path) -> None:
    """Make a folder with those around it, where they are missing, or raise with one line."""
    with _in_words(folder, "made"):
        folder.mkdir(parents=True, exist_ok=True)


def _place(path: Path) -> Path:
    """Return where the file itself is, behind all links, or raise if something else is there."""
    place = Path(os.path.realpath(path))
    if os.path.lexists(place) and not place.is_file():
        raise UsageError(f"{path}: this is {'a folder' if place.is_dir() else 'not a regular file'}.")
    return place


def _write(half: Path, content: bytes | Iterable[str], *, like: Path) -> None:
    pieces = [content] if isinstance(content, str | bytes) else content
    with half.open("xb") as stream:
        for piece in pieces:
            stream.write(piece.encode("utf-8", "backslashreplace") if isinstance(piece, str) else piece)
        stream.flush()
        os.fsync(stream.fileno())  # some disks find out only now that they are full
    if like.exists():
        half.chmod(stat.S_IMODE(like.stat().st_mode))


@contextmanager
def _in_words(path: Path, verb: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        kind = UsageError if error.errno in _OF_THE_NAME else EnvironmentProblem
        raise kind(f"{path}: cannot be {verb}: {error.strerror}.") from None
    except ValueError as error:  # of the path itself: a NUL, or letters that no file name can hold
        raise UsageError(f"{str(path)!r}: cannot be {verb}: {error}.") from None
