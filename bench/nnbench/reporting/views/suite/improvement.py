"""How often a trial of each configuration beats one of the reference, averaged over the cases."""

from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column
from nnbench.statistics.suite.overview import Overview

Filled = tuple[Column, list[Cell]]


def improvement_columns(over: Overview) -> list[Filled]:
    """Return the probability of improvement over the reference."""
    if all(each.improvement is None for each in over.members):
        return []
    cells = [
        Cell("reference", "quiet")
        if each.improvement is None
        else Cell(str(digits.estimate(each.improvement.value, each.improvement.interval, digits.PERCENT)))
        for each in over.members
    ]
    return [(Column(f"beats {over.reference}, % [95%]", "decimal", rank=2), cells)]


def improvement_notes(over: Overview) -> list[str]:
    if all(each.improvement is None for each in over.members):
        return []
    role = "" if over.has_named_reference else ", the leader"
    wins = f"how often a trial ends better than one of {over.reference}{role}, ties counting half"
    return [f"Beats: {wins}, on average over the cases."]
