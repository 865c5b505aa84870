"""Initial values of parameters: constants and draws of five distributions.

One uniform number belongs to (seed, stream, element) and underlies every distribution, so that two
initialisations of one trial differ in their scale and shape and not in their luck. float32 values are the
float64 draws, rounded.
"""

from nnkit.jit import kernel
from nnkit.kernels.normal import standard_normal
from nnkit.rng import INITIAL, philox_block, unit_interval
from nnkit.simd import fma, real, sqrt

# The standard normal distribution function at -2, and the probability that lies between -2 and 2.
_BELOW_CUT = 0.022750131948179195
_WITHIN_CUTS = 0.9544997361036416


@kernel
def fill_constant(out, value):
    """Write ``value`` everywhere."""
    for index in range(out.size):
        out[index] = real(out, value)


@kernel
def quantile(u, first, second):
    """Return the value below which lies the share ``u`` of the distribution; a template's free place."""
    return fma(second, u, first)


@kernel
def fill_quantiles(out, first, second, key, stream):
    """Write ``quantile(u, first, second)``, where u in (0, 1) is the element's own uniform number.

    Shapes      out: (n,), any n
    """
    for block in range((out.size + 1) // 2):
        w0, w1, w2, w3 = philox_block(block, 0, 0, (INITIAL << 24) + stream, key)
        out[2 * block] = real(out, quantile(unit_interval(w0, w1), first, second))
        if 2 * block + 1 < out.size:
            out[2 * block + 1] = real(out, quantile(unit_interval(w2, w3), first, second))


@kernel
def uniform_quantile(u, low, high):
    """Return the point of [low, high] that has the share ``u`` of it below."""
    return fma(high - low, u, low)


@kernel
def normal_quantile(u, mean, stddev):
    """Return the normal distribution's quantile."""
    return fma(stddev, standard_normal(u), mean)


@kernel
def truncated_normal_quantile(u, mean, stddev):
    """Return the quantile of a normal distribution cut two ``stddev`` from its mean on either side.

    By the inverse distribution function: drawing again what falls outside, as others do, would move every
    later element to another number.
    """
    return fma(stddev, standard_normal(fma(_WITHIN_CUTS, u, _BELOW_CUT)), mean)


fill_uniform = fill_quantiles.bind(quantile=uniform_quantile)
fill_normal = fill_quantiles.bind(quantile=normal_quantile)
fill_truncated_normal = fill_quantiles.bind(quantile=truncated_normal_quantile)


@kernel
def normal_at(index, key, stream):
    """Return the standard normal number of element ``index``."""
    w0, w1, w2, w3 = philox_block(index // 2, 0, 0, (INITIAL << 24) + stream, key)
    return standard_normal(unit_interval(w0, w1) if index % 2 == 0 else unit_interval(w2, w3))


@kernel
def row_product(matrix, first, second):
    """Return the scalar product of two rows, summed in eight lanes, then pairwise, then in index order."""
    length = matrix.shape[1]
    whole = length // 8 * 8
    zero = real(matrix, 0.0)
    s0, s1, s2, s3, s4, s5, s6, s7 = zero, zero, zero, zero, zero, zero, zero, zero
    for index in range(0, whole, 8):
        s0 = fma(matrix[first, index], matrix[second, index], s0)
        s1 = fma(matrix[first, index + 1], matrix[second, index + 1], s1)
        s2 = fma(matrix[first, index + 2], matrix[second, index + 2], s2)
        s3 = fma(matrix[first, index + 3], matrix[second, index + 3], s3)
        s4 = fma(matrix[first, index + 4], matrix[second, index + 4], s4)
        s5 = fma(matrix[first, index + 5], matrix[second, index + 5], s5)
        s6 = fma(matrix[first, index + 6], matrix[second, index + 6], s6)
        s7 = fma(matrix[first, index + 7], matrix[second, index + 7], s7)
    total = ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))
    for index in range(whole, length):
        total = fma(matrix[first, index], matrix[second, index], total)
    return total


@kernel
def orthonormalise_rows(matrix):
    """Make the rows orthonormal: Gram and Schmidt's method, modified, each row cleaned twice.

    Once is not enough where a row is nearly a combination of those above it; twice is (Giraud, Langou and
    Rozložník 2005, Computers & Mathematics with Applications 50(7), https://doi.org/10.1016/j.camwa.2005.08.009).
    """
    n_rows, length = matrix.shape
    for row in range(n_rows):
        for _ in range(2):
            for other in range(row):
                share = row_product(matrix, other, row)
                for index in range(length):
                    matrix[row, index] = fma(-share, matrix[other, index], matrix[row, index])
        scale = real(matrix, 1.0) / sqrt(row_product(matrix, row, row))
        for index in range(length):
            matrix[row, index] *= scale


@kernel
def fill_orthogonal(out, scratch, gain, key, stream):
    """Write ``gain`` times a random matrix whose rows or columns, whichever are fewer, are orthonormal.

    It is the normal draw of the same shape, orthonormalised with a positive triangular factor, which makes
    it uniform among such matrices (Mezzadri 2007, Notices of the AMS 54(5), arXiv:math-ph/0609050).

    Shapes      out: (rows, columns); scratch: (min(rows, columns), max(rows, columns)), of either type:
                float64 scratch makes a float32 result the float64 result, rounded
    Cost        8 rows columns min(rows, columns) operations
    """
    rows, columns = out.shape
    is_wide = rows < columns
    for row in range(rows):
        for column in range(columns):
            z = real(scratch, normal_at(row * columns + column, key, stream))
            if is_wide:
                scratch[row, column] = z
            else:
                scratch[column, row] = z
    orthonormalise_rows(scratch)
    for row in range(rows):
        for column in range(columns):
            unit = scratch[row, column] if is_wide else scratch[column, row]
            out[row, column] = real(out, gain * unit)
