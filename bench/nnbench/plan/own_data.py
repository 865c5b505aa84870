"""``--data FILE --target COLUMN``: a case is written for the files, and said what was made of them."""

import shlex
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nnbench.cases import catalogue, own_case
from nnbench.cases.files import read_text
from nnbench.cases.spec import CaseSpec
from nnbench.errors import UsageError

if TYPE_CHECKING:
    from nnkit.datasets.tables.files import OwnData
    from nnkit.datasets.tables.problem import Problem, TableTask
    from nnkit.datasets.tables.table import Column

_MOST_LINES = 24  # of columns that are described one by one
_MOST_CLASSES = 8
_TASKS: tuple["TableTask", ...] = ("classification", "regression")


@dataclass(frozen=True, slots=True)
class OwnCase:
    """A case for files of the user's own, and where its text is kept."""

    case: CaseSpec
    text: str
    path: Path
    is_there: bool  # the same text already
    said: tuple[str, ...]  # what was found and guessed, a line each


def own_case_of(options: Mapping[str, object]) -> OwnCase | None:
    """Return the case that these options ask for; None where they name no data; or raise UsageError."""
    files = _texts(options["data"])
    if not files:
        for name in ("target", "task", "drop", "group", "time", "case_file"):
            if options[name]:
                flag = "--case" if name == "case_file" else f"--{name}"
                raise UsageError(f"{flag}: this is said of a table, and none is named. Add --data FILE.")
        return None
    asked = own_case.Asked(
        files=files,
        target=_names(options["target"]),
        task=_task(_text(options["task"])),
        drop=_names(options["drop"]),
        group=_text(options["group"]),
        time=_text(options["time"]),
    )
    found = own_case.looked_at(asked)
    path = Path(_text(options["case_file"]) or _beside(Path(files[0])))
    text = own_case.case_text(asked, found, path.parent)
    is_there = _check_place(path, text)
    case = catalogue.read_case(tomllib.loads(text), str(path))
    return OwnCase(case, text, path, is_there, tuple(_described(found, case)))


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list | tuple) else ()


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _task(text: str | None) -> "TableTask | None":
    if text is None:
        return None
    for task in _TASKS:
        if text == task:
            return task
    raise UsageError(f"--task: found {text!r}. There are classification and regression.")


def _names(value: object) -> tuple[str, ...]:
    """Return the names in comma lists, each as often as it is there."""
    return tuple(name.strip() for text in _texts(value) for name in text.split(",") if name.strip())


def _beside(file: Path) -> str:
    place = file.absolute()
    return str(file.parent / f"{place.name if place.is_dir() else place.stem}.toml")


def _check_place(path: Path, text: str) -> bool:
    """Return whether the file has this text already, or raise UsageError where it has another."""
    if not path.suffix == ".toml":
        raise UsageError(f"--case {path}: expected the name of a .toml file.")
    if not (path.exists() or path.is_symlink()):
        return False
    if read_text(path, what="a case file") == text:
        return True
    name = shlex.quote(str(path))
    raise UsageError(
        f"{path}: this file is there, and says something else than these options. Run it as it is"
        f" (nnbench run {name}), delete it, or keep the new case elsewhere with --case FILE.toml."
    )


# -- what was found, in words -----------------------------------------------------------------------------


def _described(found: "OwnData", case: CaseSpec) -> Iterator[str]:
    n, problem = len(found.dataset), found.problem
    where = f"{case.data.file[0]}: {n:,} rows"
    if problem is None:
        shape = " x ".join(map(str, found.dataset.input_shape))
        yield f"{where} of {shape} values; {_classes(found)}"
        return
    target = ", ".join(problem.question.target)
    several = f", {problem.n_outputs} targets" if len(problem.question.target) > 1 else ""
    yield f"{where}, {len(found.columns):,} columns; {problem.task} of {target}{several}{_guess(problem)}"
    if problem.task == "classification":
        yield f"  {_classes(found)}"
    yield from _columns(problem.features)
    yield from problem.notes
    yield _split(case)
    yield from _untaught(problem, case)


def _guess(problem: "Problem") -> str:
    """Say what else could have been meant: whole numbers may be classes or amounts."""
    numbers = problem.n_outputs > 1 and problem.task == "regression"
    if problem.question.task or numbers or not problem.may_be_either:
        return ""
    other = "regression" if problem.task == "classification" else "classification"
    return f" (guessed; --task {other} is the other)"


def _classes(found: "OwnData") -> str:
    counts = np.bincount(found.dataset.y.astype(np.int64).reshape(-1), minlength=len(found.classes))
    pairs = [f"{name} {count:,}" for name, count in zip(found.classes, counts, strict=True)]
    more = f", and {len(pairs) - _MOST_CLASSES} more" if len(pairs) > _MOST_CLASSES else ""
    return f"{len(pairs)} classes: {', '.join(pairs[:_MOST_CLASSES])}{more}"


def _columns(features: "tuple[Column, ...]") -> Iterator[str]:
    shown = features[:_MOST_LINES]
    width = min(30, max(len(feature.name) for feature in shown))
    for feature in shown:
        missing = int(feature.is_missing.sum())
        lacks = f", {missing:,} missing" if missing else ""
        yield f"  {feature.name:<{width}}  {_kind(feature)}{lacks}"
    if len(features) > len(shown):
        yield f"  and {len(features) - len(shown):,} more columns"


def _kind(feature: "Column") -> str:
    from nnkit.datasets.tables.table import Texts

    if isinstance(feature, Texts):
        values = ", ".join(feature.values[:4]) + (", …" if feature.n_values > 4 else "")
        return f"{feature.n_values} texts: {values}"
    low, high = float(np.nanmin(feature.values)), float(np.nanmax(feature.values))
    if feature.is_date:
        return f"dates from {_date(low)} to {_date(high)}"
    return f"numbers from {low:g} to {high:g}"


def _date(days: float) -> str:
    return str(np.datetime64(int(days // 1), "D"))


def _untaught(problem: "Problem", case: CaseSpec) -> Iterator[str]:
    """Name the classes that come up only in the last part of the time."""
    from nnkit.datasets.tables.parts import split_table

    if problem.times is None or problem.task == "regression":
        return
    train, _ = split_table(problem, float(case.data.validation), 0)
    known = set(problem.y[train].tolist())
    missing = [name for code, name in enumerate(problem.classes) if code not in known]
    if missing:
        yield f"no row before the last ones is of class {', '.join(missing)}: a net cannot learn it"


def _split(case: CaseSpec) -> str:
    data = case.data
    assert isinstance(data.validation, float)
    share = f"{data.validation:.0%} of the rows validate"
    if data.time is not None:
        how = f", the last by {data.time}: the same for every seed"
    elif data.group is not None:
        how = f", drawn by seed: no {data.group} is on both sides"
    else:
        how = ", drawn by seed" + (", as many of each class" if data.task == "classification" else "")
    return f"{share}{how}; numbers are standardised on the others"
