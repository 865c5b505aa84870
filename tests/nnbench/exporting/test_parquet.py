"""``nnbench export parquet``: files that other readers read as the tables that they are made of."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnbench
from tests.docs.book import DOCS, fences
from tests.nnbench.documents import complaints
from tests.nnbench.exporting import export_samples as samples

Run = Callable[..., tuple[int, str, str]]
TABLES = ("trials", "curves", "configurations", "verdicts")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.made(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def folder(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    folder = tmp_path_factory.mktemp("out") / "tables"
    files = nnbench.load(store, samples.RUN).to_parquet(folder)
    assert [file.name for file in files] == [f"{name}.parquet" for name in TABLES]
    return folder


def _same(a: Any, b: Any) -> bool:
    return a == b or (isinstance(a, float) and isinstance(b, float) and np.isnan(a) and np.isnan(b))


@pytest.mark.parametrize("name", TABLES)
def test_pyarrow_reads_the_rows_of_the_table(name: str, store: Path, folder: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")

    read = parquet.read_table(folder / f"{name}.parquet").to_pylist()

    rows = list(getattr(nnbench.load(store, samples.RUN), name))
    assert len(read) == len(rows) > 0
    assert all(
        list(a) == list(b) and all(map(_same, a.values(), b.values()))
        for a, b in zip(read, rows, strict=True)
    )


def test_values_that_are_no_numbers_stay_what_they_are(store: Path, folder: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    curves = parquet.read_table(folder / "curves.parquet").to_pylist()

    for trial in samples.recorded(store):
        for name in set(trial.curves) - {"eval_step"}:
            mine = [row["value"] for row in curves if (row["key"], row["metric"]) == (trial.key, name)]
            np.testing.assert_array_equal(mine, trial.curves[name])


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_other_libraries_read_them(library: str, folder: Path) -> None:
    frames = pytest.importorskip(library, reason=f"{library} is not installed")

    trials = frames.read_parquet(folder / "trials.parquet")

    assert set(trials["optimizer"]) == set(samples.OPTIMIZERS)
    assert trials["seed"].to_list() == [*range(samples.N_SEEDS)] * 2


@pytest.mark.parametrize("name", TABLES)
def test_each_file_says_of_which_run_it_is(name: str, folder: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")

    said = json.loads(parquet.read_schema(folder / f"{name}.parquet").metadata[b"nnbench"])

    assert (said["schema"], said["run"]) == ("nnbench.tables/1", samples.RUN)
    assert not complaints(said)
    assert said["command"] == "nnbench run --set \u202e"
    assert said["environment"]["cores"] == 2


def test_the_command_writes_the_same_bytes(store: Path, folder: Path, nnb: Run, tmp_path: Path) -> None:
    other = tmp_path / "deep" / "other"

    code, out, err = nnb("export", "parquet", samples.RUN, "--store", str(store), "-o", str(other))

    assert (code, out) == (0, f"{other}\n")
    assert err == (
        f"nnbench: {samples.RUN}: 6 rows of trials, 40 rows of curves, 2 rows of configurations,"
        " 1 row of verdicts\n"
    )
    assert {file.name for file in other.iterdir()} == {f"{name}.parquet" for name in TABLES}
    for file in other.iterdir():
        assert file.read_bytes() == (folder / file.name).read_bytes()


def test_a_file_that_cannot_be_replaced_leaves_all_as_they_were(
    store: Path, nnb: Run, tmp_path: Path
) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    (tmp_path / "verdicts.parquet").mkdir()
    (tmp_path / "trials.parquet").write_text("mine")

    code, out, err = nnb("export", "parquet", samples.RUN, "--store", str(store), "-o", str(tmp_path), "-q")

    assert (code, out) == (2, "")
    assert err == f"nnbench: {tmp_path / 'verdicts.parquet'}: this is a folder.\n"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["trials.parquet", "verdicts.parquet"]
    assert (tmp_path / "trials.parquet").read_text() == "mine"


def test_the_example_of_the_page_reads_them(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (program,) = (block for block in fences(DOCS / "howto" / "export.md") if block.file == "read.py")
    monkeypatch.chdir(folder.parent)

    exec(compile(program.text, program.place, "exec"), {})

    first, second = capsys.readouterr().out.splitlines()[:2]
    assert first.startswith("6 trials of [")
    assert "sgd(momentum=0.9)" in first
    assert second.startswith(f"run {samples.RUN} by nnbench run --set")
