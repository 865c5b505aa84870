"""IDX, the format in which MNIST and its relatives are published: a header, then plain bytes, gzipped.

The format is described at http://yann.lecun.com/exdb/mnist/: two zero bytes, the type of the values, the
number of axes, each axis as a big-endian 32-bit number, and the values with the last axis fastest.
"""

import gzip
import struct
import zlib
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nnkit.datasets.remote import open_content
from nnkit.errors import EnvironmentProblem

_UNSIGNED_BYTE = 0x08


def read_idx(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return the unsigned bytes of an IDX file, gzipped or plain, which must hold ``shape``; read-only."""
    magic = bytes((0, 0, _UNSIGNED_BYTE, len(shape)))
    values_offset = len(magic) + 4 * len(shape)
    content = _unpacked(path, values_offset + prod(shape))
    if content[:4] != magic:
        raise _wrong(path, f"the first bytes {magic.hex()}, for unsigned bytes", content[:4].hex() or "none")
    if len(content) < values_offset:
        raise _wrong(path, f"a header of {values_offset} bytes", f"{len(content)} bytes")
    found = struct.unpack_from(f">{len(shape)}I", content, len(magic))
    if found != shape:
        raise _wrong(path, f"values of shape {shape}", str(found))
    if len(content) != values_offset + prod(shape):
        surplus = len(content) > values_offset + prod(shape)
        raise _wrong(path, f"{prod(shape)} values", "more" if surplus else str(len(content) - values_offset))
    return np.frombuffer(content, dtype=np.uint8, offset=values_offset).reshape(shape)


def _unpacked(path: Path, n_bytes: int) -> bytes:
    """Return the unpacked content, or one byte more than is expected where there is more."""
    try:
        with open_content(path) as stream:
            # Never more than that: a few kilobytes of gzip can unpack to gigabytes.
            return stream.read(n_bytes + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise EnvironmentProblem(f"{path}: not a whole gzip file: {error}. Fetch it again.") from None
    except OSError as error:
        raise EnvironmentProblem(f"{path}: cannot be read: {error.strerror}.") from None


def _wrong(path: Path, expected: str, found: str) -> EnvironmentProblem:
    return EnvironmentProblem(f"{path}: expected {expected}; found {found}. Fetch it again.")
