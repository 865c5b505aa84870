"""Figures of the lecture notes, checked: what was expected, what was measured, and whether they agree."""

from dataclasses import dataclass

from nnbench.records.claims import Wording


@dataclass(frozen=True, slots=True)
class Checked:
    """One check. ``expected`` and ``measured`` are written as they are shown."""

    id: str
    note: str
    claim: Wording
    expected: str
    measured: str
    ok: bool
