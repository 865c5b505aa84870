"""Register tiles of the matrix product, and the block transpose, in explicit vectors.

A *strip* computes all rows of one column strip of C, cut evenly into tiles of up to ``most_rows`` rows.
Within a tile every output value is one chain of fused multiply-adds over k in order, started from the
initial value: the bits depend neither on the tile's shape nor on the width of the registers.
"""

from typing import Any

from llvmlite import ir

from nnkit.assembly import vector_bytes
from nnkit.kernels.ir.vectors import I64, Element, Function

# Per register width: vectors per row -> most rows, so that accumulators, one row of B and a splat of A
# fit in the registers (32 of 64 bytes; 16 of 32 or 16 bytes, of which a 64-byte vector takes 2 or 4).
_SHAPES = {64: {4: 6, 3: 8, 2: 14, 1: 14}, 32: {1: 6}, 16: {1: 3}}
_UNROLL = 4
# A load adds to its pointer 0, 1 or 2 times a register, and nothing else is free.
_ROWS_A_POINTER = 3


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

    def row_of(pointer: Any) -> list[Any]:
        return [
            tile.load(tile.at(pointer, v * element.lanes), mask if v == vectors - 1 else None)
            for v in columns
        ]

    sums = _initial_sums(tile, rows, vectors, row_of, start, start_row, has_start)

    # In bytes and hidden, so that it is one register, and three rows one pointer plus 0, 1 or 2 of it.
    one_row = tile.hidden(tile.builder.mul(a_row, I64(element.size)))

    def multiply_add(pointers: list[Any], values: list[Any]) -> tuple[list[Any], list[Any]]:
        # Hidden from LLVM, which would chain every row's address to the one before: an addition per row,
        # each waiting for the last, is more than a cycle per multiply-add of a narrow tile.
        *a_at, b_at = (tile.hidden(pointer) for pointer in pointers)
        b_values = row_of(b_at)
        updated = []
        for r in range(rows):
            place = tile.after_bytes(a_at[r // _ROWS_A_POINTER], one_row, r % _ROWS_A_POINTER)
            splat = tile.splat(tile.builder.load(place))
            updated += [tile.fma(splat, b_values[v], values[r * vectors + v]) for v in columns]
        return [*(tile.at(pointer, a_step) for pointer in a_at), tile.at(b_at, b_row)], updated

    firsts = [tile.at(a, tile.builder.mul(a_row, I64(r))) for r in range(0, rows, _ROWS_A_POINTER)]
    n_pointers = len(firsts) + 1

    def body(times: int) -> Any:
        def step(_: Any, carried: list[Any]) -> list[Any]:
            pointers, values = carried[:n_pointers], carried[n_pointers:]
            for _ in range(times):
                pointers, values = multiply_add(pointers, values)
            return pointers + values

        return step

    whole = tile.builder.sdiv(depth, I64(_UNROLL))
    rest = tile.builder.srem(depth, I64(_UNROLL))
    carried = tile.loop("whole", whole, [*firsts, b, *sums], body(_UNROLL))
    sums = tile.loop("rest", rest, carried, body(1))[n_pointers:]
    floor = tile.splat(low)
    for r in range(rows):
        target = tile.at(c, tile.builder.mul(c_row, I64(r)))
        for v in columns:
            value = tile.at_least(sums[r * vectors + v], floor)
            tile.store(value, tile.at(target, v * element.lanes), mask if v == vectors - 1 else None)
    tile.finish()
    return tile.ir


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
    strip = Function(module, element, name, _strip_parameters(element), internal=False)
    a, a_row, a_step, b, b_row, c, c_row, start, start_row, has_start, m, depth, low, tail = strip.ir.args
    builder = strip.builder
    count = builder.sdiv(builder.add(m, I64(most_rows - 1)), I64(most_rows))
    # The guard keeps an empty product from dividing by zero.
    divisor = builder.select(builder.icmp_signed(">", count, I64(0)), count, I64(1))
    base, extra = builder.sdiv(m, divisor), builder.srem(m, divisor)

    def body(index: Any, carried: list[Any]) -> list[Any]:
        a_at, c_at, start_at = carried
        longer = builder.icmp_signed("<", index, extra)
        rows = builder.add(base, builder.zext(longer, I64))
        after, nothing = strip.block("tile_done"), strip.block("impossible")
        switch = builder.switch(rows, nothing)
        for height, function in tiles.items():
            case = strip.block(f"tile{height}")
            switch.add_case(I64(height), case)
            strip.go_to(case)
            builder.call(
                function,
                [
                    a_at,
                    a_row,
                    a_step,
                    b,
                    b_row,
                    c_at,
                    c_row,
                    start_at,
                    start_row,
                    has_start,
                    rows,
                    depth,
                    low,
                    tail,
                ],
            )
            builder.branch(after)
        strip.go_to(nothing)
        builder.branch(after)
        strip.go_to(after)
        return [
            strip.at(a_at, builder.mul(rows, a_row)),
            strip.at(c_at, builder.mul(rows, c_row)),
            strip.at(start_at, builder.mul(rows, start_row)),
        ]

    strip.loop("tiles", count, [a, c, start], body)
    strip.finish()
    return strip.ir


def _emit_wide_strip(module: ir.Module, strips: list[ir.Function], element: Element, name: str) -> None:
    """Emit a strip of several vectors as calls of one-vector strips, side by side; the last gets the tail."""
    wide = Function(module, element, name, _strip_parameters(element), internal=False)
    a, a_row, a_step, b, b_row, c, c_row, start, *others, tail = wide.ir.args
    for v, narrow in enumerate(strips):
        shifted = [wide.at(pointer, v * element.lanes) for pointer in (b, c, start)]
        wide.builder.call(
            narrow,
            [
                a,
                a_row,
                a_step,
                shifted[0],
                b_row,
                shifted[1],
                c_row,
                shifted[2],
                *others,
                tail if v == len(strips) - 1 else I64(element.lanes),
            ],
        )
    wide.finish()


def _emit_transpose(module: ir.Module, element: Element, name: str) -> None:
    """Emit the transpose of one block of up to lanes × lanes values, by shuffles of whole vectors."""
    pointer = element.pointer
    block = Function(module, element, name, [pointer, I64, I64, I64, pointer, I64], internal=False)
    source, source_row, rows, columns, target, target_row = block.ir.args
    builder, lanes = block.builder, element.lanes
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
    for column in range(lanes):
        within = builder.icmp_signed("<", I64(column), columns)
        mask = builder.select(within, in_rows, nowhere)
        block.store(
            values[column], block.at(target, builder.mul(clamped(column, last_column), target_row)), mask
        )
    block.finish()


def _shuffle(block: Function, first: Any, second: Any, order: list[int]) -> Any:
    kind = ir.VectorType(ir.IntType(32), len(order))
    return block.builder.shuffle_vector(first, second, ir.Constant(kind, [ir.IntType(32)(i) for i in order]))


def build(dtype: str) -> tuple[str, list[str]]:
    """Return the module of strips and the transpose for ``dtype``: its text and its function names.

    ``strip4``, ``strip2`` and ``strip1`` compute that many whole vectors of columns, ``strip3`` two whole
    ones and the first ``tail`` lanes of a third, ``tail`` the first ``tail`` lanes of one.
    """
    element = Element(dtype)
    module = ir.Module(f"tiles_{dtype}")
    shapes = _SHAPES[vector_bytes()]
    kinds = ("strip4", "strip3", "strip2", "strip1", "tail", "transpose")
    names = {kind: f"nnkit_{kind}_{dtype}" for kind in kinds}
    masked = _emit_strip(module, element, names["tail"], 1, shapes[1], masked=True)
    if vector_bytes() == 64:
        # Masks are free in 64-byte registers.
        whole = masked
        _emit_wide_strip(module, [whole], element, names["strip1"])
    else:
        whole = _emit_strip(module, element, names["strip1"], 1, shapes[1], masked=False)
    for vectors in (2, 3, 4):
        name = names[f"strip{vectors}"]
        if vectors in shapes:
            _emit_strip(module, element, name, vectors, shapes[vectors], masked=vectors == 3)
        else:
            last = masked if vectors == 3 else whole
            _emit_wide_strip(module, [whole] * (vectors - 1) + [last], element, name)
    _emit_transpose(module, element, names["transpose"])
    return str(module), list(names.values())
