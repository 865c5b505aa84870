"""Small stand-ins for the fetched datasets: generated files under the real names."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnkit import datasets
from nnkit.datasets import images, remote
from nnkit.datasets.dataset import Arrays
from nnkit.datasets.remote import RemoteFile
from tests.nnkit.datasets.mirror import Mirror, dead_url, published
from tests.nnkit.datasets.original_files import cifar_tar_gz, idx_gz

N_TRAIN, N_TEST, N_PER_BATCH = 600, 100, 100


@dataclass(frozen=True)
class StandIn:
    """What a dataset's files hold now."""

    contents: Mapping[str, bytes]
    x: NDArray[np.uint8]
    y: NDArray[np.uint8]

    def put_in_place(self, name: str) -> None:
        """Make the files be there, as if they had been fetched."""
        remote.place(name).mkdir(parents=True, exist_ok=True)
        for file, content in self.contents.items():
            (remote.place(name) / file).write_bytes(content)


def stand_in(monkeypatch: pytest.MonkeyPatch, name: str, *mirrors: Mirror) -> StandIn:
    """Let the dataset of this name consist of a few generated images, until the test ends."""
    made = _colour() if name == "cifar10" else _grey()
    for mirror in mirrors:
        mirror.files.update(made.contents)
    files = tuple(published(file, content, *mirrors) for file, content in made.contents.items())
    if not mirrors:  # an address all the same: data without one are for import alone
        files = tuple(replace(file, mirrors=(dead_url(file.name),)) for file in files)
    n_train = len(made.x) * 5 // 6 if name == "cifar10" else N_TRAIN
    record = replace(
        datasets.record(name),
        files=files,
        n_samples=len(made.x),
        n_official_train=n_train,
        build=_build(name, files),
    )
    parts: Any = datasets.DATASETS._parts
    monkeypatch.setitem(parts, name, record)
    datasets._built.cache_clear()
    return made


def _build(name: str, files: tuple[RemoteFile, ...]) -> "partial[Arrays]":
    if name == "cifar10":
        return partial(images.colour_images, name, files, N_PER_BATCH)
    return partial(images.grey_images, name, files, N_TRAIN, N_TEST)


def _grey() -> StandIn:
    stream = np.random.default_rng(1)
    n = N_TRAIN + N_TEST
    labels = (np.arange(n) % 10).astype(np.uint8)
    # A stroke per class, in noise: enough to be learned.
    x = stream.integers(0, 60, (n, 28, 28)).astype(np.uint8)
    for row, label in enumerate(labels):
        x[row, 2 * label + 2 : 2 * label + 5] = 255
    contents = {
        "train-images-idx3-ubyte.gz": idx_gz(x[:N_TRAIN]),
        "train-labels-idx1-ubyte.gz": idx_gz(labels[:N_TRAIN]),
        "t10k-images-idx3-ubyte.gz": idx_gz(x[N_TRAIN:]),
        "t10k-labels-idx1-ubyte.gz": idx_gz(labels[N_TRAIN:]),
    }
    return StandIn(contents, x[..., None], labels)


def _colour() -> StandIn:
    stream = np.random.default_rng(2)
    x = stream.integers(0, 256, (6, N_PER_BATCH, 32, 32, 3)).astype(np.uint8)
    labels = (np.arange(6 * N_PER_BATCH) % 10).astype(np.uint8).reshape(6, N_PER_BATCH)
    contents = {"cifar-10-binary.tar.gz": cifar_tar_gz(x, labels)}
    return StandIn(contents, x.reshape(-1, 32, 32, 3), labels.reshape(-1))
