"""Adam-atan2: Adam without an epsilon, as an angle replaces the division."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import smallest_normal
from nnkit.optimizers.adaptive.moments import gathered, mean_kept, root_gathered, square_kept
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.optimizer import COMMON, Optimizer, as_number, learning_rate
from nnkit.registry import ClosedForm, Hyper, Value
from nnkit.simd import ByType, copysign, fabs, fma, real, sqrt

# atan(r) = r + r * z * q(z) with z = r**2, for |r| <= tan(pi / 8): Chebyshev fits, to 2**-57 and 2**-28 of r.


@kernel
def atan_bend_double(x):
    """Return ``q(x)`` with 53 bits."""
    q = -0.01917688711906226
    q = fma(q, x, 0.03923165829558719)
    q = fma(q, x, -0.0508544973794026)
    q = fma(q, x, 0.0585814891280221)
    q = fma(q, x, -0.06664511447381948)
    q = fma(q, x, 0.07692183190826087)
    q = fma(q, x, -0.09090904578123903)
    q = fma(q, x, 0.11111111015256361)
    q = fma(q, x, -0.14285714284666542)
    q = fma(q, x, 0.1999999999999552)
    return fma(q, x, -0.3333333333333333)


@kernel
def atan_bend_single(x):
    """Return ``q(x)`` with 24 bits."""
    q = real(x, -0.0645192821)
    q = fma(q, x, real(x, 0.107437315))
    q = fma(q, x, real(x, -0.142639556))
    q = fma(q, x, real(x, 0.199995405))
    return fma(q, x, real(x, -0.333333318))


atan_bend = ByType(atan_bend_single, atan_bend_double)


@kernel
def angle(y, x, least):
    """Return ``atan2(y, x)`` for ``x`` from 0: the angle of the point, from -pi/2 to pi/2; 0 at the origin.

    ``least`` is the smallest normal number of their type.
    """
    high, one = fabs(y), real(y, 1.0)
    is_steep = high > x
    large, small = (high, x) if is_steep else (x, high)
    ratio = small / (least if large < least else large)
    is_far = ratio > real(y, 0.41421356237309503)  # tan(pi / 8)
    r = (ratio - one) / (ratio + one) if is_far else ratio
    z = r * r
    turned = fma(r * z, atan_bend(z), r) + real(y, 0.7853981633974483 if is_far else 0.0)
    return copysign(real(y, 1.5707963267948966) - turned if is_steep else turned, y)


@kernel
def adam_atan2_update(p, g, m, v, learning_rate, step, beta_1, beta_2, scale, slope):
    """Step by the angle of the mean gradient and the root of the mean square, both corrected.

    Shapes      p, g, m, v: (n,); all but g in place
    Cost        1 root, 2 divisions and 25 operations, 28 bytes per float32 parameter
    """
    rate, least = real(p, learning_rate * scale), smallest_normal(p)
    of_mean = real(p, 1.0 / gathered(beta_1, step))
    of_root = real(p, slope / root_gathered(beta_2, step))
    keep_1, take_1 = real(p, beta_1), real(p, 1.0 - beta_1)
    keep_2, take_2 = real(p, beta_2), real(p, 1.0 - beta_2)
    for index in range(p.size):
        gradient = g[index]
        first = fma(keep_1, m[index], take_1 * gradient)
        second = fma(keep_2, v[index], take_2 * (gradient * gradient))
        m[index] = first
        v[index] = second
        p[index] = fma(-rate, angle(of_mean * first, of_root * sqrt(second), least), p[index])


def _jump(p: Mapping[str, Value]) -> Array:
    """Return the way over gradients 1 and -3."""
    rate, b1, b2 = (as_number(p[n]) for n in ("learning_rate", "beta_1", "beta_2"))
    scale, slope = as_number(p["scale"]), as_number(p["slope"])
    second = np.arctan((b1 - 3) / (1 + b1) / (slope * np.sqrt((b2 + 9) / (1 + b2))))
    return rate * scale * np.cumsum([np.arctan(1 / slope), second])[:, None]


ADAM_ATAN2 = Optimizer(
    name="adam_atan2",
    summary="Adam without an epsilon: an angle in place of the division, the same for gradients of"
    " every size.",
    formula="m, v as Adam's;  p <- p - learning_rate * scale"
    " * atan2(m / (1 - beta_1**t), slope * sqrt(v / (1 - beta_2**t)))",
    hyperparameters=(
        learning_rate(0.001),
        mean_kept(),
        square_kept(),
        Hyper(
            "scale", 1.27, "4 / pi makes a step on a constant gradient one rate long", above=0.0, tune="log"
        ),
        Hyper("slope", 1.0, "factor of the root", above=0.0, tune="log"),
        *COMMON,
    ),
    slot_names=("m", "v"),
    kernel=adam_atan2_update,
    flops=28,
    closed_forms=(
        ClosedForm(
            "the first step is learning_rate * scale * atan(1 / slope), so learning_rate at scale 4 /"
            " pi; after g = 1 a"
            " gradient of -3 turns to atan((beta_1 - 3) / (1 + beta_1) / (slope * sqrt((beta_2 + 9) /"
            " (1 + beta_2))))",
            moved(lambda t: (1.0, -3.0)[t - 1], 2),
            _jump,
            {"slope": 1.5},
        ),
    ),
    source="Everett et al. (2024), arXiv:2407.05872, section 4; scale of the widely used package"
    " adam-atan2-pytorch, 1 in the paper",
    aliases=("AdamAtan2",),
)
