"""What the seeds of one case say beside its verdicts: success by pairs, and what fewer would have said."""

from nnbench.evidence.case import CaseEvidence
from nnbench.statistics.trials.fewer_seeds import SmallerStudies, fewer_seeds
from nnbench.statistics.trials.successes import SuccessPair, success_pairs


def successes_of(case: CaseEvidence) -> list[SuccessPair]:
    """Return a pair for each verdict; none in a race, which stopped by the scores that it looked at."""
    if case.reference is None or case.race is not None:
        return []
    return success_pairs(case.trials, case.facts, case.reference, is_named=case.has_named_reference)


def smaller_studies(case: CaseEvidence) -> list[SmallerStudies]:
    """Return the studies of few seeds; none where nothing wins, or of a search: points have no ranks."""
    if not any(trial.status == "finished" for trial in case.trials):
        return []
    left = {each.axes for each in case.ranking if each.pruned}
    return fewer_seeds(case.trials, case.facts, left=left) if case.ranking else []
