"""What a report on tuned settings is made from: the search beside what the statistics say of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from nnbench.evidence.case import CaseEvidence
from nnbench.evidence.tuned import compared_at_end
from nnbench.records.trials import CaseFacts, RunRecord, Sampling, TrialRecord
from nnbench.statistics.tuning.sampled import (
    SampledConfiguration,
    fresh_at_tuned_setting,
    sampled_configurations,
)

_RATE = "learning_rate"


@dataclass(frozen=True, slots=True)
class SampledCase:
    """Everything known of one case in one search. ``configurations``: best tuned median first."""

    facts: CaseFacts
    varying: tuple[str, ...]  # without the learning rate
    sampling: Sampling
    configurations: tuple[SampledConfiguration, ...]
    at_tuned: CaseEvidence  # every configuration at its own tuned setting, on the fresh seeds

    def label(self, each: SampledConfiguration) -> str:
        axes = each.search.axes.without(_RATE)
        return axes.label(self.varying or tuple(axes.as_dict()))

    def choices(self, each: SampledConfiguration) -> list[str]:
        """Return what fills the columns that name a configuration."""
        chosen = each.search.axes.as_dict()
        return [chosen.get(axis, "") for axis in self.varying] or [self.label(each)]

    @property
    def naming(self) -> tuple[str, ...]:
        """The headers of those columns."""
        return self.varying or ("configuration",)

    @property
    def n_points(self) -> int:
        """How many settings every configuration was tried at."""
        return len(self.sampling.searches[0].points)


def sampled_evidence(run: RunRecord, trials: Sequence[TrialRecord]) -> tuple[SampledCase, ...]:
    """Sort a search by case, in the run's order."""
    assert run.sampling is not None, run.run
    varying = tuple(axis for axis in run.varying if axis != _RATE)
    return tuple(_of_case(facts, run.sampling, varying, trials) for facts in run.cases)


def _of_case(
    facts: CaseFacts, sampling: Sampling, varying: tuple[str, ...], trials: Sequence[TrialRecord]
) -> SampledCase:
    found = sampled_configurations(sampling, trials, facts)
    compared = fresh_at_tuned_setting(sampling, [trial for trial in trials if trial.case == facts.name])
    # A configuration that is alone is named without its rate, which is only one part of its setting.
    named = varying or tuple(dict.fromkeys(axis for each in found for axis in _named(each)))
    at_tuned = compared_at_end(facts, named, compared)
    places = {row.axes.without(_RATE): at for at, row in enumerate(at_tuned.ranking)}
    found.sort(key=lambda each: places.get(each.search.axes.without(_RATE), len(places)))
    return SampledCase(facts, varying, sampling, tuple(found), at_tuned)


def _named(each: SampledConfiguration) -> tuple[str, ...]:
    return tuple(each.search.axes.without(_RATE).as_dict())
