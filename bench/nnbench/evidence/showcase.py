"""Which trials of a case are shown with their pictures."""

from collections.abc import Collection

from nnbench.evidence.case import CaseEvidence
from nnbench.records.trials import Axes, TrialRecord


def showcase(case: CaseEvidence, having: Collection[str]) -> list[TrialRecord]:
    """Return the trials to be shown, of those whose keys are in ``having``: the best and the worst."""
    first: dict[Axes, TrialRecord] = {}
    for trial in case.trials:
        if trial.key in having and (trial.axes not in first or trial.seed < first[trial.axes].seed):
            first[trial.axes] = trial
    shown = [first[summary.axes] for summary in case.ranking if summary.axes in first]
    return shown if len(shown) < 2 else [shown[0], shown[-1]]
