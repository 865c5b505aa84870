"""From a table to a problem: which column is to be predicted, from which others, and what is said of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnkit.datasets.tables.table import Column, Numbers, Table, Texts
from nnkit.errors import InvalidData, shown

TableTask = Literal["classification", "regression"]

MOST_CHOICES = 50  # texts of a column that become columns of 0 and 1
MOST_CLASSES = 1000
_MOST_NUMBERED = 20  # whole numbers of a target that are guessed to be classes
_MOST_STRAYS = 0.2  # of the values of a column, that are texts among numbers
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a table. ``task`` None: as the target looks."""

    target: tuple[str, ...]
    task: TableTask | None = None
    drop: tuple[str, ...] = ()
    group: str | None = None
    time: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A table and a question, checked: every row has a target, every feature something to say."""

    name: str
    digest: str
    question: Question
    task: TableTask
    features: tuple[Column, ...]
    y: NDArray[Any] = field(
        repr=False
    )  # int64 classes of shape (n,), or float64 targets of shape (n, outputs)
    classes: tuple[str, ...]  # of a classification, in the order of their numbers
    groups: NDArray[np.int64] | None = field(repr=False)
    times: NDArray[np.float64] | None = field(repr=False)
    may_be_either: bool  # whole numbers, which may be classes or amounts
    notes: tuple[str, ...]  # what was left out, guessed or filled, and why

    def __len__(self) -> int:
        return len(self.y)

    @property
    def n_outputs(self) -> int:
        return len(self.classes) if self.task == "classification" else int(self.y.shape[1])

    @property
    def n_inputs(self) -> int:
        return sum(width_of(feature) for feature in self.features)


def width_of(feature: Column) -> int:
    """Return how many inputs of a net a column becomes."""
    return len(feature.values) if isinstance(feature, Texts) else 1


def pose(table: Table, question: Question) -> Problem:
    """Return the problem, or raise InvalidData with one line that says what to do."""
    _check_question(table, question)
    target = [table.column(name, "target") for name in question.target]
    notes = list(table.notes)
    _check_targets(table, target)
    task = question.task or _guessed(target)
    y: NDArray[Any]
    if task == "classification":
        y, classes = _labels(table, target[0])
        _check_classification(table, target, y, classes)
    else:
        y, classes = _reals(table, target), ()
    notes += _repeated(table)
    notes += (note for column in target for note in _strayed(column))
    apart = {*question.target, *question.drop, *filter(None, (question.group, question.time))}
    features = _features(table, [column for column in table if column.name not in apart], notes)
    return Problem(
        name=table.name,
        digest=table.digest,
        question=question,
        task=task,
        features=features,
        y=y,
        classes=classes,
        groups=_groups(table, question),
        times=_times(table, question),
        may_be_either=len(target) == 1 and _is_whole(target[0]),
        notes=tuple(notes),
    )


def _check_question(table: Table, question: Question) -> None:
    if not question.target:
        names = ", ".join(table.names[:20]) + (", …" if len(table.names) > 20 else "")
        raise InvalidData(
            f"{table.name}: no target is named. Name the column to predict; there are: {names}."
        )
    for name in question.drop:
        table.column(name, "drop")
    asked = [*question.target, *question.drop, *filter(None, (question.group, question.time))]
    twice = next((name for name in asked if asked.count(name) > 1), None)
    if twice is not None:
        raise InvalidData(f"{table.name}: column {twice!r} is named twice, as target, drop, group or time.")
    if question.group is not None and question.time is not None:
        raise InvalidData(f"{table.name}: group and time both say how to split. Name one of them.")


# -- the target ---------------------------------------------------------------------------------------


def _check_targets(table: Table, target: Sequence[Column]) -> None:
    for column in target:
        missing = np.flatnonzero(column.is_missing)
        if missing.size:
            raise InvalidData(
                f"{table.name}, column {column.name!r}: the target is missing in {_of_rows(missing, table)}."
                " Remove these rows, or fill them in."
            )
        _check_finite(table, column)
        if _is_constant(column):
            raise InvalidData(
                f"{table.name}, column {column.name!r}: the target is the same in all {len(table):,} rows."
                " There is nothing to learn; name another column."
            )


def _guessed(target: Sequence[Column]) -> TableTask:
    column = target[0]
    if len(target) > 1:
        return "regression"
    if isinstance(column, Texts):
        return "classification"
    if not _is_whole(column):
        return "regression"
    n = len(np.unique(column.values))
    return "classification" if n <= min(_MOST_NUMBERED, max(2, len(column.values) // 2)) else "regression"


def _is_whole(column: Column) -> bool:
    if isinstance(column, Texts) or column.is_date:
        return False
    return bool((column.values == np.floor(column.values)).all())


def _labels(table: Table, column: Column) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    if isinstance(column, Texts):
        if not column.values or column.n_values > MOST_CLASSES:
            raise _too_many_classes(table, column.name, column.n_values)
        return column.codes, column.values
    values, codes = np.unique(column.values, return_inverse=True)
    if values.size > MOST_CLASSES:
        raise _too_many_classes(table, column.name, values.size)
    return codes.astype(np.int64), tuple(f"{value:.17g}" for value in values)


def _too_many_classes(table: Table, name: str, n: int) -> InvalidData:
    return InvalidData(
        f"{table.name}, column {name!r}: {n:,} classes, at most {MOST_CLASSES:,} are allowed."
        " Name another target, or say --task regression where they are numbers."
    )


def _check_classification(
    table: Table, target: Sequence[Column], y: NDArray[np.int64], classes: Sequence[str]
) -> None:
    if len(target) > 1:
        names = ", ".join(column.name for column in target)
        raise InvalidData(
            f"{table.name}: a classification has one target, found {len(target)}: {names}. Name one of them."
        )
    if len(y) < 2 * len(classes):
        amounts = "" if isinstance(target[0], Texts) else ", or say --task regression"
        raise InvalidData(
            f"{table.name}, column {target[0].name!r}: {len(classes):,} classes in {len(y):,} rows; a"
            f" classification needs twice as many rows.{_strays(target[0])} Name another target{amounts}."
        )


def _reals(table: Table, target: Sequence[Column]) -> NDArray[np.float64]:
    for column in target:
        if isinstance(column, Texts):
            found = ", ".join(map(repr, column.examples))
            raise InvalidData(
                f"{table.name}, column {column.name!r}: the target of a regression must be numbers, found"
                f" {found}.{_strays(column)} Say --task classification, or name another column."
            )
    return np.column_stack([column.values for column in target if isinstance(column, Numbers)])


# -- what it is predicted from --------------------------------------------------------------------------


def _features(table: Table, columns: Sequence[Column], notes: list[str]) -> tuple[Column, ...]:
    kept = []
    crowded = []
    for column in columns:
        if isinstance(column, Numbers):
            _check_finite(table, column)
        reason = _why_dropped(column)
        notes += _strayed(column)
        if reason is not None:
            notes.append(f"{column.name} is left out: {reason}")
        elif isinstance(column, Texts) and column.n_values > MOST_CHOICES:
            crowded.append(column)
        else:
            kept.append(column)
    if crowded:
        raise _too_many_texts(table, crowded)
    if not kept:
        raise InvalidData(f"{table.name}: no column is left to predict the target from. {'; '.join(notes)}")
    notes += _fillings(kept)
    return tuple(kept)


def _why_dropped(column: Column) -> str | None:
    n = len(column.is_missing)
    if column.is_missing.all():
        return "it is empty"
    if _is_constant(column):
        return "it is the same in every row"
    if isinstance(column, Texts):
        return "every row has another text, as an id has" if column.n_values == n > 2 else None
    if n > 2 and column.values[0] in (0.0, 1.0) and (np.diff(column.values) == 1.0).all():
        return "it counts the rows"
    return None


def _strays(column: Column) -> str:
    """Return a sentence about the texts in a column that looks like one of numbers; "" for any other."""
    if not isinstance(column, Texts) or not column.n_values:
        return ""
    if not column.values:  # too many to be kept
        looks = all(map(_is_number, column.examples))
        return " Its first values are numbers, and others are not: correct or empty those." if looks else ""
    is_text = np.array([not _is_number(value) for value in column.values])
    known = column.codes[~column.is_missing]
    n_texts = int(is_text[known].sum())
    if not n_texts or n_texts > _MOST_STRAYS * known.size:
        return ""
    row = int(np.argmax(is_text[column.codes] & ~column.is_missing))
    found = column.values[column.codes[row]]
    others = f", and {n_texts - 1:,} more rows have texts" if n_texts > 1 else ""
    return (
        f" Of its {known.size:,} values {known.size - n_texts:,} are numbers; row {row + 1:,} has"
        f" {shown(found)}{others}: correct or empty what is no number."
    )


def _strayed(column: Column) -> Iterator[str]:
    """Say that a column is taken for one of texts, though nearly all of them are numbers."""
    if strays := _strays(column):
        yield f"{column.name} is taken for texts.{strays.removesuffix('.')}"


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return "_" not in text


def _repeated(table: Table) -> Iterator[str]:
    """Say how many rows are copies of others, all cells alike."""
    # One number for each row, made of the bits of its cells: rows that differ share one by a chance of
    # n**2 / 2**65, one in 40 million for a million rows.
    mixed = np.zeros(len(table), dtype=np.uint64)
    for column in table:
        bits = column.codes if isinstance(column, Texts) else (column.values + 0.0).view(np.int64)
        mixed = (mixed ^ bits.view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    n = len(table) - len(np.unique(mixed))
    if n:
        yield f"{n:,} rows are copies of other rows, which may be on the other side of the split"


def _is_constant(column: Column) -> bool:
    """Return whether what is there is one value. A value that is sometimes missing says something by that."""
    if isinstance(column, Texts):
        return column.n_values == 1 and not column.is_missing.any()
    known = column.values[~column.is_missing]
    return known.size > 0 and bool((known == known[0]).all())


def _too_many_texts(table: Table, columns: Sequence[Texts]) -> InvalidData:
    found = "; ".join(
        f"{column.name!r} has {column.n_values:,} different texts, such as {column.examples[0]!r}."
        f"{_strays(column)}"
        for column in columns[:3]
    ).removesuffix(".")
    more = f"; {len(columns) - 3} more columns" if len(columns) > 3 else ""
    names = ",".join(column.name for column in columns)
    return InvalidData(
        f"{table.name}: at most {MOST_CHOICES} texts of a column become inputs; {found}{more}."
        f" Leave out what is no feature (--drop {names}), or put it in numbers or fewer groups."
    )


def _fillings(columns: Sequence[Column]) -> Iterator[str]:
    numbers = [column for column in columns if isinstance(column, Numbers) and column.is_missing.any()]
    if numbers:
        n = ", ".join(f"{column.name} ({int(column.is_missing.sum()):,})" for column in numbers[:6])
        more = f" and {len(numbers) - 6} more columns" if len(numbers) > 6 else ""
        yield f"missing numbers become the median of the training part: {n}{more}"
    texts = [column for column in columns if isinstance(column, Texts) and column.is_missing.any()]
    if texts:
        n = ", ".join(f"{column.name} ({int(column.is_missing.sum()):,})" for column in texts[:6])
        more = f" and {len(texts) - 6} more columns" if len(texts) > 6 else ""
        yield f"missing texts are 0 in all inputs of their column: {n}{more}"


def _check_finite(table: Table, column: Column) -> None:
    if isinstance(column, Texts):
        return
    wrong = np.flatnonzero(np.abs(column.values) > _LARGEST)
    if wrong.size:
        raise InvalidData(
            f"{table.name}, column {column.name!r}: expected finite numbers of float32, found"
            f" {column.values[wrong[0]]:g} in {_of_rows(wrong, table)}. Empty them, or drop the column."
        )


def _of_rows(rows: NDArray[np.int64], table: Table) -> str:
    first = f"row {rows[0] + 1:,}"
    return first if rows.size == 1 else f"{rows.size:,} of {len(table):,} rows, {first} the first"


# -- how it is split ------------------------------------------------------------------------------------


def _groups(table: Table, question: Question) -> NDArray[np.int64] | None:
    if question.group is None:
        return None
    column = table.column(question.group, "group")
    if column.is_missing.any():
        raise InvalidData(
            f"{table.name}, column {column.name!r}: the group is missing in"
            f" {_of_rows(np.flatnonzero(column.is_missing), table)}. Fill it in, or remove these rows."
        )
    values = column.codes if isinstance(column, Texts) else column.values
    distinct, codes = np.unique(values, return_inverse=True)
    if distinct.size < 2:
        raise InvalidData(f"{table.name}, column {column.name!r}: one group only. Name another column.")
    return codes.astype(np.int64)


def _times(table: Table, question: Question) -> NDArray[np.float64] | None:
    if question.time is None:
        return None
    column = table.column(question.time, "time")
    if isinstance(column, Texts):
        raise InvalidData(
            f"{table.name}, column {column.name!r}: expected numbers, or dates as 2026-11-28, found"
            f" {column.examples[0]!r}. Write the dates so, or name another column."
        )
    if column.is_missing.any():
        raise InvalidData(
            f"{table.name}, column {column.name!r}: the time is missing in"
            f" {_of_rows(np.flatnonzero(column.is_missing), table)}. Fill it in, or remove these rows."
        )
    _check_finite(table, column)
    return column.values
