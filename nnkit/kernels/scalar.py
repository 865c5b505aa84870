"""Elementary functions of one scalar, the same bits on every CPU, for float32 and float64.

Every function is free of branches (both sides are computed, one is selected), so that LLVM turns a
loop over it into vector code. NaN stays NaN, and the limits at infinity are exact. The name is that of
the mathematical function; `exp(x)` of a float32 is a float32.

Accuracy    2 ulp in float32, 3 ulp in float64 (tests/nnkit/kernels/test_scalar.py), subnormal results too
"""

from nnkit.jit import kernel
from nnkit.kernels.scalar_double import (
    erf_series_double,
    erfcx_double,
    exp_double,
    expm1_double,
    log_double,
)
from nnkit.kernels.scalar_single import (
    erf_series_single,
    erfcx_single,
    exp_single,
    expm1_single,
    log1p_unit_single,
    log_single,
)
from nnkit.simd import ByType, copysign, fabs, fma, real

exp = ByType(exp_single, exp_double)
expm1 = ByType(expm1_single, expm1_double)
log = ByType(log_single, log_double)
_erfcx = ByType(erfcx_single, erfcx_double)
_erf_series = ByType(erf_series_single, erf_series_double)


@kernel
def log1p(x):
    """Return ``log(1 + x)``, accurate near 0: the rounding error of ``1 + x`` is added back."""
    u = real(x, 1.0) + x
    lost = (x - (u - real(x, 1.0))) / u
    # At x = -1 and at infinity the error is 0 / 0 or inf - inf, and nothing is to be added back.
    return log(u) + (lost if fabs(lost) < real(x, 1.0) else real(x, 0.0))


_log1p_unit = ByType(log1p_unit_single, log1p)


@kernel
def sigmoid(x):
    """Return ``1 / (1 + exp(-x))``; its derivative is ``y * (1 - y)``."""
    # exp of a negative number does not overflow, and the left tail keeps its subnormal numbers.
    t = exp(-fabs(x))
    return (t if x < real(x, 0.0) else real(x, 1.0)) / (real(x, 1.0) + t)


@kernel
def tanh(x):
    """Return ``tanh(x)``, exactly odd; its derivative is ``1 - y**2``."""
    a = fabs(x)
    a = real(x, 20.0) if a > real(x, 20.0) else a
    # With exp(-2 a) - 1 instead, the rounding errors near 1 would count twice.
    e = expm1(a + a)
    return copysign(e / (e + real(x, 2.0)), x)


@kernel
def softplus(x):
    """Return ``log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|))``; its derivative is ``sigmoid(x)``."""
    positive = real(x, 0.0) if x < real(x, 0.0) else x
    return positive + _log1p_unit(exp(-fabs(x)))


@kernel
def erf(x):
    """Return the error function, exactly odd."""
    a = fabs(x)
    a = real(x, 10.0) if a > real(x, 10.0) else a
    near = fma(a, _erf_series(a * a), a)
    far = real(x, 1.0) - exp(-(a * a)) * _erfcx(a)
    return copysign(near if a < real(x, 0.9) else far, x)


@kernel
def normal_cdf(x):
    """Return the normal distribution function ``(1 + erf(x / sqrt(2))) / 2``, accurate in both tails."""
    return normal_tails(x)[0]


@kernel
def normal_tails(x):
    """Return the normal distribution function and ``exp(-x**2 / 2)``, which it is made of."""
    a = fabs(x)
    a = real(x, 40.0) if a > real(x, 40.0) else a
    square = a * a
    # The rounding error of the square would be magnified to 2**-24 * x**2 by exp: take it along.
    lost = fma(a, a, -square)
    density = exp(real(x, -0.5) * square)
    density = fma(real(x, -0.5) * lost, density, density)
    below = density * (real(x, 0.5) * _erfcx(a * real(x, 0.7071067811865476)))
    return (below if x < real(x, 0.0) else real(x, 1.0) - below), density
