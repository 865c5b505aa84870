"""The document of schema ``nnbench.ablate/1``: what ``ablate --json`` prints.

Strict JSON: what is not a finite number is null. ``effect`` is the metric without the component minus that
with it: the mean over seeds, of a crossed ablation over all combinations of the others as well.
``learning_rate`` is that without the component, null where no rate works, and of a crossed ablation, where
there are several.
"""

from collections.abc import Sequence
from typing import Final

from nnbench.evidence.ablation import AblatedCase, Removal
from nnbench.evidence.case import Findings
from nnbench.records.trials import Axes
from nnbench.reporting.json.numbers import finite
from nnbench.reporting.json.run import configuration, header
from nnbench.reporting.shapes.tune import AblateDocument, Component

SCHEMA: Final = "nnbench.ablate/1"


def as_dict(cases: Sequence[AblatedCase], found: Findings) -> AblateDocument:
    """Return the document as dictionaries, lists, texts and numbers, all of which JSON can hold."""
    return {
        "schema": SCHEMA,
        **header(found.run),
        "optimizer": cases[0].ablation.optimizer,
        "case": cases[0].facts.name,
        "crossed": cases[0].ablation.is_crossed,
        "tuned_by": list(found.run.tuned_by),
        "looks": [{"case": case.facts.name, "look": case.look, "level": case.level} for case in cases],
        "components": [_component(case, each) for case in cases for each in case.removals],
        "configurations": [
            {**configuration(case.rows[axes]), "off": sorted(off)}
            for case in cases
            for off, axes in case.ablation.cells.items()
        ],
    }


def _component(case: AblatedCase, removal: Removal) -> Component:
    found, alone = removal.comparison, not case.ablation.is_crossed
    without = case.ablation.without(removal.component)
    return {
        "case": case.facts.name,
        "component": removal.component,
        "off": removal.off,
        "effect": finite(found.difference),
        "interval": [finite(end) for end in found.interval],
        "p": finite(found.p),
        "verdict": found.verdict,
        "n": found.n,
        "seeds_needed": found.seeds_needed,
        "reason": found.reason,
        "learning_rate": _rate(case, without) if alone else None,
        "trials": removal.n_without,
        "failures": dict(removal.failures),
    }


def _rate(case: AblatedCase, axes: Axes) -> float | None:
    """Return the learning rate; None for an optimizer without one, and where none works."""
    text = axes.as_dict()["learning_rate"]
    return None if text == "default" or axes in case.ablation.unworkable else float(text)
