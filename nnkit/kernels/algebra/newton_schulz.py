"""A matrix whose singular values are all near 1, by five products instead of a decomposition."""

from nnkit.jit import kernel
from nnkit.kernels.algebra.product import multiply, multiply_turned, turned_multiply
from nnkit.kernels.update import global_norm
from nnkit.simd import copy_values, double, flat, real

# The places of the coefficients among the choices: Jordan's for every iteration, Dion's for each of five, and
# the classical cubic, which converges.
JORDAN, DION, CUBIC = range(3)


@kernel
def odd_coefficients(preset, iteration):
    """Return a, b and c of ``φ(x) = a·x + b·x³ + c·x⁵`` for one iteration, counted from 0."""
    if preset == CUBIC:
        return 1.5, -0.5, 0.0
    if preset == JORDAN:
        return 3.4445, -4.7750, 2.0315
    if iteration == 0:
        return 4.0848, -6.8946, 2.9270
    if iteration == 1:
        return 3.9505, -6.3029, 2.6377
    if iteration == 2:
        return 3.7418, -5.5913, 2.3037
    if iteration == 3:
        return 2.8769, -3.1427, 1.2046
    return 2.8366, -3.0525, 1.2012


@kernel
def normalize(x, lanes, least):
    """Divide ``x`` by its Frobenius norm, or by ``least`` where that is more.

    Shapes      x: any, in place; lanes: (LANES,) float64 scratch
    """
    norm = global_norm(flat(x), lanes)
    scale = least if norm < least else norm
    values = flat(x)
    for index in range(values.size):
        values[index] = real(x, double(values[index]) / scale)


@kernel
def bend(gram, square, a, b, c):
    """Write ``square = a·I + b·gram + c·square``.

    Shapes      gram, square: (n, n), square in place
    """
    linear, quadratic = real(gram, b), real(gram, c)
    for i in range(gram.shape[0]):
        for j in range(gram.shape[0]):
            square[i, j] = linear * gram[i, j] + quadratic * square[i, j]
        square[i, i] += real(gram, a)


@kernel
def orthogonalize(x, other, gram, square, panel, lanes, iterations, preset, least):
    """Apply ``φ`` to the singular values of ``x / ‖x‖`` so many times: all of them end near 1.

    An odd polynomial of a matrix is a polynomial of its smaller Gram matrix times the matrix, so that a
    matrix and its transpose take the same way.

    Shapes      x, other: (rows, columns), x in place; gram, square: (n, n), n the shorter side; panel: of
                `panel_size`; lanes: (LANES,) float64
    Cost        per iteration 4 · n² · longer + 2 · n³ FLOP
    Source      Jordan et al. (2024), Muon; Bernstein and Newhouse (2024), arXiv:2409.20325
    """
    normalize(x, lanes, least)
    rows, columns = x.shape
    source, target = x, other
    for iteration in range(iterations):
        a, b, c = odd_coefficients(preset, iteration)
        if rows <= columns:
            multiply_turned(source, source, gram, panel)
        else:
            turned_multiply(source, source, gram, panel)
        multiply(gram, gram, square, panel)
        bend(gram, square, a, b, c)
        if rows <= columns:
            multiply(square, source, target, panel)
        else:
            multiply(source, square, target, panel)
        source, target = target, source
    if iterations % 2 == 1:
        copy_values(other, 0, x, 0, x.size)
