"""What two choices do together beyond what each does alone, for the pairs of axes that show it."""

from collections.abc import Mapping

from nnbench.evidence.case import CaseEvidence
from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column, Table
from nnbench.reporting.texts import words
from nnbench.reporting.views.factors.main_effects import shift_cell
from nnbench.statistics.factors.effects import Effects, Measured, TermShare

_MOST_TABLES = 3
_MOST_COLUMNS = 4  # with their intervals; more do not fit on a narrow screen
_MOST_ROWS = 10  # of a list of combinations

Cells = Mapping[tuple[str, str], Measured]


def interactions(case: CaseEvidence, effects: Effects) -> list[Table]:
    """Return a table for each pair of axes that explains more than chance, the largest share first."""
    shown = sorted(
        (each for each in effects.shares if len(each.term) == 2 and each.is_beyond_chance),
        key=lambda each: -each.share,
    )
    more = len(shown) - _MOST_TABLES
    note = f"{digits.counted(more, 'more pair')} with more than chance: not shown." if more > 0 else ""
    last = shown[:_MOST_TABLES][-1:]
    return [_table(case, effects, each, note if each in last else "") for each in shown[:_MOST_TABLES]]


def turned(effects: Effects, one: str, other: str) -> tuple[str, str]:
    """Return the pair as it is printed: the axis with more choices goes down, where there is room."""
    return (other, one) if len(effects.main[other]) > len(effects.main[one]) else (one, other)


def _table(case: CaseEvidence, effects: Effects, share: TermShare, note: str) -> Table:
    one, other = share.term
    cells = effects.interactions[one, other]
    down, across = turned(effects, one, other)
    if down != one:
        cells = {(second, first): each for (first, second), each in cells.items()}
    n = sorted({each.n for each in cells.values()})
    trials = digits.count(n[0]) if n[0] == n[-1] else f"{digits.count(n[0])} to {digits.count(n[-1])}"
    notes = [f"n = {trials} trials in each combination."]
    unit = digits.scale_of(case.facts.metric).difference_unit
    title = words.unit_after("Beyond both shifts", unit) + f" [95%]: {down} by {across}"
    if len(effects.main[across]) > _MOST_COLUMNS:
        return _list(case, title, (down, across), cells, [*notes, note])
    choices = list(effects.main[across])
    rows = tuple(
        (Cell(row), *(_cell(case, cells.get((row, column))) for column in choices))
        for row in effects.main[down]
    )
    columns = (Column(down, wraps=True), *(Column(choice, "decimal") for choice in choices))
    return Table(title, columns, rows, tuple(filter(None, [*notes, note])))


def _cell(case: CaseEvidence, measured: Measured | None) -> Cell:
    return Cell("no score", "bad") if measured is None else shift_cell(measured, case.facts)


def _list(case: CaseEvidence, title: str, axes: tuple[str, str], cells: Cells, notes: list[str]) -> Table:
    """Return the combinations that stand out, as rows: a grid of so many columns would fit on no screen."""
    apart = [key for key, each in cells.items() if each.interval[0] > 0.0 or each.interval[1] < 0.0]
    apart.sort(key=lambda key: -abs(cells[key].value))
    rows = tuple(
        (Cell(first), Cell(second), shift_cell(cells[first, second], case.facts))
        for first, second in apart[:_MOST_ROWS]
    )
    columns = (*(Column(axis, wraps=True) for axis in axes), Column("beyond both shifts", "decimal"))
    shown = f"The {len(rows)} furthest from 0" if len(apart) > len(rows) else "Furthest from 0 first"
    which = f"{shown}, of {len(apart)} whose interval leaves 0 out; {len(cells)} combinations in all."
    return Table(title, columns, rows, tuple(filter(None, [which, *notes])))
