"""Quantiles and tails of the few distributions that the intervals and tests need.

They are written out here because ``scipy.special`` takes 0.13 s to import, more than all the statistics of a
run may take together. The formulas are those of Abramowitz and Stegun, Handbook of Mathematical Functions,
chapter 26, for whole degrees of freedom, where they are finite sums.
"""

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np

_STANDARD_NORMAL = NormalDist()
# From here on the expansion in 1 / dof is good to 1e-10, and the finite sum would only cost time.
_LARGE_DOF = 300


def normal_cdf(x: float) -> float:
    """Return P(Z <= x) for a standard normal Z."""
    # By erfc and not 1 + erf: the latter loses the lower tail to cancellation.
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def normal_quantile(probability: float) -> float:
    """Return the z with P(Z <= z) = probability; infinite at 0 and 1."""
    if probability in (0.0, 1.0):
        return math.copysign(math.inf, probability - 0.5)
    return _STANDARD_NORMAL.inv_cdf(probability)


def t_quantile(probability: float, dof: int) -> float:
    """Return the quantile of Student's t with ``dof`` degrees of freedom."""
    if probability == 0.5:
        return 0.0
    if probability < 0.5:
        return -t_quantile(1.0 - probability, dof)
    if dof >= _LARGE_DOF:
        return _t_quantile_expanded(normal_quantile(probability), dof)
    within = 2.0 * probability - 1.0
    # The angle and not t is searched: it is bounded, and t = sqrt(dof) tan(angle) has heavy tails at 1 and 2.
    angle = _bisect(lambda theta: _t_mass_within(theta, dof) - within, 0.0, 0.5 * math.pi)
    return math.sqrt(dof) * math.tan(angle)


def t_two_sided_p(t: float, dof: int) -> float:
    """Return P(|T| >= |t|) for Student's T with ``dof`` degrees of freedom."""
    return max(0.0, 1.0 - _t_mass_within(math.atan(abs(t) / math.sqrt(dof)), dof))


def share_error(share: float, n: int, *, confidence: float = 0.95) -> float:
    """Return z sqrt(p (1 - p) / n): how far a share of ``n`` examples may be from the share of all."""
    return normal_quantile(0.5 + 0.5 * confidence) * math.sqrt(share * (1.0 - share) / n)


def studentized_range_quantile(probability: float, n_groups: int) -> float:
    """Return the quantile of the range of ``n_groups`` standard normals (infinite degrees of freedom).

    P(range <= q) = k ∫ φ(z) [Φ(z) − Φ(z − q)]^(k−1) dz, where z is the largest of the k values. The trapezoid
    rule converges exponentially on an integrand that vanishes with all its derivatives at both ends.
    """
    z = np.linspace(-8.5, 8.5, 512)
    weight = n_groups * np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi) * (z[1] - z[0])
    below = np.array([normal_cdf(value) for value in z])

    def excess(q: float) -> float:
        shifted = np.array([normal_cdf(value - q) for value in z])
        return float(np.sum(weight * (below - shifted) ** (n_groups - 1))) - probability

    return _bisect(excess, 0.0, 17.0)


def _t_mass_within(theta: float, dof: int) -> float:
    """Return P(|T| <= sqrt(dof) tan(theta)), Handbook, 26.7.3 and 26.7.4."""
    sine, cosine_squared = math.sin(theta), math.cos(theta) ** 2
    if dof % 2:
        term, total = math.cos(theta), 0.0
        for i in range(1, (dof + 1) // 2):
            total += term
            term *= cosine_squared * (2 * i) / (2 * i + 1)
        return (theta + sine * total) * 2.0 / math.pi
    term, total = 1.0, 0.0
    for i in range(dof // 2):
        total += term
        term *= cosine_squared * (2 * i + 1) / (2 * i + 2)
    return sine * total


def _t_quantile_expanded(z: float, dof: int) -> float:
    """Return the t quantile from the normal one by powers of 1 / dof (Handbook, 26.7.5)."""
    g1 = (z**3 + z) / 4
    g2 = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    g3 = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    g4 = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + g1 / dof + g2 / dof**2 + g3 / dof**3 + g4 / dof**4


def _bisect(function: Callable[[float], float], low: float, high: float) -> float:
    """Return the root of an increasing function between ``low`` and ``high``, to the last bit."""
    while True:
        middle = 0.5 * (low + high)
        if middle in (low, high):
            return middle
        if function(middle) < 0.0:
            low = middle
        else:
            high = middle
