"""The document of a diagnosis: the check before training, then what the probes saw."""

from collections.abc import Sequence

from nnbench.records.diagnosis import Diagnosis, Preflight
from nnbench.records.trials import CaseFacts
from nnbench.reporting.blocks import Block, Document, Item, Listing, Section
from nnbench.reporting.views.curves import file_name
from nnbench.reporting.views.diagnosis.microscope import (
    activation_table,
    over_time,
    training_figure,
    training_headline,
    weight_table,
)
from nnbench.reporting.views.diagnosis.preflight import (
    preflight_figure,
    preflight_headline,
    preflight_matrix,
    preflight_table,
)


def build(diagnosis: Diagnosis) -> Document:
    """Return the diagnosis of one configuration."""
    case, label = diagnosis.facts.name, diagnosis.axes.label(diagnosis.naming)
    name = file_name(case)
    check, training = diagnosis.preflight, diagnosis.training
    before: list[Block | None] = [
        preflight_headline(check),
        preflight_table(check),
        preflight_figure(check, f"{name}-before-training"),
    ]
    during: list[Block | None] = [
        training_headline(diagnosis),
        activation_table(training),
        weight_table(training),
        *over_time(training),
        training_figure(diagnosis, f"{name}-in-training"),
    ]
    sections = (
        Section(f"{case} before training: {label}", _present(before)),
        Section(f"{case} in training: {label}", _present(during)),
        Section("What was run", (_about(diagnosis),)),
    )
    return Document(f"Diagnosis of {case}", sections)


def build_matrix(
    facts: CaseFacts, checks: Sequence[Preflight], varying: tuple[str, ...], command: str
) -> Document:
    """Return the check before training of several configurations, a row for each."""
    sections = (
        Section(f"{facts.name} before training", (preflight_matrix(checks, varying),)),
        Section("What was run", (Listing((Item("again", command, is_verbatim=True),)),)),
    )
    return Document(f"Check of {facts.name} before training", sections)


def _present(blocks: Sequence[Block | None]) -> tuple[Block, ...]:
    return tuple(block for block in blocks if block is not None)


def _about(diagnosis: Diagnosis) -> Listing:
    chosen = [f"{axis} {choice}" for axis, choice in diagnosis.axes.values if choice != "none"]
    seeds = ", ".join(str(trial.seed) for trial in diagnosis.training.trials)
    items = (
        Item(diagnosis.facts.name, diagnosis.facts.summary),
        Item("choices", ", ".join(chosen)),
        Item("seeds", seeds),
        Item("again", diagnosis.command, is_verbatim=True),
    )
    return Listing(tuple(item for item in items if item.text))
