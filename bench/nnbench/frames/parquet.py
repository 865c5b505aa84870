"""Tables as Parquet files: one folder, a file each, with what run they are of in the files' metadata."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnbench.frames.columns import Columns
from nnbench.machine.extras import extra
from nnbench.machine.writing import make_folder, write_files

SCHEMA = "nnbench.tables/1"
KEY = "nnbench"  # of the metadata, which is the header of a run's JSON
_COMPRESSION = "zstd"


def write(tables: Mapping[str, Columns], header: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write every table as NAME.parquet into a folder, all of them or none, and return their paths."""
    packed = {folder / f"{name}.parquet": _packed(table, header) for name, table in tables.items()}
    make_folder(folder)
    write_files(packed)
    return list(packed)


def _packed(table: Columns, header: Mapping[str, Any]) -> bytes:
    arrow, parquet = (extra(name, "data", "Parquet") for name in ("pyarrow", "pyarrow.parquet"))
    said = json.dumps(header, allow_nan=False)
    held, into = arrow.table(table), io.BytesIO()
    parquet.write_table(
        held.replace_schema_metadata({**(held.schema.metadata or {}), KEY: said}),
        into,
        compression=_COMPRESSION,
    )
    return into.getvalue()
