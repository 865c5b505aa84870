"""Activations with learned numbers: scalar functions, and loops that also sum the numbers' gradients.

Every ``…_slopes`` returns the derivatives by x and by each number. The loops read a number per column, so
that they are vector code whatever the numbers stand for: `spread` repeats them over the columns, `fold` adds
up what came back. All sums go over the rows in order: the same bits everywhere.
"""

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.activation import _near, relu
from nnkit.kernels.scalar import erf, exp, expm1, sigmoid, softplus, tanh
from nnkit.rng import SLOPE, fill_words
from nnkit.simd import double, fma, real

value = slopes = columns_of = add_to = None  # the open names of the loops


@kernel
def leak(x, negative_slope):
    return x if x > real(x, 0.0) else negative_slope * x


@kernel
def leak_slope(x, negative_slope):
    return real(x, 1.0) if x > real(x, 0.0) else negative_slope


@kernel
def leak_slopes(x, negative_slope):
    return leak_slope(x, negative_slope), (real(x, 0.0) if x > real(x, 0.0) else x)


@kernel
def mean_leak(x, lower, upper):
    return leak(x, real(x, 0.5) * (lower + upper))


@kernel
def mean_leak_slope(x, lower, upper):
    return leak_slope(x, real(x, 0.5) * (lower + upper))


@kernel
def star_relu(x, scale, shift):
    y = relu(x)
    return fma(scale * y, y, shift)


@kernel
def star_relu_slope(x, scale, shift):
    return (scale + scale) * relu(x)


@kernel
def star_relu_slopes(x, scale, shift):
    y = relu(x)
    return (scale + scale) * y, y * y, real(x, 1.0)


@kernel
def xielu(x, alpha_p, alpha_n):
    half = real(x, 0.5)
    below = fma(alpha_n, expm1(x), (half - alpha_n) * x)
    return fma(alpha_p * x, x, half * x) if x > real(x, 0.0) else below


@kernel
def xielu_slope(x, alpha_p, alpha_n):
    half = real(x, 0.5)
    below = fma(alpha_n, expm1(x), half)
    return fma(alpha_p + alpha_p, x, half) if x > real(x, 0.0) else below


@kernel
def xielu_slopes(x, alpha_p, alpha_n):
    is_above = x > real(x, 0.0)
    square, below = x * x, expm1(x) - x
    by_p, by_n = (square if is_above else real(x, 0.0)), (real(x, 0.0) if is_above else below)
    return xielu_slope(x, alpha_p, alpha_n), by_p, by_n


@kernel
def dyt(x, alpha, gamma, beta):
    return fma(gamma, tanh(alpha * x), beta)


@kernel
def dyt_slope(x, alpha, gamma, beta):
    t = tanh(alpha * x)
    return gamma * alpha * fma(-t, t, real(x, 1.0))


@kernel
def dyt_slopes(x, alpha, gamma, beta):
    t = tanh(alpha * x)
    bell = gamma * fma(-t, t, real(x, 1.0))
    return alpha * bell, _near(x) * bell, t, real(x, 1.0)


@kernel
def derf(x, alpha, shift, gamma, beta):
    return fma(gamma, erf(fma(alpha, x, shift)), beta)


@kernel
def derf_slope(x, alpha, shift, gamma, beta):
    return alpha * _derf_bell(x, alpha, shift, gamma)


@kernel
def _derf_bell(x, alpha, shift, gamma):
    """Return ``2 gamma / sqrt(pi) * exp(-z**2)``, the derivative by ``z = alpha x + shift``."""
    z = _near(fma(alpha, x, shift))
    return gamma * real(x, 1.1283791670955126) * exp(-(z * z))


@kernel
def derf_slopes(x, alpha, shift, gamma, beta):
    bell = _derf_bell(x, alpha, shift, gamma)
    return alpha * bell, _near(x) * bell, bell, erf(fma(alpha, x, shift)), real(x, 1.0)


@kernel
def _one(columns, j):
    return (columns[0][j],)


@kernel
def _two(columns, j):
    return columns[0][j], columns[1][j]


@kernel
def _three(columns, j):
    return columns[0][j], columns[1][j], columns[2][j]


@kernel
def _four(columns, j):
    return columns[0][j], columns[1][j], columns[2][j], columns[3][j]


@kernel
def _add_one(columns, j, dy, found):
    columns[1][j] += dy * found[1]


@kernel
def _add_two(columns, j, dy, found):
    columns[2][j] += dy * found[1]
    columns[3][j] += dy * found[2]


@kernel
def _add_three(columns, j, dy, found):
    columns[3][j] += dy * found[1]
    columns[4][j] += dy * found[2]
    columns[5][j] += dy * found[3]


@kernel
def _add_four(columns, j, dy, found):
    columns[4][j] += dy * found[1]
    columns[5][j] += dy * found[2]
    columns[6][j] += dy * found[3]
    columns[7][j] += dy * found[4]


# By how many numbers there are: numba has no loop that makes a tuple.
COLUMNS = {1: _one, 2: _two, 3: _three, 4: _four}
ADD = {1: _add_one, 2: _add_two, 3: _add_three, 4: _add_four}


@kernel
def learned_forward(x, y, *columns):
    """Write ``y[i, j] = value(x[i, j], *numbers of column j)``.

    Shapes      x, y: (rows, n); columns: (n,) for each number
    Gradient    learned_backward
    """
    rows, n = x.shape
    for i in range(rows):
        for j in range(n):
            y[i, j] = value(x[i, j], *columns_of(columns, j))


@kernel
def learned_backward(dy, x, dx, *columns):
    """Write ``dx = dy * slopes(x)[0]``, and the sums over rows of dy times the slope by each number.

    Shapes      dy, x, dx: (rows, n); columns: (n,) for each number, and then for each of their gradients
    """
    rows, n = dy.shape
    for k in range(len(columns) // 2, len(columns)):
        for j in range(n):
            columns[k][j] = real(dy, 0.0)
    for i in range(rows):
        for j in range(n):
            found = slopes(x[i, j], *columns_of(columns, j))
            dx[i, j] = dy[i, j] * found[0]
            add_to(columns, j, dy[i, j], found)


@kernel
def spread(numbers, columns):
    """Repeat the numbers over the columns.

    Shapes      numbers: (n,); columns: (k n,)
    Gradient    fold
    """
    n = numbers.size
    for start in range(0, columns.size, n):
        for j in range(n):
            columns[start + j] = numbers[j]


@kernel
def fold(dcolumns, dnumbers):
    """Add up what `spread` repeated.

    Shapes      dcolumns: (k n,); dnumbers: (n,)
    """
    n = dnumbers.size
    for j in range(n):
        total = 0.0
        for start in range(0, dcolumns.size, n):
            total += double(dcolumns[start + j])
        dnumbers[j] = real(dnumbers, total)


@kernel
def spread_above(numbers, columns, lowest):
    """Repeat ``lowest + log(1 + exp(number))`` over the columns.

    Shapes      numbers: (n,); columns: (k n,)
    Gradient    fold_above
    """
    n = numbers.size
    for start in range(0, columns.size, n):
        for j in range(n):
            columns[start + j] = real(numbers, lowest) + softplus(numbers[j])


@kernel
def fold_above(dcolumns, numbers, dnumbers):
    """Add up what `spread_above` repeated, times the slope of the softplus.

    Shapes      dcolumns: (k n,); numbers, dnumbers: (n,)
    """
    fold(dcolumns, dnumbers)
    for j in range(dnumbers.size):
        dnumbers[j] *= sigmoid(numbers[j])


@kernel
def draw_leaks(x, factors, words, lower, upper, key, stream, step):
    """Write 1 where x > 0, and a number drawn uniformly between the bounds elsewhere.

    Shapes      x, factors: (n,); words: uint32 scratch of any length from 4 on: the result is the same
    """
    at_a_time = words.size // 4 * 4
    least, range_ = real(x, lower), real(x, (upper - lower) * 2.0**-32)
    for start in range(0, x.size, at_a_time):
        count = min(at_a_time, x.size - start)
        fill_words(words, count, start // 4, key, SLOPE, stream, 0, step)
        for index in range(count):
            drawn = fma(real(x, np.int64(words[index])), range_, least)
            factors[start + index] = real(x, 1.0) if x[start + index] > real(x, 0.0) else drawn
