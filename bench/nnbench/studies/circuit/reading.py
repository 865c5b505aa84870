"""What a user writes becomes a graph without numbers: Python's grammar, walked and never run."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from nnbench.errors import UsageError
from nnbench.studies.circuit.gates import FUNCTIONS, GATES, finite
from nnkit.errors import did_you_mean, shown

MOST_LETTERS, MOST_NODES, MOST_NESTED = 300, 60, 25
_WHERE = "--expression"
_EXAMPLE = 'Try "1/(1+exp(-(w*x+b)))".'
_OPERATORS: Mapping[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
    ast.USub: "negate",
}
Operand = int | float  # the place of a node, or a constant


@dataclass(frozen=True, slots=True)
class Step:
    """One node before there are numbers: a name, or a gate with what it reads."""

    name: str
    text: str
    operands: tuple[Operand, ...] = ()  # empty: an input


@dataclass(slots=True)
class _Reader:
    steps: list[Step] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)  # of the names

    def read(self, node: ast.expr, depth: int = 0) -> Operand:
        """Add what ``node`` needs, and return where its value will be, or the number that it is."""
        if depth > MOST_NESTED:
            raise UsageError(
                f"{_WHERE}: nested more than {MOST_NESTED} deep. Write a part of it as a name of its own."
            )
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return float(value)
            case ast.Name(id=name) if name in FUNCTIONS:
                raise UsageError(f"{_WHERE}: {name} is a function, found without brackets. Write {name}(x).")
            case ast.Name(id=name):
                return self._input(name)
            case ast.UnaryOp(op=ast.UAdd(), operand=inner):
                return self.read(inner, depth + 1)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return -float(value)
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return self._gate("negate", node, [inner], depth)
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
                return self._gate(_OPERATORS[type(sign)], node, [left, right], depth)
            case ast.Call(func=ast.Name(id=name), args=inputs, keywords=[]):
                _check_call(name, inputs)
                return self._gate(name, node, inputs, depth)
        raise UsageError(
            f"{_WHERE}: expected numbers, names, + - * / ** and {', '.join(FUNCTIONS)},"
            f" found {shown(ast.unparse(node))}. {_EXAMPLE}"
        )

    def _input(self, name: str) -> int:
        if name not in self.places:
            self.places[name] = self._add(Step(name, name))
        return self.places[name]

    def _gate(self, name: str, node: ast.expr, inputs: list[ast.expr], depth: int) -> Operand:
        operands = tuple(self.read(each, depth + 1) for each in inputs)
        text = ast.unparse(node)
        # An int is the place of a node: without one there is nothing to differentiate by.
        if not any(isinstance(operand, int) for operand in operands):
            return finite(text, GATES[name].value, operands)
        return self._add(Step(name, text, operands))

    def _add(self, step: Step) -> int:
        if len(self.steps) == MOST_NODES:
            raise UsageError(f"{_WHERE}: more than {MOST_NODES} nodes. Look at a part of it.")
        self.steps.append(step)
        return len(self.steps) - 1


def read(text: str) -> tuple[Step, ...]:
    """Return the nodes of an expression, each behind those that it reads, or raise UsageError.

    A name that occurs again is the same node; a number is part of the gate that reads it.
    """
    if len(text) > MOST_LETTERS:
        raise UsageError(f"{_WHERE}: expected at most {MOST_LETTERS} letters, found {len(text):,}.")
    reader = _Reader()
    try:
        place = reader.read(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        raise UsageError(f"{_WHERE}: expected a formula, found {shown(text)}. {_EXAMPLE}") from None
    if not reader.places:
        raise UsageError(
            f"{_WHERE}: {shown(text)} has no name in it, so that nothing has a gradient. {_EXAMPLE}"
        )
    assert isinstance(place, int), "an expression with names ends in a node"
    return tuple(reader.steps)


def numbers(given: list[str]) -> dict[str, float]:
    """Return what ``w0=2 x0=-1`` says, or raise UsageError."""
    found: dict[str, float] = {}
    for text in given:
        name, equals, value = (part.strip() for part in text.partition("="))
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not (equals and name.isidentifier()) or number - number != 0:
            raise UsageError(f"{shown(text)}: expected a name and a number such as w0=2.")
        if name in found:
            raise UsageError(f"{name}: given twice, {found[name]:g} and {number:g}. Give it once.")
        found[name] = number
    return found


def check_names(steps: tuple[Step, ...], values: Mapping[str, float]) -> None:
    """Raise UsageError where a name has no number, or a number no name."""
    names = [step.name for step in steps if not step.operands]
    if missing := [name for name in names if name not in values]:
        raise UsageError(f"{', '.join(missing)}: no number given. Add {missing[0]}=1 to the command.")
    for name in values:
        if name not in names:
            near = did_you_mean(name, names)
            raise UsageError(f"{name}: not in the expression, whose names are {', '.join(names)}.{near}")


def _check_call(name: str, inputs: list[ast.expr]) -> None:
    if name not in FUNCTIONS:
        raise UsageError(
            f"{_WHERE}: there is no function {shown(name)}.{did_you_mean(name, FUNCTIONS)}"
            f" There are {', '.join(FUNCTIONS)}."
        )
    least, most = GATES[name].n_inputs
    if not least <= len(inputs) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise UsageError(f"{_WHERE}: {name} takes {wanted} input{'s' * (most > 1)}, found {len(inputs)}.")
