"""What there is: the parts of every kind, the cases, datasets and claims, as entries that can be listed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from nnbench.cases import resources
from nnbench.cases.axis import own_choices
from nnbench.cases.choices import registry_of
from nnbench.cases.files import check, read_toml
from nnbench.errors import UsageError
from nnkit.errors import did_you_mean
from nnkit.registry import Hyper, Part, parse_choice, spell_value

if TYPE_CHECKING:  # who lists the optimizers must not wait for what reads cases and data
    from nnbench.cases.spec import CaseSpec

Kind = Literal[
    "optimizers",
    "wrappers",
    "activations",
    "initializers",
    "schedules",
    "losses",
    "metrics",
    "layers",
    "cases",
    "suites",
    "datasets",
    "functions",
    "claims",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
PART_KINDS = (
    *("optimizers", "wrappers", "activations", "initializers", "schedules", "losses", "metrics", "layers"),
    "datasets",
    "functions",
)
_FILES = {"cases": "*.toml", "suites": "suites/*.toml", "claims": "claims/*.toml"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that can be chosen by name."""

    kind: Kind
    name: str
    summary: str
    formula: str = ""
    source: str = ""
    aliases: tuple[str, ...] = ()
    hyperparameters: tuple[Hyper, ...] = ()
    closed_forms: tuple[str, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)  # further lines to show


def entries(kind: str) -> tuple[Entry, ...]:
    """Return everything of one kind, in its own order."""
    if kind in PART_KINDS:
        registry = registry_of(kind)
        drawn = (registry.record(name) for name in registry.names())
        return tuple(_of_part(kind, part) for part in (*drawn, *getattr(registry, "LEARNT", ())))
    special: Mapping[str, Callable[[], Iterable[Entry]]] = {
        "cases": _cases,
        "suites": _suites,
        "claims": _claims,
    }
    if kind in special:
        return tuple(special[kind]())
    raise UsageError(f"there is nothing called {kind!r} to list.{did_you_mean(kind, [*KINDS, 'runs'])}")


def entries_named(name: str) -> tuple[Entry, ...]:
    """Return everything with this name or alias; a name may belong to an activation and to a layer."""
    possible = [kind for kind in KINDS if kind in PART_KINDS or _may_name(kind, name)]
    found = tuple(
        entry for kind in possible for entry in entries(kind) if name in (entry.name, *entry.aliases)
    )
    if found:
        return found
    everything = [entry for kind in KINDS for entry in entries(kind)]
    known = {known for entry in everything for known in (entry.name, *entry.aliases)}
    hint = did_you_mean(name, known)
    hint = hint if hint.startswith(" Did") else " `nnbench list KIND` says what there is."
    raise UsageError(f"there is nothing called {name!r}.{hint}")


def _may_name(kind: str, name: str) -> bool:
    """Return whether a file that ships, of a case, a suite or a claim, says that this is its name.

    Checking them all takes a second, which nobody wants to wait for who asks about an optimizer.
    """
    said = re.compile(rf'^(name|aliases|id)\b.*"{re.escape(name)}"', re.MULTILINE)
    files = resources.cases_folder().glob(_FILES[kind])
    return any(path.stem == name or said.search(path.read_text("utf-8")) for path in files)


def as_json(entry: Entry) -> dict[str, Any]:
    """Return the entry as an item of the list document."""
    return {
        "name": entry.name,
        "summary": entry.summary,
        "formula": entry.formula,
        "source": entry.source,
        "aliases": list(entry.aliases),
        "hyperparameters": [_hyper_as_json(hyper) for hyper in entry.hyperparameters],
        "closed_forms": list(entry.closed_forms),
        **entry.details,
    }


def range_of(hyper: Hyper) -> str:
    """Return in words which values a hyper-parameter may have."""
    if hyper.choices:
        words = "one of " + ", ".join(hyper.choices)
    elif isinstance(hyper.default, bool):
        words = "true or false"
    else:
        words = hyper.range_text() + (", whole" if hyper.integer else "")
    return f"{words}, or none" if hyper.optional else words


def _hyper_as_json(hyper: Hyper) -> dict[str, Any]:
    bounds = {
        "above": hyper.above,
        "at_least": hyper.at_least,
        "below": hyper.below,
        "at_most": hyper.at_most,
    }
    return {
        "name": hyper.name,
        "default": hyper.default,
        "summary": hyper.summary,
        "range": range_of(hyper),
        **{name: bound for name, bound in bounds.items() if bound is not None},
        **({"choices": list(hyper.choices)} if hyper.choices else {}),
        **({"component": hyper.component.name, "off": hyper.component.off} if hyper.component else {}),
    }


def _of_part(kind: Any, part: Part) -> Entry:
    details = {}
    if kind == "datasets":
        details = {"licence": str(getattr(part, "licence", "")), "task": str(getattr(part, "task", ""))}
        details |= _to_fetch(part)
    return Entry(
        kind=kind,
        name=part.name,
        summary=part.summary,
        formula=part.formula,
        source=part.source,
        aliases=part.aliases,
        hyperparameters=part.hyperparameters,
        closed_forms=tuple(form.claim for form in part.closed_forms),
        details=details,
    )


def _to_fetch(dataset: Any) -> dict[str, str]:
    from nnkit.datasets.remote import how_to_get

    return {"to fetch": how_to_get([dataset.name], dataset.files)} if dataset.files else {}


def _cases() -> Iterable[Entry]:
    from nnbench.cases import catalogue
    from nnkit import datasets

    for found in catalogue.built_in():
        case = catalogue.read_case(found.content, f"cases/{found.path.name}")
        training, measure = case.training, case.measure
        run = [f"{axis}: {', '.join(values)}" for axis, values in case.run.given().items()]
        dataset = datasets.record(parse_choice(case.data.dataset)[0])
        yield Entry(
            kind="cases",
            name=case.name,
            summary=case.summary,
            aliases=case.aliases,
            source=f"cases/{found.path.name}",
            details={
                "dataset": case.data.dataset,
                **_to_fetch(dataset),
                "budget": f"{training.epochs} epochs in batches of {training.batch_size}",
                "metric": measure.metric,
                **({"also measured": ", ".join(measure.also)} if measure.also else {}),
                "target": "none" if measure.target is None else spell_value(measure.target),
                **_calibrated(case),
                "noticeable": spell_value(measure.noticeable),
                "axes": "; ".join(f"{axis}: {value}" for axis, value in own_choices(case).items()),
                "compares": "; ".join(run) or "nothing by itself",
            },
        )


def _calibrated(case: CaseSpec) -> dict[str, str]:
    """Return where the target is from; nothing for a case whose target is an expectation."""
    made = case.calibration
    if made is None:
        return {}
    rate = {} if made.exchange_rate is None else {"exchange rate": f"{made.exchange_rate:g} for a step"}
    return {
        "noise": f"{spell_value(made.sigma)}, standard deviation of {made.configuration} over {made.n} seeds",
        **rate,
        "measured": f"{made.date}, suite version {made.suite_version}; cases/calibration/{case.name}.csv",
    }


def _suites() -> Iterable[Entry]:
    from nnbench.cases import catalogue
    from nnbench.cases.spec import MatrixFile

    for name, path in catalogue.suites().items():
        file = check(MatrixFile, read_toml(path), f"cases/suites/{path.name}")
        axes = [f"{axis}: {', '.join(values)}" for axis, values in file.axes.given().items()]
        yield Entry(
            kind="suites",
            name=name,
            summary=file.summary,
            source=f"cases/suites/{path.name}",
            details={
                "cases": ", ".join(file.cases),
                "seeds": str(file.seeds),
                "compares": "; ".join(axes) or "nothing by itself",
            },
        )


def _claims() -> Iterable[Entry]:
    from nnbench.cases import claims

    for claim in claims.built_in():
        spec = claim.spec
        yield Entry(
            kind="claims",
            name=spec.id,
            summary=spec.title.en,
            source=spec.original.en,
            details={"note": spec.note, "sentence": spec.sentence.en, "korean": spec.sentence.ko},
        )
