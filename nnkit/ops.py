"""Ops: what a compiled program is made of, and how a kernel is called by address.

An `OpKind` stands beside its kernel and says everything about it: operands, entry, gradient rule, work.
Encoder, backward sweep, listing, roofline and tests read that record; there is no second table.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any, Literal

from nnkit.jit import Entry, Intrinsic, Kernel, kernel

if TYPE_CHECKING:
    from nnkit.compiler.backward import Sweep

Type = Literal["real", "double", "int32", "uint32"]
Role = Literal["in", "out", "inout", "scratch"]
Kind = Literal["parameter", "gradient", "slot", "state", "transient", "header"]

# A size of -k means k times the rows of the current batch, which only the last batch of an epoch knows.
# Products of sizes keep that meaning, since at most one factor is negative.
BATCH = -1

# Cells of the header, 8 bytes each, at the start of every arena: what changes from step to step.
ROWS, STEP, EPOCH, BATCH_INDEX, RATE, KEY = range(6)
X, Y, ORDER = 6, 8, 10  # each an address and, in the next cell, a length
TOTALS, PENALTY, STOP, CLOCK = 12, 14, 15, 16  # totals: loss summed over rows, rows predicted correctly
HEADER_BYTES = 256


@dataclass(frozen=True, slots=True, eq=False)
class Buffer:
    """An array that the program uses; where it lies is decided by the plan."""

    name: str
    shape: tuple[int, ...]
    kind: Kind = "transient"
    type: Type = "real"
    offset: int | None = None  # fixed only for header buffers

    @property
    def size(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class View:
    """A buffer read in another shape of the same size, or only a part of it."""

    buffer: Buffer
    shape: tuple[int, ...]


def flat(buffer: Buffer) -> View:
    return View(buffer, (buffer.size,))


def rows_of(buffer: Buffer, columns: int) -> View:
    """View ``buffer`` as a matrix of ``columns`` columns."""
    return View(buffer, (buffer.size // columns, columns))


TOTALS_BUFFER = Buffer("totals", (2,), "header", "double", offset=8 * TOTALS)
PENALTY_BUFFER = Buffer("penalty", (1,), "header", "double", offset=8 * PENALTY)


@dataclass(frozen=True, slots=True)
class Operand:
    """An array argument of a kernel."""

    name: str
    role: Role
    rank: int = 1
    type: Type = "real"
    external: int | None = None  # the header cell with the address, for data outside the arena


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number argument of a kernel: fixed when the program is encoded, or read from a header cell."""

    name: str
    type: Literal["real", "double", "integer"] = "real"
    cell: int | None = None


Argument = Operand | Scalar
Work = Callable[[Mapping[str, tuple[int, ...]]], int]


@dataclass(frozen=True, slots=True, eq=False)
class OpKind:
    """One kind of op. ``arguments`` stand in the order of the kernel's parameters."""

    name: str
    entry: Entry
    arguments: tuple[Argument, ...]
    flops: Work = lambda shapes: 0
    gradient: Callable[[Op, Sweep], None] | None = None

    @property
    def operands(self) -> tuple[Operand, ...]:
        return tuple(argument for argument in self.arguments if isinstance(argument, Operand))

    @property
    def scalars(self) -> tuple[Scalar, ...]:
        return tuple(argument for argument in self.arguments if isinstance(argument, Scalar))


@dataclass(frozen=True, slots=True, eq=False)
class Op:
    """One instruction: a kind, the buffer behind each operand, and the fixed scalars."""

    kind: OpKind
    views: Mapping[str, View]
    scalars: Mapping[str, float] = field(default_factory=dict)

    def buffer(self, name: str) -> Buffer:
        return self.views[name].buffer

    def touched(self, *roles: Role) -> list[Buffer]:
        """Return the buffers behind the operands of these roles."""
        chosen = [operand for operand in self.kind.operands if operand.role in roles]
        return [self.views[operand.name].buffer for operand in chosen if operand.external is None]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: view.shape for name, view in self.views.items()}


def op_kind(
    name: str,
    compute: Kernel,
    *arguments: Argument,
    flops: Work = lambda shapes: 0,
    gradient: Callable[[Op, Sweep], None] | None = None,
    packed: bool = True,
) -> OpKind:
    """Make an op kind with an entry of its own for the kernel ``compute``."""
    return OpKind(name, make_entry(name, compute, arguments, packed=packed), arguments, flops, gradient)


def make_entry(name: str, compute: Kernel, arguments: tuple[Argument, ...], *, packed: bool = True) -> Entry:
    """Write the entry that decodes ``arguments`` from the op's int64 cells and calls ``compute``.

    The text is generated, so that an entry cannot disagree with the record of its op.
    """
    lines, position = [], 0
    for argument in arguments:
        text, position = _decode(argument, position)
        lines.append(f"        {text},")
    source = "\n".join(
        ["def entry(base, args):", f"    rows = header_integer(base, {ROWS})", "    compute(", *lines, "    )", ""]
    )
    filename = f"<entry {name}>"
    # numba wants to find the text of what it compiles.
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    scope: dict[str, Any] = dict(_DECODERS)
    exec(compile(source, filename, "exec"), scope)
    return Entry(name, scope["entry"], {"compute": compute}, packed=packed)


def _decode(argument: Argument, position: int) -> tuple[str, int]:
    if isinstance(argument, Scalar):
        if argument.cell is not None:
            return f"header_{argument.type}(base, {argument.cell})", position
        return f"scalar_{argument.type}(base, args, {position})", position + 1
    if argument.external is not None:
        pointer = f"external_{argument.type}(base, {argument.external})"
        return f"carray({pointer}, (header_integer(base, {argument.external + 1}),))", position
    sizes = [f"size(args[{position + 1 + axis}], rows)" for axis in range(argument.rank)]
    pointer = f"{argument.type}_at(base, args[{position}])"
    return f"carray({pointer}, ({', '.join(sizes)},))", position + 1 + argument.rank


def encode_arguments(op: Op, offsets: Mapping[Buffer, int]) -> list[int]:
    """Return the int64 cells that the op's entry decodes."""
    import struct

    cells: list[int] = []
    for argument in op.kind.arguments:
        if isinstance(argument, Scalar):
            if argument.cell is None:
                value = op.scalars[argument.name]
                whole = argument.type == "integer"
                cells.append(int(value) if whole else struct.unpack("<q", struct.pack("<d", value))[0])
        elif argument.external is None:
            view = op.views[argument.name]
            assert len(view.shape) == argument.rank, (op.kind.name, argument.name, view.shape, argument.rank)
            cells += [offsets[view.buffer], *view.shape]
    return cells


@kernel
def size(encoded, rows):
    """Return the size behind an encoded one: -k stands for k times the rows of this batch."""
    return encoded if encoded >= 0 else -encoded * rows


def _pointer_builder(type_name: str) -> Callable[[], Any]:
    """Return a builder for ``(base, byte offset) -> pointer`` to values of that type."""

    def build() -> Any:
        from numba import types
        from numba.extending import intrinsic

        @intrinsic
        def pointer_at(context, base, offset):
            result = base if type_name == "real" else types.CPointer(_numba_type(type_name))

            def code(cx, builder, signature, args):
                return _typed_pointer(cx, builder, args[0], args[1], result)

            return result(base, types.int64), code

        return pointer_at

    return build


def _numba_type(type_name: str) -> Any:
    from numba import types

    return {"double": types.float64, "int32": types.int32, "uint32": types.uint32, "integer": types.int64}[type_name]


def _typed_pointer(cx: Any, builder: Any, base: Any, offset: Any, result: Any) -> Any:
    from llvmlite import ir

    octets = builder.bitcast(base, ir.IntType(8).as_pointer())
    return builder.bitcast(builder.gep(octets, [offset]), cx.get_value_type(result))


def _header_builder(type_name: str) -> Callable[[], Any]:
    """Return a builder for ``(base, cell) -> number`` read from the header."""

    def build() -> Any:
        from llvmlite import ir
        from numba import types
        from numba.extending import intrinsic

        @intrinsic
        def read(context, base, cell):
            stored = types.int64 if type_name == "integer" else types.float64
            result = base.dtype if type_name == "real" else stored

            def code(cx, builder, signature, args):
                offset = builder.mul(args[1], ir.IntType(64)(8))
                value = builder.load(_typed_pointer(cx, builder, args[0], offset, types.CPointer(stored)))
                return cx.cast(builder, value, stored, result)

            return result(base, types.int64), code

        return read

    return build


def _external_builder(type_name: str) -> Callable[[], Any]:
    """Return a builder for ``(base, cell) -> pointer`` to the address that a header cell holds."""

    def build() -> Any:
        from llvmlite import ir
        from numba import types
        from numba.extending import intrinsic

        @intrinsic
        def external(context, base, cell):
            result = base if type_name == "real" else types.CPointer(_numba_type(type_name))

            def code(cx, builder, signature, args):
                offset = builder.mul(args[1], ir.IntType(64)(8))
                place = _typed_pointer(cx, builder, args[0], offset, types.CPointer(types.int64))
                return builder.inttoptr(builder.load(place), cx.get_value_type(result))

            return result(base, types.int64), code

        return external

    return build


def _scalar_builder(type_name: str) -> Callable[[], Any]:
    """Return a builder for ``(base, args, position) -> number`` from an op's int64 cells."""

    def build() -> Any:
        from numba import types
        from numba.extending import intrinsic

        @intrinsic
        def scalar(context, base, args, position):
            stored = types.int64 if type_name == "integer" else types.float64
            result = base.dtype if type_name == "real" else stored

            def code(cx, builder, signature, values):
                cell = builder.load(builder.gep(values[1], [values[2]]))
                value = cell if type_name == "integer" else builder.bitcast(cell, cx.get_value_type(stored))
                return cx.cast(builder, value, stored, result)

            return result(base, args, types.int64), code

        return scalar

    return build


def _no_twin(*_: Any) -> Any:
    raise NotImplementedError("entries are compiled; without the JIT call the kernel itself")


def _carray_builder() -> Any:
    from numba import carray

    return carray


_DECODERS: dict[str, Any] = {
    "size": size,
    "carray": Intrinsic(_carray_builder, _no_twin),
    **{f"{name}_at": Intrinsic(_pointer_builder(name), _no_twin) for name in ("real", "double", "int32", "uint32")},
    **{f"external_{name}": Intrinsic(_external_builder(name), _no_twin) for name in ("real", "double", "int32")},
    **{f"header_{name}": Intrinsic(_header_builder(name), _no_twin) for name in ("real", "double", "integer")},
    **{f"scalar_{name}": Intrinsic(_scalar_builder(name), _no_twin) for name in ("real", "double", "integer")},
}
