"""Eigenvalues and eigenvectors of a symmetric matrix, in float64 and one fixed order of operations.

A matrix is made tridiagonal by reflections, and diagonal by rotations that are shifted towards an eigenvalue.
What runs along rows runs in vectors; vectors are rows throughout.

Source      Golub and Van Loan (2013), Matrix Computations, sections 8.3.1 and 8.3.3
"""

from nnkit.jit import kernel
from nnkit.simd import copysign, fabs, sqrt

# More than any matrix has been seen to need: three for each eigenvalue are usual.
_MOST_SWEEPS = 60
_ROUNDING = 2.0**-53


@kernel
def reflect_row(a, k, next_to_diagonal):
    """Replace row ``k`` right of the diagonal by the v of a reflection ``I - β v vᵀ``, and return β.

    It leaves of the row one number, beside the diagonal; β is 0 where nothing is to be done.

    Shapes      a: (n, n), in place; next_to_diagonal: (n,), of which place k is written
    """
    n = a.shape[0]
    rest = 0.0
    for j in range(k + 2, n):
        rest += a[k, j] * a[k, j]
    first = a[k, k + 1]
    next_to_diagonal[k] = first
    if rest == 0.0:
        return 0.0
    length = sqrt(rest + first * first)
    image = -copysign(length, first)
    next_to_diagonal[k] = image
    a[k, k + 1] = first - image
    return 1.0 / (length * length - image * first)


@kernel
def reflect_block(a, k, beta, work):
    """Reflect the block right of and below place ``k`` from both sides by the vector in its row.

    Shapes      a: (n, n), in place; work: (n,)
    """
    n = a.shape[0]
    for i in range(k + 1, n):
        work[i] = 0.0
    for j in range(k + 1, n):
        weight = beta * a[k, j]
        for i in range(k + 1, n):
            work[i] += weight * a[j, i]
    along = 0.0
    for i in range(k + 1, n):
        along += work[i] * a[k, i]
    along *= 0.5 * beta
    for i in range(k + 1, n):
        work[i] -= along * a[k, i]
    for i in range(k + 1, n):
        left, right = a[k, i], work[i]
        for j in range(k + 1, n):
            a[i, j] -= left * work[j] + right * a[k, j]


@kernel
def gather_reflections(a, q, betas):
    """Write to the rows of ``q`` the product of all reflections, whose vectors lie in the rows of ``a``.

    Shapes      a, q: (n, n); betas: (n,)
    """
    n = a.shape[0]
    for i in range(n):
        for j in range(n):
            q[i, j] = 0.0
        q[i, i] = 1.0
    for k in range(n - 3, -1, -1):
        if betas[k] != 0.0:
            for i in range(k + 1, n):
                along = 0.0
                for j in range(k + 1, n):
                    along += q[i, j] * a[k, j]
                along *= betas[k]
                for j in range(k + 1, n):
                    q[i, j] -= along * a[k, j]


@kernel
def end_of_block(d, e, first):
    """Return the last place of the block from ``first`` whose numbers beside the diagonal count."""
    last = first
    while last < d.size - 1 and fabs(e[last]) > _ROUNDING * (fabs(d[last]) + fabs(d[last + 1])):
        last += 1
    return last


@kernel
def rotate_rows(q, i, cosine, sine):
    """Rotate rows ``i`` and ``i + 1`` of ``q``, in place."""
    for k in range(q.shape[1]):
        upper, lower = q[i, k], q[i + 1, k]
        q[i + 1, k] = sine * upper + cosine * lower
        q[i, k] = cosine * upper - sine * lower


@kernel
def sweep(d, e, q, first, last):
    """Chase one shifted rotation up a tridiagonal block: its first number beside the diagonal shrinks.

    Shapes      d, e: (n,), diagonal and beside it; q: (n, n), all in place
    """
    g = (d[first + 1] - d[first]) / (2.0 * e[first])
    g = d[last] - d[first] + e[first] / (g + copysign(sqrt(g * g + 1.0), g))
    sine, cosine, shift = 1.0, 1.0, 0.0
    for i in range(last - 1, first - 1, -1):
        f, b = sine * e[i], cosine * e[i]
        length = sqrt(f * f + g * g)
        e[i + 1] = length
        if length == 0.0:
            d[i + 1] -= shift
            e[last] = 0.0
            return
        sine, cosine = f / length, g / length
        g = d[i + 1] - shift
        turned = (d[i] - g) * sine + 2.0 * cosine * b
        shift = sine * turned
        d[i + 1] = g + shift
        g = cosine * turned - b
        rotate_rows(q, i, cosine, sine)
    d[first] -= shift
    e[first] = g
    e[last] = 0.0


@kernel
def decompose(a, q, d, e, work):
    """Write the eigenvalues of ``a`` to ``d``, in no order, and its eigenvectors to the rows of ``q``.

    What is not a number, or infinite, makes all of them NaN.

    Shapes      a, q: (n, n), a is overwritten; d, e, work: (n,); all float64
    Cost        about 9 n³ FLOP
    """
    n = a.shape[0]
    total = 0.0
    for i in range(n):
        for j in range(n):
            total += a[i, j]
    if total - total != 0.0:
        for i in range(n):
            d[i] = total - total
            for j in range(n):
                q[i, j] = total - total
        return
    for k in range(n - 2):
        d[k] = a[k, k]
        # The diagonal's place keeps β.
        a[k, k] = reflect_row(a, k, e)
        if a[k, k] != 0.0:
            reflect_block(a, k, a[k, k], work)
    for k in range(n):
        if k < n - 2:
            work[k] = a[k, k]
        else:
            d[k] = a[k, k]
            e[k] = a[k, n - 1] if k < n - 1 else 0.0
    gather_reflections(a, q, work)
    for first in range(n):
        for _ in range(_MOST_SWEEPS):
            last = end_of_block(d, e, first)
            if last == first:
                break
            sweep(d, e, q, first, last)
