"""How much of the lead of a tuned configuration over the others at their defaults is their missing tuning."""

from nnbench.evidence.searched import SearchedCase
from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column, Table
from nnbench.reporting.texts import words
from nnbench.reporting.views.search.tuned import point_word
from nnbench.statistics.tuning.nested import Estimate


def tuning_debt(case: SearchedCase) -> Table | None:
    """Set the leader's gain over every other at its default beside that over it tuned; None without any."""
    if not case.debts:
        return None
    unit = digits.scale_of(case.facts).difference_unit
    columns = (
        Column("configuration", wraps=True),
        Column(f"{words.unit_after('gain over its default', unit)} [95%]", "decimal"),
        Column(f"{words.unit_after('gain over it tuned', unit)} [95%]", "decimal"),
        Column(f"{words.unit_after('tuning debt', unit)} [95%]", "decimal"),
    )
    rows = tuple(
        (
            Cell(case.at_best.label(each.b)),
            *(Cell(_written(case, part)) for part in (each.over_default, each.over_tuned, each.debt)),
        )
        for each in case.debts
    )
    return Table("Tuning debt", columns, rows, tuple(_notes(case)))


def _notes(case: SearchedCase) -> list[str]:
    leader, n = case.at_best.label(case.debts[0].a), digits.counted(case.debts[0].n, "fresh seed")
    tried = digits.counted(case.tuning.n_points, point_word(case.tuning.strategy))
    over = f" over {case.n_searches} searches" if case.n_searches > 1 else ""
    return [
        f"Gains are those of {leader}, tuned; each was given {tried}. Above 0 is better.",
        "Debt: what of the first gain is only that the other was not tuned, the first less the second.",
        f"Means over pairs by seed, {n}, with Student's intervals{over}.",
    ]


def _written(case: SearchedCase, part: Estimate) -> str:
    scale = digits.scale_of(case.facts)
    return str(digits.difference(part.value, words.scored(part.interval), scale))
