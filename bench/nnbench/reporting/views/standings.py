"""The figure that stands first: each configuration's difference to the reference, and who may be the best."""

import math

from nnbench.evidence.case import CaseEvidence
from nnbench.records.trials import Comparison, ConfigurationSummary
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
        if found is None and summary.axes == case.reference:
            rows.append(Standing(label, 0.0, (0.0, 0.0), is_best, choices))
        elif found is not None and _is_measured(found, summary):
            rows.append(Standing(label, found.difference, found.interval, is_best, choices))
    if len(rows) < 2:
        return None
    named = [row.label for row in rows if row.may_be_best]
    n_left_out = max(0, len(case.ranking) - _MOST_ROWS)
    cut = f" The first {_MOST_ROWS} are drawn." if n_left_out else ""
    near = words.noticeable(case.facts)
    band = f" The band is the noticeable difference, {near}." if case.facts.noticeable else ""
    return StandingsFigure(
        name=f"{file_name(case.facts.name)}-standings",
        caption=(
            f"Mean difference in {words.metric(case.facts)} to {case.label(case.reference)} on"
            f" {case.facts.name}, paired by seed, with simultaneous 95 % intervals. Filled: may be the best."
            f"{band}{cut}"
        ),
        alternative=(
            f"Differences of {digits.counted(len(rows), 'configuration')} to {case.label(case.reference)}."
            f" May be the best: {words.several(named) or 'none'}."
        ),
        facts=case.facts,
        rows=tuple(rows),
        n_left_out=n_left_out,
    )


def _is_measured(found: Comparison, summary: ConfigurationSummary) -> bool:
    """Return whether anybody measured it: in statistics two sides without any score differ by 0."""
    is_bounded = any(map(math.isfinite, found.interval))
    return math.isfinite(found.difference) and (is_bounded or words.has_score(summary.median))
