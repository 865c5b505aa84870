"""Reads the files that wandb writes offline: a log of LevelDB's format, whose records are its protobufs.

Source: LevelDB, doc/log_format.md: blocks of 32 KiB; a record of 4 bytes checksum, 2 bytes length, 1 byte
kind, which is 1 for a whole one and 2, 3, 4 for the first, middle and last piece of one. Before the first
block, and counted to it, stand seven bytes of wandb's own.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_BLOCK, _OWN, _HEAD = 32768, 7, 7
_WHOLE, _LAST = 1, 4


def records(folder: Path) -> list[Any]:
    """Return the records in the one file of an offline run."""
    from wandb.proto import wandb_internal_pb2 as protobufs

    (file,) = folder.glob("run-*.wandb")
    return [protobufs.Record.FromString(data) for data in _pieces(file.read_bytes())]


def _pieces(data: bytes) -> Iterator[bytes]:
    assert data[:4] == b":W&B", data[:4]
    place, held = _OWN, b""
    while place < len(data):
        left = _BLOCK - place % _BLOCK
        if left < _HEAD:
            place += left
            continue
        _, length, kind = struct.unpack("<IHB", data[place : place + _HEAD])
        held += data[place + _HEAD : place + _HEAD + length]
        place += _HEAD + length
        if kind in (_WHOLE, _LAST):
            yield held
            held = b""
