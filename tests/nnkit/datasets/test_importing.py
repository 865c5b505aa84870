"""Files that the user has are known by their content and copied; what is wrong leaves nothing behind."""

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from nnkit import datasets
from nnkit.datasets import images, remote
from nnkit.datasets.importing import import_files
from nnkit.errors import EnvironmentProblem, InvalidArgument
from tests.nnkit.datasets.image_data import N_TEST, N_TRAIN, StandIn, stand_in
from tests.nnkit.datasets.mirror import stay_on_loopback


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    stay_on_loopback(monkeypatch, tmp_path / "data")
    yield tmp_path / "data" / "mnist"
    datasets._built.cache_clear()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """Let MNIST be a stand-in whose contents have digests."""
    made = stand_in(monkeypatch, "mnist")
    record = datasets.record("mnist")
    unpacked = [gzip.decompress(made.contents[file.name]) for file in record.files]
    files = tuple(
        replace(file, content_bytes=len(content), content_sha256=hashlib.sha256(content).hexdigest())
        for file, content in zip(record.files, unpacked, strict=True)
    )
    build = partial(images.grey_images, "mnist", files, N_TRAIN, N_TEST)
    monkeypatch.setitem(datasets.DATASETS._parts, "mnist", replace(record, files=files, build=build))
    return made


def put(made: StandIn, source: Path, kind: str) -> None:
    source.mkdir()
    for index, (name, content) in enumerate(made.contents.items()):
        plain = gzip.decompress(content)
        if kind == "other names":
            (source / f"file {index}").write_bytes(gzip.compress(plain, 1, mtime=2))
        elif kind == "plain":
            (source / name.removesuffix(".gz")).write_bytes(plain)
        else:
            (source / name).write_bytes(gzip.compress(plain, 9, mtime=1))


@pytest.mark.parametrize("kind", ["packed anew", "plain", "other names"])
def test_the_content_is_found_and_can_be_loaded(
    kind: str, made: StandIn, folder: Path, tmp_path: Path
) -> None:
    files = datasets.record("mnist").files
    put(made, tmp_path / "mine", kind)
    assert not datasets.is_there("mnist")

    assert import_files("mnist", files, tmp_path / "mine") == 4

    assert datasets.is_there("mnist")
    np.testing.assert_array_equal(datasets.load("mnist").x, made.x)
    np.testing.assert_array_equal(datasets.load("mnist").y, made.y)
    assert import_files("mnist", files, tmp_path / "mine") == 0  # already here
    assert len(list(folder.iterdir())) == 4


def test_one_wrong_file_is_named_and_nothing_is_copied(made: StandIn, folder: Path, tmp_path: Path) -> None:
    put(made, tmp_path / "mine", "plain")
    wrong = tmp_path / "mine" / "t10k-labels-idx1-ubyte"
    content = bytearray(wrong.read_bytes())
    content[-1] ^= 1
    wrong.write_bytes(content)

    with pytest.raises(InvalidArgument, match=r"t10k-labels-idx1-ubyte: expected the content whose SHA-256"):
        import_files("mnist", datasets.record("mnist").files, tmp_path / "mine")

    assert not folder.exists()


def test_a_missing_file_and_a_missing_folder_are_named(made: StandIn, folder: Path, tmp_path: Path) -> None:
    put(made, tmp_path / "mine", "packed anew")
    (tmp_path / "mine" / "train-labels-idx1-ubyte.gz").unlink()

    with pytest.raises(InvalidArgument, match=r"expected train-labels-idx1-ubyte \(plain or gzipped\)"):
        import_files("mnist", datasets.record("mnist").files, tmp_path / "mine")
    with pytest.raises(InvalidArgument, match="there is no such file or folder"):
        import_files("mnist", datasets.record("mnist").files, tmp_path / "nowhere")

    assert not folder.exists()


def test_a_copy_that_fails_leaves_nothing(
    made: StandIn, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full at the third file: neither it nor the two before it remain."""
    put(made, tmp_path / "mine", "plain")
    from nnkit.datasets import importing

    copy, n_copied = importing.shutil.copyfile, 0

    def full_disk(origin: Path, to: Path) -> None:
        nonlocal n_copied
        n_copied += 1
        to.write_bytes(b"half")
        if n_copied == 3:
            raise OSError(28, "No space left on device")
        copy(origin, to)

    monkeypatch.setattr(importing.shutil, "copyfile", full_disk)

    with pytest.raises(EnvironmentProblem, match="No space left on device"):
        import_files("mnist", datasets.record("mnist").files, tmp_path / "mine")

    assert list(folder.iterdir()) == []


def test_what_no_address_serves_says_how_to_import_it() -> None:
    with pytest.raises(EnvironmentProblem, match="Import it: nnbench data import cifar10_20k FOLDER"):
        datasets.require(["cifar10_20k"])
    assert remote.how_to_get(["mnist"], datasets.record("mnist").files) == "nnbench data fetch mnist"


def test_a_part_of_cifar10_is_read_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Training images come before test images, and the shapes are those of the record."""
    stream = np.random.default_rng(0)
    x, y = stream.integers(0, 256, (7, 32, 32, 3)).astype(np.uint8), np.arange(7, dtype=np.uint8)
    np.savez(tmp_path / "part.npz", x_train=x[:5], y_train=y[:5], x_test=x[5:], y_test=y[5:])
    content = (tmp_path / "part.npz").read_bytes()
    file = remote.RemoteFile("part.npz", len(content), hashlib.sha256(content).hexdigest(), ())

    assert import_files("cifar10_20k", (file,), tmp_path / "part.npz") == 1
    found_x, found_y = images.part_of_cifar10("cifar10_20k", file, 5, 2)

    np.testing.assert_array_equal(found_x, x)
    np.testing.assert_array_equal(found_y, y)
