"""The float64 halves of `nnkit.kernels.scalar`: the methods of `scalar_single` with 53 bits.

The polynomials are minimax fits by the Remez exchange, relative to the function or as said beside them;
the error named beside each is that of the fit, before rounding.
"""

from nnkit.jit import kernel
from nnkit.simd import exponent, fma, power_of_two, rint, significand


@kernel
def exp_double(x):
    """Return ``exp(x) = 2**n * exp(r)`` with ``n`` whole and ``|r| <= ln(2) / 2``.

    Limits      inf above 709.79; gradual underflow, 0 below -745.14; NaN stays NaN
    """
    z = -746.0 if x < -746.0 else x
    z = 710.0 if z > 710.0 else z
    n, r = _reduce(z)
    # 2**n overflows at n = 1024 and vanishes below -1022 where exp(x) does neither yet: scale in two steps.
    bias = 512.0 if z > 0.0 else -512.0
    rest = 2.0**512 if z > 0.0 else 2.0**-512
    return (1.0 + _expm1_reduced(r)) * power_of_two(n - bias) * rest


@kernel
def expm1_double(x):
    """Return ``exp(x) - 1 = 2**n * (exp(r) - 1) + (2**n - 1)``, without cancellation near 0."""
    z = -40.0 if x < -40.0 else x
    z = 710.0 if z > 710.0 else z
    n, r = _reduce(z)
    # Half of everything, doubled at the end: 2**1024 is no float64, exp(709.7) is one.
    half = power_of_two(n - 1.0)
    result = fma(half, _expm1_reduced(r), half - 0.5)
    return result + result


@kernel
def one_plus_exp_double(x):
    """Return ``1 + exp(x) = 2**n * (exp(r) - 1) + (2**n + 1)``; inf above 709.4."""
    z = -60.0 if x < -60.0 else x
    z = 709.4 if z > 709.4 else z
    n, r = _reduce(z)
    power = power_of_two(n)
    result = fma(power, _expm1_reduced(r), power + 1.0)
    return float("inf") if x > 709.4 else result


@kernel
def _reduce(x):
    """Return ``n`` and ``r`` with ``x = n * ln(2) + r``; ln(2) in two parts, the first of 33 bits."""
    n = rint(x * 1.4426950408889634)
    r = fma(n, -6.93147180369123816490e-01, x)
    return n, fma(n, -1.90821492927058770002e-10, r)


@kernel
def _expm1_reduced(r):
    """Return ``exp(r) - 1`` for ``|r| <= 0.3467``, to 2**-61."""
    q = 2.09244264627757961e-9
    q = fma(q, r, 2.51090902409841002e-8)
    q = fma(q, r, 2.75572428386259045e-7)
    q = fma(q, r, 2.75572440624294339e-6)
    q = fma(q, r, 0.0000248015873604287029)
    q = fma(q, r, 0.000198412698862656263)
    q = fma(q, r, 0.00138888888888669243)
    q = fma(q, r, 0.00833333333332157866)
    q = fma(q, r, 0.0416666666666667011)
    q = fma(q, r, 0.166666666666666766)
    q = fma(q, r, 0.5)
    return fma(r * r, q, r)


@kernel
def log_double(x):
    """Return ``log(x) = n * ln(2) + log(1 + f)`` with ``1 + f`` between sqrt(1/2) and sqrt(2).

    Limits      -inf at 0, NaN below, inf at inf
    """
    is_subnormal = x < 2.0**-1022
    z = x * 2.0**54 if is_subnormal else x
    n, m = exponent(z), significand(z)
    n = n - 54.0 if is_subnormal else n
    is_large = m > 1.4142135623730951
    n = n + 1.0 if is_large else n
    m = m * 0.5 if is_large else m
    f = m - 1.0
    half_square = 0.5 * f * f
    s = f / (2.0 + f)
    tail = fma(s, half_square + _log_tail(s * s), n * 1.90821492927058770002e-10)
    y = fma(n, 6.93147180369123816490e-01, f - (half_square - tail))
    y = y if x < float("inf") else x
    y = y if x != 0.0 else float("-inf")
    return float("nan") if x < 0.0 else y


@kernel
def _log_tail(z):
    """Return ``2 atanh(s) / s - 2`` for ``z = s**2`` up to 0.0295, to 2**-59 of the logarithm."""
    p = 0.14796722595911752696
    p = fma(p, z, 0.15313977551308469532)
    p = fma(p, z, 0.18183567005192586077)
    p = fma(p, z, 0.22222198525182663298)
    p = fma(p, z, 0.28571428742818449303)
    p = fma(p, z, 0.39999999999412921547)
    return z * fma(p, z, 0.66666666666667346464)


@kernel
def normal_tail_double(x):
    """Return the share of the normal distribution above ``x >= 0``, and ``exp(-x**2 / 2)``.

    The share is ``exp(-x**2 / 2) / (x + 1.25) * shape`` with a shape between 0.39 and 0.63. Rounding
    errors that would be magnified, of the square and of the quotient, are added to exp's argument.
    Limits      gradual underflow, 0 beyond 38.5; NaN stays NaN
    """
    a = 39.0 if x > 39.0 else x
    square = a * a
    n, r = _reduce(-0.5 * square)
    nearer, farther = a + 1.25, a + 6.0
    inverse = 1.0 / (nearer * farther)
    quotient = inverse * farther
    error = fma(-quotient, a - (nearer - 1.25), fma(-quotient, nearer, 1.0))
    m = _expm1_reduced(r + fma(-0.5, fma(a, a, -square), error))
    shape = _tail_shape((a - 6.0) * (inverse * nearer))
    g = quotient * shape
    result = fma(g, m, fma(quotient, shape, -g)) + g
    # 2**n leaves the range of normal numbers long before the result does: scale in two steps.
    scale, rest = power_of_two(n + 512.0), 2.0**-512
    return result * scale * rest, (1.0 + m) * scale * rest


@kernel
def _tail_shape(x):
    """Return the shape in `normal_tail_double` for ``x = (a - 6) / (a + 6)``, to 2**-58."""
    p = 1.4801170969173974193e-9
    p = fma(p, x, 2.890381695595763643e-9)
    p = fma(p, x, -1.4876524855633614347e-8)
    p = fma(p, x, -2.0836286250130196718e-8)
    p = fma(p, x, 1.2649026331713670405e-7)
    p = fma(p, x, 1.4782210925824489228e-8)
    p = fma(p, x, -9.7152717497876369198e-7)
    p = fma(p, x, 1.6047900525029113455e-6)
    p = fma(p, x, 4.5318928835309803229e-6)
    p = fma(p, x, -0.00002498197563178486429)
    p = fma(p, x, 0.000032667441103577313071)
    p = fma(p, x, 0.00012258319211351158708)
    p = fma(p, x, -0.00082390140290986254338)
    p = fma(p, x, 0.002682292483725025653)
    p = fma(p, x, -0.0062053374222845218162)
    p = fma(p, x, 0.011035255170487313576)
    p = fma(p, x, -0.015019559475148392162)
    p = fma(p, x, 0.01382883210645768133)
    p = fma(p, x, -0.0019357291735216665986)
    p = fma(p, x, -0.024849896729394455398)
    p = fma(p, x, 0.066269297925047816446)
    p = fma(p, x, -0.11582454567002545025)
    return fma(p, x, 0.46965002885223965633)


@kernel
def erf_series_double(x):
    """Return ``erf(z) / z - 1`` for ``x = z**2`` up to 0.81, to 2**-60."""
    p = -8.4818547203024798313e-10
    p = fma(p, x, 1.4046048276057376454e-8)
    p = fma(p, x, -1.6275476062637993117e-7)
    p = fma(p, x, 1.645521389713277992e-6)
    p = fma(p, x, -0.00001492529973484416154)
    p = fma(p, x, 0.00012055321041869973937)
    p = fma(p, x, -0.00085483267549061381165)
    p = fma(p, x, 0.0052239776216028775452)
    p = fma(p, x, -0.026866170644806584258)
    p = fma(p, x, 0.11283791670953703654)
    p = fma(p, x, -0.37612638903183727996)
    return fma(p, x, 0.1283791670955125732)


@kernel
def erf_far_double(x):
    """Return ``erf(x)`` for ``x >= 0.9``: one minus both tails of the normal distribution."""
    return fma(-2.0, normal_tail_double(x * 1.4142135623730951)[0], 1.0)


@kernel
def tanh_series_double(x):
    """Return ``(tanh(z) / z - 1) / z**2`` for ``x = z**2`` up to 0.31, to 2**-60 of tanh."""
    p = -0.000019021710012915740274
    p = fma(p, x, 0.000082554829881062046355)
    p = fma(p, x, -0.00023285365334976630706)
    p = fma(p, x, 0.00058823848398810288505)
    p = fma(p, x, -0.0014554931629489717217)
    p = fma(p, x, 0.0035920843788512522086)
    p = fma(p, x, -0.0088632318507025675664)
    p = fma(p, x, 0.021869488340471320126)
    p = fma(p, x, -0.053968253962190965633)
    p = fma(p, x, 0.13333333333323946038)
    return fma(p, x, -0.33333333333333282721)
