"""Choices on the axes: from what a user wrote to the one spelling that names it everywhere.

A choice is a name, or a name with parameters: ``sgd(momentum=0.9)``. Parameters that equal their default
are left out and aliases are resolved, so two spellings of the same thing are the same trial.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nnkit.errors import NnkitError
    from nnkit.registry import Part, Value

DEFAULT_RATE = "default"  # the optimizer's own learning rate
NORM_LAYERS = {
    "batch": "BatchNormalization",
    "layer": "LayerNormalization",
    "group": "GroupNormalization",
    "instance": "InstanceNormalization",
    "rms": "RMSNormalization",
}
AUGMENT_LAYERS = {"shift": "RandomShift", "noise": "GaussianNoise"}
# Registries whose module is not called as their kind.
_MODULES = {"wrappers": "nnkit.optimizers.wrappers"}
NO_WRAPPER = "none"
# Keras's 32 groups fit few of the nets that are compared here.
_ON_AXIS: dict[str, dict[str, Any]] = {"group": {"groups": 4}}
_LAYERS_OF = {"norms": NORM_LAYERS, "augmentations": AUGMENT_LAYERS}


@dataclass(frozen=True, slots=True)
class Optimizer:
    """A choice of optimizer with its learning rate taken out, which is an axis of its own."""

    text: str
    rate: str | None  # the rate written with the optimizer, if one was
    default_rate: str  # its own rate; "default" for an optimizer that has none

    def at(self, rate: str) -> str:
        """Return the learning rate that the optimizer runs at when ``rate`` is asked for."""
        if self.rate is not None:
            return self.rate
        return self.default_rate if rate == DEFAULT_RATE else rate


def split(text: str) -> list[str]:
    """Split a comma list, but not inside parentheses: ``"sgd(momentum=0.9,nesterov=true),adam"`` has two."""
    pieces, depth, start = [], 0, 0
    for place, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            break
        if character == "," and depth == 0:
            pieces.append(text[start:place])
            start = place + 1
    if depth:
        raise UsageError(f"{text!r}: the parentheses do not match.")
    return [piece.strip() for piece in [*pieces, text[start:]]]


def canonical(kind: str, text: str, where: str) -> str:
    """Return the spelling that names a part of this kind everywhere, or raise UsageError with the remedy.

    What one optimizer with certain hyper-parameters shares with another, ``sgd(momentum=0.9)`` with
    ``momentum``, is spelt as the other.
    """
    from nnkit.errors import NnkitError
    from nnkit.registry import parse_choice, spell_choice

    try:
        if kind == "optimizers":
            return _optimizer(text, where)
        name, given = parse_choice(text)
        if kind in _LAYERS_OF:
            return _layer(kind, name, given, where)
        return spell_choice(*_settled(part_of(kind, name), given, where))
    except NnkitError as error:
        raise _at(where, error) from None


def _optimizer(text: str, where: str) -> str:
    """Return an optimizer's canonical spelling: of a wrapper that does nothing, what it goes around."""
    from nnkit.optimizers import expression, wrappers

    def choice(one: expression.Choice) -> expression.Choice:
        return expression.Choice(*_settled(part_of("optimizers", one.name), dict(one.given), where))

    def wrapped(one: expression.Wrapped) -> expression.Expression:
        part = wrappers.record(one.name)
        resolved = part.resolve(one.given, f"{where}: {part.name}")
        if part.is_neutral(resolved):
            return one.inner
        return expression.Wrapped(part.name, one.inner, _beyond_default(part, resolved))

    return expression.spell(expression.mapped(wrappers.parse(text), choice, wrapped))


def wrapper(text: str, where: str, *, averages: bool) -> str:
    """Return the canonical spelling of a wrapper to put around optimizers, or none; or raise UsageError."""
    from nnkit.errors import NnkitError
    from nnkit.optimizers import wrappers
    from nnkit.registry import parse_choice, spell_choice

    if text == NO_WRAPPER:
        return text
    try:
        name, given = parse_choice(text)
        part = wrappers.record(name)
        resolved = part.resolve(given, f"{where}: {part.name}")
    except NnkitError as error:
        raise _at(where, error) from None
    if part.is_average != averages:
        raise UsageError(
            f"{where}: {part.name} {'averages' if part.is_average else 'does not average'} what is evaluated."
            f" Give it to --{'average' if part.is_average else 'wrap'}."
        )
    return (
        NO_WRAPPER if part.is_neutral(resolved) else spell_choice(part.name, _beyond_default(part, resolved))
    )


@lru_cache(maxsize=1024)
def around(optimizer: str, wrapper: str, where: str) -> str:
    """Return an optimizer with a wrapper around it, both in their canonical spelling."""
    from nnkit.optimizers import expression
    from nnkit.registry import parse_choice

    name, given = parse_choice(wrapper)
    inner = expression.parse(optimizer)
    if name in {one.name for one in expression.parts_of(inner) if isinstance(one, expression.Wrapped)}:
        raise UsageError(f"{where}: {optimizer} has a {name} of its own. Give it once.")
    return expression.spell(expression.Wrapped(name, inner, given))


def core(optimizer: str) -> "tuple[Part, dict[str, Value]]":
    """Return the part whose learning rate is the whole's, and what is written with it."""
    from nnkit.optimizers import expression

    found = expression.core(expression.parse(optimizer))
    return part_of("optimizers", found.name), dict(found.given)


def with_core(optimizer: str, name: str, given: "dict[str, Value]", where: str) -> str:
    """Return the canonical spelling of an optimizer with another one at its core."""
    from nnkit.optimizers import expression

    changed = expression.with_core(expression.parse(optimizer), expression.Choice(name, given))
    return canonical("optimizers", expression.spell(changed), where)


def wrappers_of(optimizer: str) -> list[str]:
    """Return the names of the wrappers around an optimizer, outer ones first."""
    from nnkit.optimizers import expression

    found = expression.parts_of(expression.parse(optimizer))
    return list(dict.fromkeys(one.name for one in found if isinstance(one, expression.Wrapped)))


def without(optimizer: str, off: "Mapping[str, Value]", wrappers: "Iterable[str]") -> str:
    """Return an optimizer with hyper-parameters of its core set, and without some of its wrappers."""
    from nnkit.optimizers import expression

    changed = expression.parse(optimizer)
    found = expression.core(changed)
    changed = expression.with_core(changed, replace(found, given={**found.given, **off}))
    for name in wrappers:
        changed = expression.without(changed, name)
    return expression.spell(changed)


def parts_in(kind: str, text: str) -> "list[tuple[Part, dict[str, Value]]]":
    """Return every part that a choice names: an optimizer's wrappers, and both of two."""
    from nnkit.optimizers import expression
    from nnkit.registry import parse_choice

    if kind != "optimizers":
        name, given = parse_choice(text)
        return [(part_of(kind, name), given)]
    return [
        (part_of("wrappers" if isinstance(one, expression.Wrapped) else kind, one.name), dict(one.given))
        for one in expression.parts_of(expression.parse(text))
    ]


def optimizer(text: str, where: str) -> Optimizer:
    """Return the optimizer that ``text`` names, with its learning rate apart."""
    from nnkit.optimizers import expression
    from nnkit.registry import spell_value

    whole = expression.parse(canonical("optimizers", text, where))
    found = expression.core(whole)
    part = part_of("optimizers", found.name)
    default = {hyper.name: hyper.default for hyper in part.hyperparameters}.get("learning_rate")
    written = expression.core(expression.parse(text)).given
    rate = part.resolve(found.given)["learning_rate"] if "learning_rate" in written else None
    rest = {name: value for name, value in found.given.items() if name != "learning_rate"}
    # Beside a second optimizer the rate stays in the text: the other's is a multiple of it.
    kept = whole if expression.is_paired(whole) else expression.with_core(whole, replace(found, given=rest))
    return Optimizer(
        text=expression.spell(kept),
        rate=None if rate is None else spell_value(rate),
        default_rate=DEFAULT_RATE if default is None else spell_value(default),
    )


@lru_cache(maxsize=1024)
def with_hyperparameter(text: str, name: str, value: str, where: str) -> str:
    """Return the optimizer with a hyper-parameter set from outside, or raise UsageError."""
    from nnkit.registry import parse_value

    part, given = core(text)
    if name in given:
        raise UsageError(f"{where}: {text} has a {name} of its own. Give it once.")
    if name not in {hyper.name for hyper in part.hyperparameters}:
        raise UsageError(f"{where}: {text} takes no {name}. Leave it out of this run.")
    return with_core(text, part.name, {**given, name: parse_value(value)}, where)


def part_of(kind: str, name: str) -> "Part":
    """Return the record of the part with this name; ``kind`` is a registry of nnkit: ``"optimizers"`` …"""
    registry = registry_of(kind)
    learnt = {part.name: part for part in getattr(registry, "LEARNT", ())}
    part: Part = learnt[name] if name in learnt else registry.record(name)
    return part


def registry_of(kind: str) -> Any:
    """Return the module that has the parts of a kind."""
    return import_module(_MODULES.get(kind, f"nnkit.{kind}"))


def _settled(part: "Part", given: "dict[str, Value]", where: str) -> "tuple[str, dict[str, Value]]":
    """Return the name of what is chosen, and its checked hyper-parameters that differ from their defaults."""
    resolved = part.resolve(given, f"{where}: {part.name}")
    becomes = getattr(part, "becomes", None)
    other = becomes(resolved) if becomes is not None else None
    if other is None:
        return part.name, _beyond_default(part, resolved)
    name, values = other
    return _settled(part_of("optimizers", name), values, where)


def _beyond_default(part: "Part", resolved: "dict[str, Value]") -> "dict[str, Value]":
    defaults = {hyper.name: hyper.default for hyper in part.hyperparameters}
    return {name: value for name, value in resolved.items() if value != defaults[name]}


def _layer(kind: str, name: str, given: "dict[str, Value]", where: str) -> str:
    from nnkit.errors import InvalidArgument
    from nnkit.registry import spell_choice

    if name == "none" and not given:
        return name
    known = _LAYERS_OF[kind]
    if name not in known:
        raise InvalidArgument(f"no {kind[:-1]} named {name!r}. Known: none, {', '.join(known)}.")
    from nnkit import layers

    part: Part = layers.record(known[name])
    return spell_choice(
        name, _beyond_default(part, part.resolve({**_ON_AXIS.get(name, {}), **given}, f"{where}: {name}"))
    )


def learning_rate(text: str, where: str) -> str:
    """Return the canonical spelling of a learning rate, or raise UsageError."""
    from nnkit.registry import spell_value

    if text == DEFAULT_RATE:
        return text
    try:
        rate = float(text)
    except ValueError:
        raise UsageError(f"{where} {text}: the learning rate must be a number. Try 0.001.") from None
    if not math.isfinite(rate):
        raise UsageError(f"{where} {text}: the learning rate must be finite. Try 0.001.")
    if rate <= 0:
        raise UsageError(f"{where} {text}: the learning rate must be above 0. Try 0.001.")
    return spell_value(rate)


def batch_size(text: str, where: str) -> str:
    try:
        size = int(text)
    except ValueError:
        size = 0
    if not 1 <= size < 2**63:
        raise UsageError(f"{where} {text}: the batch size must be a whole number above 0. Try 32.")
    return str(size)


def _at(where: str, error: "NnkitError") -> UsageError:
    text = str(error)
    return UsageError(text if text.startswith(where) else f"{where}: {text}")
