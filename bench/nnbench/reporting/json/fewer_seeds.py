"""The part ``fewer_seeds`` of ``nnbench.run/1``: the share of smaller studies that name another winner."""

from typing import Any

from nnbench.evidence.by_seed import smaller_studies
from nnbench.evidence.case import Findings


def fewer_seeds_as_list(found: Findings) -> list[dict[str, Any]]:
    """Return an entry for each case and size; none for a search, whose points are no configurations."""
    if found.run.tuning is not None:
        return []
    return [
        {"case": case.facts.name, "seeds": each.n_seeds, "another_winner": each.another_winner}
        for case in found.cases()
        for each in smaller_studies(case)
    ]
