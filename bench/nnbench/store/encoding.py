"""Values as JSON text, curves and arrays as bytes, all exact: what is read equals what was written.

JSON has no infinity and no NaN, so they are written as the strings ``"inf"``, ``"-inf"`` and ``"nan"``.
A text that reads like one of them gets a backslash in front, and one that has backslashes gets one more.
"""

import itertools
import json
import math
import re
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Curves = Mapping[str, NDArray[np.float32]]  # with one axis
Arrays = Mapping[str, NDArray[np.float32]]

# Made once: json.dumps makes one for every text.
_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))
_NOT_FINITE = ("inf", "-inf", "nan")
_LOOKS_NOT_FINITE = re.compile(r"\\*(-?inf|nan)")


def checksum(*values: object) -> int:
    """Return a CRC of values as SQLite hands them over: it differs after any flipped bit, and any type."""
    blobs = [value for value in values if type(value) is bytes]
    plain = [value for value in values if type(value) is not bytes] if blobs else list(values)
    total = zlib.crc32(repr(plain).encode())
    for blob in blobs:
        total = zlib.crc32(blob, total)
    return total


def to_json(value: Any) -> str:
    """Return ``value`` as JSON text in ASCII. Tuples become lists, numpy's numbers become Python's."""
    return _ENCODER.encode(_escape(value))


def from_json(text: str) -> Any:
    value = json.loads(text)
    # Most texts hold nothing to restore, and a report reads three of them for each of its trials.
    return _restore(value) if "inf" in text or "nan" in text else value


def each_from_json(texts: Sequence[str]) -> list[Any]:
    """Return the values of many texts, which are read as one."""
    together = ",".join(texts)
    values: list[Any] = json.loads(f"[{together}]")
    return list(map(_restore, values)) if "inf" in together or "nan" in together else values


def _escape(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, str):
        return "\\" + value if _LOOKS_NOT_FINITE.fullmatch(value) else value
    if isinstance(value, Mapping):
        # json.dumps would turn a number into text here, and it would come back as text.
        assert all(isinstance(name, str) for name in value), f"the names must be text, found {list(value)!r}"
        return {name: _escape(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_escape(inner) for inner in value]
    return value


def _restore(value: Any) -> Any:
    if isinstance(value, str):
        if value in _NOT_FINITE:
            return float(value)
        return value[1:] if _LOOKS_NOT_FINITE.fullmatch(value) else value
    if isinstance(value, dict):
        return {name: _restore(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_restore(inner) for inner in value]
    return value


def pack_curves(curves: Curves) -> tuple[str, bytes]:
    """Return the lengths of the curves as JSON, and all their samples in one block of bytes."""
    for name, curve in curves.items():
        is_right = curve.dtype == np.float32 and curve.ndim == 1
        found = "" if is_right else f"{curve.dtype} with {curve.ndim} axes"  # to spell a dtype takes long
        assert is_right, f"curve {name!r} must be float32 with 1 axis, found {found}"
    lengths = _spelt(tuple((name, curve.size) for name, curve in curves.items()))
    return lengths, b"".join([curve.astype("<f4", copy=False).tobytes() for curve in curves.values()])


@lru_cache(maxsize=256)
def _spelt(sizes: tuple[tuple[str, int], ...]) -> str:
    return json.dumps(dict(sizes))


def curve_names(lengths: str) -> set[str]:
    """Return the names of the curves, from their lengths alone."""
    return set(json.loads(lengths))


def unpack_curves(lengths: str, samples: bytes) -> dict[str, NDArray[np.float32]]:
    """Return the curves by name, read-only like the record that holds them."""
    block = _block(samples)
    places, n = places_of_curves(lengths)
    if n != block.size:
        raise ValueError(f"the curves have {n} samples, their block {block.size}")
    return {name: block[place] for name, place in places.items()}


def table_of_curves(lengths: str, samples: Sequence[bytes]) -> NDArray[np.float32]:
    """Return the curves of trials that have the same lengths, a row for each trial."""
    return _block(b"".join(samples)).reshape(len(samples), places_of_curves(lengths)[1])


@lru_cache(maxsize=1024)  # nearly all trials of a case have the same
def places_of_curves(lengths: str) -> tuple[Mapping[str, slice], int]:
    """Return where in its block each curve lies, and how many samples the block has."""
    places, start = {}, 0
    for name, length in json.loads(lengths).items():
        places[name] = slice(start, start + length)
        start += length
    return places, start


def pack_arrays(arrays: Arrays) -> tuple[dict[str, tuple[int, ...]], bytes]:
    """Return the shapes of the arrays, and all their values in one block of bytes."""
    for name, array in arrays.items():
        assert array.dtype == np.float32, f"array {name!r} must be float32, found {array.dtype}"
    shapes = {name: array.shape for name, array in arrays.items()}
    return shapes, b"".join(array.astype("<f4", copy=False).tobytes() for array in arrays.values())


def unpack_arrays(shapes: Mapping[str, Sequence[int]], values: bytes) -> dict[str, NDArray[np.float32]]:
    """Return the arrays by name, read-only like the record that holds them."""
    block = _block(values)
    sizes = [math.prod(shape) for shape in shapes.values()]
    if sum(sizes) != block.size:
        raise ValueError(f"the arrays have {sum(sizes)} values, their block {block.size}")
    ends = list(itertools.accumulate(sizes))
    return {
        name: block[end - size : end].reshape(shape)
        for (name, shape), size, end in zip(shapes.items(), sizes, ends, strict=True)
    }


def _block(values: bytes) -> NDArray[np.float32]:
    block = np.frombuffer(values, dtype="<f4").astype(np.float32, copy=False)
    block.flags.writeable = False
    return block
