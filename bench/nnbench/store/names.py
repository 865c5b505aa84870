"""Which run a name means: a whole name, the beginning of one, or a place counted from the newest."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nnbench.errors import NothingMeasured, UsageError

_RUNS_IN_MESSAGE = 5
_COUNTS_BACK = re.compile(r"last(?:~(\d{1,9}))?")


def counts_back(name: str) -> int | None:
    """Return how far ``"last~2"`` counts back from the newest run; None: it is the name of one."""
    counted = _COUNTS_BACK.fullmatch(name)
    return None if counted is None else int(counted[1] or 0)


def row_named(name: str, found: Sequence[tuple[Any, ...]], path: Path) -> tuple[Any, ...]:
    """Return the row of the run that a name means, of rows whose second value is a name, newest first."""
    if not found:
        raise NothingMeasured(f"{path}: no run is recorded. Run `nnbench run digits` first.")
    if (place := counts_back(name)) is not None:
        if place >= len(found):
            raise UsageError(f"run {name!r}: the oldest of {len(found)} runs is 'last~{len(found) - 1}'.")
        return found[place]
    matching = [row for row in found if row[1] == name]
    matching = matching or sorted(row for row in found if name and str(row[1]).startswith(name))
    if len(matching) == 1:
        return matching[0]
    if matching:
        matches = ", ".join(row[1] for row in matching[:_RUNS_IN_MESSAGE])
        raise UsageError(f"run {name!r}: {len(matching)} runs begin so: {matches}. Write more of the name.")
    known = ", ".join(str(row[1]) for row in found[:_RUNS_IN_MESSAGE])
    raise UsageError(f"run {name!r}: {path} has no such run. The newest: {known}. Or write 'last'.")
