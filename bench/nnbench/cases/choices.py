"""Choices on the axes: from what a user wrote to the one spelling that names it everywhere.

A choice is a name, or a name with parameters: ``sgd(momentum=0.9)``. Parameters that equal their default
are left out and aliases are resolved, so two spellings of the same thing are the same trial.
"""

import math
from dataclasses import dataclass

from nnbench.errors import UsageError
from nnkit.errors import InvalidArgument, NnkitError
from nnkit.registry import Part, Value, parse_choice, spell_choice, spell_value

DEFAULT_RATE = "default"  # the optimizer's own learning rate
NORM_LAYERS = {"batch": "BatchNormalization", "layer": "LayerNormalization"}


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
    pieces, depth = [""], 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            break
        if character == "," and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += character
    if depth:
        raise UsageError(f"{text!r}: the parentheses do not match.")
    return [piece.strip() for piece in pieces]


def canonical(axis: str, text: str, where: str) -> str:
    """Return the spelling that names this choice everywhere, or raise UsageError with place and remedy."""
    if not text.strip():
        raise UsageError(f"{where}: there is an empty name. Write names with single commas between them.")
    if axis == "learning_rate":
        return _rate(text, where)
    if axis == "batch_size":
        return _batch_size(text, where)
    try:
        name, given = parse_choice(text)
        if axis == "norm":
            return _norm(name, given, where)
        part = part_of(axis, name)
        return spell_choice(part.name, _beyond_default(part, given, f"{where}: {part.name}"))
    except NnkitError as error:
        raise _at(where, error) from None


def optimizer(text: str, where: str) -> Optimizer:
    """Return the optimizer that ``text`` names, with its learning rate apart."""
    canonical("optimizer", text, where)  # for its errors: below, all is known to be right
    name, given = parse_choice(text)
    part = part_of("optimizer", name)
    default = {hyper.name: hyper.default for hyper in part.hyperparameters}.get("learning_rate")
    rate = part.resolve(given)["learning_rate"] if "learning_rate" in given else None
    rest = {name: value for name, value in given.items() if name != "learning_rate"}
    return Optimizer(
        text=spell_choice(part.name, _beyond_default(part, rest, where)),
        rate=None if rate is None else spell_value(rate),
        default_rate=DEFAULT_RATE if default is None else spell_value(default),
    )


def part_of(axis: str, name: str) -> Part:
    """Return the record of the part that ``name`` stands for on an axis."""
    from nnkit import activations, initializers, optimizers, schedules

    registries = {
        "optimizer": optimizers,
        "activation": activations,
        "init": initializers,
        "schedule": schedules,
    }
    part: Part = registries[axis].record(name)
    return part


def _beyond_default(part: Part, given: dict[str, Value], where: str) -> dict[str, Value]:
    """Return the checked parameters that differ from their defaults."""
    resolved = part.resolve(given, where)
    defaults = {hyper.name: hyper.default for hyper in part.hyperparameters}
    return {name: resolved[name] for name in given if resolved[name] != defaults[name]}


def _norm(name: str, given: dict[str, Value], where: str) -> str:
    if name == "none" and not given:
        return name
    if name not in NORM_LAYERS:
        raise InvalidArgument(f"no norm named {name!r}. Known: none, {', '.join(NORM_LAYERS)}.")
    from nnkit import layers

    part: Part = layers.record(NORM_LAYERS[name])
    return spell_choice(name, _beyond_default(part, given, f"{where}: {name}"))


def _rate(text: str, where: str) -> str:
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


def _batch_size(text: str, where: str) -> str:
    try:
        size = int(text)
    except ValueError:
        size = 0
    if size < 1:
        raise UsageError(f"{where} {text}: the batch size must be a whole number above 0. Try 32.")
    return str(size)


def _at(where: str, error: NnkitError) -> UsageError:
    text = str(error)
    return UsageError(text if text.startswith(where) else f"{where}: {text}")
