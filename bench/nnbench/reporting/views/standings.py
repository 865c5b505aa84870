"""The figure that stands first: each configuration's difference to the reference, and who may be the best."""

import math

from nnbench.evidence.case import CaseEvidence
from nnbench.reporting import digits
from nnbench.reporting.blocks import Standing, StandingsFigure
from nnbench.reporting.texts import words
from nnbench.reporting.views.curves import file_name

_MOST_ROWS = 40


def standings(case: CaseEvidence) -> StandingsFigure | None:
    """Return the dots and intervals of a case, best median first; None where nothing was compared."""
    if case.reference is None or not case.comparisons:
        return None
    best = set(case.may_be_best)
    rows = []
    for summary in case.ranking[:_MOST_ROWS]:
        found = case.comparison_of(summary.axes)
        label, is_best = case.label(summary.axes), summary.axes in best
        choices = tuple(item for item in summary.axes.as_dict().items() if item[0] in case.varying)
        if found is None:
            rows.append(Standing(label, 0.0, (0.0, 0.0), is_best, choices))
        elif math.isfinite(found.difference):
            rows.append(Standing(label, found.difference, found.interval, is_best, choices))
    named = [row.label for row in rows if row.may_be_best]
    cut = "" if len(case.ranking) <= _MOST_ROWS else f" The first {_MOST_ROWS} are drawn."
    return StandingsFigure(
        name=f"{file_name(case.facts.name)}-standings",
        caption=(
            f"Mean difference in {words.metric(case.facts)} to {case.label(case.reference)} on"
            f" {case.facts.name}, paired by seed, with simultaneous 95 % intervals. Filled: may be the best."
            f" The band is the noticeable difference, {words.noticeable(case.facts)}.{cut}"
        ),
        alternative=(
            f"Differences of {digits.counted(len(rows), 'configuration')} to {case.label(case.reference)}."
            f" May be the best: {words.several(named) or 'none'}."
        ),
        facts=case.facts,
        rows=tuple(rows),
    )
