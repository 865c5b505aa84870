"""What was checked: what was expected, what was measured, and whether they agree."""

import re
from dataclasses import dataclass

from nnbench.records.claims import Wording

_FIGURE = re.compile(r"X\d+(\.|$)")


def group_of(id_: str) -> str:
    """Return the group that a check belongs to, by its id: the notes' figures, or its first word."""
    return "figures" if _FIGURE.match(id_) else id_.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Checked:
    """One check. ``expected`` and ``measured`` are written as they are shown; ``note`` is the lecture's."""

    id: str
    note: str
    claim: Wording
    expected: str
    measured: str
    ok: bool

    @property
    def group(self) -> str:
        return group_of(self.id)
