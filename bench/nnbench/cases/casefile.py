"""Edit a case file in place: its target and its ``[calibration]`` section, and not one comment of it."""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from nnbench.errors import EnvironmentProblem, UsageError

_HEADER = re.compile(r"^\s*\[\[?[^\[\],]+\]\]?\s*(#.*)?$")


def with_calibration(text: str, *, target: float, section: Mapping[str, object], where: str) -> str:
    """Return the file with another ``measure.target`` and ``[calibration]``, or raise UsageError."""
    lines = text.splitlines()
    if _bounds(lines, "measure") is None:
        raise UsageError(f"{where}: there is no line [measure] to edit. Write it as a table of its own.")
    _set(lines, "measure", {"target": target})
    if _bounds(lines, "calibration") is None:
        lines += ["", "[calibration]"]
    _set(lines, "calibration", section)
    end = "\r\n" if "\r\n" in text else "\n"
    edited = end.join(lines) + end
    _check_rest(text, edited, target, section, where)
    return edited


def write(path: Path, text: str) -> None:
    """Replace a file as a whole, so that it is never half written."""
    half = path.with_name(f"{path.name}.new")
    try:
        half.write_text(text, encoding="utf-8", newline="")
        os.replace(half, path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise EnvironmentProblem(f"{path}: cannot be written: {error.strerror}.") from None


def write_below(folder: Path, name: str, text: str) -> Path:
    """Write a file into a folder that is made where it is missing; return its path."""
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise EnvironmentProblem(f"{folder}: cannot be made: {error.strerror}.") from None
    write(folder / name, text)
    return folder / name


def as_toml(section: Mapping[str, object]) -> list[str]:
    """Return a line of TOML for each value: texts, numbers and truths."""
    return [f"{key} = {_spelled(value)}" for key, value in section.items()]


def _set(lines: list[str], name: str, values: Mapping[str, object]) -> None:
    """Give keys of a section their values: on the line they have, or on a new one behind the others."""
    for key, value in values.items():
        bounds = _bounds(lines, name)
        assert bounds is not None, f"no section [{name}]"
        start, stop = bounds
        assignment = re.compile(rf"^(\s*{key}\s*=\s*)(\"[^\"]*\"|[^#]*?)(\s*#.*)?$")
        for at in range(start, stop):
            if found := assignment.match(lines[at]):
                lines[at] = f"{found[1]}{_spelled(value)}{found[3] or ''}"
                break
        else:
            last = max(at for at in range(start, stop) if lines[at].strip())
            lines.insert(last + 1, f"{key} = {_spelled(value)}")


def _bounds(lines: list[str], name: str) -> tuple[int, int] | None:
    """Return where a section begins, with its header, and where the next one does."""
    headers = [at for at, line in enumerate(lines) if _HEADER.match(line)]
    for at, following in pairwise([*headers, len(lines)]):
        if lines[at].partition("#")[0].strip() == f"[{name}]":
            return at, following
    return None


def _check_rest(text: str, edited: str, target: float, section: Mapping[str, object], where: str) -> None:
    """Make sure that the edit did what it should and nothing else; TOML has more forms than are edited."""
    wanted = tomllib.loads(text)
    wanted["measure"]["target"] = target
    wanted["calibration"] = {**wanted.get("calibration", {}), **section}
    try:
        found: dict[str, Any] = tomllib.loads(edited)
    except tomllib.TOMLDecodeError:
        found = {}
    if found != wanted:
        raise UsageError(f"{where}: this file cannot be edited line by line. Write the section by hand.")


def _spelled(value: object) -> str:
    return repr(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
