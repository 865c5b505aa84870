"""How optimizers are written: ``adam(beta_1=0.8)``, ``cautious(adamw)``, ``muon+adamw(learning_rate=0.003)``.

An optimizer is a choice, a wrapper around one, or a pair of two: matrices by the first, the rest by the
second. What is asked of an optimizer by itself, its learning rate first of all, is asked of its `core`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from nnkit.errors import InvalidArgument
from nnkit.registry import Value, parse_choice, spell_choice, spell_value

_DEEPEST = 20
_BEGINS = re.compile(r"\s*[A-Za-z_]")
_LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class Choice:
    """One optimizer by its name, and the hyper-parameters that are written with it."""

    name: str
    given: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A wrapper by its name, the optimizer that it goes around, and the wrapper's hyper-parameters."""

    name: str
    inner: "Expression"
    given: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two optimizers of one model: matrices by the first, everything else by the second."""

    first: "Expression"
    second: "Expression"


Expression: TypeAlias = Choice | Wrapped | Pair


def parse(text: str) -> Expression:
    """Return what ``text`` says; the names in it are not looked up. Raises InvalidArgument."""
    if not isinstance(text, str) or len(text) > _LONGEST:
        parse_choice(text)  # which says what a choice is
    return _parse(text, text, 0)


def _parse(text: str, whole: str, depth: int) -> Expression:
    if depth > _DEEPEST:
        raise InvalidArgument(f"{whole!r}: at most {_DEEPEST} wrappers go around one optimizer.")
    members = _pieces(text, "+", whole)
    if len(members) > 2:
        raise InvalidArgument(
            f"{whole!r}: expected at most two optimizers, matrices by the first and the rest by the second,"
            f" found {len(members)}."
        )
    if not all(piece.strip() for piece in members):
        raise InvalidArgument(f"{whole!r}: there is no optimizer on one side of +. Write first+second.")
    if len(members) == 2:
        return Pair(_parse(members[0], whole, depth + 1), _parse(members[1], whole, depth + 1))
    name, opens, inside = text.strip().partition("(")
    items = _pieces(inside.removesuffix(")"), ",", whole) if opens and inside.endswith(")") else []
    if not items or _is_option(items[0]) or _BEGINS.match(items[0]) is None:
        return Choice(*parse_choice(text))
    options = ", ".join(items[1:])
    if any(not _is_option(item) for item in items[1:]):
        raise InvalidArgument(
            f"{whole!r}: a wrapper goes around one optimizer, and behind it are options as key=value."
        )
    wrapper, given = parse_choice(f"{name}({options})" if options.strip() else name)
    return Wrapped(wrapper, _parse(items[0], whole, depth + 1), given)


def _is_option(item: str) -> bool:
    """Say whether an argument is ``key=value``, and not an optimizer that has such within parentheses."""
    return "=" in item.partition("(")[0]


def _pieces(text: str, separator: str, whole: str) -> list[str]:
    """Split at every separator that is not within parentheses."""
    pieces, depth, start = [], 0, 0
    for place, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            break
        if character == separator and depth == 0:
            pieces.append(text[start:place])
            start = place + 1
    if depth:
        raise InvalidArgument(f"{whole!r}: the parentheses do not match.")
    return [*pieces, text[start:]]


def spell(expression: Expression) -> str:
    """Return the canonical spelling, which `parse` reads back: keys sorted, one space behind a comma."""
    if isinstance(expression, Pair):
        return f"{spell(expression.first)}+{spell(expression.second)}"
    if isinstance(expression, Choice):
        return spell_choice(expression.name, expression.given)
    options = (f"{key}={spell_value(value)}" for key, value in sorted(expression.given.items()))
    return f"{expression.name}({', '.join([spell(expression.inner), *options])})"


def core(expression: Expression) -> Choice:
    """Return the optimizer whose learning rate is that of the whole: the innermost, of a pair the first."""
    while not isinstance(expression, Choice):
        expression = expression.first if isinstance(expression, Pair) else expression.inner
    return expression


def with_core(expression: Expression, choice: Choice) -> Expression:
    """Return the expression with another optimizer in the place of its `core`."""
    if isinstance(expression, Pair):
        return replace(expression, first=with_core(expression.first, choice))
    if isinstance(expression, Wrapped):
        return replace(expression, inner=with_core(expression.inner, choice))
    return choice


def is_paired(expression: Expression) -> bool:
    """Say whether the rate of the `core` is another's measure too."""
    if isinstance(expression, Wrapped):
        return is_paired(expression.inner)
    return isinstance(expression, Pair)


def without(expression: Expression, wrapper: str) -> Expression:
    """Return the expression without the wrappers of this name."""
    return mapped(expression, lambda one: one, lambda one: one.inner if one.name == wrapper else one)


def mapped(
    expression: Expression,
    choice: Callable[[Choice], Choice],
    wrapper: Callable[[Wrapped], Expression],
) -> Expression:
    """Return the expression with every choice, and then every wrapper around it, replaced."""
    if isinstance(expression, Pair):
        first, second = (mapped(one, choice, wrapper) for one in (expression.first, expression.second))
        return Pair(first, second)
    if isinstance(expression, Wrapped):
        return wrapper(replace(expression, inner=mapped(expression.inner, choice, wrapper)))
    return choice(expression)


def parts_of(expression: Expression) -> Iterator[Choice | Wrapped]:
    """Yield every optimizer and every wrapper, outer ones first."""
    if isinstance(expression, Pair):
        yield from parts_of(expression.first)
        yield from parts_of(expression.second)
        return
    yield expression
    if isinstance(expression, Wrapped):
        yield from parts_of(expression.inner)
