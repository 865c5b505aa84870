"""Parts: anything with a name that can be chosen, with its hyper-parameters, formula and source.

One record per part. The command line, validation, ``nnbench list`` and the tests read that record;
nothing about a part is written twice. Importing this module, or any record, never imports numba.
"""

import inspect
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Generic, Literal, TypeVar

from nnkit.errors import InvalidArgument, UnknownName, did_you_mean, shown

Value = float | int | bool | str | None


@dataclass(frozen=True, slots=True)
class Component:
    """What of an algorithm a hyper-parameter makes, and its value without it."""

    name: str
    off: Value


@dataclass(frozen=True, slots=True)
class Hyper:
    """One hyper-parameter: its default, range and meaning. A bound of ``None`` is absent."""

    name: str
    default: Value
    summary: str = ""
    above: float | None = None
    at_least: float | None = None
    below: float | None = None
    at_most: float | None = None
    integer: bool = False
    choices: tuple[str, ...] = ()
    optional: bool = False  # None is allowed and means "off"
    # The scale on which a search moves it: log(value), value, or log(1 - value); None: it is not searched.
    tune: Literal["log", "linear", "complement"] | None = None
    component: Component | None = None  # None: taking it out says nothing

    def check(self, value: Value, where: str) -> Value:
        """Return ``value`` in its own type, or raise InvalidArgument with place, range and remedy."""
        if value is None:
            if self.optional:
                return None
            raise self._wrong(where, value, "a value")
        if self.choices:
            if isinstance(value, str) and value in self.choices:
                return value
            raise self._wrong(where, value, "one of " + ", ".join(map(repr, self.choices)))
        if isinstance(self.default, bool):
            if isinstance(value, bool):
                return value
            raise self._wrong(where, value, "true or false")
        # NumPy's numbers too: a count of classes is often one.
        if isinstance(value, bool) or not isinstance(value, Real):
            raise self._wrong(where, value, "a number")
        if not _is_finite(value) or not self._within(value):
            raise self._wrong(where, value, self.range_text())
        if self.integer:
            if value != int(value):
                raise self._wrong(where, value, "a whole number")
            return int(value)
        return float(value)

    def _within(self, value: float) -> bool:
        return (
            (self.above is None or value > self.above)
            and (self.at_least is None or value >= self.at_least)
            and (self.below is None or value < self.below)
            and (self.at_most is None or value <= self.at_most)
        )

    def range_text(self) -> str:
        """Return the range in words: ``"above 0 and below 1"``."""
        bounds = (("above", self.above), ("at least", self.at_least))
        uppers = (("below", self.below), ("at most", self.at_most))
        words = [f"{word} {bound:g}" for word, bound in bounds + uppers if bound is not None]
        return " and ".join(words) or "a finite number"

    def _wrong(self, where: str, value: Value, expected: str) -> InvalidArgument:
        return InvalidArgument(
            f"{where}: {self.name} must be {expected}, found {shown(value)}. Try {self.default!r}."
        )


@dataclass(frozen=True, slots=True, eq=False)
class ClosedForm:
    """A value that follows from a part's formula by hand, and that a wrong implementation misses.

    claim       in words and symbols, as `nnbench list` and `nnbench show` print it
    measure     what is measured of the part: a function of whatever its registry's ``get`` returns. Whatever
                has the same methods can be measured too, such as another library's class behind an adapter
    expected    the values by the formula, or a function of all hyper-parameters that returns them
    options     the hyper-parameters that the part is made with
    tolerance   the largest difference from ``expected``, as a share of its largest magnitude, in float64
    """

    claim: str
    measure: Callable[[Any], Any]
    expected: Any
    options: Mapping[str, Value] = field(default_factory=dict)
    tolerance: float = 1e-12

    def distance(self, made: object, parameters: Mapping[str, Value]) -> float:
        """Return how far what is measured of ``made`` is from the values, as a share of the largest of them.

        ``parameters`` are all of the part's hyper-parameters. Infinity where shapes or NaNs differ.
        """
        import numpy as np

        expected = np.asarray(self.expected(parameters) if callable(self.expected) else self.expected, float)
        measured = np.asarray(self.measure(made), float)
        if measured.shape != expected.shape or not np.isfinite(measured).all():
            return math.inf
        largest = float(np.abs(expected).max(initial=0.0)) or 1.0
        return float(np.abs(measured - expected).max(initial=0.0)) / largest


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What every kind of part shares. Kinds add fields of their own by inheritance."""

    name: str
    summary: str
    formula: str
    source: str
    hyperparameters: tuple[Hyper, ...] = ()
    aliases: tuple[str, ...] = ()
    closed_forms: tuple[ClosedForm, ...] = ()
    numerics: int = 1  # rises when the same choice gives other bits than before …
    # … and whether it does with these hyper-parameters, in a run of so many epochs or more steps.
    moved: Callable[[Mapping[str, Value], int], bool] = lambda parameters, epochs: True

    def resolve(self, given: Mapping[str, Value], where: str | None = None) -> dict[str, Value]:
        """Return every hyper-parameter with its value: the one given, checked, or the default."""
        place = where or self.name
        known = {hyper.name: hyper for hyper in self.hyperparameters}
        for name in given:
            if name not in known:
                raise UnknownName(f"{place}: no hyper-parameter named {name!r}.{_hint(name, known)}")
        return {
            name: hyper.check(given[name], place) if name in given else hyper.default
            for name, hyper in known.items()
        }


def function_hypers(
    where: str, function: Callable[..., object], leading: tuple[str, ...], given: Mapping[str, Value]
) -> tuple[Hyper, ...]:
    """Return the hyper-parameters of a function from outside: what it takes after its ``leading`` arguments.

    Their defaults are the function's own, or those in ``given``, which come first.
    """
    expected = ", ".join(leading)
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # the second for functions that say nothing of their arguments
        raise InvalidArgument(
            f"{where}: expected a Python function of ({expected}), found {shown(function)}."
        ) from None
    further = list(signature.parameters.values())[len(leading) :]
    defaults = {one.name: one.default for one in further if one.default is not one.empty} | dict(given)
    try:
        signature.bind(*leading, **defaults)
    except TypeError as error:
        raise InvalidArgument(
            f"{where}: the function must take ({expected}) and have a default for everything else: {error}."
        ) from None
    return tuple(declared_hyper(where, name, value) for name, value in defaults.items())


def declared_hyper(where: str, name: str, value: Value, component: Component | None = None) -> Hyper:
    """Return the hyper-parameter that a plug-in declares with nothing but its default."""
    if value is not None and not isinstance(value, bool) and not is_number(value):
        raise InvalidArgument(f"{where}: {name} must be a number, true, false or none, found {shown(value)}.")
    return Hyper(name, value, optional=value is None, tune=_scale(value), component=component)


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def number(parameters: Mapping[str, Value], name: str) -> float:
    """Return a hyper-parameter that is a number."""
    value = parameters[name]
    assert isinstance(value, int | float), (name, value)
    return float(value)


def first_line(documented: object) -> str:
    """Return the first line of a docstring, or nothing."""
    return (getattr(documented, "__doc__", None) or "").strip().partition("\n")[0]


def _scale(value: Value) -> Literal["log", "complement"] | None:
    """Return on which scale a search moves a plug-in's number: a share near 1 is a share that is kept."""
    if isinstance(value, bool) or not isinstance(value, float) or value <= 0.0:
        return None
    return "complement" if 0.5 <= value < 1.0 else "log"


def _is_finite(value: Real | float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number, or a fraction, beyond the largest float
        return False


def _hint(name: str, known: Mapping[str, Hyper]) -> str:
    return did_you_mean(name, known) if known else " It takes none."


# What a command line can choose: without spaces, quotes, commas and parentheses, and not as an option.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_HYPER_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")

P = TypeVar("P", bound=Part)


class Registry(Generic[P]):
    """The parts of one kind, by name and alias, in the order they were added."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._parts: dict[str, P] = {}
        self._aliases: dict[str, str] = {}

    def add(self, part: P) -> P:
        """Add ``part``; a name that is taken is an error, so that a plug-in cannot shadow a built-in."""
        self.check_name(part.name, *part.aliases)
        for hyper in part.hyperparameters:
            if _HYPER_NAME.fullmatch(hyper.name) is None:
                raise InvalidArgument(
                    f"{self.kind} {part.name!r}: a hyper-parameter's name must be a letter and then letters,"
                    f" digits and _, found {hyper.name!r}. Choose another name."
                )
        self._parts[part.name] = part
        self._aliases.update(dict.fromkeys(part.aliases, part.name))
        return part

    def check_name(self, *names: str) -> None:
        """Raise InvalidArgument for a name that no command line can choose, or that is taken."""
        taken = {name.lower(): name for name in (*self._parts, *self._aliases)}
        for name in names:
            if not isinstance(name, str) or _NAME.fullmatch(name) is None:
                wrong = ": a name must be a letter and then at most 63 letters, digits, _, . and -, all ASCII"
            elif name == "own":
                wrong = ": on a command line this is the choice that a case makes by itself"
            elif name.lower() in taken:
                found = taken[name.lower()]
                wrong = " exists already" if found == name else f" exists already as {found!r}"
            else:
                continue
            raise InvalidArgument(f"{self.kind} {name!r}{wrong}. Choose another name.")

    def record(self, name: str) -> P:
        """Return the part called ``name`` (or with that alias)."""
        if not isinstance(name, str):
            raise InvalidArgument(f"{self.kind}: expected its name, found {name!r}. Write it as text.")
        key = self._aliases.get(name, name)
        if key not in self._parts:
            raise UnknownName(f"no {self.kind} named {name!r}.{did_you_mean(name, self._parts)}")
        return self._parts[key]

    def names(self) -> tuple[str, ...]:
        """Return the names of all parts, in the order of their registration."""
        return tuple(self._parts)

    def __iter__(self) -> Iterator[P]:
        return iter(self._parts.values())

    def __contains__(self, name: str) -> bool:
        return name in self._parts or name in self._aliases


_LONGEST_CHOICE = 10_000
_CHOICE = re.compile(r"\s*([A-Za-z_][\w.-]*)\s*(?:\((.*)\))?\s*", re.DOTALL)


def parse_choice(text: str) -> tuple[str, dict[str, Value]]:
    """Split ``"sgd(momentum=0.9, nesterov=true)"`` into its name and its hyper-parameters."""
    is_choice = isinstance(text, str) and len(text) <= _LONGEST_CHOICE
    match = _CHOICE.fullmatch(text) if is_choice else None
    if match is None:
        raise InvalidArgument(f"{text!r} is not a choice. Write a name, or name(key=value, …).")
    name, inner = match.groups()
    parameters: dict[str, Value] = {}
    for item in filter(None, (piece.strip() for piece in (inner or "").split(","))):
        key, equals, value = (piece.strip() for piece in item.partition("="))
        if not equals or not key or not value:
            raise InvalidArgument(f"{text!r}: {item!r} is not key=value.")
        if key in parameters:
            raise InvalidArgument(f"{text!r}: {key!r} is given twice.")
        parameters[key] = parse_value(value)
    return name, parameters


def parse_value(text: str) -> Value:
    """Read a number, ``true``, ``false``, ``none``, or else the text itself, without quotes."""
    words: dict[str, Value] = {"true": True, "false": False, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return text.strip("'\"")


def spell_choice(name: str, parameters: Mapping[str, Value]) -> str:
    """Return the canonical spelling: ``"sgd"`` or ``"sgd(momentum=0.9)"``, keys sorted."""
    if not parameters:
        return name
    inner = ", ".join(f"{key}={spell_value(value)}" for key, value in sorted(parameters.items()))
    return f"{name}({inner})"


def spell_value(value: Value) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)
