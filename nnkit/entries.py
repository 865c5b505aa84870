"""Entries: how the driver's one C signature becomes the call of a kernel.

An op's arguments lie in a row of int64 cells. The text of an entry is generated from the record of its op,
decodes the cells into arrays and numbers, and calls the kernel; encoding is the same record read the other
way.
"""

import linecache
import struct
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from nnkit.jit import Entry, Intrinsic, Kernel, function_at, is_disabled, is_shipped, kernel
from nnkit.ops import (
    BATCH_ROWS,
    HEADER_BYTES,
    ROWS,
    Argument,
    Buffer,
    Op,
    Operand,
    OpKind,
    Scalar,
    Type,
    Work,
)


def op_kind(
    name: str,
    compute: Kernel,
    *arguments: Argument,
    flops: Work = lambda shapes: 0,
    gradient: Callable[[Op, Any], None] | None = None,
    block: int = 0,
) -> OpKind:
    """Make an op kind with an entry of its own for the kernel ``compute``."""
    return OpKind(name, make_entry(name, compute, arguments), arguments, flops, gradient, block)


def make_entry(name: str, compute: Kernel, arguments: tuple[Argument, ...]) -> Entry:
    """Write the entry that decodes ``arguments`` from the op's int64 cells and calls ``compute``.

    The text is generated, so that an entry cannot disagree with the record of its op.
    """
    lines, position = [], 0
    for argument in arguments:
        text, position = _decode(argument, position)
        lines.append(f"        {text},")
    source = "\n".join(
        [
            "def entry(base, args):",
            f"    rows, all_rows = header_integer(base, {ROWS}), header_integer(base, {BATCH_ROWS})",
            "    compute(",
            *lines,
            "    )",
            "",
        ]
    )
    filename = f"<entry {name}>"
    # numba reads the source of what it compiles from here; without it the compilation fails.
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    scope: dict[str, Any] = {"__name__": __name__, **_DECODERS}
    exec(compile(source, filename, "exec"), scope)
    return Entry(name, scope["entry"], {"compute": compute})


def _decode(argument: Argument, position: int) -> tuple[str, int]:
    if isinstance(argument, Scalar):
        read, given = (
            f"header_{argument.type}(base, {argument.cell})",
            f"scalar_{argument.type}(base, args, {position})",
        )
        if not argument.is_fixed:
            return read, position
        return f"{read} * {given}" if argument.is_scaled else given, position + 1
    if argument.external is not None:
        pointer = f"external_{argument.type}(base, {argument.external})"
        return f"carray({pointer}, (header_integer(base, {argument.external + 1}),))", position
    rows = "all_rows" if argument.is_carried else "rows"
    sizes = [f"size(args[{position + 1 + axis}], {rows})" for axis in range(argument.rank)]
    pointer = f"{argument.type}_at(base, args[{position}])"
    return f"carray({pointer}, ({', '.join(sizes)},))", position + 1 + argument.rank


def encode_arguments(op: Op, offsets: Mapping[Buffer, int]) -> list[int]:
    """Return the int64 cells that the op's entry decodes."""
    cells: list[int] = []
    for argument in op.kind.arguments:
        if isinstance(argument, Scalar):
            if argument.is_fixed:
                value = op.scalars[argument.name]
                whole = argument.type == "integer"
                cells.append(int(value) if whole else struct.unpack("<q", struct.pack("<d", value))[0])
        elif argument.external is None:
            view = op.views[argument.name]
            assert len(view.shape) == argument.rank, (op.kind.name, argument.name, view.shape, argument.rank)
            cells += [offsets[view.buffer], *view.shape]
    return cells


_HEADER = np.zeros(HEADER_BYTES // 8, np.int64)  # of no trial: what is called by hand finds all in its cells
_BASE = int(_HEADER.ctypes.data)
_WHOLE, _FLOATING = struct.Struct("<q"), struct.Struct("<d")
# By the letters that NumPy has for them, which are at hand at once.
_REALS = {"f": "float32", "d": "float64"}
_TYPES: dict[str, Type] = {"d": "double", "i": "int32", "I": "uint32"}
# An argument as it is called by hand: the letter and rank of an array, or the type of a number and 0.
_Given = tuple[str, int]


def call(name: str, compute: Kernel, *given: Any) -> None:
    """Call a kernel on arrays and numbers, by machine code that is kept on disk.

    So numba compiles it once, and not in every process. ``name`` tells apart what is bound into a template.
    """
    function = None if is_disabled() else _by_hand(name, compute, tuple(map(_kind_of, given)))
    if function is None:
        compute(*given)
        return
    cells: list[int] = []
    for each in given:
        if isinstance(each, np.ndarray):
            cells += (each.ctypes.data - _BASE, *each.shape)
        elif isinstance(each, int):
            cells.append(each)
        else:
            cells.append(_WHOLE.unpack(_FLOATING.pack(each))[0])
    encoded = np.array(cells, np.int64)
    function(_BASE, encoded.ctypes.data)


def _kind_of(given: Any) -> _Given:
    if isinstance(given, np.ndarray):
        return (given.dtype.char, given.ndim) if given.flags.carray else ("strided", given.ndim)
    return ("bool" if isinstance(given, bool) else "integer" if isinstance(given, int) else "double"), 0


@cache
def _by_hand(name: str, compute: Kernel, kinds: tuple[_Given, ...]) -> Callable[[int, int], None] | None:
    """Return the machine code for arguments of these kinds, or None where no entry takes them."""
    real = next((kind for kind, rank in kinds if rank and kind in _REALS), None)
    types: dict[str, Type] = {**_TYPES, str(real): "real"}
    if real is None or not is_shipped(compute) or any(rank and kind not in types for kind, rank in kinds):
        return None
    if any(not rank and kind not in ("integer", "double") for kind, rank in kinds):
        return None
    arguments: list[Argument] = []
    for place, (kind, rank) in enumerate(kinds):
        if rank:
            arguments.append(Operand(f"x{place}", "inout", rank=rank, type=types[kind]))
        else:
            arguments.append(Scalar(f"x{place}", "integer" if kind == "integer" else "double"))
    # Two ways to call one kernel are two functions.
    spelled = "".join(f"{types.get(kind, kind)[0]}{rank or ''}" for kind, rank in kinds)
    entry = make_entry(f"{name}_by_hand_{spelled}", compute, tuple(arguments))
    return function_at(entry.address(_REALS[real]))


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

    return {"double": types.float64, "int32": types.int32, "uint32": types.uint32, "integer": types.int64}[
        type_name
    ]


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
    import numba

    compiled_only: Any = numba
    return compiled_only.carray


_DECODERS: dict[str, Any] = {
    "size": size,
    "carray": Intrinsic(_carray_builder, _no_twin),
    **{
        f"{name}_at": Intrinsic(_pointer_builder(name), _no_twin)
        for name in ("real", "double", "int32", "uint32")
    },
    **{
        f"external_{name}": Intrinsic(_external_builder(name), _no_twin)
        for name in ("real", "double", "int32")
    },
    **{
        f"header_{name}": Intrinsic(_header_builder(name), _no_twin) for name in ("real", "double", "integer")
    },
    **{
        f"scalar_{name}": Intrinsic(_scalar_builder(name), _no_twin) for name in ("real", "double", "integer")
    },
}
