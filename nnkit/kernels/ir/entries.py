"""Entries written as vector IR, for ops that llvmlite alone compiles, in a fraction of numba's time."""

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from nnkit.kernels.ir.vectors import I32, I64, Element, Function
from nnkit.ops import ROWS, Argument, Operand

Values = dict[str, Any]
_OCTET = ir.IntType(8)


def emit_entry(
    symbol: str,
    dtype: str,
    arguments: tuple[Argument, ...],
    body: Callable[[Function, Any, Values], None],
    *,
    lanes: int | None = None,
) -> str:
    """Return the text of a module with the function ``symbol(base, args)``, which decodes and computes.

    ``body(function, rows, values)`` writes the computation: ``rows`` is the size of the batch, ``values``
    has a pointer for every operand, a number for every scalar, and under ``"x rows"`` the first size of x.
    Other sizes are part of what the code is made for.
    """
    element = Element(dtype, lanes)
    module = ir.Module(symbol)
    entry = Function(module, element, symbol, [_OCTET.as_pointer(), I64.as_pointer()], internal=False)
    base, args = entry.ir.args
    rows = entry.builder.load(_cell(entry, base, ROWS, I64))
    values, position = {}, 0
    for argument in arguments:
        if isinstance(argument, Operand):
            assert argument.external is None, argument.name
            offset = entry.builder.load(entry.at(args, position))
            values[argument.name] = entry.builder.bitcast(
                entry.at(base, offset), _pointer(element, argument.type)
            )
            values[f"{argument.name} rows"] = _size(entry, args, position + 1, rows)
            position += 1 + argument.rank
        elif argument.cell is not None:
            values[argument.name] = _number(entry, base, argument.cell, argument.type)
        else:
            values[argument.name] = _number(entry, args, position, argument.type)
            position += 1
    body(entry, rows, values)
    entry.finish()
    return str(module)


def _pointer(element: Element, type_name: str) -> Any:
    kinds = {"real": element.scalar, "double": ir.DoubleType(), "int32": I32, "uint32": I32}
    return kinds[type_name].as_pointer()


def _size(entry: Function, args: Any, position: int, rows: Any) -> Any:
    """Return the size behind an encoded one: -k stands for k times the rows of this batch."""
    encoded = entry.builder.load(entry.at(args, position))
    in_batches = entry.builder.mul(entry.builder.neg(encoded), rows)
    return entry.builder.select(entry.builder.icmp_signed("<", encoded, I64(0)), in_batches, encoded)


def _cell(entry: Function, cells: Any, position: int, kind: Any) -> Any:
    octets = entry.builder.bitcast(cells, _OCTET.as_pointer())
    return entry.builder.bitcast(entry.at(octets, 8 * position), kind.as_pointer())


def _number(entry: Function, cells: Any, position: int, type_name: str) -> Any:
    """Return the number in a cell: integers as they are, others float64 there and rounded here."""
    if type_name == "integer":
        return entry.builder.load(_cell(entry, cells, position, I64))
    stored = entry.builder.load(_cell(entry, cells, position, ir.DoubleType()))
    if type_name == "double" or entry.element.dtype == "float64":
        return stored
    return entry.builder.fptrunc(stored, entry.element.scalar)
