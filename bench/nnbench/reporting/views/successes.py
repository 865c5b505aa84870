"""One sentence on who reaches the target more often than the reference, where that differs."""

from nnbench.evidence.by_seed import successes_of
from nnbench.evidence.case import CaseEvidence
from nnbench.reporting import digits
from nnbench.reporting.blocks import Paragraph

_MOST_PAIRS = 4


def successes(case: CaseEvidence) -> Paragraph | None:
    """Return the pairs with seeds on which one side alone reached the target, the least p first."""
    found = sorted(
        (each for each in successes_of(case) if each.only_a + each.only_b), key=lambda each: each.p
    )
    if not found:
        return None
    said = [
        f"{case.label(each.a)} {each.n_a}/{each.n} against {each.n_b}/{each.n}, {digits.p_value(each.p)}"
        for each in found[:_MOST_PAIRS]
    ]
    if more := found[_MOST_PAIRS:]:
        said.append(f"{len(more)} more, {digits.p_value(more[0].p)} or above")
    reference, family = found[0].b, found[0].family
    which = "" if case.has_named_reference or family == 1 else ", all pairs"
    test = f"exact McNemar, paired by seed; among {digits.counted(family, 'comparison')}{which}"
    return Paragraph(f"Reached target, to {case.label(reference)}: {'; '.join(said)} ({test}).")
