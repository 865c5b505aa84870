"""What the quality costs: seconds of training, and memory that the optimizer keeps for each parameter."""

from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column
from nnbench.statistics.suite.overview import Member, Overview

Filled = tuple[Column, list[Cell]]


def cost_columns(over: Overview) -> list[Filled]:
    """Return time and memory of every configuration."""
    times = [Cell(digits.seconds(each.train_s)) for each in over.members]
    filled: list[Filled] = [(Column("time", "right"), times)]
    if any(each.state_bytes is not None for each in over.members):
        filled.append((Column("state, B", "right"), [_state(each) for each in over.members]))
    return filled


def cost_notes(over: Overview) -> list[str]:
    notes = ["Time: one trial of every case, medians over seeds added up; trials run side by side."]
    if any(each.state_bytes is not None for each in over.members):
        notes.append("State: bytes that the optimizer keeps for each parameter.")
    return notes


def _state(each: Member) -> Cell:
    if each.state_bytes is None:
        return Cell(digits.MISSING, "quiet")
    return Cell(f"{each.state_bytes:.3g}")
