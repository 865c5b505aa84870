"""Every part's closed forms: values that follow from its formula by hand."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from nnbench.cases.choices import registry_of
from nnbench.cases.inventory import PART_KINDS
from nnbench.studies.verify.check import Check, held
from nnkit.registry import ClosedForm, Part


def checks() -> list[Check]:
    """Return a check for each closed form of each part of each kind."""
    return [check for kind in PART_KINDS for check in _of_kind(kind)]


def _of_kind(kind: str) -> Iterator[Check]:
    registry = registry_of(kind)
    for name in registry.names():
        part: Part = registry.record(name)
        for place, form in enumerate(part.closed_forms, start=1):
            measure = partial(_distance, registry, part, form)
            yield held(f"{kind}.{name}.{place}", f"{name}: {form.claim}", form.tolerance, measure)


def _distance(registry: Any, part: Part, form: ClosedForm) -> float:
    return form.distance(registry.get(part.name, **form.options), part.resolve(form.options))
