"""Rows that are made orthogonal, and symmetric matrices built from rows, in float64 and one fixed order."""

from nnkit.jit import kernel
from nnkit.simd import double, real, sqrt

# What is left of a row, as a share of it, is rounding where it is smaller than this.
_NOTHING = 1e-10


@kernel
def dot_of_rows(a, i, j):
    """Return the product of two rows, summed in order."""
    total = 0.0
    for k in range(a.shape[1]):
        total += a[i, k] * a[j, k]
    return total


@kernel
def clear_of_rows_before(a, i):
    """Take out of row ``i`` what lies along the rows before it, twice: once leaves its own rounding.

    Shapes      a: (rows, columns), in place
    """
    for _ in range(2):
        for j in range(i):
            along = dot_of_rows(a, i, j)
            for k in range(a.shape[1]):
                a[i, k] -= along * a[j, k]


@kernel
def orthonormalize(a, spare):
    """Make the rows of ``a`` orthonormal, in order; where nothing is left of one, that of ``spare`` counts.

    Shapes      a, spare: (rows, columns), rows <= columns; a in place
    Cost        4 · rows² · columns FLOP
    """
    for i in range(a.shape[0]):
        before = sqrt(dot_of_rows(a, i, i))
        clear_of_rows_before(a, i)
        length = sqrt(dot_of_rows(a, i, i))
        if length <= _NOTHING * before or before == 0.0:
            for k in range(a.shape[1]):
                a[i, k] = double(spare[i, k])
            clear_of_rows_before(a, i)
            length = sqrt(dot_of_rows(a, i, i))
        if length != 0.0:
            for k in range(a.shape[1]):
                a[i, k] /= length


@kernel
def root_of(q, values, offset, exponent, work, root):
    """Write ``root = Σ (value + offset)^(-exponent) qᵀ q`` over the rows of ``q``, the exponent 1/4 or 1/2.

    Shapes      q, work: (n, n) float64; values: (n,) float64; root: (n, n)
    Cost        2 n³ FLOP
    """
    n = q.shape[0]
    for i in range(n):
        for j in range(n):
            work[i, j] = 0.0
    for row in range(n):
        # A value below 0 is rounding.
        value = (0.0 if values[row] < 0.0 else values[row]) + offset
        power = sqrt(value)
        weight = 1.0 / (sqrt(power) if exponent == 0.25 else power)
        for i in range(n):
            along = weight * q[row, i]
            for j in range(n):
                work[i, j] += along * q[row, j]
    for i in range(n):
        for j in range(n):
            root[i, j] = real(root, work[i, j])
