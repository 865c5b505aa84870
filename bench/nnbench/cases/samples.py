"""What a case trains on: a dataset by name, or what is in files of the user's own."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from nnbench.errors import EnvironmentProblem, UsageError
from nnkit.errors import EnvironmentProblem as MachineProblem
from nnkit.errors import NnkitError
from nnkit.registry import parse_choice

if TYPE_CHECKING:
    from nnbench.cases.data_section import DataSection
    from nnkit.datasets import Dataset
    from nnkit.datasets.tables.files import OwnData
    from nnkit.datasets.tables.problem import Question


MOST_NAMES = 12  # of columns in a report


def dataset_of(data: "DataSection") -> "Dataset":
    """Return the samples of a case, whole and as they are."""
    from nnkit import datasets

    if data.file:
        return own_data(data).dataset
    name, given = parse_choice(data.dataset)
    return datasets.load(name, **given)


def digest_of(data: "DataSection") -> str:
    """Return the digest of samples and targets: of files, of their content and of how it is read."""
    if not data.file:
        return dataset_of(data).digest
    from nnkit.datasets.tables.files import READING

    return data.content if READING == 1 else f"{data.content}/{READING}"


def needed(data: "DataSection") -> list[str]:
    """Return the datasets by name that must be there."""
    return [] if data.file else [parse_choice(data.dataset)[0]]


def own_data(data: "DataSection") -> "OwnData":
    """Return what is in the files of a case, or raise NnkitError with one line; read once."""
    found = _read(data.paths, question_of(data), data.header, data.content)
    if found.digest != data.content:
        raise EnvironmentProblem(f"{data.paths[0]}: this file was changed while it was in use. Start again.")
    return found


def question_of(data: "DataSection") -> "Question":
    """Return what a case asks of its table."""
    from nnkit.datasets.tables.problem import Question

    return Question(data.target, data.task, data.drop, data.group, data.time)


def described(data: "DataSection") -> str:
    """Return what reports say of the files: names, rows, columns, what was made of them, and the digest."""
    found = own_data(data)
    name, n = " and ".join(data.file), f"{len(found.dataset):,} rows"
    problem = found.problem
    if problem is None:
        shape = " x ".join(map(str, found.dataset.input_shape))
        what = f"{n} of {shape} values in {len(found.classes)} classes"
    else:
        features = [feature.name for feature in problem.features]
        more = f" and {len(features) - MOST_NAMES:,} more" if len(features) > MOST_NAMES else ""
        target = ", ".join(data.target) or "y"
        what = f"{n}; {target} by {', '.join(features[:MOST_NAMES])}{more}"
        what += f"; split by {data.time or data.group}" if data.time or data.group else ""
        what += "".join(f"; {note}" for note in problem.notes)
    return f"{name}: {what}; sha256 {found.digest[:12]}"


# The digest is no argument of reading; it makes another call of what another content is.
@lru_cache(maxsize=8)
def _read(paths: tuple[Path, ...], question: "Question", header: bool | None, content: str) -> "OwnData":
    from nnkit.datasets.tables.files import read_files

    return read_files(paths, question, header=header)


def found_in(data: "DataSection", folder: Path, where: str) -> "DataSection":
    """Return the section with its files looked up and read, or raise an error with one line."""
    from nnkit.datasets.tables.files import digest_of_files

    try:
        found = data.found_in(folder, digest_of_files)
        own_data(found)
    except MachineProblem as error:
        raise EnvironmentProblem(f"{where}, data: {error}") from None
    except NnkitError as error:
        raise UsageError(f"{where}, data: {error}") from None
    return found
