"""MNIST, Fashion-MNIST and CIFAR-10: read from their original files where those are, and else one line."""

import gzip
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from nnkit import datasets
from nnkit.datasets import DatasetRecord, images, remote
from nnkit.datasets.fetch import fetch
from nnkit.datasets.images import CIFAR10, FASHION_MNIST, IMAGES, MNIST
from nnkit.datasets.prepare import prepare
from nnkit.errors import EnvironmentProblem
from tests.nnkit.datasets.image_data import N_TEST, N_TRAIN, StandIn, stand_in
from tests.nnkit.datasets.mirror import stay_on_loopback

# What no address serves is imported: see test_importing.
SERVED = [record for record in IMAGES if record.files[0].mirrors]
EACH = pytest.mark.parametrize("record", SERVED, ids=lambda record: record.name)
LICENCES = Path(datasets.__file__).with_name("data") / "LICENSES.md"


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    stay_on_loopback(monkeypatch, tmp_path / "data")
    yield tmp_path / "data"
    datasets._built.cache_clear()


@EACH
def test_files_are_read_as_they_are(record: DatasetRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pixels from 0 to 255 in float32, channels last, the published training part first."""
    made = stand_in(monkeypatch, record.name)
    made.put_in_place(record.name)

    found = datasets.load(record.name)

    np.testing.assert_array_equal(found.x, made.x)
    np.testing.assert_array_equal(found.y, made.y)
    assert found.x.dtype == np.float32
    assert found.y.dtype == np.int32
    assert found.input_shape == record.input_shape
    assert (found.x.min(), found.x.max()) == (0, 255)
    assert found.n_classes == 10


def test_the_official_split_is_the_published_one_from_0_to_1(monkeypatch: pytest.MonkeyPatch) -> None:
    made = stand_in(monkeypatch, "mnist")
    made.put_in_place("mnist")

    parts = prepare(datasets.load("mnist"), validation="official", split_seed=0, scale="unit")

    assert (len(parts.x_train), len(parts.x_val)) == (N_TRAIN, N_TEST)
    np.testing.assert_array_equal(parts.x_val, (made.x[N_TRAIN:] / 255.0).astype(np.float32))
    assert (parts.x_train.min(), parts.x_train.max()) == (0.0, 1.0)


def test_the_published_sizes_are_promised() -> None:
    """60,000 and 10,000 of MNIST and Fashion-MNIST, 50,000 and 10,000 of CIFAR-10."""
    sizes = {record.name: (record.n_official_train, record.n_samples) for record in IMAGES}

    assert sizes == {
        "mnist": (60_000, 70_000),
        "fashion_mnist": (60_000, 70_000),
        "cifar10": (50_000, 60_000),
        "cifar10_20k": (20_000, 21_000),
    }


def test_what_is_not_there_is_one_line_with_the_command(folder: Path) -> None:
    with pytest.raises(EnvironmentProblem) as caught:
        datasets.load("mnist")

    assert str(caught.value) == (
        f"dataset 'mnist' is not in {folder}. Fetch 11.6 MB first: nnbench data fetch mnist"
    )
    assert not folder.exists()


def test_several_are_named_in_one_command(folder: Path) -> None:
    """What ships or is generated is never missing, and what is there is not asked for again."""
    datasets.require(["iris", "moons"])
    with pytest.raises(EnvironmentProblem) as caught:
        datasets.require(["iris", "cifar10", "mnist", "cifar10"])

    assert str(caught.value) == (
        f"datasets cifar10, mnist are not in {folder}. Fetch 181.6 MB first: nnbench data fetch cifar10 mnist"
    )


def test_a_file_with_one_wrong_bit_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size is right; the digest is compared before anything is read."""
    stand_in(monkeypatch, "mnist").put_in_place("mnist")
    path = folder / "mnist" / "t10k-labels-idx1-ubyte.gz"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)

    with pytest.raises(EnvironmentProblem) as caught:
        datasets.load("mnist")

    sha256 = datasets.record("mnist").files[3].sha256
    assert str(caught.value) == (
        f"{path}: this is not the published file, whose SHA-256 begins with {sha256[:12]}."
        " Replace it: nnbench data fetch mnist"
    )


def with_content(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """Let MNIST be the stand-in whose contents have digests too."""
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


@pytest.mark.parametrize("kind", ["packed anew", "unpacked", "both"])
def test_the_content_decides(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The published content in other bytes of gzip, or under the name without .gz: nothing is fetched."""
    made = with_content(monkeypatch)
    (folder / "mnist").mkdir(parents=True)
    for index, (name, content) in enumerate(made.contents.items()):
        plain = gzip.decompress(content)
        if kind == "unpacked" or (kind == "both" and index % 2):
            (folder / "mnist" / name.removesuffix(".gz")).write_bytes(plain)
        else:
            (folder / "mnist" / name).write_bytes(gzip.compress(plain, 9, mtime=1))

    np.testing.assert_array_equal(datasets.load("mnist").x, made.x)
    assert fetch("mnist", datasets.record("mnist").files) == 0
    files = datasets.record("mnist").files
    assert [remote.state_of(file, folder / "mnist" / file.name) for file in files] == ["fetched"] * 4


@pytest.mark.parametrize("is_packed", [True, False])
def test_another_content_of_the_right_size_is_not_read(
    is_packed: bool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = with_content(monkeypatch)
    made.put_in_place("mnist")
    path = folder / "mnist" / "t10k-labels-idx1-ubyte.gz"
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[-1] ^= 1
    path.unlink()
    wrong = path if is_packed else path.with_suffix("")
    wrong.write_bytes(gzip.compress(content) if is_packed else content)

    with pytest.raises(EnvironmentProblem, match="this is not the published file"):
        datasets.load("mnist")


def test_the_digests_of_mnist_s_contents_are_those_of_its_files() -> None:
    """Where a copy lies in the folder that MNIST_FOLDER names, however it was packed."""
    place = os.environ.get("MNIST_FOLDER")
    if place is None:
        pytest.skip("MNIST_FOLDER names no folder with a copy of MNIST")
    for file in MNIST.files:
        content = gzip.decompress((Path(place) / file.name).read_bytes())

        assert (len(content), hashlib.sha256(content).hexdigest()) == (
            file.content_bytes,
            file.content_sha256,
        )


@EACH
def test_every_file_has_a_digest_and_several_mirrors(record: DatasetRecord) -> None:
    """Three hosts at least, the first two of them by https, and the name at the end of each address."""
    for file in record.files:
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        hosts = [urlsplit(url).netloc for url in file.mirrors]
        assert len(set(hosts)) == len(hosts) >= 3
        assert [urlsplit(url).scheme for url in file.mirrors[:2]] == ["https", "https"]
        assert all(url.endswith(f"/{file.name}") for url in file.mirrors)
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)


def test_no_two_files_share_a_digest() -> None:
    """MNIST and Fashion-MNIST call their files alike: a digest copied to the wrong line shows here."""
    digests = [file.sha256 for record in IMAGES for file in record.files]

    assert len(set(digests)) == len(digests)
    assert MNIST.files[0].name == FASHION_MNIST.files[0].name
    assert not any("python" in file.name or "pickle" in file.name for file in CIFAR10.files)


def test_the_licence_file_lists_the_same_files() -> None:
    """Each file is in the table, with the size and the digest that the program holds it to."""
    text = LICENCES.read_text(encoding="utf-8")

    for record in IMAGES:
        for file in record.files:
            assert f"| {record.name}: {file.name} | {file.size_bytes:,} | {file.sha256} |" in text
    assert text.count(".gz |") == sum(len(record.files) for record in SERVED)


def test_knowing_of_them_imports_nothing_of_the_network() -> None:
    """Listing datasets, as the command line does, must not wait for ssl and the like."""
    code = "import sys, nnkit.datasets; print({'ssl', 'urllib.request', 'http.client'} & {*sys.modules})"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "set()"


def test_the_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By NNBENCH_DATA_DIR; an empty one counts as not set, and then it is the user's cache folder."""
    monkeypatch.setenv("NNBENCH_DATA_DIR", str(tmp_path))
    assert remote.place("mnist") == tmp_path / "mnist"

    monkeypatch.setenv("NNBENCH_DATA_DIR", "")
    assert remote.folder().parts[-2:] == ("nnkit-bench", "data")


def test_sizes_are_read_as_people_say_them() -> None:
    assert [remote.megabytes(n) for n in (0, 999, 5_148, 99_999, 100_000, 170_052_171)] == [
        *("0 bytes", "999 bytes", "5.1 kB", "100.0 kB", "0.1 MB", "170.1 MB")
    ]
