"""What a file of rows and columns holds once it is read: no Python object per cell."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nnkit.errors import InvalidData, did_you_mean

# What stands for "not known" in a cell, in small letters and without spaces around it.
MISSING = frozenset({"", "na", "n/a", "#n/a", "<na>", "nan", "null", "none", "?", "-", ".", "nat"})
MOST_VALUES = 10_000  # distinct texts of a column that are kept as texts


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """A column of numbers; what is missing is NaN. Dates are days since 1970-01-01."""

    name: str
    values: NDArray[np.float64] = field(repr=False)
    is_date: bool = False

    @property
    def is_missing(self) -> NDArray[np.bool_]:
        return np.isnan(self.values)


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """A column of texts as numbers of distinct texts, in their sorted order; what is missing is -1."""

    name: str
    codes: NDArray[np.int64] = field(repr=False)
    n_values: int
    values: tuple[str, ...] = ()  # empty where there are more than MOST_VALUES
    examples: tuple[str, ...] = ()

    @property
    def is_missing(self) -> NDArray[np.bool_]:
        return self.codes < 0


Column = Numbers | Texts


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Columns of one length, each with a name of its own; ``digest`` is the SHA-256 of the file's bytes."""

    name: str  # of the file, for messages
    columns: tuple[Column, ...]
    digest: str
    notes: tuple[str, ...] = ()  # what a reader of the file should know: an encoding, a guess

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        for place, name in enumerate(names):
            if name in names[:place]:
                raise InvalidData(
                    f"{self.name}: columns {names.index(name) + 1} and {place + 1} are both called {name!r}."
                    " Rename one of them."
                )

    def __len__(self) -> int:
        return len(self.columns[0].is_missing)

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str, where: str) -> Column:
        """Return the column of this name, or raise InvalidData with the nearest one."""
        for column in self.columns:
            if column.name == name:
                return column
        raise InvalidData(
            f"{self.name}, {where}: there is no column {name!r}.{did_you_mean(name, self.names[:40])}"
        )


def texts_of(name: str, codes: NDArray[np.int64], values: list[str]) -> Texts:
    """Return a column whose distinct texts are put in order."""
    order = sorted(range(len(values)), key=values.__getitem__)
    place = np.empty(len(values) + 1, dtype=np.int64)
    place[order] = np.arange(len(values))
    place[-1] = -1  # the code of what is missing reads the last place
    ordered = tuple(values[index] for index in order)
    return Texts(name, place[codes], len(values), ordered, ordered[:3])
