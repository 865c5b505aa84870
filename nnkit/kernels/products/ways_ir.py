"""The ways of the matrix product in LLVM IR: what is turned or copied first, and which strips are then made.

Inner indices go block by block, and between two blocks the sums wait in C: the chains stay as they are.
"""

from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from nnkit.kernels.ir.vectors import I1, I64, VOID, Element, Function, declare
from nnkit.tiling.matmul import (
    BLOCK,
    COPIED,
    CROSSED,
    FROM_C,
    FROM_ZERO,
    PLAIN,
    STRIP,
    TRANSPOSED,
    TURNED_A,
    TURNED_B,
)


@dataclass(frozen=True, slots=True)
class Parts:
    """The functions that the ways are made of."""

    strips: ir.Function
    turn: ir.Function
    copy: ir.Function


def emit_turn(module: ir.Module, element: Element, name: str, block: ir.Function) -> ir.Function:
    """Emit the transpose of a matrix of ``rows`` × ``columns`` values, block by block."""
    pointer = element.pointer
    turn = Function(module, element, name, [pointer, I64, I64, I64, pointer, I64], internal=False)
    source, source_row, rows, columns, target, target_row = turn.ir.args
    builder, lanes = turn.builder, element.lanes

    def across(index: Any, _: list[Any]) -> list[Any]:
        column = builder.mul(index, I64(lanes))
        length = _least(turn, builder.sub(columns, column), lanes)

        def down(index: Any, _: list[Any]) -> list[Any]:
            row = builder.mul(index, I64(lanes))
            height = _least(turn, builder.sub(rows, row), lanes)
            here = turn.at(source, builder.add(builder.mul(row, source_row), column))
            there = turn.at(target, builder.add(builder.mul(column, target_row), row))
            builder.call(block, [here, source_row, height, length, there, target_row])
            return []

        turn.loop("down", _pieces(turn, rows, lanes), [], down)
        return []

    turn.loop("across", _pieces(turn, columns, lanes), [], across)
    turn.finish()
    return turn.ir


def emit_copy(module: ir.Module, element: Element, name: str) -> ir.Function:
    """Emit the copy of up to one strip's columns of B to rows as wide as a strip, one behind the other."""
    pointer = element.pointer
    copy = Function(module, element, name, [pointer, I64, I64, I64, pointer], internal=True)
    source, source_row, rows, width, target = copy.ir.args
    builder, wide = copy.builder, STRIP * element.lanes

    def copy_rows(copy_row: Any) -> None:
        def row(_: Any, places: list[Any]) -> list[Any]:
            copy_row(*places)
            return [copy.at(places[0], source_row), copy.at(places[1], wide)]

        copy.loop("rows", rows, [source, target], row)

    def whole(here: Any, there: Any) -> None:
        starts = [v * element.lanes for v in range(STRIP)]
        for value, start in [(copy.load(copy.at(here, start)), start) for start in starts]:
            copy.store(value, copy.at(there, start))

    def part(here: Any, there: Any) -> None:
        emit_memory_copy(copy, here, there, width)

    with builder.if_else(builder.icmp_signed("==", width, I64(wide))) as (is_whole, is_not):
        with is_whole:
            copy_rows(whole)
        with is_not:
            copy_rows(part)
    copy.finish()
    return copy.ir


def emit_memory_copy(function: Function, source: Any, target: Any, count: Any) -> None:
    """Emit the copy of ``count`` values that lie side by side, as memory."""
    builder, octets = function.builder, ir.IntType(8).as_pointer()
    memory = declare(function.module, "llvm.memcpy.p0.p0.i64", VOID, [octets, octets, I64, I1])
    places = [builder.bitcast(place, octets) for place in (target, source)]
    builder.call(memory, [*places, builder.mul(count, I64(function.element.size)), I1(0)])


def emit_matmul(module: ir.Module, element: Element, name: str, parts: Parts) -> None:
    """Emit ``C = max(start + A·B, low)``, the way it is told."""
    pointer = element.pointer
    parameters = [*[pointer] * 5, *[I64] * 7, element.scalar]
    product = Function(module, element, name, parameters, internal=False)
    ways = _Ways(product, parts)
    builder = product.builder
    done = product.block("done")
    switch = builder.switch(ways.way, done)
    for way, emit in (
        (PLAIN, ways.plain),
        (COPIED, ways.copied),
        (TURNED_B, ways.turned_b),
        (TURNED_A, ways.turned_a),
        (TRANSPOSED, ways.transposed),
        (CROSSED, ways.crossed),
    ):
        case = product.block(f"way{way}")
        switch.add_case(I64(way), case)
        product.go_to(case)
        emit()
        builder.branch(done)
    product.go_to(done)
    product.finish()


class _Ways:
    """The code of each way, behind one another in one function."""

    def __init__(self, product: Function, parts: Parts) -> None:
        self.product, self.builder, self.parts = product, product.builder, parts
        self.wide = STRIP * product.element.lanes
        self.a, self.b, self.start, self.c, self.panel, *sizes, self.low = product.ir.args
        self.rows, self.columns, self.depth, self.a_row, self.a_step, self.way, self.begin = sizes
        # Aᵀ takes a cache line of every tile at each inner index, and so half as many at a time.
        is_turned = self.builder.icmp_signed("!=", self.a_step, I64(1))
        self.size = self.builder.select(is_turned, I64(BLOCK // 2), I64(BLOCK))
        goes_on = self.builder.icmp_signed("==", self.begin, I64(FROM_C))
        first = self.builder.select(goes_on, self.c, self.start)
        first_row = self.builder.select(goes_on, self.columns, I64(0))
        self.first = [first, first_row, self.begin]

    def plain(self) -> None:
        def block(k: Any, steps: Any, floor: Any, first: list[Any]) -> None:
            left = self.product.at(self.a, self.builder.mul(k, self.a_step))
            right = self.product.at(self.b, self.builder.mul(k, self.columns))
            self._strips(
                (left, self.a_row, self.a_step), (right, self.columns), (self.c, self.columns), first,
                (self.rows, steps, floor, self.columns),
            )  # fmt: skip

        self._blocks(self.size, self.first, self.c, self.columns, block)

    def copied(self) -> None:
        self._through_panel(self.a, self.a_row, self.a_step, self.size, self._copy_strip)

    def turned_b(self) -> None:
        self._through_panel(self.a, self.a_row, self.a_step, I64(BLOCK), self._turn_strip)

    def turned_a(self) -> None:
        steps = _least(self.product, self.depth, BLOCK)
        left = self.product.at(self.panel, self.builder.mul(steps, I64(self.wide)))
        self._turn(self.a, self.a_step, self.depth, self.rows, left, self.depth)
        self._through_panel(left, self.depth, I64(1), I64(BLOCK), self._copy_strip)

    def transposed(self) -> None:
        """Strip by strip of A's rows, turned: Cᵀ = B·Aᵀ lies in the panel behind them, and is turned."""
        builder, wide = self.builder, I64(self.wide)
        behind = self.product.at(self.panel, builder.mul(self.depth, wide))

        def strip(index: Any, _: list[Any]) -> list[Any]:
            row = builder.mul(index, wide)
            width = _least(self.product, builder.sub(self.rows, row), self.wide)
            left = self.product.at(self.a, builder.mul(row, self.a_row))
            self._turn(left, self.a_row, width, self.depth, self.panel, wide)
            self._strips(
                (self.b, self.depth, I64(1)), (self.panel, wide), (behind, wide),
                [behind, I64(0), I64(FROM_ZERO)], (self.columns, self.depth, self.low, width),
            )  # fmt: skip
            target = self.product.at(self.c, builder.mul(row, self.columns))
            self._turn(behind, wide, self.columns, width, target, self.columns)
            return []

        self.product.loop("rows", _pieces(self.product, self.rows, self.wide), [], strip)

    def crossed(self) -> None:
        """Cᵀ = Bᵀ·Aᵀ lies in the panel, and both factors as they are read."""
        builder = self.builder
        with builder.if_then(builder.icmp_signed("==", self.begin, I64(FROM_C))):
            self._turn(self.c, self.columns, self.rows, self.columns, self.panel, self.rows)

        def block(k: Any, steps: Any, floor: Any, first: list[Any]) -> None:
            left = self.product.at(self.b, builder.mul(k, self.columns))
            right = self.product.at(self.a, builder.mul(k, self.a_step))
            self._strips(
                (left, I64(1), self.columns), (right, self.a_step), (self.panel, self.rows), first,
                (self.columns, steps, floor, self.rows),
            )  # fmt: skip

        first = [self.panel, self.rows, self.begin]
        self._blocks(I64(BLOCK // 2), first, self.panel, self.rows, block)
        self._turn(self.panel, self.rows, self.columns, self.rows, self.c, self.columns)

    def _through_panel(self, a: Any, a_row: Any, a_step: Any, size: Any, fill: Any) -> None:
        """Emit blocks of which each strip of B gets to the panel by ``fill(k, steps, j, width)``."""
        builder, product = self.builder, self.product

        def block(k: Any, steps: Any, floor: Any, first: list[Any]) -> None:
            def strip(index: Any, _: list[Any]) -> list[Any]:
                j = builder.mul(index, I64(self.wide))
                width = _least(product, builder.sub(self.columns, j), self.wide)
                fill(k, steps, j, width)
                left = product.at(a, builder.mul(k, a_step))
                begin = [product.at(first[0], j), *first[1:]]
                target = (product.at(self.c, j), self.columns)
                sizes = (self.rows, steps, floor, width)
                self._strips((left, a_row, a_step), (self.panel, I64(self.wide)), target, begin, sizes)
                return []

            product.loop("strips", _pieces(product, self.columns, self.wide), [], strip)

        self._blocks(size, self.first, self.c, self.columns, block)

    def _blocks(self, size: Any, first: list[Any], c: Any, c_row: Any, block: Any) -> None:
        """Emit ``block(k, steps, floor, first)`` for blocks of ``size`` inner indices, each from the last."""
        builder = self.builder
        less = builder.sub(size, I64(1))
        count = builder.udiv(builder.add(self.depth, less), size)

        def one(index: Any, first: list[Any]) -> list[Any]:
            k = builder.mul(index, size)
            left = builder.sub(self.depth, k)
            is_last = builder.icmp_signed("<=", left, size)
            steps = builder.select(is_last, left, size)
            lowest = self.product.element.scalar(float("-inf"))
            block(k, steps, builder.select(is_last, self.low, lowest), first)
            return [c, c_row, I64(FROM_C)]

        self.product.loop("blocks", count, first, one)

    def _copy_strip(self, k: Any, steps: Any, j: Any, width: Any) -> None:
        source = self.product.at(self.b, self.builder.add(self.builder.mul(k, self.columns), j))
        self.builder.call(self.parts.copy, [source, self.columns, steps, width, self.panel])

    def _turn_strip(self, k: Any, steps: Any, j: Any, width: Any) -> None:
        source = self.product.at(self.b, self.builder.add(self.builder.mul(j, self.depth), k))
        self._turn(source, self.depth, width, steps, self.panel, I64(self.wide))

    def _turn(self, source: Any, source_row: Any, rows: Any, columns: Any, target: Any, row: Any) -> None:
        self.builder.call(self.parts.turn, [source, source_row, rows, columns, target, row])

    def _strips(self, a: Any, b: Any, c: Any, first: list[Any], sizes: Any) -> None:
        self.builder.call(self.parts.strips, [*a, *b, *c, *first, *sizes])


def _least(function: Function, value: Any, most: int) -> Any:
    builder = function.builder
    return builder.select(builder.icmp_signed("<", value, I64(most)), value, I64(most))


def _pieces(function: Function, length: Any, size: int) -> Any:
    """Return how many pieces of at most ``size`` a length has."""
    return function.builder.udiv(function.builder.add(length, I64(size - 1)), I64(size))
