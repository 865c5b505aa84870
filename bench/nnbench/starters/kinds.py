"""The kinds of files that ``nnbench init`` writes: what each is called, holds, and is used with."""

import re
import shlex
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from nnbench.cases import resources
from nnbench.cases.axis import AXES
from nnbench.errors import UsageError
from nnbench.machine.writing import printable
from nnkit.errors import UnknownName, did_you_mean

_MINE = "mine"  # what the shipped files call the part or case in them


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: its usual name, the command to go on with, and the registry that its part goes into."""

    file: str
    next: str
    registry: str = ""


KINDS = {
    "matrix": Kind("matrix.toml", "nnbench run {file} --dry-run"),
    "case": Kind("case.toml", "nnbench run {file}"),
    "claim": Kind("claim.toml", "nnbench claims {file}"),
    "optimizer": Kind(
        "my_optimizer.py", "nnbench run iris --plugin {file} --optimizer {name},sgd", "optimizers"
    ),
    "activation": Kind(
        "my_activation.py", "nnbench run wine --plugin {file} --activation {name},relu", "activations"
    ),
    "initializer": Kind(
        "my_initializer.py", "nnbench run wine --plugin {file} --init {name},own", "initializers"
    ),
    "schedule": Kind(
        "my_schedule.py", "nnbench run iris --plugin {file} --schedule {name},constant", "schedules"
    ),
}


def as_asked(word: str, file: str | None) -> tuple[str, str]:
    """Return the kind and the file that ``init WORD [FILE]`` means, or raise UsageError."""
    if word in KINDS:
        return word, KINDS[word].file if file is None else file
    if file is not None:
        raise UsageError(f"init: no kind of file named {word!r}.{did_you_mean(word, KINDS)}")
    return "matrix", word


def content_of(kind: str, file: str) -> str:
    """Return what to write to a file of this kind; what is in it is called as the file is."""
    name = name_in(kind, file)
    shipped = (resources.cases_folder() / "starters" / _shipped_as(kind)).read_text(encoding="utf-8")
    named = shipped.replace(f'"{_MINE}"', f'"{name}"').replace(f'"{_MINE}(', f'"{name}(')
    return named.replace("matrix.toml", as_word(file)) + _axes() if kind == "matrix" else named


def next_command(kind: str, file: str) -> str:
    """Return the command that uses such a file, as a shell takes it."""
    return KINDS[kind].next.format(file=as_word(file), name=name_in(kind, file))


def name_in(kind: str, file: str) -> str:
    """Return the name of what the file holds: the file's own, unless that is taken or cannot be one."""
    stem, registry = Path(file).stem, KINDS[kind].registry
    is_name = re.fullmatch(r"[a-z][a-z0-9_]{0,63}", stem) is not None and stem != "own"
    return stem if is_name and not (registry and _is_taken(registry, stem)) else _MINE


def as_word(file: str) -> str:
    """Return the file's name as one word of a shell."""
    return shlex.quote(printable(file))


def _shipped_as(kind: str) -> str:
    return f"{kind}{Path(KINDS[kind].file).suffix}"


def _is_taken(registry: str, name: str) -> bool:
    try:
        import_module(f"nnkit.{registry}").record(name)
    except UnknownName:
        return False
    return True


def _axes() -> str:
    """Return a line for every axis, the first two to be crossed and the others as comments."""
    lines = []
    for place, axis in enumerate(AXES.values()):
        line = axis.starter if place < 2 else f"# {axis.starter}"
        lines.append(f"{line:<46}# nnbench list {axis.lists}\n" if axis.lists else f"{line}\n")
    return "".join(lines)
