"""Pictures with their classes: a folder for each class, or images and labels as IDX."""

import hashlib
import struct
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit.errors import EnvironmentProblem, InvalidData

Bytes = NDArray[np.uint8]
_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".ppm", ".pgm", ".tif", ".tiff", ".webp"})
_MOST_BYTES = 4 << 30
_UNSIGNED_BYTE = 0x08


def is_idx(content: bytes) -> bool:
    """Return whether bytes begin as those of an IDX file of unsigned bytes do."""
    return len(content) > 4 and content[:2] == b"\0\0" and content[2] == _UNSIGNED_BYTE and 0 < content[3] < 5


def read_any_idx(content: bytes, name: str) -> Bytes:
    """Return the unsigned bytes of an IDX file in the shape that its header says."""
    n_axes = content[3]
    start = 4 + 4 * n_axes
    if len(content) < start:
        raise InvalidData(f"{name}: its header ends early. Get the file again.")
    shape = struct.unpack_from(f">{n_axes}I", content, 4)
    if len(content) - start != prod(shape):
        raise InvalidData(
            f"{name}: its header says shape {shape}, and {len(content) - start:,} values follow."
            " Get it again."
        )
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def read_folder(folder: Path, name: str) -> tuple[Bytes, NDArray[np.int64], tuple[str, ...], str]:
    """Return pictures (n, height, width, channels), their classes, what these are called, and a digest.

    Every sub-folder is a class. All pictures must have one size; where one has colours, all get 3 channels.
    """
    files = _files(folder, name)
    classes = tuple(dict.fromkeys(label for label, _ in files))
    if len(classes) < 2:
        raise InvalidData(
            f"{name}: expected a folder of pictures for each class, found {len(classes)} with pictures"
            f" ({', '.join(sorted(_SUFFIXES))})."
        )
    sha = hashlib.sha256()
    pictures: list[Bytes] = []
    for label, path in files:
        content = path.read_bytes()
        sha.update(f"{label}\0".encode("utf-8", "surrogatepass") + hashlib.sha256(content).digest())
        pictures.append(_picture(path, content, pictures[0] if pictures else None))
        if pictures[0].nbytes * len(files) > _MOST_BYTES:
            raise InvalidData(f"{name}: {len(files):,} pictures are more than 4 GB. Make them smaller first.")
    channels = max(picture.shape[2] for picture in pictures)
    stacked = np.stack([np.broadcast_to(each, (*each.shape[:2], channels)) for each in pictures])
    places = {label: place for place, label in enumerate(classes)}
    return stacked, np.array([places[label] for label, _ in files]), classes, sha.hexdigest()


def _files(folder: Path, name: str) -> list[tuple[str, Path]]:
    try:
        classes = sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))
        return [
            (each.name, path)
            for each in classes
            for path in sorted(each.iterdir())
            if path.suffix.lower() in _SUFFIXES and path.is_file()
        ]
    except OSError as error:
        raise EnvironmentProblem(f"{name}: cannot be read: {error.strerror}.") from None


def _picture(path: Path, content: bytes, first: Any) -> Bytes:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise EnvironmentProblem(f"{path}: pictures need Pillow: pip install pillow.") from None
    import io

    try:
        with Image.open(io.BytesIO(content)) as image:
            mode = "L" if image.mode in ("1", "L", "I;16", "I") else "RGB"
            values = np.asarray(image.convert(mode), dtype=np.uint8)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise InvalidData(f"{path}: not a picture that can be read: {error}") from None
    values = values.reshape(*values.shape[:2], -1)
    if first is not None and values.shape[:2] != first.shape[:2]:
        raise InvalidData(
            f"{path}: expected {first.shape[1]} x {first.shape[0]} pixels as in the first picture, found"
            f" {values.shape[1]} x {values.shape[0]}. Make all of one size."
        )
    return values
