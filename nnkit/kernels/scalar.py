"""Elementary functions of one scalar, the same bits on every CPU, for float32 and float64.

Every function is free of branches (both sides are computed, one is selected), so that LLVM turns a
loop over it into vector code. NaN stays NaN, and the limits at infinity are exact. The name is that of
the mathematical function; `exp(x)` of a float32 is a float32.

Accuracy    2 ulp in float32, 3 ulp in float64, where the result is a normal number
"""

from nnkit.jit import kernel
from nnkit.kernels.scalar_double import (
    erf_far_double,
    erf_series_double,
    exp_double,
    expm1_double,
    log_double,
    normal_tail_double,
    one_plus_exp_double,
    tanh_series_double,
)
from nnkit.kernels.scalar_single import (
    erf_far_single,
    erf_series_single,
    exp_single,
    expm1_single,
    log_single,
    normal_tail_single,
    one_plus_exp_not_below_single,
    one_plus_exp_single,
    softplus_single,
    tanh_series_single,
)
from nnkit.simd import ByType, copysign, fabs, fma, real

exp = ByType(exp_single, exp_double)
expm1 = ByType(expm1_single, expm1_double)
log = ByType(log_single, log_double)
one_plus_exp = ByType(one_plus_exp_single, one_plus_exp_double)
_one_plus_exp_not_below = ByType(one_plus_exp_not_below_single, one_plus_exp_double)
_erf_far = ByType(erf_far_single, erf_far_double)
_erf_series = ByType(erf_series_single, erf_series_double)
_normal_tail = ByType(normal_tail_single, normal_tail_double)
_tanh_series = ByType(tanh_series_single, tanh_series_double)


@kernel
def log1p(x):
    """Return ``log(1 + x)``, accurate near 0: the rounding error of ``1 + x`` is added back."""
    u = real(x, 1.0) + x
    lost = (x - (u - real(x, 1.0))) / u
    # At x = -1 and at infinity the error is 0 / 0 or inf - inf, and nothing is to be added back.
    return log(u) + (lost if fabs(lost) < real(x, 1.0) else real(x, 0.0))


@kernel
def _softplus_double(x):
    positive = 0.0 if x < 0.0 else x
    return positive + log1p(exp(-fabs(x)))


softplus = ByType(softplus_single, _softplus_double)


@kernel
def sigmoid(x):
    """Return ``1 / (1 + exp(-x))``; its derivative is ``y * (1 - y)``.

    Limits      0 below -88.37 in float32 and -709.4 in float64, where the result is subnormal
    """
    return real(x, 1.0) / one_plus_exp(-x)


@kernel
def tanh(x):
    """Return ``tanh(x) = 1 - 2 / (1 + exp(2 x))``, exactly odd; its derivative is ``1 - y**2``."""
    a = fabs(x)
    square = a * a
    # The quotient cancels near 0: a series there, up to where tanh is 1/2.
    near = fma(a * square, _tanh_series(square), a)
    far = real(x, 1.0) - real(x, 2.0) / _one_plus_exp_not_below(a + a)
    return copysign(near if a < real(x, 0.55) else far, x)


@kernel
def erf(x):
    """Return the error function, exactly odd."""
    a = fabs(x)
    square = a * a
    near = fma(a, _erf_series(square), a)
    return copysign(near if a < real(x, 0.9) else _erf_far(a), x)


@kernel
def normal_cdf(x):
    """Return the normal distribution function ``(1 + erf(x / sqrt(2))) / 2``, accurate in both tails."""
    return normal_cdf_and_bell(x)[0]


@kernel
def normal_cdf_and_bell(x):
    """Return the normal distribution function and ``exp(-x**2 / 2)``, which comes with it."""
    tail, bell = _normal_tail(fabs(x))
    return (tail if x < real(x, 0.0) else real(x, 1.0) - tail), bell
