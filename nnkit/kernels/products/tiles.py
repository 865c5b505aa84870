"""Register tiles of the matrix product, and the block transpose, in explicit vectors.

A *strip* computes all rows of some columns of C, cut evenly into tiles of up to ``most_rows`` rows.
Within a tile every output value is one chain of fused multiply-adds over k in order, started from the
initial value: the bits depend neither on the tile's shape nor on the width of the registers.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from nnkit.assembly import vector_bytes
from nnkit.kernels.ir.vectors import I32, I64, Element, Function
from nnkit.kernels.products.thin_ir import LEAST_ROWS, MOST_DEPTH, emit_thin
from nnkit.kernels.products.ways_ir import Parts, emit_copy, emit_matmul, emit_memory_copy, emit_turn

# Per register width: vectors per row -> most rows, so that accumulators, one row of B and a splat of A
# fit in the registers (32 of 64 bytes; 16 of 32 or 16 bytes, of which a 64-byte vector takes 2 or 4).
_SHAPES = {64: {4: 6, 3: 8, 2: 14, 1: 14}, 32: {1: 6}, 16: {1: 3}}
_UNROLL = 2
# A load adds to its pointer 0, 1 or 2 times a register, and nothing else is free.
_ROWS_A_POINTER = 3

# A piece of some columns: the least that it is taken for, the vectors that it has, and its function.
_Piece = tuple[int, int, ir.Function]


def _strip_parameters(element: Element) -> list[Any]:
    pointer = element.pointer
    #      a        a_row a_step b    b_row  c      c_row start  start_row has_start m k low tail
    return [pointer, I64, I64, pointer, I64, pointer, I64, pointer, I64, I64, I64, I64, element.scalar, I64]


def _emit_tile(module: ir.Module, element: Element, rows: int, vectors: int, masked: bool) -> ir.Function:
    """Emit the function of one tile: ``rows`` rows by ``vectors`` vectors, the last one masked or not."""
    name = f"tile{rows}x{vectors}{'m' if masked else ''}"
    tile = Function(module, element, name, _strip_parameters(element), internal=True)
    a, a_row, a_step, b, b_row, c, c_row, start, start_row, has_start, _, depth, low, tail = tile.ir.args
    mask = tile.first_lanes(tail) if masked else None
    columns = range(vectors)

    def row_of(pointer: Any, mask: Any = mask) -> list[Any]:
        return [
            tile.load(tile.at(pointer, v * element.lanes), mask if v == vectors - 1 else None)
            for v in columns
        ]

    sums = _initial_sums(tile, rows, vectors, row_of, start, start_row, has_start)

    # In bytes and hidden, so that it is one register, and three rows one pointer plus 0, 1 or 2 of it.
    one_row = tile.hidden(tile.builder.mul(a_row, I64(element.size)))

    def multiply_add(pointers: list[Any], values: list[Any], mask: Any) -> tuple[list[Any], list[Any]]:
        # Hidden from LLVM, which would chain every row's address to the one before: an addition per row,
        # each waiting for the last, is more than a cycle per multiply-add of a narrow tile.
        *a_at, b_at = (tile.hidden(pointer) for pointer in pointers)
        b_values = row_of(b_at, mask)
        updated = []
        for r in range(rows):
            place = tile.after_bytes(a_at[r // _ROWS_A_POINTER], one_row, r % _ROWS_A_POINTER)
            splat = tile.splat(tile.builder.load(place))
            updated += [tile.fma(splat, b_values[v], values[r * vectors + v]) for v in columns]
        return [*(tile.at(pointer, a_step) for pointer in a_at), tile.at(b_at, b_row)], updated

    firsts = [tile.at(a, tile.builder.mul(a_row, I64(r))) for r in range(0, rows, _ROWS_A_POINTER)]
    n_pointers = len(firsts) + 1

    def body(times: int, mask: Any) -> Any:
        def step(_: Any, carried: list[Any]) -> list[Any]:
            pointers, values = carried[:n_pointers], carried[n_pointers:]
            for _ in range(times):
                pointers, values = multiply_add(pointers, values, mask)
            return pointers + values

        return step

    # A masked load costs an operation of the units that multiply. Before the last rows of B there is more of
    # it behind a row, and lanes that are not wanted may hold what they like.
    last = _rows_near_the_end(tile, b_row) if masked else I64(0)
    whole = tile.builder.sdiv(_positive(tile, tile.builder.sub(depth, last)), I64(_UNROLL))
    rest = tile.builder.sub(depth, tile.builder.mul(whole, I64(_UNROLL)))
    carried = tile.loop("whole", whole, [*firsts, b, *sums], body(_UNROLL, None))
    sums = tile.loop("rest", rest, carried, body(1, mask))[n_pointers:]
    floor = tile.splat(low)
    for r in range(rows):
        target = tile.at(c, tile.builder.mul(c_row, I64(r)))
        for v in columns:
            value = tile.at_least(sums[r * vectors + v], floor)
            tile.store(value, tile.at(target, v * element.lanes), mask if v == vectors - 1 else None)
    tile.finish()
    return tile.ir


def _rows_near_the_end(tile: Function, b_row: Any) -> Any:
    """Return how many rows of B, at most, have less than a vector of B behind their last whole vector."""
    builder, lanes = tile.builder, tile.element.lanes
    count: Any = I64(lanes)
    for rows in (4, 2, 1):
        is_enough = builder.icmp_signed(">=", b_row, I64(-(-lanes // rows)))
        count = builder.select(is_enough, I64(rows), count)
    return count


def _positive(tile: Function, value: Any) -> Any:
    return tile.builder.select(tile.builder.icmp_signed(">", value, I64(0)), value, I64(0))


def _initial_sums(
    tile: Function, rows: int, vectors: int, row_of: Any, start: Any, start_row: Any, has_start: Any
) -> list[Any]:
    builder, zero = tile.builder, tile.element.zero()
    before, given, ready = builder.block, tile.block("given"), tile.block("ready")
    builder.cbranch(builder.icmp_signed("!=", has_start, I64(0)), given, ready)
    tile.go_to(given)
    loaded: list[Any] = []
    for r in range(rows):
        loaded += row_of(tile.at(start, builder.mul(start_row, I64(r))))
    builder.branch(ready)
    tile.go_to(ready)
    sums = []
    for value in loaded:
        merged = builder.phi(tile.element.vector)
        merged.add_incoming(zero, before)
        merged.add_incoming(value, given)
        sums.append(merged)
    return sums


def _emit_strip(
    module: ir.Module, element: Element, name: str, vectors: int, most_rows: int, *, masked: bool
) -> ir.Function:
    """Emit a strip: all ``m`` rows, evenly cut into the fewest tiles of at most ``most_rows`` rows."""
    tiles = {rows: _emit_tile(module, element, rows, vectors, masked) for rows in range(1, most_rows + 1)}
    strip = Function(module, element, name, _strip_parameters(element), internal=True)
    a, a_row, a_step, b, b_row, c, c_row, start, start_row, has_start, m, depth, low, tail = strip.ir.args
    builder = strip.builder
    # In 32 bits, of which a division takes a third of the time.
    short = builder.trunc(m, I32)
    count = builder.udiv(builder.add(short, I32(most_rows - 1)), I32(most_rows))
    # The guard keeps an empty product from dividing by zero.
    divisor = builder.select(builder.icmp_signed(">", count, I32(0)), count, I32(1))
    base = builder.zext(builder.udiv(short, divisor), I64)
    extra = builder.zext(builder.urem(short, divisor), I64)

    def body(index: Any, carried: list[Any]) -> list[Any]:
        a_at, c_at, start_at = carried
        longer = builder.icmp_signed("<", index, extra)
        rows = builder.add(base, builder.zext(longer, I64))
        after, nothing = strip.block("tile_done"), strip.block("impossible")
        switch = builder.switch(rows, nothing)
        sizes = (rows, depth, low, tail)
        for height, function in tiles.items():
            case = strip.block(f"tile{height}")
            switch.add_case(I64(height), case)
            strip.go_to(case)
            places = (a_at, a_row, a_step, b, b_row, c_at, c_row, start_at, start_row, has_start)
            builder.call(function, [*places, *sizes])
            builder.branch(after)
        strip.go_to(nothing)
        builder.branch(after)
        strip.go_to(after)
        return [
            strip.at(a_at, builder.mul(rows, a_row)),
            strip.at(c_at, builder.mul(rows, c_row)),
            strip.at(start_at, builder.mul(rows, start_row)),
        ]

    strip.loop("tiles", builder.zext(count, I64), [a, c, start], body)
    strip.finish()
    return strip.ir


def _emit_strips(module: ir.Module, element: Element, name: str, strips: list[_Piece]) -> ir.Function:
    """Emit all columns of C, ``width`` of them, strip by strip."""
    wide = Function(module, element, name, _strip_parameters(element), internal=True)
    a, a_row, a_step, b, b_row, c, c_row, start, start_row, *sizes, width = wide.ir.args
    has_start, rows, depth, _ = sizes
    builder = wide.builder

    def call(strip: ir.Function, places: list[Any], tail: Any) -> None:
        b_at, c_at, start_at = places
        where = (a, a_row, a_step, b_at, b_row, c_at, c_row, start_at, start_row)
        builder.call(strip, [*where, *sizes, tail])

    # A start of its own for every row would be one more vector to load than B has.
    starts_alike = builder.icmp_signed("==", builder.mul(has_start, start_row), I64(0))
    is_long = builder.icmp_signed(">=", rows, I64(LEAST_ROWS))
    thin, general = wide.block("thin"), wide.block("general")
    builder.cbranch(builder.and_(starts_alike, is_long), thin, general)
    wide.go_to(thin)
    switch = builder.switch(depth, general)
    for inner in range(1, MOST_DEPTH + 1):
        case = wide.block(f"depth{inner}")
        switch.add_case(I64(inner), case)
        wide.go_to(case)
        _by_width(wide, width, [b, c, start], _thin_pieces(module, element, inner), call)
        builder.ret_void()
    wide.go_to(general)
    _by_width(wide, width, [b, c, start], strips, call)
    wide.finish()
    return wide.ir


def _thin_pieces(module: ir.Module, element: Element, depth: int) -> list[_Piece]:
    parameters = _strip_parameters(element)
    one = emit_thin(module, element, depth, 1, parameters)
    if vector_bytes() < 64:
        return [(1, 1, one)]  # of two vectors a row, B would not fit in the registers
    return [(element.lanes + 1, 2, emit_thin(module, element, depth, 2, parameters)), (1, 1, one)]


def _by_width(
    function: Function,
    width: Any,
    places: list[Any],
    pieces: list[_Piece],
    call: Callable[[ir.Function, list[Any], Any], None],
) -> None:
    """Emit ``call(piece, places, tail)`` for ``width`` columns, each piece the first that fits the rest."""
    builder, before, lanes = function.builder, function.builder.block, function.element.lanes
    again, done = function.block("again"), function.block("done")
    builder.cbranch(builder.icmp_signed(">", width, I64(0)), again, done)
    function.go_to(again)
    carried = [builder.phi(value.type) for value in (width, *places)]
    for phi, value in zip(carried, (width, *places), strict=True):
        phi.add_incoming(value, before)
    left, *here = carried
    for least, vectors, piece in pieces:
        fits, below = function.block(f"from{least}"), function.block(f"below{least}")
        builder.cbranch(builder.icmp_signed(">=", left, I64(least)), fits, below)
        function.go_to(fits)
        most = I64(vectors * lanes)
        columns = builder.select(builder.icmp_signed("<", left, most), left, most)
        call(piece, here, builder.sub(columns, I64((vectors - 1) * lanes)))
        following = builder.sub(left, columns)
        further = [function.at(pointer, columns) for pointer in here]
        for phi, value in zip(carried, (following, *further), strict=True):
            phi.add_incoming(value, fits)
        builder.cbranch(builder.icmp_signed(">", following, I64(0)), again, done)
        function.go_to(below)
    builder.branch(done)
    function.go_to(done)


def _emit_column_sum(module: ir.Module, element: Element, name: str) -> None:
    """Emit the sums of the columns of x, row after row, behind what y holds where the sum ``goes_on``."""
    pointer = element.pointer
    total = Function(module, element, name, [pointer, I64, I64, pointer, I64], internal=False)
    x, rows, columns, y, goes_on = total.ir.args
    builder, lanes = total.builder, element.lanes
    begins = builder.icmp_signed("==", goes_on, I64(0))
    first = builder.zext(begins, I64)
    # The first row is copied: 0 plus it would make 0 of a -0.
    emit_memory_copy(total, x, y, builder.mul(first, columns))
    pieces = [
        (vectors * lanes, vectors, _emit_sums(module, element, f"sums{vectors}", vectors, masked=False))
        for vectors in (4, 2, 1)
    ]
    pieces.append((1, 1, _emit_sums(module, element, "sums", 1, masked=True)))
    left = builder.sub(rows, first)

    def call(sums: ir.Function, places: list[Any], tail: Any) -> None:
        builder.call(sums, [places[0], columns, left, places[1], tail])

    _by_width(total, columns, [total.at(x, builder.mul(first, columns)), y], pieces, call)
    total.finish()


def _emit_sums(module: ir.Module, element: Element, name: str, vectors: int, *, masked: bool) -> ir.Function:
    """Emit the sums of some columns: all ``rows`` of x, in order, are added to what the sums hold."""
    pointer = element.pointer
    sums = Function(module, element, name, [pointer, I64, I64, pointer, I64], internal=True)
    x, x_row, rows, y, tail = sums.ir.args
    mask = sums.first_lanes(tail) if masked else None
    starts = [v * element.lanes for v in range(vectors)]

    def add(_: Any, carried: list[Any]) -> list[Any]:
        place, *totals = carried
        row = [sums.load(sums.at(place, start), mask) for start in starts]
        added = [sums.builder.fadd(total, value) for total, value in zip(totals, row, strict=True)]
        return [sums.at(place, x_row), *added]

    begun = [sums.load(sums.at(y, start), mask) for start in starts]
    for start, total in zip(starts, sums.loop("rows", rows, [x, *begun], add)[1:], strict=True):
        sums.store(total, sums.at(y, start), mask)
    sums.finish()
    return sums.ir


def _emit_transpose(module: ir.Module, element: Element, name: str) -> ir.Function:
    """Emit the transpose of one block of up to lanes × lanes values, by shuffles of whole vectors."""
    pointer = element.pointer
    block = Function(module, element, name, [pointer, I64, I64, I64, pointer, I64], internal=True)
    source, source_row, rows, columns, target, target_row = block.ir.args
    builder, lanes = block.builder, element.lanes
    is_whole = builder.and_(
        builder.icmp_signed("==", rows, I64(lanes)), builder.icmp_signed("==", columns, I64(lanes))
    )
    whole, part = block.block("whole"), block.block("part")
    builder.cbranch(is_whole, whole, part)
    block.go_to(whole)
    values = [block.load(block.at(source, builder.mul(source_row, I64(r)))) for r in range(lanes)]
    for column, value in enumerate(_transposed(block, values)):
        block.store(value, block.at(target, builder.mul(target_row, I64(column))))
    builder.ret_void()

    block.go_to(part)
    in_columns, in_rows = block.first_lanes(columns), block.first_lanes(rows)
    nowhere = ir.Constant(in_rows.type, None)
    last_row, last_column = builder.sub(rows, I64(1)), builder.sub(columns, I64(1))

    def clamped(index: int, last: Any) -> Any:
        return builder.select(builder.icmp_signed("<", I64(index), last), I64(index), last)

    # Rows beyond the block are read from its last row and never stored: no branch, no stray address.
    values = [
        block.load(block.at(source, builder.mul(clamped(r, last_row), source_row)), in_columns)
        for r in range(lanes)
    ]
    for column, value in enumerate(_transposed(block, values)):
        mask = builder.select(builder.icmp_signed("<", I64(column), columns), in_rows, nowhere)
        place = block.at(target, builder.mul(clamped(column, last_column), target_row))
        block.store(value, place, mask)
    block.finish()
    return block.ir


def _transposed(block: Function, values: list[Any]) -> list[Any]:
    """Return the columns of a block of lanes × lanes values, given its rows."""
    lanes = block.element.lanes
    # At each stage rows r and r + half exchange the half of every 2 * half lanes that is off the diagonal.
    half = lanes // 2
    while half:
        low = [i if not i & half else lanes + i - half for i in range(lanes)]
        high = [i + half if not i & half else lanes + i for i in range(lanes)]
        exchanged = list(values)
        for r in range(lanes):
            if not r & half:
                exchanged[r] = _shuffle(block, values[r], values[r + half], low)
                exchanged[r + half] = _shuffle(block, values[r], values[r + half], high)
        values = exchanged
        half //= 2
    return values


def _shuffle(block: Function, first: Any, second: Any, order: list[int]) -> Any:
    kind = ir.VectorType(ir.IntType(32), len(order))
    return block.builder.shuffle_vector(first, second, ir.Constant(kind, [ir.IntType(32)(i) for i in order]))


def _all_strips(module: ir.Module, element: Element) -> list[_Piece]:
    """Return the strips, the widest first."""
    shapes, lanes = _SHAPES[vector_bytes()], element.lanes
    if vector_bytes() < 64:
        # A mask costs a branch per lane on some of these CPUs: only what is left gets one.
        whole = _emit_strip(module, element, "whole", 1, shapes[1], masked=False)
        return [(lanes, 1, whole), (1, 1, _emit_strip(module, element, "tail", 1, shapes[1], masked=True))]
    return [
        (
            (vectors - 1) * lanes + 1,
            vectors,
            _emit_strip(module, element, f"strip{vectors}", vectors, most_rows, masked=True),
        )
        for vectors, most_rows in shapes.items()
    ]


def build(dtype: str) -> tuple[str, list[str]]:
    """Return the module of the product, of the transpose of a matrix, and of column sums: text and names."""
    element = Element(dtype)
    module = ir.Module(f"tiles_{dtype}")
    names = {kind: f"nnkit_{kind}_{dtype}" for kind in ("product", "turn", "column_sum")}
    strips = _emit_strips(module, element, "strips", _all_strips(module, element))
    turn = emit_turn(module, element, names["turn"], _emit_transpose(module, element, "transpose"))
    emit_matmul(module, element, names["product"], Parts(strips, turn, emit_copy(module, element, "copy")))
    _emit_column_sum(module, element, names["column_sum"])
    return str(module), list(names.values())
