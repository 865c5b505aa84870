"""What a cell says of a trial: a number, that there is none, or how the trial ended."""

import math
from collections.abc import Sequence
from itertools import islice

from nnbench.errors import UsageError
from nnbench.records.trials import Status
from nnbench.studies.judged.sheet import Sheet

# How a trial ended without a score; and in a word why, where that is not its status.
Lost = tuple[Status, str | None]

# In small letters, as people, frameworks and trackers write them.
_NO_VALUE = frozenset(("", "na", "n/a", "null", "none", "-", "—", "?"))
_LOST: dict[str, Status] = {
    **dict.fromkeys(("diverged", "blown up", "exploded"), "diverged"),
    **dict.fromkeys(("failed", "crashed", "error", "killed", "oom", "timeout", "preempted"), "failed"),
    **dict.fromkeys(("running", "scheduled", "pending", "queued", "preempting", "cancelled"), "cancelled"),
    "pruned": "pruned",
}
_WELL = ("", "finished", "completed", "complete", "done", "success", "succeeded")
ENDED: dict[str, Status] = {**dict.fromkeys(_WELL, "finished"), **_LOST}
# An empty cell: pandas writes a loss of NaN as one, so it counts like a trial that diverged.
EMPTY: Lost = ("diverged", "no_value")


def is_numeric(cells: Sequence[str]) -> bool:
    """Return whether most of the cells that hold anything hold numbers; the first thousand of these tell."""
    said = list(islice((cell for cell in cells if cell.lower() not in _NO_VALUE), 1000))
    return 2 * sum(number(cell) is not None for cell in said) > len(said)


def number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def score(sheet: Sheet, row: int, metric: str, cell: str, status: str) -> float | Lost:
    """Return the score in a row, or how it was lost; raise UsageError where the cell says neither."""
    ended = ENDED[status.lower()]
    value = number(cell)
    if ended == "finished" and value is not None:
        return value if math.isfinite(value) else ("diverged", None)
    if ended == "finished" and cell.lower() in _NO_VALUE:
        return EMPTY
    lost = ended if ended != "finished" else _LOST.get(cell.lower())
    if lost is None:
        raise UsageError(
            f"{sheet.found(row, metric)}, expected a number. Correct it; where a trial left no score, leave"
            " the cell empty or write diverged or failed."
        )
    if lost == "pruned":
        raise UsageError(
            f"{sheet.found(row, metric)} of a pruned trial. A verdict must count the looks at which trials"
            " could be pruned, and the file does not hold them. Judge trials that ran to their end."
        )
    return lost, "not_finished" if lost == "cancelled" else None
