"""Columns of equal length by name, which pandas, polars, pyarrow, DuckDB and others read as they are."""

from collections.abc import Container, Iterable, Iterator, Mapping
from html import escape
from importlib import import_module
from typing import Any, TypeVar

import numpy as np

from nnbench.errors import UsageError
from nnbench.frames import arrow
from nnbench.frames.arrow import Values

_SHOWN_ROWS = 20
T = TypeVar("T")


class Columns:
    """A table: ``table["seed"]`` is a column, ``len(table)`` the number of rows, iteration gives rows.

    Anything that reads Arrow takes it uncopied: ``polars.DataFrame(table)``, ``pyarrow.table(table)``,
    ``pandas.DataFrame.from_arrow(table)``, ``duckdb.sql("select * from table")``.
    """

    def __init__(self, columns: Mapping[str, Values]) -> None:
        lengths = {len(values) for values in columns.values()}
        assert len(lengths) <= 1, f"columns of {sorted(lengths)} rows"
        self.columns = dict(columns)
        self._n_rows = lengths.pop() if lengths else 0

    def __len__(self) -> int:
        return self._n_rows

    def __getitem__(self, name: str) -> Values:
        return self.columns[name]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for values in zip(*map(_plain, self.columns.values()), strict=True):
            yield dict(zip(self.columns, values, strict=True))

    def __repr__(self) -> str:
        return f"<{len(self)} rows of {', '.join(self.columns)}>"

    def _repr_html_(self) -> str:
        """Return the first rows as a table of HTML, for a notebook."""
        head = "".join(f"<th>{escape(name)}</th>" for name in self.columns)
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(_word(value))}</td>" for value in row.values()) + "</tr>"
            for row, _ in zip(self, range(_SHOWN_ROWS), strict=False)
        )
        more = f"<p>{len(self)} rows, {len(self.columns)} columns</p>"
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{more}"

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Return the Arrow stream of the table (the PyCapsule interface); a requested schema is not met."""
        return arrow.stream(self.columns, len(self))

    def __arrow_c_schema__(self) -> Any:
        return arrow.schema(self.columns)

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame; a missing number is NaN."""
        frame = _library("pandas").DataFrame
        return frame({name: _for_pandas(values) for name, values in self.columns.items()})

    def to_polars(self) -> Any:
        """Return a polars DataFrame; what is missing is null."""
        return _library("polars").DataFrame(self)

    def to_arrow(self) -> Any:
        """Return a pyarrow Table; what is missing is null."""
        return _library("pyarrow").table(self)


def beside(axes: Mapping[str, T], taken: Container[str]) -> dict[str, T]:
    """Return choices by the names of their axes, ``axis_key`` for one that is called like what has a meaning.

    The parameters of a user's own training have whatever names they have.
    """
    return {f"axis_{name}" if name in taken else name: value for name, value in axes.items()}


def of_rows(rows: Iterable[Mapping[str, Any]]) -> Columns:
    """Return a table with a column for every key of any row; None where a row has none."""
    held = list(rows)
    names = dict.fromkeys(name for row in held for name in row)
    return Columns({name: [row.get(name) for row in held] for name in names})


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise UsageError(f"{name} is not installed. Install it: pip install {name}") from None


def _plain(values: Values) -> Iterable[Any]:
    return values.tolist() if isinstance(values, np.ndarray) else values


def _for_pandas(values: Values) -> Values:
    """Return whole numbers with gaps as reals: pandas would keep Python's objects."""
    if isinstance(values, np.ndarray) or not any(value is None for value in values):
        return values
    is_number = all(value is None or type(value) in (int, float) for value in values)
    return np.array([np.nan if value is None else value for value in values]) if is_number else values


def _word(value: Any) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
