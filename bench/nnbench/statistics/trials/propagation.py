"""What becomes of signals and gradients on their way through the layers: do they hold, vanish or explode?"""

import math
from dataclasses import dataclass
from typing import Literal

from nnbench.records.diagnosis import Preflight, Quantity

Fate = Literal["holds", "vanishes", "explodes", "unknown"]

# A convention: a square that falls to a hundredth, so a size that falls to a tenth, has begun to vanish.
VANISHED, EXPLODED = 1e-2, 1e2


@dataclass(frozen=True, slots=True)
class Course:
    """From the layer where something enters to the layer where it ends, and what is left of it."""

    start: str
    end: str
    ratio: float  # of the squares, measured
    expected: float | None
    fate: Fate


def forward_course(check: Preflight) -> Course:
    """Return what becomes of the signals' variance from the first layer with weights to the last."""
    first, last = check.layers[0], check.layers[-1]
    return _course(first.layer, last.layer, first.variance, last.variance)


def backward_course(check: Preflight) -> Course:
    """Return what becomes of the gradients from the last layer with weights to the first."""
    first, last = check.layers[0], check.layers[-1]
    return _course(last.layer, first.layer, last.gradient, first.gradient)


def _course(start: str, end: str, enters: Quantity, leaves: Quantity) -> Course:
    ratio = leaves.mean / enters.mean if enters.mean else math.nan
    expected = None
    if enters.expected and leaves.expected is not None:
        expected = leaves.expected / enters.expected
    return Course(start, end, ratio, expected, _fate(ratio))


def _fate(ratio: float) -> Fate:
    if math.isnan(ratio):
        return "unknown"
    if ratio < VANISHED:
        return "vanishes"
    return "explodes" if ratio > EXPLODED else "holds"
