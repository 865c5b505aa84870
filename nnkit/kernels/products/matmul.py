"""The matrix product in explicit vectors, with the readable twins of its parts.

One kernel serves all three products of a dense layer: strides say how A is read, and what a product turns
or copies first (its *way*) goes to a panel that stays in the cache. To turn 16 × 16 values takes 64 shuffles.
"""

from nnkit.assembly import Assembly, External
from nnkit.jit import kernel
from nnkit.simd import copy_values, flat, lanes_of, real
from nnkit.tiling.matmul import (
    BLOCK,
    CROSSED,
    FROM_C,
    FROM_ZERO,
    PLAIN,
    STRIP,
    TRANSPOSED,
    TURNED_A,
    TURNED_B,
)

NO_FLOOR = float("-inf")


def _build_tiles(dtype):
    # Imported here: building needs llvmlite's IR layer, running from the cache does not.
    from nnkit.kernels.products import tiles

    return tiles.build(dtype)


def _strips_twin(
    a, a_at, a_row, a_step, b, b_at, b_row, c, c_at, c_row, start, start_at, start_row, has_start, m, depth,
    low, width,
):  # fmt: skip
    """Write ``width`` columns of ``C = max(start + A·B, low)``, all ``m`` rows.

    Shapes      C[i, j] = c[c_at + i * c_row + j]; A[i, k] = a[a_at + i * a_row + k * a_step]; B and the start
                as C, the start read where ``has_start``
    """
    a, b, c, start = (array.reshape(-1) for array in (a, b, c, start))
    for i in range(m):
        for j in range(width):
            total = start[start_at + i * start_row + j] if has_start else a.dtype.type(0)
            for k in range(depth):
                total += a[a_at + i * a_row + k * a_step] * b[b_at + k * b_row + j]
            c[c_at + i * c_row + j] = low if total < low else total


def _transpose_twin(source, source_at, source_row, rows, columns, target, target_at, target_row):
    """Write the transpose of one block of ``rows`` × ``columns`` values."""
    source, target = source.reshape(-1), target.reshape(-1)
    for i in range(rows):
        for j in range(columns):
            target[target_at + j * target_row + i] = source[source_at + i * source_row + j]


def _copy_twin(source, source_at, source_row, rows, target, target_at):
    """Copy one strip of four vectors a row."""
    source, target = source.reshape(-1), target.reshape(-1)
    width = 4 * lanes_of(source)
    for k in range(rows):
        for j in range(width):
            target[target_at + k * width + j] = source[source_at + k * source_row + j]


def _sums_twin(vectors):
    def sums(x, x_at, x_row, rows, y, y_at, tail):
        """Add all rows of some columns, in order, to what y holds."""
        x, y = x.reshape(-1), y.reshape(-1)
        for i in range(rows):
            for j in range(vectors * lanes_of(x) if vectors else tail):
                y[y_at + j] += x[x_at + i * x_row + j]

    return sums


TILES = Assembly("tiles", _build_tiles)
strips = External(TILES, "nnkit_strips", "piipipipiiiiri", _strips_twin)
copy_strip = External(TILES, "nnkit_copy", "piip", _copy_twin)
_SUMS = "piipi"
sums4 = External(TILES, "nnkit_sums4", _SUMS, _sums_twin(4))
sums2 = External(TILES, "nnkit_sums2", _SUMS, _sums_twin(2))
sums1 = External(TILES, "nnkit_sums1", _SUMS, _sums_twin(1))
sums_tail = External(TILES, "nnkit_sums", _SUMS, _sums_twin(0))
transpose_block = External(TILES, "nnkit_transpose", "piiipi", _transpose_twin)


@kernel
def column_sum(x, y, goes_on):
    """Write ``y[j] = sum over i of x[i, j]``, rows in order; where it ``goes_on``, behind those y has summed.

    Shapes      x: (rows, columns); y: (columns,)
    """
    rows, columns = x.shape
    lanes = lanes_of(x)
    first = 0 if goes_on else 1
    if first:
        copy_values(x, 0, y, 0, columns)
    j = 0
    while j < columns:
        at, left = first * columns + j, columns - j
        if left >= STRIP * lanes:
            sums4(x, at, columns, rows - first, y, j, lanes)
            j += STRIP * lanes
        elif left >= 2 * lanes:
            sums2(x, at, columns, rows - first, y, j, lanes)
            j += 2 * lanes
        elif left >= lanes:
            sums1(x, at, columns, rows - first, y, j, lanes)
            j += lanes
        else:
            sums_tail(x, at, columns, rows - first, y, j, left)
            j = columns


@kernel
def copy_columns(b, k, depth, j, width, panel):
    """Copy ``width`` columns of b, from row k and column j, to ``depth`` rows of the panel."""
    columns = b.shape[1]
    wide = STRIP * lanes_of(b)
    if width == wide:
        copy_strip(flat(b), k * columns + j, columns, depth, panel, 0)
        return
    for i in range(depth):
        copy_values(b, (k + i) * columns + j, panel, i * wide, width)


@kernel
def turn(source, source_at, source_row, rows, columns, target, target_at, target_row):
    """Write the transpose of a matrix of ``rows`` × ``columns`` values, block by block."""
    lanes = lanes_of(source)
    for k in range(0, columns, lanes):
        for v in range(0, rows, lanes):
            height, length = min(lanes, rows - v), min(lanes, columns - k)
            # fmt: off
            transpose_block(source, source_at + v * source_row + k, source_row, height, length,
                            target, target_at + k * target_row + v, target_row)
            # fmt: on


@kernel
def transposed_product(a, a_row, b, start, c, panel, low):
    """Write ``C = max(A·Bᵀ, low)``, strip by strip as the transpose of ``B·Aᵀ``.

    Shapes      as in matmul; a strip of Aᵀ and one of Cᵀ lie in the panel, one behind the other
    """
    columns, depth = b.shape
    rows = c.shape[0]
    wide = STRIP * lanes_of(b)
    strip = depth * wide
    for i in range(0, rows, wide):
        width = min(wide, rows - i)
        turn(a, i * a_row, a_row, width, depth, panel, 0, wide)
        # fmt: off
        strips(b, 0, depth, 1, panel, 0, wide, panel, strip, wide, start, 0, 0, FROM_ZERO, columns, depth,
               low, width)
        # fmt: on
        turn(panel, strip, wide, columns, width, flat(c), i * columns, columns)


@kernel
def crossed_product(a, a_step, b, c, panel, begin, low):
    """Write ``C = max(A·B, low)`` as the transpose of ``Bᵀ·Aᵀ``, of which both lie as they are read.

    Shapes      as in matmul, A turned; Cᵀ lies in the panel
    """
    depth, columns = b.shape
    rows = c.shape[0]
    if begin == FROM_C:
        turn(flat(c), 0, columns, rows, columns, panel, 0, rows)
    begins, k = begin, 0
    while k < depth:
        steps = min(BLOCK // 2, depth - k)
        floor = low if k + steps == depth else real(c, NO_FLOOR)
        # fmt: off
        strips(b, k * columns, 1, columns, a, k * a_step, a_step, panel, 0, rows, panel, 0, rows, begins,
               columns, steps, floor, rows)
        # fmt: on
        begins = FROM_C
        k += steps
    turn(panel, 0, rows, columns, rows, flat(c), 0, columns)


@kernel
def product_in_blocks(a, b, start, c, panel, a_row, a_step, way, begin, low):
    """Write ``C = max(start + A·B, low)``, some inner indices at a time; between them the sums wait in C.

    Shapes      as in matmul; A as the strides say
    """
    depth, columns = (b.shape[1], b.shape[0]) if way == TURNED_B else b.shape
    rows = c.shape[0]
    # Strips of B that are copied are as wide as the panel; what lies as it is read is one strip.
    wide = columns if way == PLAIN else STRIP * lanes_of(b)
    block = BLOCK if a_step == 1 else BLOCK // 2
    right, right_row = (flat(b), columns) if way == PLAIN else (panel, wide)
    first, first_row, begins = (flat(c), columns, begin) if begin == FROM_C else (start, 0, begin)
    k = 0
    while k < depth:
        steps = min(block, depth - k)
        floor = low if k + steps == depth else real(c, NO_FLOOR)
        j = 0
        while j < columns:
            width = min(wide, columns - j)
            if way == TURNED_B:
                turn(flat(b), j * depth + k, depth, width, steps, panel, 0, wide)
            elif way != PLAIN:
                copy_columns(b, k, steps, j, width, panel)
            # fmt: off
            strips(a, k * a_step, a_row, a_step, right, k * columns if way == PLAIN else 0, right_row,
                   flat(c), j, columns, first, j, first_row, begins, rows, steps, floor, width)
            # fmt: on
            j += width
        first, first_row, begins = flat(c), columns, FROM_C
        k += steps


@kernel
def matmul(a, b, start, c, panel, a_row, a_step, way, begin, low):
    """Write ``C = max(start + A·B, low)``; every value is one chain of fused multiply-adds over k.

    Shapes      a: flat, A[i, k] = a[i * a_row + k * a_step]; b: (depth, columns), or where it is turned
                (columns, depth), and B is its transpose; c: (rows, columns); start: (columns,), read
                where ``begin`` is FROM_START; with FROM_C the start is what c holds, but not in the way
                TRANSPOSED; panel: scratch of the size that the way needs
    Cost        2 · rows · columns · depth FLOP
    Gradient    the same kernel, with other strides
    """
    if way == TRANSPOSED:
        transposed_product(a, a_row, b, start, c, panel, low)
    elif way == CROSSED:
        crossed_product(a, a_step, b, c, panel, begin, low)
    elif way == TURNED_A:
        depth, rows = b.shape[0], c.shape[0]
        left = panel[min(depth, BLOCK) * STRIP * lanes_of(b) :]
        turn(a, 0, a_step, depth, rows, left, 0, depth)
        product_in_blocks(left, b, start, c, panel, depth, 1, way, begin, low)
    else:
        product_in_blocks(a, b, start, c, panel, a_row, a_step, way, begin, low)


@kernel
def matmul_in_blocks(a, b, start, c, panel, a_row, a_step, way, begin, goes_on, low):
    """`matmul`; a product whose inner index runs over the rows of a batch gets them block by block.

    Its sums begin FROM_C: at 0 in the first block, and at what c holds where it ``goes_on``.
    """
    matmul(
        a,
        b,
        start,
        c,
        panel,
        a_row,
        a_step,
        way,
        FROM_ZERO if begin == FROM_C and not goes_on else begin,
        low,
    )
