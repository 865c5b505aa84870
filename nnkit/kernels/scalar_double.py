"""The float64 halves of `nnkit.kernels.scalar`: the methods of `scalar_single` with 53 bits.

The polynomials are minimax fits (Remez for polynomials, weighted least squares for the rational one);
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
def erfcx_double(x):
    """Return ``exp(x**2) * erfc(x)`` for ``x`` in [0, 29], to 2**-59."""
    p = 0.000014608626975390135965
    p = fma(p, x, 0.00032056885643746032081)
    p = fma(p, x, 0.003455073344082335223)
    p = fma(p, x, 0.023786985109232757306)
    p = fma(p, x, 0.11502153208922138341)
    p = fma(p, x, 0.40659550757982642682)
    p = fma(p, x, 1.0627276460613012072)
    p = fma(p, x, 2.0306105066525487537)
    p = fma(p, x, 2.7268261722772695042)
    p = fma(p, x, 2.3455234171517451893)
    p = fma(p, x, 1.0)
    q = 0.000025893117138967700624
    q = fma(q, x, 0.00056819350407375513692)
    q = fma(q, x, 0.0061369046123876889094)
    q = fma(q, x, 0.042445430113196979)
    q = fma(q, x, 0.20691938986554407436)
    q = fma(q, x, 0.74146834522552376224)
    q = fma(q, x, 1.9825412370878480944)
    q = fma(q, x, 3.9391294002963972234)
    q = fma(q, x, 5.680585523283546775)
    q = fma(q, x, 5.6467054768611217857)
    q = fma(q, x, 3.4739025842472580964)
    q = fma(q, x, 1.0)
    return p / q


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
