"""How far every choice shifts the score from the mean, over all the choices on the other axes."""

from nnbench.evidence.case import CaseEvidence
from nnbench.records.trials import CaseFacts
from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column, Table, Tone
from nnbench.reporting.texts import words
from nnbench.statistics.factors.case_effects import CaseEffects
from nnbench.statistics.factors.effects import Effects, Measured


def main_effects(case: CaseEvidence, found: CaseEffects, effects: Effects) -> Table:
    """Return a row for each choice, axis by axis, the best one of each first."""
    unit = digits.scale_of(case.facts.metric).difference_unit
    is_bounded = effects.n_seeds > 1
    columns = [
        Column("axis"),
        Column("choice", wraps=True),
        Column(words.unit_after("shift", unit) + (" [95%]" if is_bounded else ""), "decimal"),
        Column("n", "right"),
    ]
    if effects.n_without_score:
        columns.append(Column("no score", "right"))
    rows = [
        (Cell(axis), Cell(choice), *cells)
        for axis in found.factors
        for choice, cells in _of_axis(case.facts, found, effects, axis)
    ]
    mean = words.median(effects.mean.value, effects.mean.interval, case.facts)
    title = f"Main effects: shift from the mean {words.metric(case.facts)} of {mean}"
    notes = ["Best first on each axis, over all choices on the others."]
    if not effects.is_balanced:
        notes.append("Fitted together, as if every combination had as many trials.")
    return Table(title, tuple(columns), tuple(rows), tuple(notes))


def shift_cell(shift: Measured, facts: CaseFacts) -> Cell:
    """Write a shift; it is good or bad only where its interval leaves 0 out."""
    written = digits.difference(shift.value, words.scored(shift.interval), digits.scale_of(facts.metric))
    return Cell(str(written), _tone(shift, facts))


def _tone(shift: Measured, facts: CaseFacts) -> Tone:
    low, high = shift.interval
    if low <= 0.0 <= high or shift.value != shift.value:
        return "plain"
    return "good" if (low > 0.0) == (facts.direction == "max") else "bad"


def _of_axis(
    facts: CaseFacts, found: CaseEffects, effects: Effects, axis: str
) -> list[tuple[str, tuple[Cell, ...]]]:
    sign = -1.0 if facts.direction == "max" else 1.0
    shifts = effects.main[axis]
    ordered = sorted(shifts, key=lambda choice: sign * shifts[choice].value)
    unscored = [choice for choice in found.trials[axis] if choice not in shifts]
    return [
        (choice, (*_measured(shifts.get(choice), facts), *_lost(found, effects, axis, choice)))
        for choice in (*ordered, *unscored)
    ]


def _measured(shift: Measured | None, facts: CaseFacts) -> tuple[Cell, Cell]:
    if shift is None:
        return Cell("no score", "bad"), Cell("0")
    return shift_cell(shift, facts), Cell(digits.count(shift.n))


def _lost(found: CaseEffects, effects: Effects, axis: str, choice: str) -> list[Cell]:
    if not effects.n_without_score:
        return []
    n = found.lost[axis].get(choice, 0)
    return [Cell(f"{n}/{found.trials[axis][choice]}", "bad" if n else "quiet")]
