"""The matrix product in explicit vectors, with the readable twins of its parts.

One kernel serves all three products of a dense layer: strides say how A is read, and a transposed B is
turned strip by strip into a panel that stays in the cache (a block of 16 × 16 values takes 64 shuffles).
"""

from nnkit.assembly import Assembly, External
from nnkit.jit import kernel
from nnkit.simd import copy_values, lanes_of


def _build_tiles(dtype):
    # Imported here: building needs llvmlite's IR layer, running from the cache does not.
    from nnkit.kernels import tiles

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


TILES = Assembly("tiles", _build_tiles)
_STRIP = "piipipipiiiiri"
strip4 = External(TILES, "nnkit_strip4", _STRIP, _strip_twin(4))
strip3 = External(TILES, "nnkit_strip3", _STRIP, _strip_twin(2, has_tail=True))
strip2 = External(TILES, "nnkit_strip2", _STRIP, _strip_twin(2))
strip1 = External(TILES, "nnkit_strip1", _STRIP, _strip_twin(1))
strip_tail = External(TILES, "nnkit_tail", _STRIP, _strip_twin(0, has_tail=True))
transpose_block = External(TILES, "nnkit_transpose", "piiipi", _transpose_twin)


@kernel
def column_strip(
    width, a, a_row, a_step, b, b_at, b_row, c, c_at, start, start_at, start_row, has_start, depth, low
):
    """Write ``width`` columns of C, all rows, with the widest strip that they fill; return how many.

    Shapes      c: (rows, columns), from c_at; B[k, j] = b[b_at + k * b_row + j]; others as in matmul
    """
    rows, columns = c.shape
    lanes = lanes_of(c)
    # fmt: off
    if width >= 4 * lanes:
        strip4(a, 0, a_row, a_step, b, b_at, b_row, c, c_at, columns, start, start_at, start_row, has_start,
               rows, depth, low, lanes)
        return 4 * lanes
    if width > 2 * lanes:
        tail = min(width - 2 * lanes, lanes)
        strip3(a, 0, a_row, a_step, b, b_at, b_row, c, c_at, columns, start, start_at, start_row, has_start,
               rows, depth, low, tail)
        return 2 * lanes + tail
    if width == 2 * lanes:
        strip2(a, 0, a_row, a_step, b, b_at, b_row, c, c_at, columns, start, start_at, start_row, has_start,
               rows, depth, low, lanes)
        return 2 * lanes
    if width >= lanes:
        strip1(a, 0, a_row, a_step, b, b_at, b_row, c, c_at, columns, start, start_at, start_row, has_start,
               rows, depth, low, lanes)
        return lanes
    strip_tail(a, 0, a_row, a_step, b, b_at, b_row, c, c_at, columns, start, start_at, start_row, has_start,
               rows, depth, low, width)
    # fmt: on
    return width


@kernel
def copy_columns(b, j, width, panel, panel_row):
    """Copy ``width`` columns of b, from column j, to the rows of the panel."""
    depth, columns = b.shape
    for k in range(depth):
        copy_values(b, k * columns + j, panel, k * panel_row, width)


@kernel
def turn_rows(b, j, width, panel, panel_row):
    """Write the transpose of ``width`` rows of b, from row j, to the rows of the panel."""
    depth = b.shape[1]
    lanes = lanes_of(b)
    for k in range(0, depth, lanes):
        for v in range(0, width, lanes):
            height, length = min(lanes, width - v), min(lanes, depth - k)
            transpose_block(
                b, (j + v) * depth + k, depth, height, length, panel, k * panel_row + v, panel_row
            )


@kernel
def matmul(a, b, start, c, panel, a_row, a_step, turned, has_start, low):
    """Write ``C = max(start + A·B, low)``; every value is one chain of fused multiply-adds over k.

    Shapes      a: flat, A[i, k] = a[i * a_row + k * a_step]; b: (depth, columns), or where ``turned``
                (columns, depth), and B is its transpose; c: (rows, columns); start: (columns,), read
                where ``has_start``; panel: scratch of depth * 4 vectors, which a turned b needs and a
                large one is faster with, or empty
    Cost        2 · rows · columns · depth FLOP
    Gradient    the same kernel, with other strides
    """
    depth, columns = (b.shape[1], b.shape[0]) if turned else b.shape
    panel_row = 4 * lanes_of(b)
    # Rows of a wide b lie on as many pages and in few cache sets: its strips are copied, once each.
    copied = not turned and panel.size >= depth * panel_row
    j = 0
    while j < columns:
        width = min(panel_row, columns - j)
        if turned:
            turn_rows(b, j, width, panel, panel_row)
        elif copied:
            copy_columns(b, j, width, panel, panel_row)
        done = 0
        while done < width:
            here = j + done
            if turned or copied:
                done += column_strip(
                    width - done,
                    a,
                    a_row,
                    a_step,
                    panel,
                    done,
                    panel_row,
                    c,
                    here,
                    start,
                    here,
                    0,
                    has_start,
                    depth,
                    low,
                )
            else:
                done += column_strip(
                    width - done,
                    a,
                    a_row,
                    a_step,
                    b,
                    here,
                    columns,
                    c,
                    here,
                    start,
                    here,
                    0,
                    has_start,
                    depth,
                    low,
                )
        j += width
