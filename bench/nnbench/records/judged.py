"""What was judged: a file with results made elsewhere, and how it was read."""

from collections.abc import Mapping
from dataclasses import dataclass

from nnbench.records.trials import Direction


@dataclass(frozen=True, slots=True)
class Measure:
    """One column of scores. What was not said was concluded from its name and values."""

    column: str
    direction: Direction
    is_direction_said: bool
    noticeable: float
    is_noticeable_said: bool


@dataclass(frozen=True, slots=True)
class JudgedFile:
    name: str
    sha256: str
    n_rows: int
    columns: Mapping[str, str]  # by what they were read as
    measures: Mapping[str, Measure]  # by case
