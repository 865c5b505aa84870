"""The part ``effects`` of ``nnbench.run/1``."""

from typing import Annotated, TypedDict

from nnbench.reporting.shapes.parts import Interval


class Measured(TypedDict):
    """A number over some of the trials; its interval leaves out one seed at a time."""

    value: Annotated[float | None, "Null: the trials with a score do not determine it."]
    interval: Interval
    n: Annotated[int, "Trials with a score."]


class Share(TypedDict):
    """What one axis, or a pair of axes, explains."""

    term: Annotated[list[str], "The axis, or both."]
    share: Annotated[float | None, "Of the variance of the scores, 0 to 1."]
    interval: Interval
    by_chance: Annotated[float | None, "What an axis of noise with as many choices would explain."]
    degrees_of_freedom: Annotated[int, "Of the term."]


class Shift(TypedDict):
    """What one choice on an axis does on the average of the others."""

    axis: Annotated[str, "The axis."]
    choice: Annotated[str, "The choice."]
    shift: Annotated[Measured, "From the mean, in units of the metric."]
    without_score: Annotated[int, "Trials with this choice that left no score."]


class Cell(TypedDict):
    """What two choices do together."""

    axes: Annotated[list[str], "Both axes."]
    choices: Annotated[list[str], "A choice on each."]
    score: Annotated[Measured, "Mean, in units of the metric."]
    beyond_shifts: Annotated[Measured, "What it is beyond the shifts of both, in units of the metric."]


class Analysis(TypedDict, total=False):
    """What two crossed axes or more explain."""

    seeds: Annotated[int, "Seeds; this and what follows: where two axes are crossed."]
    balanced: Annotated[bool, "Whether every cell has as many scores."]
    mean: Annotated[Measured, "Of all choices alike, in units of the metric."]
    shares: Annotated[list[Share], "Of every axis, then of every pair."]
    rest: Annotated[Measured, "The share that is left to seeds, and to three axes together."]
    main: Annotated[list[Shift], "Of every choice."]
    pairs: Annotated[list[Cell], "Of every pair of choices."]


class CaseEffects(Analysis):
    """What explains the spread of the scores of a case."""

    case: Annotated[str, "The case."]
    factors: Annotated[list[str], "The axes that are crossed."]
    left_out: Annotated[dict[str, str], "Axes that vary and are no factors, with the reason."]
    n: Annotated[int, "Trials with a score."]
    without_score: Annotated[dict[str, int], "Trials without, by status."]
