"""Parquet files, by pyarrow where it is installed."""

import io
from typing import Any

import numpy as np

from nnkit.datasets.tables.arrays import column_of
from nnkit.datasets.tables.table import MOST_VALUES, Column, Numbers, Table, Texts, texts_of
from nnkit.errors import EnvironmentProblem, InvalidData


def read_parquet(content: bytes, name: str, digest: str) -> Table:
    """Return the table; raises EnvironmentProblem without pyarrow, InvalidData for what is no table."""
    try:
        import pyarrow as arrow
        import pyarrow.parquet as parquet
    except ImportError:
        raise EnvironmentProblem(
            f'{name}: Parquet needs pyarrow: pip install "nnkit-bench[data]"; or save the table as CSV.'
        ) from None
    try:
        found = parquet.read_table(io.BytesIO(content))
    except (arrow.ArrowException, OSError) as error:
        line = str(error).splitlines()[0]
        raise InvalidData(f"{name}: not a Parquet file that can be read: {line}") from None
    if found.num_rows == 0 or found.num_columns == 0:
        raise InvalidData(f"{name}: this table has {found.num_rows} rows in {found.num_columns} columns.")
    columns = zip(found.column_names, found.columns, strict=True)
    return Table(name, tuple(_column(arrow, each, values, name) for each, values in columns), digest)


def _column(arrow: Any, name: str, values: Any, file: str) -> Column:
    kind = values.type
    if arrow.types.is_null(kind):
        return Numbers(name, np.full(len(values), np.nan))
    if arrow.types.is_boolean(kind) or arrow.types.is_decimal(kind):
        values = values.cast(arrow.float64())
    elif arrow.types.is_date(kind) or arrow.types.is_timestamp(kind):
        return column_of(values.cast(arrow.timestamp("s"), safe=False).to_numpy(), name)
    if arrow.types.is_integer(values.type) or arrow.types.is_floating(values.type):
        return Numbers(
            name, np.asarray(values.cast(arrow.float64(), safe=False).to_numpy(), dtype=np.float64)
        )
    if arrow.types.is_string(kind) or arrow.types.is_large_string(kind) or arrow.types.is_dictionary(kind):
        return _texts(arrow, name, values)
    raise InvalidData(f"{file}, column {name!r}: columns of type {kind} are not read. Drop it from the file.")


def _texts(arrow: Any, name: str, values: Any) -> Texts:
    plain = values.cast(arrow.string())
    coded = plain.dictionary_encode().combine_chunks()
    if isinstance(coded, arrow.ChunkedArray):
        coded = arrow.concat_arrays(coded.chunks)
    codes = np.asarray(coded.indices.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)
    distinct = coded.dictionary
    if len(distinct) > MOST_VALUES:
        return Texts(name, codes, len(distinct), (), tuple(distinct[:3].to_pylist()))
    return texts_of(name, codes, distinct.to_pylist())
