"""Columns handed on by Arrow's C interface: held to what pyarrow, pandas and polars read, and to memory."""

import gc
from typing import Any

import numpy as np
import pytest

from nnbench.errors import UsageError
from nnbench.frames import arrow
from nnbench.frames.columns import Columns, of_rows

TABLE = {
    "text": ["x", None, "한글 \N{SNOWMAN}", ""],
    "truth": [True, None, False, True],
    "whole": np.arange(4, dtype=np.int32),
    "gaps": [1, None, 2**40, -1],
    "real": [1.5, None, 2, float("nan")],
    "nothing": [None] * 4,
}


@pytest.fixture(autouse=True)
def nothing_is_kept() -> Any:
    """Whatever a test reads, moves or throws away: nothing of it stays in memory."""
    gc.collect()
    before = len(arrow._owned), len(arrow._structs)
    yield
    gc.collect()
    assert (len(arrow._owned), len(arrow._structs)) == before


def test_a_capsule_that_nobody_reads_is_let_go() -> None:
    arrow.stream(TABLE, 4)
    arrow.schema(TABLE)


def test_pyarrow_reads_every_kind_of_column() -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")

    found = pyarrow.table(Columns(TABLE))

    assert [str(field.type) for field in found.schema] == [
        *("large_string", "bool", "int64", "int64", "double", "null"),
    ]
    read = found.to_pydict()
    assert np.isnan(read["real"].pop())
    assert read == {**{name: list(values) for name, values in TABLE.items()}, "real": [1.5, None, 2.0]}
    found.validate(full=True)


def test_pyarrow_moves_a_column_out_of_its_table() -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")

    column = pyarrow.RecordBatchReader.from_stream(Columns(TABLE)).read_next_batch().column(0)
    gc.collect()

    assert column.to_pylist() == TABLE["text"]


@pytest.mark.parametrize("table", [{"a": []}, {"a": np.zeros(0)}, {}], ids=["list", "array", "no column"])
def test_a_table_without_rows_is_read(table: dict[str, Any]) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")

    assert pyarrow.table(Columns(table)).num_rows == 0
    assert pyarrow.schema(Columns(table)).names == list(table)


def test_polars_and_pandas_read_what_pyarrow_reads() -> None:
    polars = pytest.importorskip("polars", reason="polars is not installed")
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")

    assert polars.DataFrame(Columns(TABLE))["gaps"].to_list() == TABLE["gaps"]
    frame = Columns(TABLE).to_pandas()
    assert frame["gaps"].dtype == np.float64
    assert frame["text"].tolist()[2] == TABLE["text"][2]
    assert pandas.DataFrame.from_arrow(Columns(TABLE)).shape == (4, 6)


@pytest.mark.parametrize("method", ["to_pandas", "to_polars", "to_arrow"])
def test_a_library_that_is_missing_is_named(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    name = {"to_pandas": "pandas", "to_polars": "polars", "to_arrow": "pyarrow"}[method]
    monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(UsageError, match=f"{name} is not installed. Install it: pip install {name}"):
        getattr(Columns(TABLE), method)()


def test_rows_with_different_keys_make_one_table() -> None:
    table = of_rows([{"a": 1}, {"b": "x"}])

    assert len(table) == 2
    assert list(table) == [{"a": 1, "b": None}, {"a": None, "b": "x"}]


def test_a_table_in_a_notebook_is_html_that_does_nothing() -> None:
    shown = Columns({"<i>": ["<script>alert(1)</script>"]})._repr_html_()

    assert "<script" not in shown
    assert "<th>&lt;i&gt;</th>" in shown
