"""The part ``success`` of a verdict in ``nnbench.run/1``: exact McNemar on who reached the target."""

from collections.abc import Mapping
from typing import Any

from nnbench.evidence.by_seed import successes_of
from nnbench.evidence.case import Findings
from nnbench.records.trials import Axes


def success_by_verdict(found: Findings) -> Mapping[tuple[str, Axes], dict[str, Any]]:
    """Return plain data by case and ``a``; a verdict without an entry has no target, or is of a race."""
    return {
        (case.facts.name, each.a): {"only_a": each.only_a, "only_b": each.only_b, "p": each.p}
        for case in found.cases()
        for each in successes_of(case)
    }
