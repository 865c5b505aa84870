"""The parts ``fewer_seeds`` and, of a verdict, ``success`` of ``nnbench.run/1``."""

from collections.abc import Mapping

from nnbench.evidence.by_seed import smaller_studies, successes_of
from nnbench.evidence.case import Findings
from nnbench.records.trials import Axes
from nnbench.reporting.shapes.parts import FewerSeeds, Success


def fewer_seeds_as_list(found: Findings) -> list[FewerSeeds]:
    """Return the share of smaller studies that name another winner, an entry for each case and size."""
    return [
        {"case": case.facts.name, "seeds": each.n_seeds, "another_winner": each.another_winner}
        for case in found.cases()
        for each in smaller_studies(case)
    ]


def success_by_verdict(found: Findings) -> Mapping[tuple[str, Axes], Success]:
    """Return McNemar's test by case and ``a``; a verdict without an entry has no target, or is of a race."""
    return {
        (case.facts.name, each.a): {"only_a": each.only_a, "only_b": each.only_b, "p": each.p}
        for case in found.cases()
        for each in successes_of(case)
    }
