"""Products of few inner indices: all of B stays in registers, and each row of A meets it once."""

from typing import Any

from llvmlite import ir

from nnkit.kernels.ir.vectors import I64, Element, Function

# Inner indices at most, and rows of A at least: less is not worth loading B for.
MOST_DEPTH = 4
LEAST_ROWS = 8
_UNROLL = 2


def emit_thin(module: ir.Module, element: Element, depth: int, vectors: int, parameters: list[Any]) -> Any:
    """Emit all rows of up to ``vectors`` vectors of columns, for one depth; sums begin at 0 or one row."""
    name = f"thin{depth}x{vectors}"
    thin = Function(module, element, name, parameters, internal=True)
    a, a_row, a_step, b, b_row, c, c_row, start, _, has_start, rows, _, low, tail = thin.ir.args
    builder, floor = thin.builder, thin.splat(low)
    masks = [None] * (vectors - 1) + [thin.first_lanes(tail)]

    def row_of(place: Any) -> list[Any]:
        return [thin.load(thin.at(place, v * element.lanes), mask) for v, mask in enumerate(masks)]

    factors = [row_of(thin.at(b, builder.mul(b_row, I64(k)))) for k in range(depth)]
    steps = [builder.mul(a_step, I64(k)) for k in range(depth)]
    begins = _first_sums(thin, start, has_start, row_of, vectors)

    def row(a_at: Any, c_at: Any) -> list[Any]:
        sums = begins
        for step, factor in zip(steps, factors, strict=True):
            splat = thin.splat(builder.load(thin.at(a_at, step)))
            sums = [thin.fma(splat, value, total) for value, total in zip(factor, sums, strict=True)]
        for v, (total, mask) in enumerate(zip(sums, masks, strict=True)):
            thin.store(thin.at_least(total, floor), thin.at(c_at, v * element.lanes), mask)
        return [thin.at(a_at, a_row), thin.at(c_at, c_row)]

    def some(times: int) -> Any:
        def body(_: Any, places: list[Any]) -> list[Any]:
            for _ in range(times):
                places = row(*places)
            return places

        return body

    places = thin.loop("rows", builder.udiv(rows, I64(_UNROLL)), [a, c], some(_UNROLL))
    thin.loop("rest", builder.urem(rows, I64(_UNROLL)), places, some(1))
    thin.finish()
    return thin.ir


def _first_sums(thin: Function, start: Any, has_start: Any, row_of: Any, vectors: int) -> list[Any]:
    builder, before = thin.builder, thin.builder.block
    given, ready = thin.block("given"), thin.block("ready")
    builder.cbranch(builder.icmp_signed("!=", has_start, I64(0)), given, ready)
    thin.go_to(given)
    loaded = row_of(start)
    builder.branch(ready)
    thin.go_to(ready)
    sums = [builder.phi(thin.element.vector) for _ in range(vectors)]
    for merged, value in zip(sums, loaded, strict=True):
        merged.add_incoming(thin.element.zero(), before)
        merged.add_incoming(value, given)
    return sums
