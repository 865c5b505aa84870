"""One sentence on what fewer seeds would have said."""

from nnbench.evidence.by_seed import smaller_studies
from nnbench.evidence.case import CaseEvidence
from nnbench.reporting import digits
from nnbench.reporting.blocks import Paragraph
from nnbench.statistics.trials.fewer_seeds import SmallerStudies


def fewer_seeds(case: CaseEvidence) -> Paragraph | None:
    """Say how often a study of 1, 3 or 5 of these seeds would have named another winner."""
    studies = smaller_studies(case)
    if not studies:
        return None
    first, *others = [(digits.counted(each.n_seeds, "seed"), _share(each)) for each in studies]
    behind = "".join(f", with {seeds} {share}" for seeds, share in others)
    return Paragraph(f"With {first[0]} {first[1]} of studies would have named another winner{behind}.")


def _share(each: SmallerStudies) -> str:
    # Of drawn studies, none and all are no certainty.
    if not each.is_exact and each.another_winner in (0.0, 1.0):
        return "<0.1 %" if each.another_winner == 0.0 else ">99.9 %"
    return f"{digits.percentage(each.another_winner, decimals=0)} %"
