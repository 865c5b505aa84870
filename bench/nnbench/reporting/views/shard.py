"""What the report of a shard says in place of verdicts: its seeds are those that chance gave it."""

from collections import Counter

from nnbench.evidence.case import CaseEvidence
from nnbench.reporting import digits
from nnbench.reporting.blocks import Paragraph
from nnbench.reporting.texts import words


def shard(case: CaseEvidence) -> Paragraph:
    """Say how many trials of the case this shard has, which went wrong, and how the shards become one run."""
    ends = Counter(filter(None, (words.what_happened(trial, case.facts) for trial in case.trials)))
    told = ", ".join(f"{n} {kind}" for kind, n in ends.most_common())
    n = digits.counted(len(case.trials), "trial") if case.trials else "no trial"
    return Paragraph(
        f"Shard {case.shard} of a run: {n} of {case.facts.name}{f' ({told})' if told else ''}. Nothing is"
        " compared in a shard. Put the stores together with `nnbench merge`; there the same command without"
        " --shard trains nothing and compares.",
        lead=True,
    )
