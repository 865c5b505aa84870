"""The float32 halves of `nnkit.kernels.scalar`: range reductions and polynomials of 24 bits.

The polynomials are minimax fits by the Remez exchange, relative to the function or as said beside them;
the error named beside each is that of the fit, before rounding. Constants are written with `real`,
because a bare literal would widen the computation to float64. Ranges are cut off so that NaN passes: its
power of two may then be any number, which NaN times that number does not show.
"""

from nnkit.jit import kernel
from nnkit.simd import exponent, fabs, fma, power_above, real, significand


@kernel
def exp_single(x):
    """Return ``exp(x) = 2**n * exp(r)`` with ``n`` whole and ``|r| <= ln(2) / 2``.

    Limits      inf above 88.73; gradual underflow, 0 below -103.98; NaN stays NaN
    """
    lowest, highest = real(x, -104.0), real(x, 89.0)
    z = lowest if x < lowest else x
    z = highest if z > highest else z
    t, r = _reduce(z)
    # 2**n overflows at n = 128 and vanishes below -126 where exp(x) does neither yet: scale in two steps.
    bias = real(x, 64.0) if z > real(x, 0.0) else real(x, -64.0)
    rest = real(x, 2.0**64) if z > real(x, 0.0) else real(x, 2.0**-64)
    return (real(x, 1.0) + _expm1_reduced(r)) * power_above(t - bias) * rest


@kernel
def expm1_single(x):
    """Return ``exp(x) - 1 = 2**n * (exp(r) - 1) + (2**n - 1)``, without cancellation near 0."""
    lowest, highest = real(x, -20.0), real(x, 89.0)
    z = lowest if x < lowest else x
    z = highest if z > highest else z
    t, r = _reduce(z)
    # Half of everything, doubled at the end: 2**128 is no float32, exp(88.7) is one.
    half = power_above(t - real(x, 1.0))
    result = fma(half, _expm1_reduced(r), half - real(x, 0.5))
    return result + result


@kernel
def one_plus_exp_single(x):
    """Return ``1 + exp(x) = 2**n * (exp(r) - 1) + (2**n + 1)``; inf above 88.37."""
    z = real(x, -30.0) if x < real(x, -30.0) else x
    return real(x, float("inf")) if x > real(x, 88.37) else one_plus_exp_not_below_single(z)


@kernel
def one_plus_exp_not_below_single(x):
    """Return ``1 + exp(x)`` for ``x >= -30``; beyond 88.37 what it is there."""
    z = real(x, 88.37) if x > real(x, 88.37) else x
    t, r = _reduce(z)
    power = power_above(t)
    whole = power + real(x, 1.0)
    # At n = 24 and n = -24 the 24 bits of the sum do not hold both: take along what it lost.
    lost = real(x, 1.0) - (whole - power)
    return whole + fma(power, _expm1_reduced(r), lost)


@kernel
def _reduce(x):
    """Return ``1.5 * 2**23 + n`` and ``r`` with ``x = n * ln(2) + r``; ln(2) in two parts, one of 10 bits."""
    # A number of that size has no digits behind the point: the sum is rounded to the nearest whole number,
    # ties to even, and ends in the bits of n. Two conversions less than by rint.
    t = x * real(x, 1.4426950408889634) + real(x, 1.5 * 2.0**23)
    n = t - real(x, 1.5 * 2.0**23)
    r = fma(n, real(x, -0.693359375), x)
    return t, fma(n, real(x, 2.1219444005469058e-4), r)


@kernel
def _expm1_reduced(r):
    """Return ``exp(r) - 1`` for ``|r| <= 0.3467``."""
    return fma(r * r, _exp_bend(r), r)


@kernel
def _exp_bend(r):
    """Return ``(exp(r) - 1 - r) / r**2`` for ``|r| <= 0.3467``, to 2**-26 of exp(r) - 1."""
    q = real(r, 0.0013946490164178676)
    q = fma(q, r, real(r, 0.00836661006759392912))
    q = fma(q, r, real(r, 0.0416662815149379785))
    q = fma(q, r, real(r, 0.166665427983778879))
    return fma(q, r, real(r, 0.500000006204490526))


@kernel
def log_single(x):
    """Return ``log(x) = n * ln(2) + log(1 + f)`` with ``1 + f`` between sqrt(1/2) and sqrt(2).

    Limits      -inf at 0, NaN below, inf at inf
    """
    is_subnormal = x < real(x, 2.0**-126)
    z = x * real(x, 2.0**25) if is_subnormal else x
    n, m = exponent(z), significand(z)
    n = n - real(x, 25.0) if is_subnormal else n
    is_large = m > real(x, 1.4142135623730951)
    n = n + real(x, 1.0) if is_large else n
    m = m * real(x, 0.5) if is_large else m
    f = m - real(x, 1.0)
    square = f * f
    y = fma(n, real(x, -2.1219444005469058e-4), square * f * _log_tail(f))
    y = f + fma(real(x, -0.5), square, y)
    y = fma(n, real(x, 0.693359375), y)
    y = y if x < real(x, float("inf")) else x
    y = y if x != real(x, 0.0) else real(x, float("-inf"))
    return real(x, float("nan")) if x < real(x, 0.0) else y


@kernel
def _log_tail(f):
    """Return ``(log(1 + f) - f + f**2 / 2) / f**3``, to 2**-30 of the logarithm."""
    p = real(f, 0.0674671256645805282)
    p = fma(p, f, real(f, -0.116756801346982198))
    p = fma(p, f, real(f, 0.118881438090050093))
    p = fma(p, f, real(f, -0.124055837615327172))
    p = fma(p, f, real(f, 0.142195546300567441))
    p = fma(p, f, real(f, -0.166679960781014622))
    p = fma(p, f, real(f, 0.200021185036531732))
    p = fma(p, f, real(f, -0.250000096008328914))
    return fma(p, f, real(f, 0.333333126077143197))


@kernel
def softplus_single(x):
    """Return ``log(1 + exp(x)) = max(x, 0) + log(1 + t)`` with ``t = exp(-|x|)``."""
    positive = real(x, 0.0) if x < real(x, 0.0) else x
    t = exp_single(-fabs(x))
    # t last: it is the largest, and every sum before it is rounded to finer steps.
    return fma(t * t, _log1p_bend(t), positive) + t


@kernel
def _log1p_bend(x):
    """Return ``(log(1 + x) - x) / x**2`` for ``x`` in [0, 1], to 2**-29 of the logarithm."""
    p = real(x, 0.0022778047171834)
    p = fma(p, x, real(x, -0.014689254321854))
    p = fma(p, x, real(x, 0.044313176368493))
    p = fma(p, x, real(x, -0.085935748433449))
    p = fma(p, x, real(x, 0.12680796998288))
    p = fma(p, x, real(x, -0.16228909413162))
    p = fma(p, x, real(x, 0.19926467576073))
    p = fma(p, x, real(x, -0.24993328495317))
    p = fma(p, x, real(x, 0.33333093635734))
    return fma(p, x, real(x, -0.5))


@kernel
def normal_tail_single(x):
    """Return the share of the normal distribution above ``x >= 0``, and ``exp(-x**2 / 2)``.

    The share is ``exp(-x**2 / 2) / (x + 1.25) * shape`` with a shape between 0.39 and 0.63. Rounding
    errors that would be magnified, of the square and of the quotient, are taken along in exp, and those
    of the two products up to the last rounding.
    Limits      gradual underflow, 0 beyond 14.2; NaN stays NaN
    """
    a = real(x, 14.5) if x > real(x, 14.5) else x
    square = a * a
    t, r = _reduce(real(x, -0.5) * square)
    nearer, farther = a + real(x, 1.25), a + real(x, 4.0)
    inverse = real(x, 1.0) / (nearer * farther)
    quotient = inverse * farther
    error = fma(-quotient, a - (nearer - real(x, 1.25)), fma(-quotient, nearer, real(x, 1.0)))
    error = fma(real(x, -0.5), fma(a, a, -square), error)
    error = fma(error, fma(real(x, 0.5) * r, r, r), error)
    m = r + fma(r * r, _exp_bend(r), error)
    u = (a - real(x, 4.0)) * (inverse * nearer)
    middle, bend = real(x, 0.49565586713615422201), _tail_bend(u)
    shape = fma(bend, u, middle)
    g = quotient * shape
    g_lost = fma(quotient, fma(bend, u, middle - shape), fma(quotient, shape, -g))
    result = fma(g, m, g_lost) + g
    # 2**n leaves the range of normal numbers long before the result does: scale in two steps.
    scale, rest = power_above(t + real(x, 64.0)), real(x, 2.0**-64)
    return result * scale * rest, (real(x, 1.0) + m) * scale * rest


@kernel
def _tail_bend(x):
    """Return ``(shape - 0.4957) / x`` of `normal_tail_single` for ``x = (a - 4) / (a + 4)``, to 2**-29."""
    p = real(x, -0.000070264246387321413294)
    p = fma(p, x, real(x, -0.000075548177021513806058))
    p = fma(p, x, real(x, 0.00064912511080981235294))
    p = fma(p, x, real(x, -0.00014093821436815308162))
    p = fma(p, x, real(x, -0.0048778854430358761198))
    p = fma(p, x, real(x, 0.015816340705566398398))
    p = fma(p, x, real(x, -0.024481088940158418886))
    p = fma(p, x, real(x, 0.010673213806692448601))
    p = fma(p, x, real(x, 0.045094413996335153746))
    return fma(p, x, real(x, -0.13930289972678718181))


@kernel
def erf_series_single(x):
    """Return ``erf(z) / z - 1`` for ``x = z**2`` up to 0.81, to 2**-31."""
    p = real(x, 0.000085131211607928708359)
    p = fma(p, x, real(x, -0.00081756427871477749201))
    p = fma(p, x, real(x, 0.0052038593924755089438))
    p = fma(p, x, real(x, -0.026860508506067675528))
    p = fma(p, x, real(x, 0.11283715031940055542))
    p = fma(p, x, real(x, -0.37612634979539709195))
    return fma(p, x, real(x, 0.1283791667642108298))


@kernel
def erf_far_single(x):
    """Return ``erf(x) = 1 - exp(log(erfc(x)))`` for ``x >= 0.9``, by a fit of the logarithm to 2**-29."""
    a = real(x, 4.0) if x > real(x, 4.0) else x
    p = real(x, 0.0001982160635575)
    p = fma(p, a, real(x, -0.0030654565847944))
    p = fma(p, a, real(x, 0.022315084924248))
    p = fma(p, a, real(x, -0.10411342620005))
    p = fma(p, a, real(x, -0.63697635574651))
    p = fma(p, a, real(x, -1.1277970896526))
    p = fma(p, a, real(x, -0.00016648255673128))
    return real(x, 1.0) - exp_single(p)


@kernel
def tanh_series_single(x):
    """Return ``(tanh(z) / z - 1) / z**2`` for ``x = z**2`` up to 0.31, to 2**-29 of tanh."""
    p = real(x, -0.0061987455771179935363)
    p = fma(p, x, real(x, 0.02102057627258929819))
    p = fma(p, x, real(x, -0.053840526340322864857))
    p = fma(p, x, real(x, 0.13332480655669379622))
    return fma(p, x, real(x, -0.33333314681748278468))
