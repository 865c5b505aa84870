"""Parts that several documents have: cases, configurations, verdicts."""

from typing import Annotated, Any, Literal, TypedDict

Axes = Annotated[dict[str, str], "One choice for each axis."]
Interval = Annotated[list[float | None], "Both ends of the 95 % interval; null: nothing bounds this end."]


class Metric(TypedDict):
    """How the numbers of a metric are read."""

    metric: Annotated[str, "The metric: accuracy, of the validation data, or train_accuracy."]
    direction: Annotated[Literal["max", "min"], "Whether more is better, or less."]
    unit: Annotated[str | None, "What stands behind its numbers: %, or nothing; null: its name tells."]
    least: Annotated[float | None, "The lower end of its range, where it has one."]
    most: Annotated[float | None, "The upper end of its range, where it has one."]


class Case(Metric):
    """A case, as it was when it was run."""

    name: Annotated[str, "Its name."]
    summary: Annotated[str, "What it is, in one line."]
    target: Annotated[float | None, "The value of the metric that counts as success; null: none."]
    noticeable: Annotated[float, "The least difference that matters, in units of the metric."]
    chance: Annotated[float | None, "The metric of a model that learnt nothing; null: not known."]
    n_train: Annotated[int, "Samples that are trained on."]
    n_validation: Annotated[int, "Samples that the metric is measured on."]
    n_parameters: Annotated[int, "Trained numbers of the model."]
    epochs: Annotated[int, "Passes over the training samples."]
    batch_size: Annotated[int, "Samples in a step."]
    steps: Annotated[int, "Steps of a whole trial."]
    suite_version: Annotated[int | None, "Of target and metric; null: the case was never calibrated."]
    exchange_rate: Annotated[float | None, "Of the metric for a step, near the target; null: not known."]
    also: Annotated[list[Metric], "What is measured besides, and compared by nobody."]
    subject: Annotated[str | None, "The user's own code that trains it; null: nnkit does."]
    data: Annotated[str, "Of files of the user's own: names, rows, columns and digest."]


class Header(TypedDict):
    """What a document says first: which run this was, of what, and where."""

    run: Annotated[str, "The name of the run, by which `nnbench report` finds it."]
    created: Annotated[str, "When it began: ISO 8601, UTC."]
    command: Annotated[str, "The command line."]
    new: Annotated[int, "Trials that were trained now."]
    cached: Annotated[int, "Trials that the store had."]
    elapsed_s: Annotated[float | None, "Seconds it took."]
    environment: Annotated[dict[str, Any], "The machine and the versions, as `nnbench doctor` finds them."]
    varying: Annotated[list[str], "The axes with more than one choice, in the order of printing."]
    cases: Annotated[list[Case], "The cases."]


class Pruning(TypedDict):
    """When a configuration left its race, and why."""

    look: Annotated[int, "At which look, counted from 1."]
    seeds: Annotated[int, "Seeds that had been given out by then."]
    against: Annotated[dict[str, str], "Who led then: one choice for each axis."]
    n: Annotated[int, "Pairs of seeds."]
    difference: Annotated[float | None, "Mean of this one less the leader, in units of the metric."]
    interval: Interval
    p: Annotated[float, "Adjusted for all pairs of the look."]


class Row(TypedDict):
    """What the seeds of one configuration scored."""

    n: Annotated[int, "Seeds."]
    median: Annotated[float | None, "Median of the metric at the end; null: half of the trials left none."]
    interval: Interval
    success_rate: Annotated[float | None, "Share of the seeds that reached the target; null: there is none."]
    success_interval: Annotated[list[float | None], "Wilson's 95 % interval of that share."]
    failures: Annotated[dict[str, int], "How many trials failed, by kind."]
    steps_to_target: Annotated[float | None, "Median; null: half of the trials never reached it."]
    train_s: Annotated[float | None, "Median of the seconds that a trial trained."]
    pruned: Annotated[Pruning | None, "When and why it left its race; null: it did not."]


class Configuration(Row):
    """What the seeds of one configuration scored, and which it is."""

    case: Annotated[str, "The case."]
    axes: Axes


class Difference(TypedDict):
    """How one stands to another over the seeds that both have."""

    verdict: Annotated[Literal["better", "worse", "equivalent", "cannot_tell"], "What was shown of a."]
    difference: Annotated[float | None, "Mean of a less b, in units of the metric; null: no seed has both."]
    interval: Interval
    p: Annotated[float | None, "Adjusted for the whole family."]
    n: Annotated[int, "Pairs of seeds."]
    seeds_needed: Annotated[int | None, "Seeds of a new run that would decide; null: decided, or unknown."]
    reason: Annotated[
        str, "One clause: why it cannot be told, or what else speaks; empty where nothing does."
    ]


class Verdict(Difference):
    """How one configuration stands to another."""

    case: Annotated[str, "The case."]
    a: Axes
    b: Annotated[dict[str, str], "The reference: one choice for each axis."]


class Success(TypedDict):
    """Who reaches the target more often, by McNemar's exact test."""

    only_a: Annotated[int, "Seeds on which a reached the target and b did not."]
    only_b: Annotated[int, "Seeds on which b did and a did not."]
    p: Annotated[float, "Adjusted for the whole family."]


class MayBeBest(TypedDict):
    """Who may be the best of a case, and how that was judged."""

    case: Annotated[str, "The case."]
    configurations: Annotated[list[dict[str, str]], "Those that are shown behind nobody, by their axes."]
    look: Annotated[int, "Which look at the question this is, counted from 1."]
    level: Annotated[float, "The level of this look."]
    comparisons: Annotated[int, "Pairs in the family."]


class FewerSeeds(TypedDict):
    """What smaller studies of the same seeds would have said."""

    case: Annotated[str, "The case."]
    seeds: Annotated[int, "Seeds of a smaller study."]
    another_winner: Annotated[float, "Share of them that name another winner."]
