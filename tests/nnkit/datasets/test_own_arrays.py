"""Arrays, IDX files, folders of pictures and Parquet: what is in them, and what is refused."""

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnkit.datasets.tables.files import OwnData, digest_of_files, read_files
from nnkit.datasets.tables.parts import prepare_table
from nnkit.datasets.tables.problem import Question
from nnkit.errors import EnvironmentProblem, InvalidData

X = np.arange(36.0).reshape(12, 3) ** 1.5
Y = np.arange(12) % 3
IMAGES = (np.arange(12 * 4 * 5) % 251).astype(np.uint8).reshape(12, 4, 5)


def read(*paths: Path, target: tuple[str, ...] = (), **asked: Any) -> OwnData:
    return read_files(paths, Question(target, **asked))


def idx(values: np.ndarray[Any, Any]) -> bytes:
    header = bytes((0, 0, 8, values.ndim)) + struct.pack(f">{values.ndim}I", *values.shape)
    return header + values.astype(np.uint8).tobytes()


def written(folder: Path, **arrays: Any) -> list[Path]:
    paths = [folder / f"{name}.npy" for name in arrays]
    for path, array in zip(paths, arrays.values(), strict=True):
        np.save(path, array)
    return paths


def test_an_archive_a_pair_and_one_matrix_are_the_same_table(tmp_path: Path) -> None:
    np.savez(tmp_path / "both.npz", x=X, y=Y)
    np.save(tmp_path / "all.npy", np.column_stack([X, Y]))
    of_archive = read(tmp_path / "both.npz")
    of_pair = read(*written(tmp_path, x=X, y=Y))
    of_matrix = read(tmp_path / "all.npy", target=("column_4",))

    for found in (of_archive, of_pair, of_matrix):
        assert found.problem is not None
        assert (found.problem.task, found.classes) == ("classification", ("0", "1", "2"))
        parts = prepare_table(found.problem, validation=0.25, split_seed=0, scale="none")
        np.testing.assert_array_equal(parts.x_train, X.astype(np.float32)[parts.train_rows])
        np.testing.assert_array_equal(parts.y_val, Y[parts.val_rows])
    assert of_archive.columns == ("x_1", "x_2", "x_3", "y")


def test_arrays_of_an_archive_are_found_by_their_names(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", inputs=X, answer=X[:, :2] / 3)
    found = read(tmp_path / "a.npz", target=("answer",))

    assert found.problem is not None
    assert (found.problem.task, found.problem.n_outputs) == ("regression", 2)
    assert found.columns == ("x_1", "x_2", "x_3", "answer_1", "answer_2")


def test_texts_and_missing_numbers_in_arrays_are_as_in_a_table(tmp_path: Path) -> None:
    x = X.copy()
    x[3, 1] = np.nan
    found = read(*written(tmp_path, x=x, y=np.array(["no", "yes"])[Y % 2]))

    assert found.classes == ("no", "yes")
    assert found.notes == ("missing numbers become the median of the training part: x_2 (1)",)


def test_samples_of_several_axes_keep_them_and_images_get_a_channel(tmp_path: Path) -> None:
    images, labels = tmp_path / "images-idx3-ubyte", tmp_path / "labels-idx1-ubyte"
    images.write_bytes(idx(IMAGES))
    labels.write_bytes(idx(Y))
    of_idx, of_arrays = read(images, labels), read(*written(tmp_path, x=IMAGES, y=Y))

    for found in (of_idx, of_arrays):
        assert found.problem is None
        assert found.classes == ("0", "1", "2")
        np.testing.assert_array_equal(found.dataset.x, IMAGES[..., None])
        np.testing.assert_array_equal(found.dataset.y, Y)


def save_pictures(folder: Path, values: Any, *, form: str = "png") -> None:
    from PIL import Image

    for place, (label, each) in enumerate(zip(Y, values, strict=True)):
        (folder / f"class_{label}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(each).save(folder / f"class_{label}" / f"{place:02}.{form}")


@pytest.mark.parametrize("form", ["png", "pgm", "bmp"])
def test_a_folder_of_pictures_has_a_class_for_each_folder_in_it(tmp_path: Path, form: str) -> None:
    save_pictures(tmp_path / "all", IMAGES, form=form)
    (tmp_path / "all" / "notes.txt").write_text("no picture")
    found = read(tmp_path / "all")

    assert found.classes == ("class_0", "class_1", "class_2")
    order = np.argsort(Y, kind="stable")
    np.testing.assert_array_equal(found.dataset.x, IMAGES[order][..., None])
    np.testing.assert_array_equal(found.dataset.y, Y[order])


def test_one_picture_in_colours_gives_all_of_them_three_channels(tmp_path: Path) -> None:
    pictures = [*IMAGES[:-1], np.stack([IMAGES[-1], IMAGES[0], IMAGES[1]], axis=-1)]
    save_pictures(tmp_path / "all", pictures)
    found = read(tmp_path / "all").dataset

    assert found.input_shape == (4, 5, 3)
    np.testing.assert_array_equal(found.x[-1], pictures[-1])  # of class 2, the last one
    np.testing.assert_array_equal(found.x[0], np.repeat(IMAGES[0][..., None], 3, axis=-1))


def test_the_digest_is_that_of_the_content_alone(tmp_path: Path) -> None:
    """Another name, another time: the same. One letter or the name of a class: another."""
    for name in ("one", "two"):
        save_pictures(tmp_path / name, IMAGES)
        (tmp_path / f"{name}.csv").write_text("a,b\n1,2\n")
    digests = [digest_of_files([tmp_path / name]) for name in ("one", "two", "one.csv", "two.csv")]
    assert digests[0] == digests[1]
    assert digests[2] == digests[3]

    (tmp_path / "two.csv").write_text("a,b\n1,3\n")
    (tmp_path / "two" / "class_2").rename(tmp_path / "two" / "class_3")
    assert digest_of_files([tmp_path / "two"]) != digests[0]
    assert digest_of_files([tmp_path / "two.csv"]) != digests[2]
    assert read(tmp_path / "one").digest == digests[0]


def saved(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def as_npy(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


OBJECTS = np.array([{}, []], dtype=object)
REFUSED: dict[str, tuple[dict[str, bytes], str]] = {
    "no file": ({}, "there is no such file"),
    "objects": ({"a.npz": saved(x=OBJECTS, y=Y)}, "Python objects, which are not read"),
    "objects in .npy": ({"a.npy": as_npy(OBJECTS)}, "Python objects, which are not read"),
    "no archive": ({"a.npz": b"what"}, "not arrays as NumPy saves them"),
    "half an archive": ({"a.npz": saved(x=X, y=Y)[:-40]}, "not arrays as NumPy saves them"),
    "which is which": ({"a.npz": saved(u=X, v=X, y=Y)}, "which array has the features"),
    "no targets": ({"a.npz": saved(u=X, v=Y)}, "there are: u, v"),
    "other lengths": ({"a.npz": saved(x=X, y=Y[:5])}, "12 rows of features and 5 of targets"),
    "complex": ({"a.npz": saved(x=X * 1j, y=Y)}, "expected numbers, texts or dates"),
    "a vector": ({"a.npy": as_npy(Y)}, r"expected rows and columns, found shape \(12,\)"),
    "images, one target": ({"a.npz": saved(x=IMAGES, y=Y[:1])}, "expected 12 targets"),
    "images of one class": ({"a.npz": saved(x=IMAGES, y=Y * 0)}, "1 classes in 12 samples"),
    "IDX alone": ({"a": idx(IMAGES)}, "Name the file of labels beside it"),
    "half an IDX": ({"a": idx(IMAGES)[:-1], "b": idx(Y)}, "its header says shape"),
    "a table and labels": ({"a.csv": b"a,b\n1,2\n", "b": idx(Y)}, "both must be arrays"),
}


@pytest.mark.parametrize(("files", "line"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_trained_on_is_refused_in_one_line(
    tmp_path: Path, files: dict[str, bytes], line: str
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidData, match=line) as caught:
        read(*(tmp_path / name for name in files or ["none.csv"]))

    assert "\n" not in str(caught.value)


def test_pictures_of_two_sizes_and_files_that_are_none_are_refused(tmp_path: Path) -> None:
    save_pictures(tmp_path / "all", [*IMAGES[:-1], IMAGES[-1][:3]])
    with pytest.raises(InvalidData, match="expected 5 x 4 pixels as in the first picture, found 5 x 3"):
        read(tmp_path / "all")

    (tmp_path / "all" / "class_0" / "00.png").write_bytes(b"what")
    with pytest.raises(InvalidData, match=r"00\.png: not a picture"):
        read(tmp_path / "all")
    (tmp_path / "bare").mkdir()
    with pytest.raises(InvalidData, match="a folder of pictures for each class, found 0"):
        read(tmp_path / "bare")


def test_parquet_without_pyarrow_names_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(EnvironmentProblem, match=r'pip install "nnkit-bench\[data\]"; or save'):
        read(tmp_path / "a.parquet", target=("y",))


def test_parquet_is_read_as_the_same_table_in_csv(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow", reason="Parquet is an extra")
    import datetime

    import pyarrow.parquet as parquet

    rows = range(8)
    columns = {
        "n": [None if row == 2 else row / 2 for row in rows],
        "whole": [row * row for row in rows],
        "word": [None if row == 5 else "abc"[row % 3] for row in rows],
        "truth": [row % 3 == 0 for row in rows],
        "day": [datetime.date(2026, 1, 1 + 3 * row) for row in rows],
        "y": ["u" if row % 2 else "v" for row in rows],
    }
    parquet.write_table(arrow.table(columns), tmp_path / "a.parquet")
    lines = zip(*columns.values(), strict=True)
    text = "\n".join(",".join("" if cell is None else str(cell) for cell in line) for line in lines)
    (tmp_path / "a.csv").write_text(",".join(columns) + "\n" + text + "\n")

    found = [read(tmp_path / name, target=("y",)).problem for name in ("a.parquet", "a.csv")]
    prepared = [
        prepare_table(each, validation=0.25, split_seed=0, scale="none") for each in found if each is not None
    ]
    np.testing.assert_array_equal(prepared[0].x_train, prepared[1].x_train)
    np.testing.assert_array_equal(prepared[0].y_train, prepared[1].y_train)
    assert found[0] is not None
    assert [feature.name for feature in found[0].features] == list(columns)[:-1]

    (tmp_path / "b.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(InvalidData, match="not a Parquet file that can be read"):
        read(tmp_path / "b.parquet", target=("y",))
