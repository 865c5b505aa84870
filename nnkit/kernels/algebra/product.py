"""Products of matrices that lie in row order, by the engine's matrix product.

`panel` is scratch of `panel_size` values for all of them, of the matrices' own type.
"""

from nnkit.jit import kernel
from nnkit.kernels.products.matmul import matmul
from nnkit.simd import flat, real
from nnkit.tiling.matmul import COPIED, COPIED_FROM, PLAIN, STRIP, TURNED_B

_NO_FLOOR = float("-inf")


def panel_size(rows: int, columns: int, lanes: int) -> int:
    """Return the values of scratch for any product of matrices with no side longer than these."""
    return max(rows, columns) * STRIP * lanes


@kernel
def multiply(a, b, c, panel):
    """Write ``C = A·B``.

    Shapes      a: (rows, depth); b: (depth, columns); c: (rows, columns); panel: of `panel_size`
    Cost        2 · rows · columns · depth FLOP
    """
    way = COPIED if b.size >= COPIED_FROM else PLAIN
    matmul(flat(a), b, panel, c, panel, a.shape[1], 1, way, 0, real(c, _NO_FLOOR))


@kernel
def multiply_turned(a, b, c, panel):
    """Write ``C = A·Bᵀ``.

    Shapes      a: (rows, depth); b: (columns, depth); c: (rows, columns); panel: of `panel_size`
    Cost        2 · rows · columns · depth FLOP
    """
    matmul(flat(a), b, panel, c, panel, a.shape[1], 1, TURNED_B, 0, real(c, _NO_FLOOR))


@kernel
def turned_multiply(a, b, c, panel):
    """Write ``C = Aᵀ·B``.

    Shapes      a: (depth, rows); b: (depth, columns); c: (rows, columns); panel: of `panel_size`
    Cost        2 · rows · columns · depth FLOP
    """
    way = COPIED if b.size >= COPIED_FROM else PLAIN
    matmul(flat(a), b, panel, c, panel, 1, a.shape[1], way, 0, real(c, _NO_FLOOR))
