"""Files in the formats of the published ones, written from the formats' descriptions."""

import gzip
import io
import struct
import tarfile
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

FOLDER = "cifar-10-batches-bin"
BATCHES = tuple(f"{FOLDER}/{name}.bin" for name in [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"])


def idx(values: NDArray[np.uint8]) -> bytes:
    header = struct.pack(">HBB", 0, 8, values.ndim) + b"".join(struct.pack(">I", n) for n in values.shape)
    return header + values.tobytes()


def idx_gz(values: NDArray[np.uint8]) -> bytes:
    return gzip.compress(idx(values), 1)


def records(images: NDArray[np.uint8], labels: Sequence[int]) -> bytes:
    """Return CIFAR-10 records: the label, then every red, every green and every blue value."""
    return b"".join(
        bytes([label]) + b"".join(image[:, :, channel].tobytes() for channel in range(3))
        for image, label in zip(images, labels, strict=True)
    )


def member(name: str, content: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, content


def tar(members: Iterable[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def cifar_members(
    images: NDArray[np.uint8], labels: NDArray[np.uint8]
) -> list[tuple[tarfile.TarInfo, bytes]]:
    """Return the members of the archive for images (6, n, 32, 32, 3), in the order of the published one."""
    contents = {name: records(images[i], labels[i]) for i, name in enumerate(BATCHES)}
    order = [BATCHES[i] for i in (0, 2, 3, 5, 4, 1)]  # the published archive is not sorted either
    return [
        member(FOLDER, type=tarfile.DIRTYPE),
        *(member(name, contents[name]) for name in order[:1]),
        member(f"{FOLDER}/batches.meta.txt", b"airplane\nautomobile\n"),
        *(member(name, contents[name]) for name in order[1:]),
        member(f"{FOLDER}/readme.html", b"<meta>"),
    ]


def cifar_tar_gz(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> bytes:
    return gzip.compress(tar(cifar_members(images, labels)), 1)
