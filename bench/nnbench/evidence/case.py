"""What a report is made from: the records of a run beside what the statistics say about them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from nnbench.records.trials import (
    Axes,
    CaseFacts,
    CaseRace,
    Comparison,
    ConfigurationSummary,
    Judgement,
    RunRecord,
    TrialRecord,
)


@dataclass(frozen=True)
class CaseEvidence:
    """Everything known of one case in one run.

    ``ranking`` is sorted: best median first, and behind them those that left a race.
    """

    facts: CaseFacts
    varying: tuple[str, ...]
    trials: tuple[TrialRecord, ...]
    ranking: tuple[ConfigurationSummary, ...]
    comparisons: tuple[Comparison, ...]
    judgement: Judgement | None  # None: no configuration
    has_named_reference: bool
    is_tuned: bool  # each configuration ran at the learning rate that a search found for it
    race: CaseRace | None = None
    interpreted: tuple[str, ...] = ()  # optimizers that step in Python
    shard: str | None = None  # None: these are all trials of the run

    def label(self, axes: Axes) -> str:
        """Return the choices that tell this configuration from the others; all of them if it is alone."""
        return axes.label(self.named_axes(axes))

    def named_axes(self, axes: Axes) -> tuple[str, ...]:
        return self.varying or tuple(axes.as_dict())

    @property
    def reference(self) -> Axes | None:
        """The configuration that the others were compared with; None where nothing was compared."""
        return self.comparisons[0].b if self.comparisons else None

    @property
    def may_be_best(self) -> tuple[Axes, ...]:
        return () if self.judgement is None else self.judgement.may_be_best

    @property
    def seeds(self) -> list[int]:
        return sorted({trial.seed for trial in self.trials})

    def summary_of(self, axes: Axes) -> ConfigurationSummary | None:
        return self._summaries.get(axes)

    def comparison_of(self, axes: Axes) -> Comparison | None:
        return self._comparisons.get(axes)

    def trials_of(self, axes: Axes) -> tuple[TrialRecord, ...]:
        return tuple(self._trials.get(axes, ()))

    # Views ask for each configuration in turn: looking through all would take the square of their number.
    @cached_property
    def _summaries(self) -> dict[Axes, ConfigurationSummary]:
        return {summary.axes: summary for summary in reversed(self.ranking)}

    @cached_property
    def _comparisons(self) -> dict[Axes, Comparison]:
        return {comparison.a: comparison for comparison in reversed(self.comparisons)}

    @cached_property
    def _trials(self) -> dict[Axes, list[TrialRecord]]:
        found: dict[Axes, list[TrialRecord]] = {}
        for trial in self.trials:
            found.setdefault(trial.axes, []).append(trial)
        return found


@dataclass(frozen=True, slots=True)
class Findings:
    """What a run found: its records and what the statistics say of them, in the order of the run's trials."""

    run: RunRecord
    trials: tuple[TrialRecord, ...]
    summaries: tuple[ConfigurationSummary, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    judgements: tuple[Judgement, ...] = ()

    def cases(self) -> tuple[CaseEvidence, ...]:
        """Return the evidence sorted by case, in the run's order, with the configurations ranked."""
        return tuple(map(self._of_case, self.run.cases))

    def _of_case(self, facts: CaseFacts) -> CaseEvidence:
        comparisons = tuple(each for each in self.comparisons if each.case == facts.name)
        reference = comparisons[0].b if comparisons else None
        run = self.run
        return CaseEvidence(
            facts=facts,
            varying=run.varying,
            trials=tuple(trial for trial in self.trials if trial.case == facts.name),
            ranking=ranked([each for each in self.summaries if each.case == facts.name], facts, reference),
            comparisons=comparisons,
            judgement=next((each for each in self.judgements if each.case == facts.name), None),
            has_named_reference=reference is not None and reference.label(run.varying) == run.against,
            is_tuned=bool(run.tuned_by),
            race=next((race for race in run.races if race.case == facts.name), None),
            interpreted=interpreted(run),
            shard=run.shard,
        )


def interpreted(run: RunRecord) -> tuple[str, ...]:
    """Return the optimizers whose seconds are those of Python and not of kernels."""
    return tuple(run.environment.get("interpreted", ()))


def ranked(
    summaries: Sequence[ConfigurationSummary], facts: CaseFacts, reference: Axes | None = None
) -> tuple[ConfigurationSummary, ...]:
    """Sort by median, best first. Of equal medians the reference stands first, then the faster.

    Whoever left a race stands behind the others, the last to leave first: its median is over fewer seeds.
    """
    sign = -1.0 if facts.direction == "max" else 1.0

    def place(summary: ConfigurationSummary) -> tuple[float, bool, float, bool, float]:
        median = sign * summary.median
        stands = summary.axes != reference, summary.median_steps_to_target
        return _seeds_lost(summary), math.isnan(median), median, *stands

    return tuple(sorted(summaries, key=place))


def _seeds_lost(summary: ConfigurationSummary) -> float:
    return -math.inf if summary.pruned is None else -summary.pruned.n_seeds
