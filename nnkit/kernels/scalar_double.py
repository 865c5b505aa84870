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
def one_plus_exp_double(x):
    """Return ``1 + exp(x) = 2**n * (exp(r) - 1) + (2**n + 1)`` with one rounding, inf above 709.4."""
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

    The share is ``exp(-x**2 / 2) * g`` with a smooth ``g``. The rounding error of the square would be
    magnified by exp: it is added to exp's argument.
    Limits      gradual underflow, 0 beyond 38.5; NaN stays NaN
    """
    a = 39.0 if x > 39.0 else x
    square = a * a
    lost = fma(a, a, -square)
    n, r = _reduce(-0.5 * square)
    m = _expm1_reduced(fma(-0.5, lost, r))
    g = _scaled_tail(a)
    # 2**n leaves the range of normal numbers long before the result does: scale in two steps.
    scale = power_of_two(n + 512.0)
    return fma(g, m, g) * scale * 2.0**-512, (1.0 + m) * scale * 2.0**-512


@kernel
def _scaled_tail(x):
    """Return ``g`` of `normal_tail_double` for ``x`` in [0, 41], to 2**-59."""
    p = 2.2825979649047087445e-7
    p = fma(p, x, 7.0836378820045319322e-6)
    p = fma(p, x, 0.00010797104200257297572)
    p = fma(p, x, 0.001051246154670119474)
    p = fma(p, x, 0.0071888457555763364631)
    p = fma(p, x, 0.035938305076210193822)
    p = fma(p, x, 0.1328409557576626509)
    p = fma(p, x, 0.35896461480066704943)
    p = fma(p, x, 0.68170654306931737605)
    p = fma(p, x, 0.82926775684992115812)
    p = fma(p, x, 0.5)
    q = 5.7216245984442741727e-7
    q = fma(q, x, 0.000017756047002304848029)
    q = fma(q, x, 0.00027121542918214598698)
    q = fma(q, x, 0.0026528393820748111875)
    q = fma(q, x, 0.018289262966613649146)
    q = fma(q, x, 0.09268354315319047028)
    q = fma(q, x, 0.35046708818169606001)
    q = fma(q, x, 0.98478235007409930585)
    q = fma(q, x, 2.0083902723119642384)
    q = fma(q, x, 2.8233527384305608928)
    q = fma(q, x, 2.4564200745027079077)
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
