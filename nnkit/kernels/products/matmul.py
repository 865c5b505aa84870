"""The matrix product in explicit vectors, with the readable twins of its parts.

One kernel serves all three products of a dense layer: strides say how A is read, and what a product turns
or copies first (its *way*) goes to a panel that stays in the cache. To turn 16 × 16 values takes 64 shuffles.
"""

from nnkit.assembly import Assembly, External
from nnkit.jit import kernel
from nnkit.simd import copy_values, flat, lanes_of
from nnkit.tiling.matmul import FROM_C, FROM_ZERO, PLAIN, STRIP, TRANSPOSED, TURNED_A, TURNED_B


def _build_tiles(dtype):
    # Imported here: building needs llvmlite's IR layer, running from the cache does not.
    from nnkit.kernels.products import tiles

    return tiles.build(dtype)


def _strip_twin(whole, has_tail=False):
    def strip(
        a,
        a_at,
        a_row,
        a_step,
        b,
        b_at,
        b_row,
        c,
        c_at,
        c_row,
        start,
        start_at,
        start_row,
        has_start,
        m,
        depth,
        low,
        tail,
    ):
        """Write one column strip of ``C = max(start + A·B, low)``, all ``m`` rows."""
        a, b, c, start = (array.reshape(-1) for array in (a, b, c, start))
        width = whole * lanes_of(a) + (tail if has_tail else 0)
        for i in range(m):
            for j in range(width):
                total = start[start_at + i * start_row + j] if has_start else a.dtype.type(0)
                for k in range(depth):
                    total += a[a_at + i * a_row + k * a_step] * b[b_at + k * b_row + j]
                c[c_at + i * c_row + j] = low if total < low else total

    return strip


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


TILES = Assembly("tiles", _build_tiles)
_STRIP = "piipipipiiiiri"
strip4 = External(TILES, "nnkit_strip4", _STRIP, _strip_twin(4))
strip3 = External(TILES, "nnkit_strip3", _STRIP, _strip_twin(2, has_tail=True))
strip2 = External(TILES, "nnkit_strip2", _STRIP, _strip_twin(2))
strip1 = External(TILES, "nnkit_strip1", _STRIP, _strip_twin(1))
strip_tail = External(TILES, "nnkit_tail", _STRIP, _strip_twin(0, has_tail=True))
copy_strip = External(TILES, "nnkit_copy", "piip", _copy_twin)
transpose_block = External(TILES, "nnkit_transpose", "piiipi", _transpose_twin)


@kernel
def column_strips(
    width, a, a_row, a_step, b, b_at, b_row, c, c_at, c_row, rows, start, start_at, start_row, has_start,
    depth, low,
):  # fmt: skip
    """Write ``width`` columns of C, all rows, in the widest strips that they fill.

    Shapes      C[i, j] = c[c_at + i * c_row + j]; B[k, j] = b[b_at + k * b_row + j]; others as in matmul
    """
    lanes = lanes_of(c)
    while width > 0:
        # fmt: off
        if width >= STRIP * lanes:
            done = STRIP * lanes
            strip4(a, 0, a_row, a_step, b, b_at, b_row, c, c_at, c_row, start, start_at, start_row,
                   has_start, rows, depth, low, lanes)
        elif width > 2 * lanes:
            tail = min(width - 2 * lanes, lanes)
            done = 2 * lanes + tail
            strip3(a, 0, a_row, a_step, b, b_at, b_row, c, c_at, c_row, start, start_at, start_row,
                   has_start, rows, depth, low, tail)
        elif width == 2 * lanes:
            done = 2 * lanes
            strip2(a, 0, a_row, a_step, b, b_at, b_row, c, c_at, c_row, start, start_at, start_row,
                   has_start, rows, depth, low, lanes)
        elif width >= lanes:
            done = lanes
            strip1(a, 0, a_row, a_step, b, b_at, b_row, c, c_at, c_row, start, start_at, start_row,
                   has_start, rows, depth, low, lanes)
        else:
            done = width
            strip_tail(a, 0, a_row, a_step, b, b_at, b_row, c, c_at, c_row, start, start_at, start_row,
                       has_start, rows, depth, low, width)
        # fmt: on
        width -= done
        b_at += done
        c_at += done
        start_at += done


@kernel
def copy_columns(b, j, width, panel, panel_row):
    """Copy ``width`` columns of b, from column j, to the rows of the panel."""
    depth, columns = b.shape
    for k in range(depth):
        copy_values(b, k * columns + j, panel, k * panel_row, width)


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
        column_strips(
            width, b, depth, 1, panel, 0, wide, panel, strip, wide, columns, start, 0, 0, 0, depth, low
        )
        turn(panel, strip, wide, columns, width, flat(c), i * columns, columns)


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
        return
    depth, columns = (b.shape[1], b.shape[0]) if way == TURNED_B else b.shape
    rows = c.shape[0]
    wide = STRIP * lanes_of(b)
    left, left_row, left_step = a, a_row, a_step
    first, first_row = (flat(c), columns) if begin == FROM_C else (start, 0)
    if way == TURNED_A:
        left, left_row, left_step = panel[depth * wide :], depth, 1
        turn(a, 0, a_step, depth, rows, left, 0, depth)
    right = flat(b) if way == PLAIN else panel
    for j in range(0, columns, wide):
        width = min(wide, columns - j)
        if way == TURNED_B:
            turn(flat(b), j * depth, depth, width, depth, panel, 0, wide)
        elif way != PLAIN:
            copy_columns(b, j, width, panel, wide)
        at, row = (j, columns) if way == PLAIN else (0, wide)
        # fmt: off
        column_strips(width, left, left_row, left_step, right, at, row, flat(c), j, columns, rows,
                      first, j, first_row, begin, depth, low)
        # fmt: on


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
