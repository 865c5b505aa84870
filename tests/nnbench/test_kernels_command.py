"""``nnbench kernels``: really measured, in well under a second; no speed is asserted."""

import ctypes
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnbench.cases import catalogue
from nnbench.cli import main
from nnbench.kernelbench import blas
from nnbench.machine import environment
from tests.nnbench.case_file import case_content, write_case
from tests.nnbench.documents import complaints


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_case(tmp_path / "case.toml", case_content())
    return tmp_path


def kernels(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    assert main(["kernels", "--seconds", "0.1", "--quiet", "--json", *options]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert not complaints(found)
    return found


def test_the_document_has_what_was_promised(capsys: pytest.CaptureFixture[str]) -> None:
    found = kernels(capsys, "case.toml")

    assert found["schema"] == "nnbench.kernels/1"
    machine = found["machine"]
    assert machine["cores"] == environment.usable_cores()
    assert machine["peak_gflops"] > 0
    assert machine["peak_bytes_s"] > 0
    assert machine["noise"].startswith(("quiet: ", "noisy: "))
    names = {each["name"] for each in found["kernels"]}
    # Sgd, adam, and the activation that the case has: everything that its own matrix uses.
    assert {"dense", "sgd_update", "adam_update", "gather", "column_sum"} <= names
    for each in found["kernels"]:
        assert {"name", "shape", "ns", "gflops", "bytes_s", "roofline_share", "numpy_ratio"} <= each.keys()
        assert each["ns_quartiles"][0] <= each["ns"] <= each["ns_quartiles"][1]
        assert each["bytes_s"] == pytest.approx(1e9 * each["bytes"] / each["ns"])
        assert each["gflops"] == pytest.approx(each["flops"] / each["ns"])
        assert each["roofline_share"] > 0
        assert each["numpy_ratio"] > 0
        assert each["torch_ratio"] is None


def test_options_choose_what_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--optimizer", "momentum", "--activation", "elu", "--batch-size", "8", "--dtype", "float64")

    found = kernels(capsys, "case.toml", *options)

    shapes = {(each["name"], each["shape"]): each for each in found["kernels"]}
    assert ("elu", "8x8") in shapes
    assert ("momentum_update", "67") in shapes
    assert shapes["gather", "8x4"]["bytes"] == 8 * 4 * 8 * 2 + 8 * 4
    assert not {"sgd_update", "tanh"} & {name for name, _ in shapes}


def test_markdown_brings_its_picture(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["kernels", "case.toml", "--seconds", "0.1", "--quiet", "--optimizer", "sgd"]

    assert main([*arguments, "--format", "markdown", "--output", "out"]) == 0

    assert capsys.readouterr().out.strip() == str(Path("out/kernels.md"))
    assert "](roofline.svg)" in (folder / "out/kernels.md").read_text(encoding="utf-8")
    assert (folder / "out/roofline.svg").read_bytes().startswith(b"<?xml")


def test_text_is_the_default_and_fits(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    assert main(["kernels", "case.toml", "--seconds", "0.1", "--optimizer", "adam"]) == 0

    shown = capsys.readouterr()
    assert "Matrix products" in shown.out
    assert [line for line in shown.out.splitlines() if len(line) > 80] == []
    assert "measuring 17 kernels" in shown.err


def test_without_names_all_cases_whose_data_are_here(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """MNIST was never fetched into this folder: it is named on stderr, and the others are measured."""
    monkeypatch.setenv("NNBENCH_DATA_DIR", str(folder))
    two = tuple(catalogue.find_entry(name) for name in ("iris", "mnist"))
    monkeypatch.setattr(catalogue, "built_in", lambda: two)

    assert main(["kernels", "--seconds", "0.1", "--optimizer", "sgd", "--format", "json"]) == 0

    shown = capsys.readouterr()
    cases = {case for each in json.loads(shown.out)["kernels"] for case in each["cases"]}
    assert cases == {"iris_softmax"}
    assert "left out, for their data are not here: mnist_mlp" in shown.err


@pytest.mark.parametrize(
    ("options", "code", "line"),
    [
        (["--seconds", "0"], 2, "nnbench: --seconds: must be above 0, found 0. Try 10."),
        (["--seconds", "nan"], 2, "nnbench: --seconds: must be above 0, found nan. Try 10."),
        (
            ["--json", "--format", "markdown"],
            2,
            "nnbench: --json and --format markdown contradict each other",
        ),
        (["--dtype", "float16"], 2, "nnbench: --dtype: no such value 'float16'. Did you mean 'float64'?"),
        (["--versus", "torch"], 4, "nnbench: --versus torch: PyTorch is not installed in this environment."),
    ],
)
def test_mistakes_are_one_line(
    options: list[str],
    code: int,
    line: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)

    assert main(["kernels", "case.toml", *options]) == code

    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert said.err.startswith(line)


def test_the_matrix_library_is_named_and_kept_on_one_thread() -> None:
    """Its kernels are chosen by the CPU's name, often wrongly; the number of threads comes back."""
    threads = blas.openblas("get_num_threads", ctypes.c_int)
    before = threads() if threads else None

    with blas.one_thread():
        assert threads is None or threads() == 1

    assert (threads() if threads else None) == before
    assert blas.describe().startswith(f"NumPy {np.__version__}, ")
