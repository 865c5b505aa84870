"""IDX files: what was written is read, and anything that is not exactly the published file is refused."""

import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nnkit.datasets.idx import read_idx
from nnkit.errors import EnvironmentProblem
from tests.nnkit.datasets.original_files import idx, idx_gz

VALUES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
SHAPES = arrays.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=9)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("idx") / "values.gz"


def refusal(path: Path, content: bytes, shape: tuple[int, ...] = VALUES.shape) -> str:
    path.write_bytes(content)
    with pytest.raises(EnvironmentProblem) as caught:
        read_idx(path, shape)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    return text.removeprefix(f"{path}: ")


@given(arrays.arrays(np.uint8, SHAPES))
@settings(max_examples=100, deadline=None)
def test_what_was_written_is_read(path: Path, values: np.ndarray) -> None:
    path.write_bytes(idx_gz(values))

    found = read_idx(path, values.shape)

    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, values)


@given(st.integers(0, len(idx_gz(VALUES)) - 1))
@settings(max_examples=100, deadline=None)
def test_a_file_cut_anywhere_is_refused(path: Path, n_bytes: int) -> None:
    """Also where all values have arrived and only gzip's checksum is missing."""
    text = refusal(path, idx_gz(VALUES)[:n_bytes])

    assert text.endswith("Fetch it again.")


@given(st.integers(0, len(idx(VALUES)) - 1))
@settings(max_examples=50, deadline=None)
def test_a_short_content_is_refused(path: Path, n_bytes: int) -> None:
    """The gzip file is whole, and holds less than it should."""
    refusal(path, gzip.compress(idx(VALUES)[:n_bytes]))


@given(st.integers(0, 10_000), st.integers(1, 255))
@settings(max_examples=100, deadline=None)
def test_a_changed_byte_is_not_read_as_data(path: Path, position: int, change: int) -> None:
    """A byte that differs anywhere in the gzip file is noticed, or lies where gzip keeps no data."""
    content = bytearray(idx_gz(VALUES))
    content[position % len(content)] ^= change
    path.write_bytes(content)

    try:
        found = read_idx(path, VALUES.shape)
    except EnvironmentProblem:
        return

    np.testing.assert_array_equal(found, VALUES)


def test_every_difference_is_named(path: Path) -> None:
    content = idx(VALUES)

    assert refusal(path, gzip.compress(b"\1" + content[1:])) == (
        "expected the first bytes 00000803, for unsigned bytes; found 01000803. Fetch it again."
    )
    assert "found 00000d03" in refusal(path, gzip.compress(b"\0\0\x0d" + content[3:]))  # float values
    assert "found 00000801" in refusal(path, idx_gz(VALUES.reshape(-1)))
    assert "expected values of shape (2, 3, 4); found (3, 2, 4)." in refusal(
        path, idx_gz(VALUES.reshape(3, 2, 4))
    )
    assert "expected 24 values; found 23." in refusal(path, gzip.compress(content[:-1]))
    assert "expected 24 values; found more." in refusal(path, gzip.compress(content + b"\0"))
    assert "expected a header of 16 bytes; found 9 bytes." in refusal(path, gzip.compress(content[:9]))
    assert "found none" in refusal(path, gzip.compress(b""))
    assert "found 6e6f6e65" in refusal(path, b"none of both")
    assert refusal(path, idx_gz(VALUES) + b"appended").startswith("not a whole gzip file: Not a gzipped file")


def test_a_file_that_was_unpacked_is_read_too(path: Path) -> None:
    path.write_bytes(idx(VALUES))

    np.testing.assert_array_equal(read_idx(path, VALUES.shape), VALUES)


def test_a_missing_file_is_one_line(path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match=r"none\.gz: cannot be read: No such file or directory\."):
        read_idx(path.with_name("none.gz"), (1,))


def test_a_bomb_is_not_unpacked(path: Path) -> None:
    """64 MB of zeros in 64 kB: no more is unpacked than the shape asks for."""
    bomb = gzip.compress(idx(VALUES) + bytes(64 << 20), 1)
    path.write_bytes(bomb)

    tracemalloc.start()
    with pytest.raises(EnvironmentProblem, match="found more"):
        read_idx(path, VALUES.shape)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak_bytes < 1 << 20
