"""CIFAR-10's archive: channels last, training batches first, and no member that could do harm."""

import gzip
import tarfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnkit.datasets.cifar import read_cifar10
from nnkit.errors import EnvironmentProblem
from tests.nnkit.datasets.original_files import BATCHES, FOLDER, cifar_members, cifar_tar_gz, member, tar

N = 2  # images per batch
_stream = np.random.default_rng(0)
IMAGES = _stream.integers(0, 256, (6, N, 32, 32, 3)).astype(np.uint8)
LABELS = _stream.integers(0, 10, (6, N)).astype(np.uint8)
MEMBERS = cifar_members(IMAGES, LABELS)
TAR = tar(MEMBERS)
TAR_GZ = gzip.compress(TAR, 1)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cifar") / "cifar.tar.gz"


def refusal(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(EnvironmentProblem) as caught:
        read_cifar10(path, n_per_batch=N)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert text.endswith("Fetch it again.")
    assert "\n" not in text
    return text.removeprefix(f"{path}: ")


def changed(name: str, *replacements: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """Return the archive with other members in place of one."""
    found = [
        item
        for info, content in MEMBERS
        for item in (replacements if info.name == name else [(info, content)])
    ]
    return gzip.compress(tar(found), 1)


@given(st.integers(1, 4), st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_what_was_written_is_read(path: Path, n: int, seed: int) -> None:
    """Every pixel stands at its row, column and colour, every label at its image, the test batch last."""
    stream = np.random.default_rng(seed)
    images = stream.integers(0, 256, (6, n, 32, 32, 3)).astype(np.uint8)
    labels = stream.integers(0, 10, (6, n)).astype(np.uint8)
    path.write_bytes(cifar_tar_gz(images, labels))

    x, y = read_cifar10(path, n_per_batch=n)

    np.testing.assert_array_equal(x, images.reshape(-1, 32, 32, 3))
    np.testing.assert_array_equal(y, labels.reshape(-1))
    assert x.flags.c_contiguous


@given(st.integers(0, len(TAR_GZ) - 1))
@settings(max_examples=60, deadline=None)
def test_a_file_cut_anywhere_is_refused(path: Path, n_bytes: int) -> None:
    refusal(path, TAR_GZ[:n_bytes])


def summed(head: bytearray) -> bytes:
    """Return the header of a member with the checksum that makes readers believe it."""
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_changed_header_never_ends_in_a_traceback(path: Path, data: st.DataObject) -> None:
    """Whatever stands in the headers: the six batches come out unharmed, or one line says what is wrong."""
    content = bytearray(TAR)
    heads = [at for at in range(0, len(TAR), 512) if TAR[at + 257 : at + 262] == b"ustar"]
    for _ in range(data.draw(st.integers(1, 4))):
        head = data.draw(st.sampled_from(heads))
        content[head + data.draw(st.integers(0, 511))] = data.draw(st.integers(0, 255))
        content[head : head + 512] = summed(content[head : head + 512])
    path.write_bytes(gzip.compress(content, 1))

    try:
        x, y = read_cifar10(path, n_per_batch=N)
    except EnvironmentProblem:
        return

    np.testing.assert_array_equal(x, IMAGES.reshape(-1, 32, 32, 3))
    np.testing.assert_array_equal(y, LABELS.reshape(-1))


def test_a_missing_batch_is_named(path: Path) -> None:
    assert "found none called test_batch.bin." in refusal(path, changed(BATCHES[5]))


def test_a_batch_is_there_once(path: Path) -> None:
    content = b"\1" * (N * 3073)
    twice = changed(BATCHES[1], member(BATCHES[1], content), member(BATCHES[1], content))

    assert refusal(path, twice) == "expected data_batch_2.bin once; found it twice. Fetch it again."


@pytest.mark.parametrize("n_bytes", [0, N * 3073 - 1, N * 3073 + 1])
def test_a_batch_has_its_size(path: Path, n_bytes: int) -> None:
    wrong = changed(BATCHES[0], member(BATCHES[0], bytes(n_bytes)))

    assert f"expected {BATCHES[0]} of {N * 3073} bytes; found {n_bytes}." in refusal(path, wrong)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_a_batch_is_a_plain_file(path: Path, kind: bytes) -> None:
    """A link would stand for another file, also one of this machine."""
    link = changed(BATCHES[0], member(BATCHES[0], type=kind, linkname="/etc/passwd"))

    assert f"expected {BATCHES[0]} to be a plain file; found type {kind!r}." in refusal(path, link)


@pytest.mark.parametrize(
    "name",
    [
        "data_batch_1.bin",
        f"/{BATCHES[0]}",
        f"x/../{BATCHES[0]}",
        f"{FOLDER}/../data_batch_1.bin",
        "cifar-10-batches-two/data_batch_1.bin",
    ],
)
def test_a_batch_under_another_name_is_not_taken(path: Path, name: str) -> None:
    """Only the exact names count, with the folder."""
    moved = changed(BATCHES[0], member(name, bytes(N * 3073)))

    assert "found none called data_batch_1.bin." in refusal(path, moved)


def test_nothing_is_written_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Members that point out of the folder are passed over, with everything else that is no batch."""
    outside = [
        member("../escaped.txt", b"out"),
        member(str(tmp_path / "absolute.txt"), b"out"),
        member(f"{FOLDER}/link", type=tarfile.SYMTYPE, linkname=".."),
        member(f"{FOLDER}/link/through.txt", b"out"),
    ]
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    archive = folder / "cifar.tar.gz"
    archive.write_bytes(gzip.compress(tar([*outside, *MEMBERS]), 1))

    x, _ = read_cifar10(archive, n_per_batch=N)

    np.testing.assert_array_equal(x, IMAGES.reshape(-1, 32, 32, 3))
    assert [path.name for path in tmp_path.rglob("*")] == ["work", "cifar.tar.gz"]


BIG = 64 << 20


@pytest.mark.parametrize(
    "bomb",
    [
        member(f"{FOLDER}/readme.html", bytes(BIG)),
        member("././@LongLink", bytes(BIG), type=tarfile.GNUTYPE_LONGNAME),
        member("pax", bytes(BIG), type=tarfile.XHDTYPE),
    ],
    ids=["member", "long name", "extended header"],
)
def test_a_bomb_is_not_unpacked(path: Path, bomb: tuple[tarfile.TarInfo, bytes]) -> None:
    """64 MB of zeros in one member, or in a header that tar readers keep in memory, end the reading."""
    path.write_bytes(gzip.compress(tar([bomb, *MEMBERS]), 1))

    tracemalloc.start()
    with pytest.raises(EnvironmentProblem, match=r"expected at most \d+ bytes of content; found more"):
        read_cifar10(path, n_per_batch=N)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak_bytes < 8 << 20


def test_a_bomb_behind_the_end_is_not_unpacked(path: Path) -> None:
    assert "bytes of content; found more" in refusal(path, gzip.compress(TAR + bytes(BIG), 1))


def test_a_pickled_version_is_refused(path: Path) -> None:
    """The other archive that the authors publish holds pickles; none of its members is a batch."""
    pickled = gzip.compress(tar([member("cifar-10-batches-py/data_batch_1", b"\x80\x02}q\x01.")]), 1)

    assert "found none called data_batch_1.bin, " in refusal(path, pickled)


def test_something_else_is_refused(path: Path) -> None:
    assert "not a whole tar.gz file" in refusal(path, b"<html>")
    assert "not a whole tar.gz file" in refusal(
        path, gzip.compress(b"plain text, and more than one block" * 99)
    )
    assert "not a whole tar.gz file" in refusal(path, gzip.compress(b""))
