"""The scalar functions of the built-in activations: a value and a slope each.

A slope is the derivative, as a function of the input ``x`` or, where that is as good, of the output
``y``: then the input need not be kept until the backward pass. Where the derivative jumps, the slope is
that of the left branch. Conditions are written so that NaN falls into the branch that keeps it.
"""

from nnkit.jit import kernel
from nnkit.kernels.scalar import exp, expm1, normal_cdf, normal_cdf_and_bell, one_plus_exp, sigmoid
from nnkit.simd import copysign, fabs, fma, real


@kernel
def _not_far_below(x):
    """Return ``x``, but at least -1e4, where exp is 0 in both types: infinity times that 0 would be NaN."""
    return real(x, -1e4) if x < real(x, -1e4) else x


@kernel
def _near(x):
    """Return ``x`` between -1e4 and 1e4: beyond, the slopes that call this have reached their limits."""
    low = _not_far_below(x)
    return real(x, 1e4) if low > real(x, 1e4) else low


@kernel
def linear(x):
    return x


@kernel
def linear_slope(y):
    return real(y, 1.0)


@kernel
def relu(x):
    return real(x, 0.0) if x < real(x, 0.0) else x


@kernel
def relu_slope(y):
    return real(y, 0.0) if y <= real(y, 0.0) else real(y, 1.0)


@kernel
def leaky_relu(x, negative_slope):
    # A slope of 0 times -infinity would be NaN.
    z = _not_far_below(x) if negative_slope == real(x, 0.0) else x
    return x if x > real(x, 0.0) else negative_slope * z


@kernel
def leaky_relu_slope(y, negative_slope):
    return real(y, 1.0) if y > real(y, 0.0) else negative_slope


@kernel
def relu6(x):
    y = real(x, 0.0) if x < real(x, 0.0) else x
    return real(x, 6.0) if y > real(x, 6.0) else y


@kernel
def relu6_slope(y):
    slope = real(y, 0.0) if y <= real(y, 0.0) else real(y, 1.0)
    return real(y, 0.0) if y >= real(y, 6.0) else slope


@kernel
def elu(x, alpha):
    below = alpha * expm1(x)
    return x if x > real(x, 0.0) else below


@kernel
def elu_slope(y, alpha):
    """The derivative below 0 is ``alpha * exp(x) = y + alpha``."""
    below = y + alpha
    return real(y, 1.0) if y > real(y, 0.0) else below


@kernel
def selu(x):
    below = real(x, 1.7580993408473768599) * expm1(x)
    above = real(x, 1.0507009873554804934) * x
    return above if x > real(x, 0.0) else below


@kernel
def selu_slope(y):
    below = y + real(y, 1.7580993408473768599)
    return real(y, 1.0507009873554804934) if y > real(y, 0.0) else below


@kernel
def sigmoid_slope(y):
    return y * (real(y, 1.0) - y)


@kernel
def tanh_slope(y):
    return fma(-y, y, real(y, 1.0))


@kernel
def hard_sigmoid(x, slope):
    # slope * (x + edge) and not slope * x + 1/2: near -edge the sum cancels, and a slope of 1/6 is rounded.
    edge = real(x, 0.5) / slope
    y = (x + edge) * slope
    y = real(x, 0.0) if x <= -edge else y
    return real(x, 1.0) if x >= edge else y


@kernel
def hard_sigmoid_slope(y, slope):
    inside = real(y, 0.0) if y <= real(y, 0.0) else slope
    return real(y, 0.0) if y >= real(y, 1.0) else inside


@kernel
def hard_silu(x):
    return _not_far_below(x) * hard_sigmoid(x, real(x, 1.0 / 6.0))


@kernel
def hard_silu_slope(x):
    slope = fma(x, real(x, 1.0 / 3.0), real(x, 0.5))
    slope = real(x, 0.0) if x <= real(x, -3.0) else slope
    return real(x, 1.0) if x >= real(x, 3.0) else slope


@kernel
def hard_tanh(x):
    y = real(x, -1.0) if x < real(x, -1.0) else x
    return real(x, 1.0) if y > real(x, 1.0) else y


@kernel
def hard_tanh_slope(y):
    return real(y, 0.0) if fabs(y) >= real(y, 1.0) else real(y, 1.0)


@kernel
def softsign(x):
    # Beyond 2**54 the quotient is 1 in both types, and at infinity it would be NaN.
    size = real(x, 1e17) if fabs(x) > real(x, 1e17) else fabs(x)
    return copysign(size / (real(x, 1.0) + size), x)


@kernel
def softsign_slope(x):
    root = real(x, 1.0) / (real(x, 1.0) + fabs(x))
    return root * root


@kernel
def softplus_slope(x):
    return sigmoid(x)


@kernel
def gelu(x):
    return _not_far_below(x) * normal_cdf(x)


@kernel
def gelu_slope(x):
    """The derivative of ``x * P(x)`` is ``P(x) + x * exp(-x**2 / 2) / sqrt(2 pi)``."""
    z = _near(x)
    cdf, bell = normal_cdf_and_bell(z)
    return fma(z * real(x, 0.39894228040143267794), bell, cdf)


@kernel
def _gelu_tanh_argument(x):
    """Return ``2 * sqrt(2 / pi) * (x + 0.044715 * x**3)``; half of it goes into the tanh."""
    return x * fma(x * x, real(x, 1.5957691216057308 * 0.044715), real(x, 1.5957691216057308))


@kernel
def gelu_tanh(x):
    return _not_far_below(x) * sigmoid(_gelu_tanh_argument(x))


@kernel
def gelu_tanh_slope(x):
    z = _near(x)
    s, rest = _sigmoid_and_rest(_gelu_tanh_argument(z))
    inner = fma(z * z, real(x, 3.0 * 1.5957691216057308 * 0.044715), real(x, 1.5957691216057308))
    return fma(z * inner, s * rest, s)


@kernel
def _sigmoid_and_rest(x):
    """Return ``s = sigmoid(x)`` and ``1 - s``, which as a difference has no digits left for large ``x``."""
    t = exp(-fabs(x))
    larger = real(x, 1.0) / (real(x, 1.0) + t)
    smaller = t * larger
    is_below = x < real(x, 0.0)
    return (smaller if is_below else larger), (larger if is_below else smaller)


@kernel
def sigmoid_slope_at(x):
    """Return the sigmoid's derivative as a function of its input."""
    s, rest = _sigmoid_and_rest(x)
    return s * rest


@kernel
def silu(x):
    return _not_far_below(x) / one_plus_exp(-x)


@kernel
def silu_slope(x):
    z = _near(x)
    s, rest = _sigmoid_and_rest(z)
    return s * fma(z, rest, real(x, 1.0))


@kernel
def mish(x):
    """``tanh(log(1 + e)) = n / (n + 2)`` with ``e = exp(x)`` and ``n = e * (e + 2)``: one exp, no log."""
    # Beyond 20 the quotient is 1, long before n would overflow.
    e = exp(real(x, 20.0) if x > real(x, 20.0) else x)
    n = fma(e, e, e + e)
    return _not_far_below(x) * (n / (n + real(x, 2.0)))


@kernel
def mish_slope(x):
    """The derivative is ``w + x * 4 e (e + 1) / (n + 2)**2`` with ``w = n / (n + 2)``, as in `mish`."""
    e = exp(real(x, 20.0) if x > real(x, 20.0) else x)
    n = fma(e, e, e + e)
    inverse = real(x, 1.0) / (n + real(x, 2.0))
    z = _not_far_below(x)
    slope = fma(z * (real(x, 4.0) * e), (e + real(x, 1.0)) * inverse * inverse, n * inverse)
    return real(x, 1.0) if x > real(x, 20.0) else slope


@kernel
def exponential(x):
    return exp(x)


@kernel
def exponential_slope(y):
    return y
