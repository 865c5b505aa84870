"""What a report on tuned learning rates is made from: the search beside what the statistics say of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from nnbench.evidence.case import CaseEvidence, evidence_of
from nnbench.records.trials import CaseFacts, RunRecord, TrialRecord, Tuning
from nnbench.statistics.trials.summary import comparisons, summaries
from nnbench.statistics.tuning.tuning import TunedConfiguration, fresh_at_tuned_rate, tuned_configurations


@dataclass(frozen=True, slots=True)
class TunedCase:
    """Everything known of one case in one search. ``configurations``: best tuned median first."""

    facts: CaseFacts
    varying: tuple[str, ...]  # without the learning rate
    tuning: Tuning
    configurations: tuple[TunedConfiguration, ...]
    at_tuned_rates: CaseEvidence  # every configuration at its own tuned rate, on the fresh seeds

    def label(self, each: TunedConfiguration) -> str:
        axes = each.search.axes
        return axes.label(self.varying or tuple(axes.as_dict()))

    @property
    def n_rates(self) -> int:
        """How many rates every configuration was tried at."""
        search = self.tuning.searches[0]
        return len(search.grid) + len(search.grown) + len(search.refined)


def tuned_evidence(run: RunRecord, trials: Sequence[TrialRecord]) -> tuple[TunedCase, ...]:
    """Sort a search by case, in the run's order."""
    assert run.tuning is not None, run.run
    varying = tuple(axis for axis in run.varying if axis != "learning_rate")
    return tuple(_of_case(facts, run.tuning, varying, trials) for facts in run.cases)


def _of_case(
    facts: CaseFacts, tuning: Tuning, varying: tuple[str, ...], trials: Sequence[TrialRecord]
) -> TunedCase:
    compared = fresh_at_tuned_rate(tuning, [trial for trial in trials if trial.case == facts.name])
    at_tuned_rates = compared_at_end(facts, varying, compared)
    places = {row.axes.without("learning_rate"): at for at, row in enumerate(at_tuned_rates.ranking)}
    found = tuned_configurations(tuning, trials, facts)
    found.sort(key=lambda each: places.get(each.search.axes, len(places)))
    return TunedCase(facts, varying, tuning, tuple(found), at_tuned_rates)


def compared_at_end(
    facts: CaseFacts, varying: tuple[str, ...], trials: Sequence[TrialRecord]
) -> CaseEvidence:
    """Return the evidence on trials that compare tuned configurations with one another."""
    run = RunRecord("", "", "", (facts,), varying, None, (), {}, 0.0, 0, 0)
    (case,) = evidence_of(run, trials, summaries(trials, facts), comparisons(trials, facts))
    return case
