"""What a report on a search is made from: the search beside what the statistics say of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from nnbench.evidence.case import CaseEvidence, Findings
from nnbench.evidence.findings import judge
from nnbench.records.trials import CaseFacts, RunRecord, TrialRecord, Tuning
from nnbench.statistics.trials.summary import scores_by_configuration, summaries
from nnbench.statistics.tuning.nested import Debt, debts, nested_judged, share_of
from nnbench.statistics.tuning.searched import (
    SearchedConfiguration,
    fresh_at_best,
    searched_configurations,
)

_RATE = "learning_rate"


@dataclass(frozen=True, slots=True)
class SearchedCase:
    """Everything known of one case in one search. ``configurations``: best tuned median first."""

    facts: CaseFacts
    varying: tuple[str, ...]  # without the learning rate
    tuning: Tuning
    configurations: tuple[SearchedConfiguration, ...]
    at_best: CaseEvidence  # every configuration at its own best point, on the fresh seeds
    debts: tuple[Debt, ...] = ()  # of the leader over every other one; named as in ``at_best``

    @property
    def n_searches(self) -> int:
        return 1 + len(self.tuning.repeats)

    @property
    def is_held_out(self) -> bool:
        """Whether the fresh seeds are measured on an official test part, which no tuning trial has seen."""
        return self.facts.name in self.tuning.held_out

    @property
    def is_grid(self) -> bool:
        """Whether it went along the learning rate alone."""
        return self.tuning.strategy == "grid"

    def label(self, each: SearchedConfiguration) -> str:
        axes = each.search.axes.without(_RATE)
        return axes.label(self.varying or tuple(axes.as_dict()))

    def choices(self, each: SearchedConfiguration) -> list[str]:
        """Return what fills the columns that name a configuration."""
        chosen = each.search.axes.as_dict()
        return [chosen.get(axis, "") for axis in self.varying] or [self.label(each)]

    @property
    def naming(self) -> tuple[str, ...]:
        """The headers of those columns."""
        return self.varying or ("configuration",)


def searched_evidence(run: RunRecord, trials: Sequence[TrialRecord]) -> tuple[SearchedCase, ...]:
    """Sort a search by case, in the run's order."""
    assert run.tuning is not None, run.run
    varying = tuple(axis for axis in run.varying if axis != _RATE)
    return tuple(_of_case(facts, run.tuning, varying, trials) for facts in run.cases)


def _of_case(
    facts: CaseFacts, tuning: Tuning, varying: tuple[str, ...], trials: Sequence[TrialRecord]
) -> SearchedCase:
    found = searched_configurations(tuning, trials, facts)
    named = varying
    if not varying and tuning.strategy != "grid":
        # A configuration that is alone is named without its rate, which is only one part of its setting.
        named = tuple(
            dict.fromkeys(axis for each in found for axis, _ in each.search.axes.without(_RATE).values)
        )
    tuned = fresh_at_best(tuning, trials)
    at_best = _compared(facts, named, tuning, tuned)
    places = {row.axes.without(_RATE): at for at, row in enumerate(at_best.ranking)}
    found.sort(key=lambda each: places.get(each.search.axes.without(_RATE), len(places)))
    owed = _debts(facts, tuning, tuned, [trial for trial in trials if trial.seed in set(tuning.seeds)])
    return SearchedCase(facts, varying, tuning, tuple(found), at_best, tuple(owed))


def _debts(
    facts: CaseFacts, tuning: Tuning, tuned: Sequence[TrialRecord], fresh: Sequence[TrialRecord]
) -> list[Debt]:
    """Return what the leader's gains over the others owe to their missing tuning."""
    at_best = scores_by_configuration(tuned, facts)
    asked = {search.axes for search in tuning.searches}
    untuned = scores_by_configuration([trial for trial in fresh if trial.axes in asked], facts)
    without = {axes.without(_RATE): scores for axes, scores in untuned.items()}
    default = {axes: without.get(axes.without(_RATE), {}) for axes in at_best}
    return debts(facts, at_best, default, share_of(tuning))


def _compared(
    facts: CaseFacts, varying: tuple[str, ...], tuning: Tuning, trials: Sequence[TrialRecord]
) -> CaseEvidence:
    """Return the evidence on trials that compare tuned configurations with one another."""
    own = [trial for trial in trials if trial.case == facts.name]
    run = RunRecord("", "", "", (facts,), varying, None, (), {}, 0.0, 0, 0)
    if not tuning.repeats:
        return judge(run, tuple(own)).cases()[0]
    decided, judgement = nested_judged(facts, scores_by_configuration(own, facts), share_of(tuning))
    rows, judgements = tuple(summaries(own, facts)), () if judgement is None else (judgement,)
    return Findings(run, tuple(own), rows, tuple(decided), judgements).cases()[0]
