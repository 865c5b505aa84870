"""Edit a case file in place: its target and its ``[calibration]`` section, and not one comment of it."""

import tomllib
from collections.abc import Mapping, MutableMapping
from typing import Any, cast

import tomlkit
from tomlkit.exceptions import TOMLKitError

from nnbench.errors import UsageError


def with_calibration(text: str, *, target: float, section: Mapping[str, object], where: str) -> str:
    """Return the file with another ``measure.target`` and ``[calibration]``, or raise UsageError.

    What of the section is None is taken out of the file.
    """
    wanted: dict[str, Any] = tomllib.loads(text)
    changes = {"measure": {"target": target}, "calibration": section}
    for name, values in changes.items():
        if not isinstance(wanted.setdefault(name, {}), dict):
            raise UsageError(f"{where}, {name}: expected a table, found {wanted[name]!r}.")
        wanted[name] = {key: value for key, value in (wanted[name] | values).items() if value is not None}
    try:
        edited = _edited(text, changes)
        found = tomllib.loads(edited)
    except (TOMLKitError, tomllib.TOMLDecodeError):
        found = {}
    # tomlkit has its limits: nothing may be written that says something else than was meant.
    if found != wanted:
        raise UsageError(f"{where}: this file cannot be edited here. Write the section by hand.")
    return edited.replace("\r\n", "\n").replace("\n", "\r\n") if "\r\n" in text else edited


def as_toml(section: Mapping[str, object]) -> list[str]:
    """Return a line of TOML for each value: texts, numbers and truths."""
    return tomlkit.dumps({key: value for key, value in section.items() if value is not None}).splitlines()


def _edited(text: str, changes: Mapping[str, Mapping[str, object]]) -> str:
    document = tomlkit.parse(text if text.endswith("\n") else text + "\n")
    for name, values in changes.items():
        if name not in document:
            document.add(tomlkit.nl())
            document.add(name, tomlkit.table())
        table = cast("MutableMapping[str, object]", document[name])
        for key, value in values.items():
            if value is None:
                table.pop(key, None)
            else:
                table[key] = value
    return tomlkit.dumps(document)
