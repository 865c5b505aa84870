"""The product that skips zeros, in explicit vectors: strips, whose sums stay in registers, and packing."""

from typing import Any

from llvmlite import ir

from nnkit.kernels.ir.vectors import I1, I32, I64, VOID, Element, Function, declare

# Vectors of columns that a strip has: that many chains of sums hide each other's latency.
WIDEST = 4


def build(dtype: str) -> tuple[str, list[str]]:
    """Return the module and its names: strips of 1 to WIDEST vectors, the last cut by ``tail``, and pack."""
    element = Element(dtype)
    module = ir.Module(f"skipping_{dtype}")
    names = [f"nnkit_skip{vectors}_{dtype}" for vectors in range(1, WIDEST + 1)]
    for vectors, name in enumerate(names, 1):
        _emit_strip(module, element, name, vectors)
    _emit_pack(module, element, f"nnkit_pack_{dtype}")
    return str(module), [*names, f"nnkit_pack_{dtype}"]


def _emit_strip(module: ir.Module, element: Element, name: str, vectors: int) -> None:
    """Emit ``c[j] = start[j] + sum over i < n of values[i] * b[places[i] * b_row + j]``, i in order."""
    pointer = element.pointer
    parameters = [pointer, I32.as_pointer(), pointer, pointer, pointer, I64, I64, I64]
    strip = Function(module, element, name, parameters, internal=False)
    values, places, b, start, c, b_row, n, tail = strip.ir.args
    builder, mask = strip.builder, strip.first_lanes(tail)

    def row_of(first: Any) -> list[Any]:
        return [
            strip.load(strip.at(first, v * element.lanes), mask if v == vectors - 1 else None)
            for v in range(vectors)
        ]

    def add_row(index: Any, sums: list[Any]) -> list[Any]:
        place = builder.sext(builder.load(builder.gep(places, [index])), I64)
        factor = strip.splat(builder.load(strip.at(values, index)))
        row = row_of(strip.at(b, builder.mul(place, b_row)))
        return [strip.fma(factor, one, total) for one, total in zip(row, sums, strict=True)]

    sums = strip.loop("rows", n, row_of(start), add_row)
    for v, total in enumerate(sums):
        strip.store(total, strip.at(c, v * element.lanes), mask if v == vectors - 1 else None)
    strip.finish()


def _emit_pack(module: ir.Module, element: Element, name: str) -> None:
    """Emit the packing of ``factor * a[k]``, if not zero, and of ``k + shift`` behind ``count[0]`` others."""
    pointer, places_type = element.pointer, I32.as_pointer()
    parameters = [pointer, pointer, places_type, places_type, I64, I64, element.scalar]
    pack = Function(module, element, name, parameters, internal=False)
    a, values, places, count, columns, shift, factor = pack.ir.args
    builder, lanes, splat = pack.builder, element.lanes, pack.splat(factor)
    numbers = ir.Constant(ir.VectorType(I32, lanes), [I32(lane) for lane in range(lanes)])
    bits, mask_type = ir.IntType(lanes), ir.VectorType(I1, lanes)
    kinds = {"values": (element.suffix, element.vector), "places": (f"v{lanes}i32", numbers.type)}

    def compress(kind: str, vector: Any, target: Any, mask: Any) -> None:
        suffix, vector_type = kinds[kind]
        place = builder.bitcast(target, vector_type.element.as_pointer())
        store = declare(
            module, f"llvm.masked.compressstore.{suffix}", VOID, [vector_type, place.type, mask_type]
        )
        builder.call(store, [vector, place, mask])

    def body(index: Any, carried: list[Any]) -> list[Any]:
        (n,) = carried
        first = builder.mul(index, I64(lanes))
        inside = pack.first_lanes(builder.sub(columns, first))
        found = builder.fmul(splat, pack.load(pack.at(a, first), inside))
        # Lanes outside are loaded as zero, so they are not kept either; NaN is no zero.
        mask = builder.fcmp_unordered("!=", found, element.zero())
        where = builder.add(numbers, pack.splat(builder.trunc(builder.add(first, shift), I32)))
        compress("values", found, pack.at(values, n), mask)
        compress("places", where, builder.gep(places, [n]), mask)
        counter = declare(module, f"llvm.ctpop.i{lanes}", bits, [bits])
        return [builder.add(n, builder.zext(builder.call(counter, [builder.bitcast(mask, bits)]), I64))]

    blocks = builder.sdiv(builder.add(columns, I64(lanes - 1)), I64(lanes))
    (total,) = pack.loop("blocks", blocks, [builder.sext(builder.load(count), I64)], body)
    builder.store(builder.trunc(total, I32), count)
    pack.finish()
