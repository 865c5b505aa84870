"""The cases there are: the built-in ones by name or alias, and any case file by its path."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from nnbench.cases import measures, samples
from nnbench.cases.axis import AXES, PLACEHOLDERS
from nnbench.cases.choices import registry_of
from nnbench.cases.files import check
from nnbench.cases.shipped import Entry as Entry
from nnbench.cases.shipped import built_in as built_in
from nnbench.cases.shipped import is_case as is_case
from nnbench.cases.shipped import suites as suites
from nnbench.cases.spec import CaseSpec
from nnbench.cases.subject import read_subject
from nnbench.errors import UsageError
from nnkit.errors import NnkitError, did_you_mean
from nnkit.registry import parse_choice


def find_entry(name: str) -> Entry:
    """Return the built-in case with this name or alias."""
    known = {alias: entry for entry in built_in() for alias in (entry.name, *entry.aliases)}
    if name not in known:
        listed = name in registry_of("optimizers").names() or name in registry_of("activations").names()
        hint = " Write lists without spaces: --optimizer sgd,adam." if listed else ""
        raise UsageError(f"no case named {name!r}.{hint or did_you_mean(name, [*known, *suites()])}")
    return known[name]


def case_named(name: str) -> CaseSpec:
    """Return the built-in case with this name or alias."""
    entry = find_entry(name)
    return read_case(entry.content, f"cases/{entry.path.name}")


def read_case(content: dict[str, Any], where: str) -> CaseSpec:
    """Return the case in a file's content, or raise UsageError with one line for every mistake in it."""
    if "subject" in content:
        return read_subject(content, where)
    case = check(CaseSpec, content, where)
    if mistakes := list(_mistakes(case, where)):
        raise UsageError(*mistakes)
    if case.data.file:
        case = case.rewritten(data=samples.found_in(case.data, Path(where).parent, where))
    return case.read_from(where)


def refusal(axis: str, case: CaseSpec) -> str | None:
    """Return why an axis changes nothing in this case; None where it does. A model need not have a norm."""
    word = AXES[axis].placeholder
    if word is not None and word not in _words(list(case.model.unrolled())):
        return f"has no {word}, so this would change nothing"
    return AXES[axis].refusal(case)


def used_axes(case: CaseSpec) -> set[str]:
    """Return the axes that change something in this case."""
    return {axis for axis in AXES if refusal(axis, case) is None}


def _mistakes(case: CaseSpec, where: str) -> Iterator[str]:
    """Yield a line for every name in the case that stands for nothing."""
    from nnkit import datasets, layers, losses

    if not case.data.file:
        yield from _unknown(datasets, case.data.dataset, f"{where}, data.dataset")
    yield from _unknown(losses, case.training.loss, f"{where}, training.loss")
    yield from measures.mistakes(case, where)
    yield from _weighed_without_classes(case, where)
    for word in sorted(_words(list(case.model.unrolled()))):
        if word.startswith("$") and word not in PLACEHOLDERS:
            yield f"{where}, model.layers: no axis named {word!r}.{did_you_mean(word, PLACEHOLDERS)}"
    for name in sorted(_layer_types(list(case.model.unrolled()))):
        if name != "$norm":
            yield from _unknown(layers, name, f"{where}, model.layers")
    for name, axis in AXES.items():
        # Others are read off the sections that pydantic has checked.
        if axis.always_in_key:
            yield from _wrong_choice(name, axis.own(case), f"{where}, axes.{name}")
    for name, values in case.run.given().items():
        for text in values:
            yield from _wrong_choice(name, text, f"{where}, run.{name}")


def _weighed_without_classes(case: CaseSpec, where: str) -> Iterator[str]:
    with suppress(NnkitError):  # that there is no such loss is said elsewhere
        reason = AXES["class_weight"].refusal(case)
        if case.training.class_weight is not None and reason is not None:
            yield f"{where}, training.class_weight: the case {reason}. Leave it out."


def _unknown(registry: Any, text: str, where: str) -> Iterator[str]:
    try:
        name, given = parse_choice(text)
        registry.record(name).resolve(given, where)
    except NnkitError as error:
        line = str(error)
        yield line if line.startswith(where) else f"{where}: {line}"


def _wrong_choice(axis: str, text: str, where: str) -> Iterator[str]:
    try:
        AXES[axis].read(text, where)
    except UsageError as error:
        yield str(error)


def _words(value: object) -> set[str]:
    """Return every text inside nested lists and tables."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return {word for item in value for word in _words(item)}
    return set()


def _layer_types(value: object) -> set[str]:
    """Return the layer types inside nested tables, so also those inside a Residual."""
    if isinstance(value, list | tuple):
        return {name for item in value for name in _layer_types(item)}
    if not isinstance(value, dict):
        return set()
    own = {value["type"]} if isinstance(value.get("type"), str) else set()
    return own | {name for item in value.values() for name in _layer_types(item)}
