"""Average ranks over cases, and whether they differ by more than chance would have it."""

from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column, RanksFigure
from nnbench.statistics.suite.overview import Overview

Filled = tuple[Column, list[Cell]]
LEVEL = 0.05


def rank_columns(over: Overview) -> list[Filled]:
    """Return the average rank of every configuration; 1 is best."""
    if over.friedman is None:
        return []
    cells = [Cell(f"{each.average_rank:.2f}") for each in over.members if each.average_rank is not None]
    return [(Column("average rank", "decimal", rank=1), cells)]


def rank_notes(over: Overview) -> list[str]:
    found = over.friedman
    if found is None:
        return []
    n = digits.counted(found.n_cases, "case")
    differ = (
        f"ranks more than {found.critical_difference:.2f} apart differ at the {digits.level(LEVEL)} level"
    )
    return [f"Rank of the median, averaged over {n}: Friedman {digits.p_value(found.p)}; {differ} (Nemenyi)."]


def rank_figure(over: Overview, run: str) -> RanksFigure | None:
    """Return the picture of the critical difference."""
    found = over.friedman
    if found is None:
        return None
    ranked = sorted(
        ((each.label, each.average_rank) for each in over.members if each.average_rank is not None),
        key=lambda each: each[1],
    )
    said = ", ".join(f"{label} {rank:.2f}" for label, rank in ranked)
    return RanksFigure(
        name="across-ranks",
        caption=(
            f"Average ranks over {digits.counted(found.n_cases, 'case')}, 1 being best. A bar joins"
            " configurations whose ranks lie within the critical difference (CD) of one another: between"
            f" them no difference is shown. Friedman's test: {digits.p_value(found.p)}."
        ),
        alternative=f"Average ranks of {run}: {said}. Critical difference {found.critical_difference:.2f}.",
        ranks=tuple(ranked),
        critical_difference=found.critical_difference,
    )
