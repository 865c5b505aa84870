"""What a report on a search is made from: the search beside what the statistics say of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from nnbench.evidence.case import CaseEvidence
from nnbench.evidence.findings import judge
from nnbench.records.trials import CaseFacts, RunRecord, TrialRecord, Tuning
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
    at_best = _compared(facts, named, fresh_at_best(tuning, trials))
    places = {row.axes.without(_RATE): at for at, row in enumerate(at_best.ranking)}
    found.sort(key=lambda each: places.get(each.search.axes.without(_RATE), len(places)))
    return SearchedCase(facts, varying, tuning, tuple(found), at_best)


def _compared(facts: CaseFacts, varying: tuple[str, ...], trials: Sequence[TrialRecord]) -> CaseEvidence:
    """Return the evidence on trials that compare tuned configurations with one another."""
    own = [trial for trial in trials if trial.case == facts.name]
    run = RunRecord("", "", "", (facts,), varying, None, (), {}, 0.0, 0, 0)
    (case,) = judge(run, tuple(own)).cases()
    return case
