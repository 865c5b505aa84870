"""The matrix product in explicit vectors, with the readable twins of its parts.

One kernel serves all three products of a dense layer: strides say how A is read, and what a product turns
or copies first (its *way*) goes to a panel that stays in the cache. To turn 16 × 16 values takes 64 shuffles.
All of it is one function of an assembly: numba would take seconds to compile the choice of ways, and a call
through its arrays as long as the product of a small layer.
"""

from nnkit.assembly import Assembly, External
from nnkit.jit import kernel
from nnkit.tiling.matmul import FROM_C, FROM_ZERO, TRANSPOSED, TURNED_B


def _build_tiles(dtype):
    # Imported here: building needs llvmlite's IR layer, running from the cache does not.
    from nnkit.kernels.products import tiles

    return tiles.build(dtype)


def _product_twin(
    a, a_at, b, b_at, start, start_at, c, c_at, panel, panel_at, rows, columns, depth, a_row, a_step, way,
    begin, low,
):  # fmt: skip
    """Write ``C = max(start + A·B, low)``, whatever the way."""
    a, b, start, c = (array.reshape(-1) for array in (a, b, start, c))
    b_row, b_column = (1, depth) if way in (TURNED_B, TRANSPOSED) else (columns, 1)
    for i in range(rows):
        for j in range(columns):
            total = a.dtype.type(0)
            if begin != FROM_ZERO:
                total = c[c_at + i * columns + j] if begin == FROM_C else start[start_at + j]
            for k in range(depth):
                total += a[a_at + i * a_row + k * a_step] * b[b_at + k * b_row + j * b_column]
            c[c_at + i * columns + j] = low if total < low else total


def _turn_twin(source, source_at, source_row, rows, columns, target, target_at, target_row):
    """Write the transpose of a matrix of ``rows`` × ``columns`` values."""
    source, target = source.reshape(-1), target.reshape(-1)
    for i in range(rows):
        for j in range(columns):
            target[target_at + j * target_row + i] = source[source_at + i * source_row + j]


def _column_sum_twin(x, x_at, rows, columns, y, y_at, goes_on):
    """Add all rows of x, in order, behind what y holds where the sum ``goes_on``."""
    x, y = x.reshape(-1), y.reshape(-1)
    for j in range(columns):
        total = y[y_at + j] if goes_on else x[x_at + j]
        for i in range(0 if goes_on else 1, rows):
            total += x[x_at + i * columns + j]
        y[y_at + j] = total


TILES = Assembly("tiles", _build_tiles)
product = External(TILES, "nnkit_product", "pppppiiiiiiir", _product_twin)
turn = External(TILES, "nnkit_turn", "piiipi", _turn_twin)
sums = External(TILES, "nnkit_column_sum", "piipi", _column_sum_twin)


@kernel
def column_sum(x, y, goes_on):
    """Write ``y[j] = sum over i of x[i, j]``, rows in order; where it ``goes_on``, behind those y has summed.

    Shapes      x: (rows, columns); y: (columns,)
    """
    rows, columns = x.shape
    sums(x, 0, rows, columns, y, 0, goes_on)


@kernel
def matmul(a, b, start, c, panel, a_row, a_step, way, begin, low):
    """Write ``C = max(start + A·B, low)``; every value is one chain of fused multiply-adds over k.

    Shapes      a: flat, A[i, k] = a[i * a_row + k * a_step]; b: (depth, columns), or where it is turned
                (columns, depth), and B is its transpose; c: (rows, columns); start: (columns,), read
                where ``begin`` is FROM_START, but not in the ways TRANSPOSED and CROSSED; with FROM_C the
                start is what c holds, but not in the way TRANSPOSED; panel: scratch of the size that the
                way needs
    Cost        2 · rows · columns · depth FLOP
    Gradient    the same kernel, with other strides
    """
    rows, columns = c.shape
    depth = b.shape[1] if way in (TURNED_B, TRANSPOSED) else b.shape[0]
    # fmt: off
    product(a, 0, b, 0, start, 0, c, 0, panel, 0, rows, columns, depth, a_row, a_step, way, begin, low)
    # fmt: on


@kernel
def matmul_in_blocks(a, b, start, c, panel, a_row, a_step, way, begin, goes_on, low):
    """`matmul`; a product whose inner index runs over the rows of a batch gets them block by block.

    Its sums begin FROM_C: at 0 in the first block, and at what c holds where it ``goes_on``.
    """
    begins = FROM_ZERO if begin == FROM_C and not goes_on else begin
    matmul(a, b, start, c, panel, a_row, a_step, way, begins, low)
