"""The language in which a claim says what it measures: arithmetic over what one seed gave.

``"log(main.steps_to_target(activation='tanh') / main.steps_to_target(activation='relu'))"``. It is Python's
grammar, walked and never run: a name means what the claim's file calls so, and nothing else.
"""

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Value = Any  # a number, a truth value, or a list of values
# What a name and its attribute are for one seed; ``None`` in place of the choices where nothing is called.
Lookup = Callable[[str, str, Mapping[str, Any] | None], Value]

MOST_LETTERS = 1_000
_LARGEST_POWER = 64.0

_BINARY: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}
_COMPARED: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


class BadExpression(ValueError):
    """The text is none of these expressions; the message says where and why."""


def parse(text: str) -> ast.expr:
    """Return the expression's tree, or raise BadExpression."""
    if len(text) > MOST_LETTERS:
        raise BadExpression(f"longer than {MOST_LETTERS:,} letters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        for node in ast.walk(tree):
            _check(node)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, BadExpression):
            raise
        raise BadExpression("this is no expression") from None
    return tree


def names_in(tree: ast.expr) -> set[str]:
    """Return the names of matrices and experiments that an expression reads."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called}


def evaluate(tree: ast.expr, lookup: Lookup) -> Value:
    """Return what an expression is for one seed; NaN where it has no value."""
    match tree:
        case ast.Constant(value=value):
            return value
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return [evaluate(element, lookup) for element in elements]
        case ast.UnaryOp(op=sign, operand=operand):
            value = evaluate(operand, lookup)
            return _each(operator.neg if isinstance(sign, ast.USub) else operator.pos, value)
        case ast.BinOp(left=left, op=sign, right=right):
            return _pairwise(_operation(sign), evaluate(left, lookup), evaluate(right, lookup))
        case ast.Compare(left=left, ops=[sign], comparators=[right]):
            pair = evaluate(left, lookup), evaluate(right, lookup)
            return _pairwise(lambda a, b: float(_COMPARED[type(sign)](a, b)), *pair)
        case ast.Attribute(value=ast.Name(id=name), attr=attribute):
            return lookup(name, attribute, None)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return FUNCTIONS[name](*(evaluate(argument, lookup) for argument in arguments))
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attribute), keywords=keywords):
            choices = {str(keyword.arg): evaluate(keyword.value, lookup) for keyword in keywords}
            return lookup(name, attribute, choices)
    raise BadExpression(f"{ast.unparse(tree)} has no meaning here")


def _check(node: ast.AST) -> None:
    match node:
        case ast.Call(func=ast.Name(id=name), keywords=[]) if name in FUNCTIONS:
            return
        case ast.Call(func=ast.Name(id=name)):
            raise BadExpression(f"there is no function {name!r}; there are {', '.join(sorted(FUNCTIONS))}")
        case ast.Call(func=ast.Attribute(value=ast.Name()), args=[]):
            return
        case ast.Attribute(value=ast.Name()) | ast.Compare(ops=[_]):
            return
        case ast.Constant(value=value) if isinstance(value, int | float | str):
            return
        case (
            ast.Name()
            | ast.List()
            | ast.Tuple()
            | ast.UnaryOp(op=ast.USub() | ast.UAdd())
            | ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.Pow())
            | ast.keyword()
            | ast.expr_context()
            | ast.operator()
            | ast.unaryop()
            | ast.cmpop()
        ):
            return
    raise BadExpression(f"{ast.unparse(node) if isinstance(node, ast.expr) else 'this'} has no meaning here")


def _operation(sign: ast.operator) -> Callable[[float, float], float]:
    if isinstance(sign, ast.Div):
        return _quotient
    return _power if isinstance(sign, ast.Pow) else _BINARY[type(sign)]


def _quotient(a: float, b: float) -> float:
    return a / b if b else math.nan


def _power(a: float, b: float) -> float:
    if abs(b) > _LARGEST_POWER:
        return math.nan
    try:
        found = a**b
    except (OverflowError, ZeroDivisionError):
        return math.nan
    return found if isinstance(found, int | float) else math.nan


def _each(function: Callable[[float], float], value: Value) -> Value:
    return [_each(function, inner) for inner in value] if isinstance(value, list) else function(value)


def _pairwise(function: Callable[[float, float], float], a: Value, b: Value) -> Value:
    """Apply a function of two numbers; a list meets a number with each of its values, and a list in pairs."""
    if isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            raise BadExpression(f"a list of {len(a)} values meets one of {len(b)}")
        return [_pairwise(function, x, y) for x, y in zip(a, b, strict=True)]
    if isinstance(a, list):
        return [_pairwise(function, x, b) for x in a]
    if isinstance(b, list):
        return [_pairwise(function, a, y) for y in b]
    return function(a, b)


def _lifted(function: Callable[[float], float]) -> Callable[[Value], Value]:
    def one(value: float) -> float:
        try:
            return function(value)
        except (ValueError, OverflowError):
            return math.nan

    return lambda value: _each(one, value)


def _numbers(values: Value) -> list[float]:
    flat = [inner for value in values for inner in (_numbers(value) if isinstance(value, list) else [value])]
    return [float(value) for value in flat]


def _over_all(function: Callable[[Sequence[float]], float]) -> Callable[..., float]:
    """Return a function of one list, or of several numbers."""

    def of(*values: Value) -> float:
        numbers = _numbers(list(values))
        return function(numbers) if numbers else math.nan

    return of


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _slope(xs: Value, ys: Value) -> float:
    """Return the slope of the least-squares line through the points that have both values."""
    pairs = [(x, y) for x, y in zip(_numbers(xs), _numbers(ys), strict=True) if math.isfinite(x + y)]
    if len({x for x, _ in pairs}) < 2:
        return math.nan
    centre = _mean([x for x, _ in pairs])
    spread = math.fsum((x - centre) ** 2 for x, _ in pairs)
    return math.fsum((x - centre) * y for x, y in pairs) / spread


def _kendall(values: Value) -> float:
    """Return Kendall's tau of a list with its order: 1 if it falls throughout, -1 if it rises."""
    numbers = _numbers(values)
    pairs = [(a, b) for place, a in enumerate(numbers) for b in numbers[place + 1 :]]
    return _mean([(a > b) - (a < b) for a, b in pairs]) if pairs else math.nan


def _at(values: Value, place: float) -> Value:
    return values[int(place)]


def _first(conditions: Value, xs: Value) -> float:
    """Return the first x whose condition holds; NaN where none does."""
    return next((float(x) for told, x in zip(conditions, xs, strict=True) if told), math.nan)


def _place_of(choose: Callable[[Sequence[float]], float]) -> Callable[[Value], float]:
    return lambda values: float(_numbers(values).index(choose(_numbers(values))))


FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "log": _lifted(math.log),
    "log2": _lifted(math.log2),
    "log10": _lifted(math.log10),
    "exp": _lifted(math.exp),
    "sqrt": _lifted(math.sqrt),
    "abs": _lifted(abs),
    "min": _over_all(min),
    "max": _over_all(max),
    "mean": _over_all(_mean),
    "sum": _over_all(math.fsum),
    "share": _over_all(_mean),
    "slope": _slope,
    "kendall": _kendall,
    "at": _at,
    "first": _first,
    "argmax": _place_of(max),
    "argmin": _place_of(min),
}
