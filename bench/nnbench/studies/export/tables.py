"""The tables of a run in files that pandas, polars, DuckDB, Spark and R read."""

from nnbench.errors import UsageError
from nnbench.frames import results
from nnbench.reporting.digits import counted
from nnbench.studies.export.kinds import Asked, Exported

_ENDING = ".parquet"


def to_parquet(asked: Asked) -> Exported:
    """Write the four tables of a run into a folder; files of their names are replaced."""
    if asked.output is not None and asked.output.suffix.lower() == _ENDING:
        raise UsageError(
            f"--output {asked.output}: expected a folder, for a run is four tables. Try {asked.output.stem}/."
        )
    found = results.load(asked.store, asked.name)
    files = found.to_parquet(asked.output or f"tables-{found.name}")
    rows = ", ".join(f"{counted(len(getattr(found, file.stem)), 'row')} of {file.stem}" for file in files)
    return Exported(files[0].parent, f"{found.name}: {rows}")
