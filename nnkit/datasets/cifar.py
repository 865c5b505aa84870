"""CIFAR-10 from its binary version: a gzipped tar of six files of records. The pickled version is never read.

The format is described at https://www.cs.toronto.edu/~kriz/cifar.html: a record is one byte of label and then
the red, the green and the blue plane of 32 x 32 pixels, row by row.
"""

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from nnkit.errors import EnvironmentProblem

Images = NDArray[np.uint8]
Labels = NDArray[np.uint8]

BATCHES = (*(f"data_batch_{n}.bin" for n in range(1, 6)), "test_batch.bin")
_FOLDER = "cifar-10-batches-bin/"
_PLANES = (3, 32, 32)
_RECORD_BYTES = 1 + 3 * 32 * 32
# What the archive may hold beside the batches: headers, padding, the names of the classes and a note.
_OTHER_BYTES = 1 << 20


def read_cifar10(path: Path, *, n_per_batch: int) -> tuple[Images, Labels]:
    """Return images (n, 32, 32, 3) and labels (n,), the five training batches before the test batch."""
    images = np.empty((len(BATCHES), n_per_batch, 32, 32, 3), dtype=np.uint8)
    labels = np.empty((len(BATCHES), n_per_batch), dtype=np.uint8)
    missing = dict.fromkeys(BATCHES)
    for name, content in _batches(path, n_per_batch * _RECORD_BYTES):
        if name not in missing:
            raise _wrong(path, f"{name} once", "it twice")
        del missing[name]
        records = np.frombuffer(content, dtype=np.uint8).reshape(n_per_batch, _RECORD_BYTES)
        position = BATCHES.index(name)
        labels[position] = records[:, 0]
        images[position] = records[:, 1:].reshape(-1, *_PLANES).transpose(0, 2, 3, 1)
    if missing:
        raise _wrong(path, f"the members {', '.join(BATCHES)}", f"none called {', '.join(missing)}")
    return images.reshape(-1, 32, 32, 3), labels.reshape(-1)


def _batches(path: Path, size_bytes: int) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each batch. Nothing is unpacked to disk; other members are passed over."""
    limit = len(BATCHES) * size_bytes + _OTHER_BYTES
    try:
        with gzip.open(path) as unzipped:
            stream: Any = _AtMost(unzipped, limit)
            with tarfile.open(fileobj=stream, mode="r|") as archive:
                for member in archive:
                    folder, name = member.name[: len(_FOLDER)], member.name[len(_FOLDER) :]
                    if folder == _FOLDER and name in BATCHES:
                        yield name, _content(path, archive, member, size_bytes)
            while stream.read(1 << 16):  # to the end, where gzip compares its checksum
                pass
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError, OverflowError) as error:
        raise EnvironmentProblem(f"{path}: not a whole tar.gz file: {error}. Fetch it again.") from None
    except _TooMuch:
        raise _wrong(path, f"at most {limit} bytes of content", "more") from None
    except EnvironmentProblem:
        raise
    except OSError as error:
        raise EnvironmentProblem(f"{path}: cannot be read: {error.strerror or error}.") from None


def _content(path: Path, archive: tarfile.TarFile, member: tarfile.TarInfo, size_bytes: int) -> bytes:
    if not member.isreg() or member.issparse():
        raise _wrong(path, f"{member.name} to be a plain file", f"type {member.type!r}")
    if member.size != size_bytes:
        raise _wrong(path, f"{member.name} of {size_bytes} bytes", f"{member.size}")
    stream = archive.extractfile(member)
    assert stream is not None, f"{member.name} is a plain file and has no content"
    content = stream.read()
    assert len(content) == size_bytes, f"{len(content)} bytes of {size_bytes}"
    return content


class _TooMuch(Exception):
    """The archive unpacks to more than its content can be."""


class _AtMost:
    """A stream that ends in _TooMuch: a small archive can unpack to terabytes, also inside one header."""

    def __init__(self, stream: BinaryIO | gzip.GzipFile, n_bytes: int) -> None:
        self._stream = stream
        self._left = n_bytes

    def read(self, n_bytes: int) -> bytes:
        content = self._stream.read(n_bytes)
        self._left -= len(content)
        if self._left < 0:
            raise _TooMuch
        return content


def _wrong(path: Path, expected: str, found: str) -> EnvironmentProblem:
    return EnvironmentProblem(f"{path}: expected {expected}; found {found}. Fetch it again.")
