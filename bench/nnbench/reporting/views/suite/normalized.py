"""Scores on one scale for all cases: 0 is chance, 1 is the case's target."""

from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column
from nnbench.reporting.texts import words
from nnbench.statistics.suite.overview import Member, Overview

Filled = tuple[Column, list[Cell]]


def normalized_columns(over: Overview) -> list[Filled]:
    """Return the interquartile mean of every configuration's normalised scores."""
    if all(each.iqm is None for each in over.members):
        return []
    return [(Column("IQM [95%]", "decimal"), [_cell(each) for each in over.members])]


def normalized_notes(over: Overview) -> list[str]:
    if all(each.iqm is None for each in over.members):
        return []
    n = digits.counted(len(over.with_target), "case")
    return [f"IQM: mean of the middle half of the final scores of {n}, from 0 at chance to 1 at the target."]


def _cell(each: Member) -> Cell:
    if each.iqm is None:
        return Cell(digits.MISSING, "quiet")
    if not words.has_score(each.iqm.value):
        return Cell("no score", "bad")
    return Cell(str(digits.estimate(each.iqm.value, words.scored(each.iqm.interval), digits.PLAIN)))
