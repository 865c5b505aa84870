"""Who left a race, when, and on what evidence; and by which rule, fixed beforehand."""

from nnbench.evidence.case import CaseEvidence
from nnbench.records.trials import CaseRace, Pruning
from nnbench.reporting import digits
from nnbench.reporting.blocks import Block, Cell, Column, Paragraph, Table
from nnbench.reporting.texts import words

_ENDINGS = {
    "decided": "It ended when the leader had been told from all the others.",
    "seeds": "It ended with the last seed.",
    "budget": "It ended when the budget was used up.",
    "stopped": "It was interrupted before its end.",
}


def race(case: CaseEvidence) -> Block | None:
    """Return one row for each configuration that left; a sentence where none did, None where none could."""
    if case.race is None:
        return None
    if not case.race.prunings:
        return Paragraph(f"No configuration left the race. {_rule(case.race)} {_ENDINGS[case.race.ending]}")
    scale = digits.scale_of(case.facts)
    columns = (
        Column("configuration", wraps=True),
        Column("after", "right"),
        Column("who led", wraps=True, rank=1),
        Column(words.unit_after("difference", scale.difference_unit) + " [95%]", "decimal"),
        Column("p", "right"),
    )
    rows = tuple(_row(case, pruning, scale) for pruning in case.race.prunings)
    notes = (_rule(case.race), _ENDINGS[case.race.ending])
    return Table("Left the race", columns, rows, notes)


def _row(case: CaseEvidence, pruning: Pruning, scale: digits.Scale) -> tuple[Cell, ...]:
    written = (
        str(digits.difference(pruning.difference, words.scored(pruning.interval), scale))
        if words.has_score(pruning.difference)
        else "no score"
    )
    return (
        Cell(case.label(pruning.axes)),
        Cell(digits.counted(pruning.n_seeds, "seed")),
        Cell(case.label(pruning.against)),
        Cell(written),
        Cell(digits.number(pruning.p)),
    )


def _rule(race: CaseRace) -> str:
    looks = [digits.count(look) for look in race.looks]
    return (
        f"Looks after {', '.join(looks[:-1])} and {looks[-1]} seeds, fixed beforehand. At each but the last"
        f" a configuration leaves that is worse than the leader, all pairs judged together at the"
        f" {digits.level(race.threshold)} level: {digits.level(race.level)} over"
        f" {digits.counted(len(race.looks), 'look')}."
    )
