"""``nnbench.tune/1`` and ``nnbench.ablate/1``."""

from typing import Annotated, Literal, NotRequired, TypedDict

from nnbench.reporting.shapes.parts import Axes, Configuration, Header, Interval, Row, Verdict


class Repeat(TypedDict):
    """The same search again."""

    points: Annotated[int, "Points of each configuration."]
    tuning_seeds: Annotated[list[int], "Its tuning seeds."]


class Budget(TypedDict):
    """What every configuration was given."""

    rates: NotRequired[Annotated[int, "Rates that were tried, where the rate alone was searched."]]
    grid: NotRequired[Annotated[int, "Those of them on the first grid."]]
    points: NotRequired[Annotated[int, "Points that were tried, where several dimensions were searched."]]
    over: NotRequired[Annotated[list[str], "The dimensions beside the rate."]]
    tuning_seeds: Annotated[list[int], "Seeds that chose."]
    final_seeds: Annotated[list[int], "Further tuning seeds, for the last few points."]
    finalists: Annotated[int, "How many points these were spent on."]
    trials: Annotated[int, "Trials that chose the point of one configuration."]
    searches: Annotated[int, "How often the search was made."]
    repeats: Annotated[list[Repeat], "The searches beyond the first."]
    seeds: Annotated[list[int], "Fresh seeds, at the chosen point and at the default."]


class Scores(TypedDict):
    """What the tuning seeds scored at a point, in units of the metric."""

    mean: Annotated[float | None, "What the point is chosen by; null: no trial left a score."]
    median: Annotated[float | None, "Median."]
    quartiles: Annotated[list[float | None], "Lower and upper quartile."]
    n: Annotated[int, "Trials."]
    diverged: Annotated[int, "Those of them without a score."]
    unstable: Annotated[int, "Those that failed as too long a step makes them fail."]
    seen: Annotated[int, "Those whose curves were looked at for that."]


class AtRate(Scores):
    """What the tuning seeds scored at a rate."""

    learning_rate: Annotated[float, "The rate."]


class CurvePoint(AtRate):
    """A point of the curve of rates."""

    refined: Annotated[bool, "Whether it was added beside the best, so is not on the even grid."]


class PointTried(Scores):
    """A point of several dimensions."""

    learning_rate: Annotated[float | None, "The rate."]
    hyperparameters: Annotated[dict[str, float | None], "The other dimensions."]


class SearchSpan(TypedDict):
    """One dimension of a search."""

    name: Annotated[str, "The hyper-parameter."]
    low: Annotated[float, "Its lower end."]
    high: Annotated[float, "Its upper end."]
    default: Annotated[float, "Its default."]


class Failing(TypedDict):
    """Of the trials at the chosen point and beside it, those that failed."""

    failed: Annotated[int, "How many failed."]
    n: Annotated[int, "Of how many."]
    share: Annotated[float | None, "Their share; null: nobody looked."]


class Tuned(TypedDict):
    """A configuration that was searched, whatever the search was over."""

    case: Annotated[str, "The case."]
    axes: Axes
    learning_rate: Annotated[float | None, "The chosen rate, of the first search; null: none left a score."]
    default_learning_rate: Annotated[float | None, "The rate of the optimizer's record."]
    basin_width_decades: Annotated[float | None, "How far the rate may move; null with several dimensions."]
    learning_rates: Annotated[list[float | None], "The chosen rates of all searches."]
    failing_around: Failing
    edge: Annotated[bool, "Whether the best was the last that was tried, or nothing was found."]
    default_regret: Annotated[
        float | None, "What the default falls short of the tuned, in units of the metric."
    ]
    default_regret_interval: Interval
    tuned: Annotated[Row | None, "What the fresh seeds scored at the chosen point."]
    default: Annotated[Row | None, "What they scored at the default."]
    gain: Annotated[Verdict | None, "Tuned against default; null: they are the same."]
    n: Annotated[int, "Fresh seeds."]
    n_tuning: Annotated[int, "Tuning seeds, at the point that had most."]


class TunedRate(Tuned):
    """A configuration whose rate was searched over a grid."""

    edge_side: Annotated[Literal["low", "high"] | None, "Which end of the tried rates was the best."]
    basin_interval: Annotated[list[float | None], "95 %, in decades; null below ten tuning seeds."]
    basin_range: Annotated[list[float | None], "With fewer: the range of all draws of them, in decades."]
    basin: Annotated[list[float | None] | None, "The rates at its ends."]
    basin_open: Annotated[bool | None, "Whether it runs off the grid, so its width is a lower bound."]
    mean_excess: Annotated[float | None, "What the grid falls short of the best, in units of the metric."]
    mean_excess_interval: Interval
    cliff: Annotated[AtRate | None, "The next larger rate that fails; null: none was seen."]
    curve: Annotated[list[CurvePoint], "Every rate that was tried, ascending."]


class TunedPoint(Tuned):
    """A configuration of which several hyper-parameters were searched."""

    hyperparameters: Annotated[dict[str, float | None], "The chosen values beside the rate."]
    tuned_optimizer: Annotated[str | None, "The optimizer as it is spelt at the chosen point."]
    default_hyperparameters: Annotated[dict[str, float | None], "The defaults beside the rate."]
    edges: Annotated[list[str], "The dimensions in which the best was the last that was tried."]
    spans: Annotated[list[SearchSpan], "The dimensions of the search."]
    points: Annotated[list[PointTried], "Every point that was tried, the default first."]


class Part(TypedDict):
    """A mean difference over the fresh seeds, in units of the metric."""

    difference: Annotated[float | None, "Above 0 is better."]
    interval: Interval


class TuningDebt(TypedDict):
    """How much of a lead is the other's missing tuning."""

    case: Annotated[str, "The case."]
    a: Axes
    b: Annotated[dict[str, str], "The other: one choice for each axis."]
    over_default: Annotated[Part, "Gain of a, tuned, over b at its default."]
    over_tuned: Annotated[Part, "Gain of a, tuned, over b tuned."]
    debt: Annotated[Part, "The first less the second."]
    n: Annotated[int, "Fresh seeds."]


class TestSet(TypedDict):
    """A test set that no tuning trial has seen."""

    case: Annotated[str, "The case."]
    n: Annotated[int, "Its examples."]
    reach: Annotated[float | None, "How far the best accuracy may be from that of all examples, at 95 %."]


class TuneDocument(Header):
    """What `tune --json` prints."""

    schema: Annotated[Literal["nnbench.tune/1"], "The name and the version of this schema."]
    budget: Budget
    configurations: Annotated[list[TunedRate | TunedPoint], "Every configuration."]
    verdicts: Annotated[list[Verdict], "Of every tuned configuration against the best of its case."]
    tuning_debt: Annotated[list[TuningDebt], "Of the leader over every other configuration."]
    test_sets: Annotated[list[TestSet], "Of every case that holds one back."]


class LookAt(TypedDict):
    """How a case was judged."""

    case: Annotated[str, "The case."]
    look: Annotated[int, "Which look at the question this is, counted from 1."]
    level: Annotated[float, "The level of this look."]


class Component(TypedDict):
    """What a component of an optimizer is worth."""

    case: Annotated[str, "The case."]
    component: Annotated[str, "The component."]
    off: Annotated[str, "The setting that takes it away."]
    effect: Annotated[float | None, "Mean without it less that with it, in units of the metric."]
    interval: Interval
    p: Annotated[float | None, "Adjusted for the whole family."]
    verdict: Annotated[Literal["better", "worse", "equivalent", "cannot_tell"], "Of being without it."]
    n: Annotated[int, "Pairs of seeds."]
    seeds_needed: Annotated[int | None, "Seeds of a new run that would decide; null: decided, or unknown."]
    reason: Annotated[str, "One clause: why it cannot be told; empty where it can."]
    learning_rate: Annotated[float | None, "Without it; null: none works, or the ablation is crossed."]
    trials: Annotated[int, "Trials without it."]
    failures: Annotated[dict[str, int], "How many of them failed, by kind."]


class AblatedConfiguration(Configuration):
    """What the seeds scored with some components off."""

    off: Annotated[list[str], "The components that are off."]


class AblateDocument(Header):
    """What `ablate --json` prints."""

    schema: Annotated[Literal["nnbench.ablate/1"], "The name and the version of this schema."]
    optimizer: Annotated[str, "Whose components were taken away."]
    case: Annotated[str, "The first case."]
    crossed: Annotated[bool, "Whether all combinations were run, not one component off at a time."]
    tuned_by: Annotated[list[str], "The searches that the learning rates come from."]
    looks: Annotated[list[LookAt], "Of every case."]
    components: Annotated[list[Component], "Of every case and component."]
    configurations: Annotated[list[AblatedConfiguration], "Of every case and combination."]
