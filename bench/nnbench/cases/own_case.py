"""A case for files of the user's own: a net, a budget and a measure that fit them, as a case file's text."""

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tomlkit

from nnbench.cases import catalogue
from nnbench.errors import UsageError
from nnkit.errors import NnkitError

if TYPE_CHECKING:
    from nnkit.datasets.tables.files import OwnData

_VALIDATION = 0.25
_STEPS = 3_000  # about as many as the cases that ship take
_LEAST_EPOCHS, _MOST_EPOCHS = 5, 100

_TEXT = """\
# Written by nnbench for {file}. Change what you like: `nnbench run` takes this file as it is.
name = "{name}"
summary = {summary}

[data]
{data}

[model]
layers = [
{layers}
]

[axes]
optimizer = "adam"
activation = "relu"
init = "glorot_uniform"
norm = "none"
schedule = "constant"

[training]
loss = "{loss}"
epochs = {epochs}
batch_size = {batch_size}

# What is smaller than noticeable is no difference to you. {why}
[measure]
metric = "{metric}"
noticeable = {noticeable:g}

[run]
optimizer = ["sgd", "momentum", "adam"]
activation = ["tanh", "relu"]
seeds = 10
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of files, as a command line says it."""

    files: tuple[str, ...]
    target: tuple[str, ...] = ()
    task: Literal["classification", "regression"] | None = None
    drop: tuple[str, ...] = ()
    group: str | None = None
    time: str | None = None


def looked_at(asked: Asked) -> "OwnData":
    """Return what is in the files, or raise UsageError with one line."""
    from nnkit.datasets.tables.files import read_files
    from nnkit.datasets.tables.problem import Question
    from nnkit.errors import EnvironmentProblem as MachineProblem

    question = Question(asked.target, asked.task, asked.drop, asked.group, asked.time)
    try:
        return read_files([Path(file) for file in asked.files], question)
    except MachineProblem:
        raise
    except NnkitError as error:
        raise UsageError(f"--data: {error}") from None


def case_text(asked: Asked, found: "OwnData", folder: Path) -> str:
    """Return the text of a case file that lies in ``folder``."""
    n_train = round(len(found.dataset) * (1 - _VALIDATION))
    batch_size = _batch_size(n_train)
    epochs = math.ceil(_STEPS * batch_size / n_train)
    is_classified = found.dataset.n_classes > 0
    noticeable = _noticeable(len(found.dataset) - n_train) if is_classified else 0.02
    return _TEXT.format(
        file=_plain(Path(asked.files[0]).name),
        name=_name(Path(asked.files[0])),
        summary=_quoted(_summary(asked, found)),
        data="\n".join(_data(asked, found, folder)),
        layers="\n".join(f"  {layer}," for layer in _layers(found)),
        loss="sparse_categorical_crossentropy" if is_classified else "mean_squared_error",
        epochs=min(max(epochs, _LEAST_EPOCHS), _MOST_EPOCHS),
        batch_size=batch_size,
        metric="accuracy" if is_classified else "loss",
        noticeable=noticeable,
        why="A loss of 1 is that of always answering the mean."
        if not is_classified
        else f"One row more is {1 / max(1, len(found.dataset) - n_train):.2g}.",
    )


def _batch_size(n_train: int) -> int:
    """Return a power of two, of which four and more make an epoch."""
    most = 32 if n_train < 5_000 else 128
    return min(most, 1 << max(0, (n_train // 4).bit_length() - 1))


def _noticeable(n_validation: int) -> float:
    """Return a hundredth, or as many hundredths as one row of the validation part is worth."""
    return min(0.1, max(1, math.ceil(100 / max(1, n_validation))) / 100)


def _summary(asked: Asked, found: "OwnData") -> str:
    target = ", ".join(asked.target) or "classes"
    by = f"{len(found.columns) - len(asked.target)} columns" if found.columns else "pictures"
    if found.problem is not None:
        n = len(found.problem.features)
        by = f"{n} column{'s' if n > 1 else ''}"
    return f"{target} by {by} of {Path(asked.files[0]).name}"


def _data(asked: Asked, found: "OwnData", folder: Path) -> list[str]:
    files = [_beside(Path(file), folder) for file in asked.files]
    said: dict[str, Sequence[str] | str | None] = {
        "file": files[0] if len(files) == 1 else files,
        "target": asked.target[0] if len(asked.target) == 1 else asked.target,
        "task": None if found.problem is None else found.problem.task,
        "drop": asked.drop,
        "group": asked.group,
        "time": asked.time,
    }
    lines = [f"{key} = {_value(value)}" for key, value in said.items() if value]
    scale = "standardize" if found.problem is not None else "unit"
    return [*lines, f"validation = {_VALIDATION}", f'scale = "{scale}"']


def _beside(file: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(file.absolute(), folder.absolute())).as_posix()
    except ValueError:  # another drive of Windows
        return file.absolute().as_posix()


def _layers(found: "OwnData") -> list[str]:
    dataset = found.dataset
    n_outputs = dataset.n_classes or int(dataset.y.shape[1])
    sizes = [32] if len(dataset) < 5_000 else [64, 64]
    hidden = [
        line
        for units in sizes
        for line in (
            f'{{ type = "Dense", units = {units}, kernel_initializer = "$init" }}',
            '{ type = "$norm" }',
            '{ type = "Activation", activation = "$activation" }',
        )
    ]
    flat = ['{ type = "Flatten" }'] if len(dataset.input_shape) > 1 else []
    return [*flat, *hidden, f'{{ type = "Dense", units = {n_outputs}, kernel_initializer = "$init" }}']


def _name(file: Path) -> str:
    """Return the name of the file as that of a case, and of none that ships."""
    plain = re.sub(r"[^a-z0-9]+", "_", file.stem.lower()).strip("_")
    name = plain if re.match(r"[a-z]", plain) else f"table_{plain}".rstrip("_")
    taken = {known for entry in catalogue.built_in() for known in (entry.name, *entry.aliases)}
    return f"{name}_table" if name in taken | set(catalogue.suites()) else name


def _value(value: Sequence[str] | str) -> str:
    return _quoted(value) if isinstance(value, str) else f"[{', '.join(map(_quoted, value))}]"


def _quoted(text: str) -> str:
    return tomlkit.item(text).as_string()


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
