"""From the curves of trials to what a figure draws: a line with its band, and the window it is seen in."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nnbench.records.trials import CaseFacts, TrialRecord
from nnbench.reporting import digits
from nnbench.reporting.blocks import Series
from nnbench.statistics.trials.curves import curve_band

Scale = Literal["linear", "log", "log of the error"]
_Values = NDArray[np.float64]

LOG_STEPS_FROM_RATIO = (
    8.0  # a run at least that much longer than its first evaluation is drawn over log steps
)
_MOST_POINTS = 160  # on one line; more cannot be seen and make the file large
_MARGIN = 0.04  # of the height, above and below the data
# A loss that falls by more than this is looked at over its logarithm, and an accuracy over that of its
# error: what is compared are the last per cent, and a linear scale gives its height to the first ones.
_LOG_FROM_RATIO = 10.0


@dataclass(frozen=True, slots=True)
class Line:
    """One configuration as it is drawn. From ``n_finite`` on at least half of the trials have no value.

    ``ends`` are the last values of trials that diverged or were stopped.
    """

    label: str
    lost: str  # "3 of 10 diverged", or empty
    steps: _Values
    low: _Values
    median: _Values
    high: _Values
    n_finite: int
    ends: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Window:
    """What part of the plane is shown."""

    first_step: float
    last_step: float
    low: float
    high: float
    scale: Scale
    resolution: float  # the smallest error that is drawn, where the scale is that of the error


def as_line(series: Series, facts: CaseFacts) -> Line:
    """Return the median and quartiles over the trials of a configuration."""
    name = facts.curve
    curves = [
        trial.curves.get(name, np.empty(0, np.float32))
        for trial in series.trials
        if trial.status not in ("failed", "cancelled")
    ]
    grids = [trial.curves["eval_step"] for trial in series.trials if "eval_step" in trial.curves]
    steps = max(grids, key=len, default=np.empty(0, np.float32))
    band = curve_band(steps, curves or [np.empty(0)], direction=facts.direction)
    kept = _thinned(band.steps)
    median = band.median[kept]
    finite = np.isfinite(median)
    return Line(
        label=series.label,
        lost=_lost(series),
        steps=band.steps[kept],
        low=band.low[kept],
        median=median,
        high=band.high[kept],
        n_finite=len(median) if finite.all() else int(np.argmin(finite)),
        ends=tuple(end for trial in series.trials if (end := _end(trial, name)) is not None),
    )


def _end(trial: TrialRecord, name: str) -> tuple[float, float] | None:
    """Return the last step and value of a trial that did not finish, if it ever was evaluated."""
    steps, values = trial.curves.get("eval_step"), trial.curves.get(name)
    if trial.status == "finished" or steps is None or values is None:
        return None
    finite = np.flatnonzero(np.isfinite(values) & (steps[: len(values)] > 0))
    return (float(steps[finite[-1]]), float(values[finite[-1]])) if finite.size else None


def _lost(series: Series) -> str:
    kinds = Counter(trial.status for trial in series.trials if trial.status != "finished")
    return ", ".join(f"{n} of {len(series.trials)} {kind}" for kind, n in sorted(kinds.items()))


def _thinned(steps: _Values) -> NDArray[np.int64]:
    """Return the positions to draw: all after step 0, or so many of them, evenly over the logarithm."""
    places = np.flatnonzero(steps > 0)
    if places.size <= _MOST_POINTS:
        return places
    wanted = np.geomspace(steps[places[0]], steps[places[-1]], _MOST_POINTS)
    nearest = np.unique(np.searchsorted(steps[places], wanted).clip(max=places.size - 1))
    return np.asarray(places[nearest], dtype=np.int64)


def window(lines: Sequence[Line], facts: CaseFacts) -> Window:
    """Return the window that shows every line, and does not waste its height on the first steps."""
    steps = np.concatenate([line.steps for line in lines]) if lines else np.empty(0)
    first, last = (float(steps.min()), float(steps.max())) if steps.size else (1.0, 1.0)
    if first == last:
        first, last = first * 0.5, last * 1.5
    ends = np.concatenate([_finite(each) for line in lines for each in (line.low, line.median, line.high)])
    low, high = (float(ends.min()), float(ends.max())) if ends.size else (0.0, 1.0)
    if facts.target is not None:
        low, high = min(low, facts.target), max(high, facts.target)
    if low == high:
        low, high = low - 0.5 * abs(low or 1.0), high + 0.5 * abs(high or 1.0)
    return Window(first, last, *_with_margin(low, high, facts))


def _with_margin(low: float, high: float, facts: CaseFacts) -> tuple[float, float, Scale, float]:
    resolution = 0.5 / max(facts.n_validation, 1)
    if facts.direction == "min" and 0 < low * _LOG_FROM_RATIO < high:
        margin = (high / low) ** _MARGIN
        return low / margin, high * margin, "log", resolution
    if digits.scale_of(facts).bounded and low >= 0 and high <= 1:
        best, worst = max(1 - high, resolution), 1 - low
        if worst > _LOG_FROM_RATIO * best:
            margin = (worst / best) ** _MARGIN
            return 1 - min(worst * margin, 1), 1 - best / margin, "log of the error", resolution
    margin = _MARGIN * (high - low)
    return low - margin, high + margin, "linear", resolution


def _finite(values: _Values) -> _Values:
    return values[np.isfinite(values)]


def spread(wanted: Sequence[float], needed: Sequence[float], room: float) -> list[float]:
    """Move labels apart, as little as it takes, so that each has the height it needs; the order stays.

    Labels that collide become one block around the mean of the places they wanted; blocks that collide
    become one in turn. No block leaves the room, unless all labels together need more than there is.
    """
    blocks: list[list[int]] = []

    def bottom(block: list[int]) -> float:
        height = sum(needed[i] for i in block)
        centre = sum(wanted[i] for i in block) / len(block)
        return max(0.0, min(centre - height / 2, room - height))

    def top(block: list[int]) -> float:
        return bottom(block) + sum(needed[i] for i in block)

    # Of equal ends the first label comes out on top, as in a list.
    for i in sorted(range(len(wanted)), key=lambda i: (wanted[i], -i)):
        blocks.append([i])
        while len(blocks) > 1 and top(blocks[-2]) > bottom(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    places = [math.nan] * len(wanted)
    for block in blocks:
        edge = bottom(block)
        for i in block:
            places[i] = edge + needed[i] / 2
            edge += needed[i]
    return places
