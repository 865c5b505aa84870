"""``nnbench.run/1`` and ``nnbench.judge/1``."""

from typing import Annotated, Literal, NotRequired, TypedDict

from nnbench.reporting.shapes.across import Across
from nnbench.reporting.shapes.effects import CaseEffects
from nnbench.reporting.shapes.parts import (
    Axes,
    Configuration,
    Difference,
    FewerSeeds,
    Header,
    MayBeBest,
    Pruning,
    Success,
    Verdict,
)

Level = Annotated[float, "The level of a comparison with all its looks: 0.05."]


class Trial(TypedDict):
    """One configuration with one seed."""

    key: Annotated[str, "Hash of everything that can change the result."]
    case: Annotated[str, "The case."]
    axes: Axes
    seed: Annotated[int, "The seed."]
    status: Annotated[Literal["finished", "diverged", "failed", "pruned", "cancelled"], "How it ended."]
    final: Annotated[dict[str, float | None], "Metrics at the last step; empty unless it finished."]
    best: Annotated[dict[str, float | None], "The best evaluated values, and the step they are of."]
    steps: Annotated[int, "Steps that were made."]
    steps_to_target: Annotated[int | None, "First evaluated step at the target; null: never."]
    train_s: Annotated[float | None, "Seconds of training."]
    digest: Annotated[str, "SHA-256 of the final parameters."]
    failure: Annotated[str | None, "In which way it failed: diverged, chance, plateau …"]
    error: Annotated[str | None, "The text of the error where the status is failed."]
    probes: NotRequired[
        Annotated[dict[str, list[float | None]], "What probes read at the end, a number for each layer."]
    ]
    curves: NotRequired[
        Annotated[dict[str, list[float | None]], "With `--curves`: losses by step, metrics by evaluation."]
    ]


class Pruned(Pruning):
    """Who left a race, when and why."""

    axes: Axes


class Race(TypedDict):
    """The race of one case."""

    case: Annotated[str, "The case."]
    level: Annotated[float, "Of the whole race."]
    configurations: Annotated[int, "How many set out."]
    looks: Annotated[list[int], "After how many seeds they are compared."]
    threshold: Annotated[float, "The level of each look."]
    ending: Annotated[Literal["decided", "seeds", "budget", "stopped"], "Why it was over."]
    pruned: Annotated[list[Pruned], "Who left it early."]


class RunVerdict(Verdict):
    """How one configuration stands to the reference of its case."""

    success: Annotated[Success | None, "Null: the case has no target, or the pair is of a race."]


class RunDocument(Header):
    """What `run --json` prints, and `report --format json` of a stored run."""

    schema: Annotated[Literal["nnbench.run/1"], "The name and the version of this schema."]
    against: Annotated[str | None, "The reference that was named; null: the leader."]
    tuned_by: Annotated[list[str], "The searches that the learning rates come from."]
    level: Level
    shard: Annotated[str | None, "`2/8`: the trials of the second of eight shards; null: all."]
    budget_s: Annotated[float | None, "Seconds that were given; null: as long as it takes."]
    races: Annotated[list[Race], "Of each case that was raced."]
    trials: Annotated[list[Trial], "Every trial."]
    configurations: Annotated[list[Configuration], "Every configuration, those of a case from best to worst."]
    verdicts: Annotated[list[RunVerdict], "Of every configuration against the reference of its case."]
    may_be_best: Annotated[list[MayBeBest], "Of every case."]
    fewer_seeds: Annotated[list[FewerSeeds], "Of every case and size of a smaller study."]
    effects: Annotated[list[CaseEffects], "What explains the scores, of every case with two axes or more."]
    across: Annotated[Across | None, "Over all cases; null: there is one, or nobody ran in all."]


class TablesDocument(Header):
    """What the metadata of every file of `export parquet` has under the key `nnbench`."""

    schema: Annotated[Literal["nnbench.tables/1"], "The name and the version of this schema."]


class NamedVerdict(Difference):
    """How one configuration of a file stands to the reference."""

    case: Annotated[str, "The measure."]
    a: Annotated[str, "Its name in the file."]
    b: Annotated[str, "That of the reference."]
    success: Annotated[Success | None, "Null: a file has no target."]


class Measure(TypedDict):
    """A column of scores, and how it was read."""

    column: Annotated[str, "Its name in the file."]
    direction: Annotated[Literal["max", "min"], "Whether more is better, or less."]
    is_direction_said: Annotated[bool, "Whether the direction was said, not concluded."]
    noticeable: Annotated[float, "The least difference that matters, in units of the column."]
    is_noticeable_said: Annotated[bool, "Whether it was said, not concluded."]


class JudgedFile(TypedDict):
    """The file that was judged."""

    name: Annotated[str, "Its name."]
    sha256: Annotated[str, "Its digest."]
    n_rows: Annotated[int, "Rows without the head."]
    columns: Annotated[dict[str, str], "The columns by what they were read as: configuration, seed, case …"]
    measures: Annotated[dict[str, Measure], "The scores, by case."]


class JudgeDocument(TypedDict):
    """What `judge --json` prints."""

    schema: Annotated[Literal["nnbench.judge/1"], "The name and the version of this schema."]
    file: Annotated[JudgedFile, "What was judged."]
    against: Annotated[str | None, "The reference that was named; null: the leader."]
    level: Level
    configurations: Annotated[list[Configuration], "Every configuration, from best to worst."]
    verdicts: Annotated[list[NamedVerdict], "Of every configuration against the reference."]
    may_be_best: Annotated[list[MayBeBest], "Of every measure."]
    fewer_seeds: Annotated[list[FewerSeeds], "Of every measure and size of a smaller study."]


class CompareDocument(TypedDict):
    """What `compare --json` prints."""

    schema: Annotated[Literal["nnbench.compare/1"], "The name and the version of this schema."]
    level: Level
    family: Annotated[str, "In words: how many comparisons the verdicts are judged among."]
    verdicts: Annotated[list[Verdict], "Of A against B, case by case."]
