"""The matrix product and the transpose, in explicit vectors, with their readable twins.

One kernel serves all three layouts of a dense layer: strides say how A is read, and a product with the
transpose of B transposes B first (a block of 16 × 16 values takes 64 shuffles).
"""

from nnkit.assembly import Assembly, External
from nnkit.jit import kernel
from nnkit.simd import lanes_of


def _build_tiles(dtype):
    # Imported here: building needs llvmlite's IR layer, running from the cache does not.
    from nnkit.kernels import tiles

    return tiles.build(dtype)


def _strip_twin(vectors):
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
        width = tail if vectors == 0 else vectors * lanes_of(a)
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
strip2 = External(TILES, "nnkit_strip2", _STRIP, _strip_twin(2))
strip1 = External(TILES, "nnkit_strip1", _STRIP, _strip_twin(1))
strip_tail = External(TILES, "nnkit_tail", _STRIP, _strip_twin(0))
transpose_block = External(TILES, "nnkit_transpose", "piiipi", _transpose_twin)


@kernel
def matmul(a, b, start, c, panel, a_row, a_step, has_start, start_row, low):
    """Write ``C = max(start + A·B, low)``; every value is one chain of fused multiply-adds over k.

    Shapes      a: flat, A[i, k] = a[i * a_row + k * a_step]; b: (depth, columns); c: (rows, columns);
                start: flat, start[i * start_row + j], read where ``has_start``; a bias has start_row 0;
                panel: scratch of depth * 4 vectors to copy column strips of a large b into, or empty
    In place    start may be c
    Cost        2 · rows · columns · depth FLOP
    Gradient    the same kernel, with other strides
    """
    depth, columns = b.shape
    rows = c.shape[0]
    lanes = lanes_of(b)
    packed = panel.size >= depth * 4 * lanes
    j = 0
    while j < columns:
        left = columns - j
        if left >= 4 * lanes and packed:
            # Rows of a wide B lie on as many pages and in few cache sets: copy the strip once.
            for k in range(depth):
                for v in range(4 * lanes):
                    panel[k * 4 * lanes + v] = b[k, j + v]
            strip4(
                a,
                0,
                a_row,
                a_step,
                panel,
                0,
                4 * lanes,
                c,
                j,
                columns,
                start,
                j,
                start_row,
                has_start,
                rows,
                depth,
                low,
                0,
            )
            j += 4 * lanes
        elif left >= 4 * lanes:
            strip4(
                a,
                0,
                a_row,
                a_step,
                b,
                j,
                columns,
                c,
                j,
                columns,
                start,
                j,
                start_row,
                has_start,
                rows,
                depth,
                low,
                0,
            )
            j += 4 * lanes
        elif left >= 2 * lanes:
            strip2(
                a,
                0,
                a_row,
                a_step,
                b,
                j,
                columns,
                c,
                j,
                columns,
                start,
                j,
                start_row,
                has_start,
                rows,
                depth,
                low,
                0,
            )
            j += 2 * lanes
        elif left >= lanes:
            strip1(
                a,
                0,
                a_row,
                a_step,
                b,
                j,
                columns,
                c,
                j,
                columns,
                start,
                j,
                start_row,
                has_start,
                rows,
                depth,
                low,
                0,
            )
            j += lanes
        else:
            strip_tail(
                a,
                0,
                a_row,
                a_step,
                b,
                j,
                columns,
                c,
                j,
                columns,
                start,
                j,
                start_row,
                has_start,
                rows,
                depth,
                low,
                left,
            )
            j += left


@kernel
def transpose(x, y):
    """Write ``y = xᵀ``.

    Shapes      x: (rows, columns); y: (columns, rows)
    Cost        no arithmetic; 2 × 4 bytes per value in float32
    """
    rows, columns = x.shape
    lanes = lanes_of(x)
    for i in range(0, rows, lanes):
        for j in range(0, columns, lanes):
            transpose_block(
                x,
                i * columns + j,
                columns,
                min(lanes, rows - i),
                min(lanes, columns - j),
                y,
                j * rows + i,
                rows,
            )
