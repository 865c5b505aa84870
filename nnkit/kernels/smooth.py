"""The scalar functions of further smooth activations: a value and a slope each.

As in `nnkit.kernels.activation`: NaN stays NaN, and limits at infinity are those of the function.
"""

from nnkit.jit import kernel
from nnkit.kernels.activation import _sigmoid_and_rest
from nnkit.kernels.scalar import _tanh_series, expm1, sigmoid, softplus, tanh
from nnkit.simd import ByType, copysign, fabs, floor, fma, real, rint, sqrt


@kernel
def log_sigmoid(x):
    return -softplus(-x)


@kernel
def log_sigmoid_slope(x):
    return sigmoid(-x)


@kernel
def celu(x, alpha):
    below = alpha * expm1(x / alpha)
    return x if x > real(x, 0.0) else below


@kernel
def celu_slope(y, alpha):
    """The derivative below 0 is ``exp(x / alpha) = y / alpha + 1``."""
    below = y / alpha + real(y, 1.0)
    return real(y, 1.0) if y > real(y, 0.0) else below


@kernel
def swish(x, beta):
    """Return ``x * sigmoid(beta * x)``, whose product in a tail is 0 and not infinity times 0."""
    z = _far_at_most(x)
    share = sigmoid(beta * z)
    return real(x, 0.0) if share == real(x, 0.0) else x * share


@kernel
def swish_slope(x, beta):
    return swish_slopes(x, beta)[0]


@kernel
def swish_slopes(x, beta):
    """Return the derivatives by x and by beta: ``s + beta x s (1 - s)`` and ``x**2 s (1 - s)``."""
    z = _far_at_most(x)
    argument = beta * z
    share, rest = _sigmoid_and_rest(argument)
    bell = share * rest
    is_flat = bell == real(x, 0.0)
    by_x = share if is_flat else fma(argument, bell, share)
    return by_x, (real(x, 0.0) if is_flat else z * (z * bell))


@kernel
def quick_gelu(x):
    return swish(x, real(x, 1.702))


@kernel
def quick_gelu_slope(x):
    return swish_slopes(x, real(x, 1.702))[0]


@kernel
def _far_at_most(x):
    """Return ``x`` between -1e18 and 1e18, whose squares are numbers in both types."""
    low = real(x, -1e18) if x < real(x, -1e18) else x
    return real(x, 1e18) if low > real(x, 1e18) else low


@kernel
def squareplus(x, b):
    """Return ``(x + root) / 2``, and where that cancels ``b / 4`` over what it is at ``-x``."""
    size = fabs(x)
    # Half of each first, because their sum may be beyond the largest number.
    larger = fma(real(x, 0.5), size, real(x, 0.5) * _square_root(size, b))
    return larger if x >= real(x, 0.0) else real(x, 0.25) * b / larger


@kernel
def _square_root(size, b):
    """Return ``sqrt(size**2 + b)``; beyond 1e18, b is nothing beside a square."""
    z = _far_at_most(size)
    return size if size > real(size, 1e18) else sqrt(fma(z, z, b))


@kernel
def squareplus_slope(x, b):
    """The derivative is the value over the root; at infinity as it is at 1e37, where both are numbers."""
    z = real(x, -1e37) if x < real(x, -1e37) else x
    z = real(x, 1e37) if z > real(x, 1e37) else z
    return squareplus(z, b) / _square_root(fabs(z), b)


@kernel
def tanh_shrink(x):
    """``x - tanh(x)``, near 0 by the series that tanh is made of there."""
    size = fabs(x)
    square = size * size
    near = -(size * square) * _tanh_series(square)
    far = size - tanh(size)
    return copysign(near if size < real(x, 0.55) else far, x)


@kernel
def tanh_shrink_slope(x):
    y = tanh(x)
    return y * y


# Beyond it a float32 says little of where in its wave it lies, and the wave is left out.
_FARTHEST_PHASE = 4194304.0


@kernel
def _in_quarter(x):
    """Return ``x - n pi / 2`` for the nearest whole n, and whether n is odd; pi / 2 in three parts."""
    n = rint(x * real(x, 0.6366197723675814))
    r = fma(n, real(x, -1.5707963705062866), x)
    r = fma(n, real(x, 4.371138828673793e-08), r)
    half = real(x, 0.5) * n
    return fma(n, real(x, 1.7151244994428829e-15), r), floor(half) != half


@kernel
def _sine_and_cosine_single(x):
    """Return both for ``|x| <= pi / 4``: Taylor polynomials of degree 9 and 10, to 2e-9."""
    q = x * x
    s = fma(q, real(x, 1.0 / 362880.0), real(x, -1.0 / 5040.0))
    s = fma(q, s, real(x, 1.0 / 120.0))
    s = fma(q, s, real(x, -1.0 / 6.0))
    c = fma(q, real(x, -1.0 / 3628800.0), real(x, 1.0 / 40320.0))
    c = fma(q, c, real(x, -1.0 / 720.0))
    c = fma(q, c, real(x, 1.0 / 24.0))
    c = fma(q, c, real(x, -0.5))
    return fma(x * q, s, x), fma(q, c, real(x, 1.0))


@kernel
def _sine_and_cosine_double(x):
    """Return both for ``|x| <= pi / 4``: Taylor polynomials of degree 17 and 16, to 2e-18."""
    q = x * x
    s = fma(q, 1.0 / 355687428096000.0, -1.0 / 1307674368000.0)
    s = fma(q, s, 1.0 / 6227020800.0)
    s = fma(q, s, -1.0 / 39916800.0)
    s = fma(q, s, 1.0 / 362880.0)
    s = fma(q, s, -1.0 / 5040.0)
    s = fma(q, s, 1.0 / 120.0)
    s = fma(q, s, -1.0 / 6.0)
    c = fma(q, 1.0 / 20922789888000.0, -1.0 / 87178291200.0)
    c = fma(q, c, 1.0 / 479001600.0)
    c = fma(q, c, -1.0 / 3628800.0)
    c = fma(q, c, 1.0 / 40320.0)
    c = fma(q, c, -1.0 / 720.0)
    c = fma(q, c, 1.0 / 24.0)
    c = fma(q, c, -0.5)
    return fma(x * q, s, x), fma(q, c, 1.0)


_sine_and_cosine = ByType(_sine_and_cosine_single, _sine_and_cosine_double)


@kernel
def _wave(x, alpha):
    """Return sine and cosine of ``alpha * x``, but for a common sign; 0 and 1 far out."""
    is_far = fabs(alpha * x) > real(x, _FARTHEST_PHASE)
    z = real(x, 0.0) if is_far else x
    phase = alpha * z
    rest, is_odd = _in_quarter(phase)
    # What the product lost in rounding counts: it is compared with pi, and not with the phase.
    sine, cosine = _sine_and_cosine(rest + fma(alpha, z, -phase))
    return (cosine if is_odd else sine), (-sine if is_odd else cosine)


@kernel
def snake(x, alpha):
    sine = _wave(x, alpha)[0]
    return x + sine * sine / alpha


@kernel
def snake_slope(x, alpha):
    return snake_slopes(x, alpha)[0]


@kernel
def snake_slopes(x, alpha):
    """Return the derivatives by x and by alpha: with s and c, sine and cosine of ``alpha x``.

    They are ``1 + 2 s c`` and ``(2 x s c - s**2 / alpha) / alpha``.
    """
    sine, cosine = _wave(x, alpha)
    double = (sine + sine) * cosine
    by_alpha = fma(_far_at_most(x), double, -(sine * sine / alpha)) / alpha
    return real(x, 1.0) + double, by_alpha
