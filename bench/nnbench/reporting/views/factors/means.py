"""Means over a level or a pair of levels: how far each shifts the score, in tables and in heat maps."""

from collections import Counter
from collections.abc import Mapping

from nnbench.evidence.case import CaseEvidence
from nnbench.records.trials import CaseFacts
from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column, HeatCell, HeatMap, HeatMaps, Table, Tone
from nnbench.reporting.texts import words
from nnbench.reporting.views.curves import file_name
from nnbench.statistics.factors.case_effects import CaseEffects
from nnbench.statistics.factors.effects import Effects, Measured, TermShare
from nnbench.statistics.factors.sums_of_squares import Term

_MOST_TABLES = 3
_MOST_COLUMNS = 4  # with their intervals; more do not fit on a narrow screen
_MOST_ROWS = 10  # of a list of combinations
_MOST_MAPS = 6

Cells = Mapping[tuple[str, str], Measured]


def main_effects(case: CaseEvidence, found: CaseEffects, effects: Effects) -> Table:
    """Return a row for each choice, axis by axis, the best one of each first."""
    unit = digits.scale_of(case.facts).difference_unit
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


def _shift(shift: Measured, facts: CaseFacts) -> Cell:
    """Write a shift; it is good or bad only where its interval leaves 0 out."""
    written = digits.difference(shift.value, words.scored(shift.interval), digits.scale_of(facts))
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
    return _shift(shift, facts), Cell(digits.count(shift.n))


def _lost(found: CaseEffects, effects: Effects, axis: str, choice: str) -> list[Cell]:
    if not effects.n_without_score:
        return []
    n = found.lost[axis].get(choice, 0)
    return [Cell(f"{n}/{found.trials[axis][choice]}", "bad" if n else "quiet")]


def interactions(case: CaseEvidence, effects: Effects) -> list[Table]:
    """Return a table for each pair of axes that explains more than chance, the largest share first."""
    shown = [each for each in _pairs(effects) if each.is_beyond_chance]
    more = len(shown) - _MOST_TABLES
    note = f"{digits.counted(more, 'more pair')} with more than chance: not shown." if more > 0 else ""
    last = shown[:_MOST_TABLES][-1:]
    return [_table(case, effects, each, note if each in last else "") for each in shown[:_MOST_TABLES]]


def _pairs(effects: Effects) -> list[TermShare]:
    """Return the pairs of axes, that which explains most first."""
    return sorted((each for each in effects.shares if len(each.term) == 2), key=lambda each: -each.share)


def _turned(effects: Effects, pair: Term, cells: Cells) -> tuple[str, str, Cells]:
    """Return the axis that goes down, the one across, and the cells in this order.

    The axis with more choices goes down, where there is room.
    """
    one, other = pair
    if len(effects.main[other]) <= len(effects.main[one]):
        return one, other, cells
    return other, one, {(second, first): each for (first, second), each in cells.items()}


def _table(case: CaseEvidence, effects: Effects, share: TermShare, note: str) -> Table:
    down, across, cells = _turned(effects, share.term, effects.interactions[share.term])
    n = sorted({each.n for each in cells.values()})
    trials = digits.count(n[0]) if n[0] == n[-1] else f"{digits.count(n[0])} to {digits.count(n[-1])}"
    notes = [f"n = {trials} trials in each combination."]
    unit = digits.scale_of(case.facts).difference_unit
    title = words.unit_after("Beyond both shifts", unit) + f" [95%]: {down} by {across}"
    if len(effects.main[across]) > _MOST_COLUMNS:
        return _list(case, title, (down, across), cells, [*notes, note])
    choices = list(effects.main[across])
    rows = tuple(
        (Cell(row), *(_beyond(case, cells.get((row, column))) for column in choices))
        for row in effects.main[down]
    )
    columns = (Column(down, wraps=True), *(Column(choice, "decimal") for choice in choices))
    return Table(title, columns, rows, tuple(filter(None, [*notes, note])))


def _beyond(case: CaseEvidence, measured: Measured | None) -> Cell:
    return Cell("no score", "bad") if measured is None else _shift(measured, case.facts)


def _list(case: CaseEvidence, title: str, axes: tuple[str, str], cells: Cells, notes: list[str]) -> Table:
    """Return the combinations that stand out, as rows: a grid of so many columns would fit on no screen."""
    apart = [key for key, each in cells.items() if each.interval[0] > 0.0 or each.interval[1] < 0.0]
    apart.sort(key=lambda key: -abs(cells[key].value))
    rows = tuple(
        (Cell(first), Cell(second), _shift(cells[first, second], case.facts))
        for first, second in apart[:_MOST_ROWS]
    )
    columns = (*(Column(axis, wraps=True) for axis in axes), Column("beyond both shifts", "decimal"))
    shown = f"The {len(rows)} furthest from 0" if len(apart) > len(rows) else "Furthest from 0 first"
    which = f"{shown}, of {len(apart)} whose interval leaves 0 out; {len(cells)} combinations in all."
    return Table(title, columns, rows, tuple(filter(None, [which, *notes])))


def heat_maps(case: CaseEvidence, found: CaseEffects, effects: Effects) -> HeatMaps:
    """Return a map for each pair of axes, the pair that explains most first."""
    pairs = _pairs(effects)
    shown = [each.term for each in pairs[:_MOST_MAPS]]
    unit = digits.scale_of(case.facts).unit
    metric = f"{words.metric(case.facts)}, {unit}," if unit else words.metric(case.facts)
    bounded = " and its 95 % interval (jackknife over seeds)" if effects.n_seeds > 1 else ""
    lost = " Trials without a score are left out and counted." if effects.n_without_score else ""
    left = len(pairs) - len(shown)
    more = f" {digits.counted(left, 'more pair')} of axes: left out." if left else ""
    n = digits.counted(effects.n_seeds, "seed")
    return HeatMaps(
        name=f"{file_name(case.facts.name)}-effects",
        caption=(
            f"Mean final {metric} of {case.facts.name} for every pair of choices{bounded}, over {n} and all"
            f" choices on the other axes. Brighter is better.{lost}{more}"
        ),
        alternative=_alternative(case, effects, shown[0]),
        facts=case.facts,
        maps=tuple(_map(case, found, effects, pair) for pair in shown),
    )


def _alternative(case: CaseEvidence, effects: Effects, pair: Term) -> str:
    sign = 1.0 if case.facts.direction == "max" else -1.0
    cells = effects.cells[pair]
    first, second = max(cells, key=lambda key: sign * cells[key].value)
    return f"Heat maps of {case.facts.name} for pairs of axes. Best mean: {first} with {second}."


def _map(case: CaseEvidence, found: CaseEffects, effects: Effects, pair: Term) -> HeatMap:
    """Draw all choices that were asked for: one that never left a score shows that it did not."""
    down, across, scores = _turned(effects, pair, effects.cells[pair])
    asked = Counter(tuple(trial.axes.as_dict()[axis] for axis in (down, across)) for trial in found.ended)
    rows, columns = tuple(found.trials[down]), tuple(found.trials[across])

    def line(row: str) -> tuple[HeatCell, ...]:
        return tuple(_heat(case, scores.get((row, each)), asked[row, each]) for each in columns)

    title = f"{down} by {across}, n = {digits.count(max(asked.values()))} each"
    return HeatMap(title=title, axes=(down, across), rows=rows, columns=columns, cells=tuple(map(line, rows)))


def _heat(case: CaseEvidence, measured: Measured | None, n_asked: int) -> HeatCell:
    if measured is None:
        return HeatCell(("no score",) if n_asked else (digits.MISSING,), float("nan"))
    scale = digits.scale_of(case.facts)
    written = digits.estimate(measured.value, words.scored(measured.interval), scale)
    counted = f"{measured.n} of {n_asked}" if measured.n < n_asked else ""
    return HeatCell(tuple(filter(None, (written.value, written.interval, counted))), measured.value)
