"""Prodigy and D-Adaptation: Adam with an estimate of how far the solution is in place of a rate."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import LANES, above_zero, clear_lanes, sum_lanes
from nnkit.optimizers.adaptive.adam import integer_power
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.optimizer import (
    CLIPPING,
    NO_DECAY,
    NO_EPSILON,
    NO_MOMENTUM,
    Optimizer,
    as_number,
    learning_rate,
    share_kept,
)
from nnkit.optimizers.parameter_free.distance import (
    LANES_SCRATCH,
    ONE,
    progress,
    remember_start,
    sum_of_sizes,
)
from nnkit.registry import ClosedForm, Hyper, Value
from nnkit.simd import double, fma, real, sqrt


@kernel
def larger(a, b):
    """Return the larger of two numbers; NaN where the first is."""
    return b if b > a else a


@kernel
def times_growth(d, growth_rate):
    """Return the largest estimate that may follow ``d``; without a limit, NaN, the largest number."""
    return 1e300 if growth_rate != growth_rate else d * growth_rate


@kernel
def adam_step(p, m, v, rate, offset, kept):
    """Leave of the weights the share ``kept``, and step by ``rate * m / (sqrt(v) + offset)``.

    Shapes      p, m, v: (n,); p in place
    """
    for index in range(p.size):
        p[index] = fma(-rate, m[index] / (sqrt(v[index]) + offset), kept * p[index])


@kernel
def prodigy_update(
    p, g, m, v, s, start, d, largest, numerator, lanes, learning_rate, step, beta_1, beta_2, beta_3, epsilon,
    first_distance, coefficient, growth_rate, bias_correction, safeguard_warmup, weight_decay,
):  # fmt: skip
    """Step as Adam does, by the distance that gradients and the way so far tell.

    Shapes      p, g, m, v, s, start: (n,); d, largest, numerator: (1,); all but g in place; lanes: (LANES,)
                float64
    Cost        1 root, 1 division and 22 operations, 60 bytes per float32 parameter
    """
    remember_start(p, start, step)
    before, first = double(d[0]), first_distance
    keep_s = sqrt(beta_2) if beta_3 != beta_3 else beta_3
    correction = 1.0
    if bias_correction != 0.0:
        correction = sqrt(1.0 - integer_power(beta_2, step)) / (1.0 - integer_power(beta_1, step))
    rate = before * learning_rate * correction
    weight = (before / first) * rate
    gain = weight * progress(g, p, start, lanes)
    numerator[0] = real(p, keep_s * double(numerator[0]) + gain)
    keep_1, take_1 = real(p, beta_1), real(p, before * (1.0 - beta_1))
    keep_2, take_2 = real(p, beta_2), before * before * (1.0 - beta_2)
    keep_3 = real(p, keep_s)
    take_3 = real(p, (before / first) * before if safeguard_warmup != 0.0 else weight)
    for index in range(p.size):
        m[index] = fma(keep_1, m[index], take_1 * g[index])
        # In float64: at first d**2 is 1e-12, and the product with a small square would be 0 in float32.
        square = take_2 * (double(g[index]) * double(g[index]))
        v[index] = fma(keep_2, v[index], real(p, square))
        s[index] = fma(keep_3, s[index], take_3 * g[index])
    total = sum_of_sizes(s, lanes)
    if total == 0.0:
        return
    found = coefficient * double(numerator[0]) / total
    # The first estimate that is larger counts whole: the limit of growth is for those after it.
    reached = larger(before, found) if before == double(real(p, first)) else before
    most, limit = larger(double(largest[0]), found), times_growth(reached, growth_rate)
    after = limit if limit < most else most
    largest[0], d[0] = real(p, most), real(p, after)
    offset = above_zero(p, after * epsilon)
    adam_step(p, m, v, real(p, rate), offset, real(p, 1.0 - rate * weight_decay))


@kernel
def weighted_progress(g, s, v, offset, lanes):
    """Return ``g · (s / (sqrt(v) + offset))`` in float64.

    Shapes      g, s, v: (n,); lanes: (LANES,) float64 scratch
    """
    clear_lanes(lanes)
    for index in range(g.size):
        lanes[index % LANES] += double(g[index]) * (double(s[index]) / (sqrt(double(v[index])) + offset))
    return sum_lanes(lanes)


@kernel
def dadapt_adam_update(
    p, g, m, v, s, d, numerator, lanes, learning_rate, step, beta_1, beta_2, epsilon, growth_rate,
    bias_correction, weight_decay,
):  # fmt: skip
    """Step as Adam does, by a lower bound of the distance to the solution.

    Shapes      p, g, m, v, s: (n,); d, numerator: (1,); all but g in place; lanes: (LANES,) float64
    Cost        2 roots, 2 divisions and 20 operations, 56 bytes per float32 parameter
    """
    before, keep_s = double(d[0]), sqrt(beta_2)
    correction = 1.0
    if bias_correction != 0.0:
        correction = sqrt(1.0 - integer_power(beta_2, step)) / (1.0 - integer_power(beta_1, step))
    rate = before * learning_rate * correction
    offset = double(above_zero(p, epsilon))
    gain = rate * weighted_progress(g, s, v, offset, lanes)
    keep_1, take_1 = real(p, beta_1), real(p, rate * (1.0 - beta_1))
    keep_2, take_2 = real(p, beta_2), real(p, 1.0 - beta_2)
    keep_3, take_3 = real(p, keep_s), real(p, (1.0 - keep_s) * rate)
    for index in range(p.size):
        m[index] = fma(keep_1, m[index], take_1 * g[index])
        v[index] = fma(keep_2, v[index], take_2 * (g[index] * g[index]))
        s[index] = fma(keep_3, s[index], take_3 * g[index])
    total = sum_of_sizes(s, lanes)
    numerator[0] = real(p, keep_s * double(numerator[0]) + (1.0 - keep_s) * gain)
    if total == 0.0:
        return
    found, limit = double(numerator[0]) / ((1.0 - keep_s) * total), times_growth(before, growth_rate)
    d[0] = real(p, larger(before, limit if found > limit else found))
    adam_step(p, m, v, real(p, 1.0), real(p, offset), real(p, 1.0 - rate * weight_decay))


def _prodigy_path(p: Mapping[str, Value]) -> Array:
    """Return the first three steps on a constant gradient.

    After one step, p_0 - p_1 = d_0 r a sign(g), a = (1 - β₁) / √(1 - β₂): the numerator is d_0 r ‖g‖₁ times
    that, s is d_0 r (1 + √β₂) g, and their quotient d = d_0 r a / (1 + √β₂), which the third step takes.
    """
    first, second = as_number(p["beta_1"]), as_number(p["beta_2"])
    rate, d_0 = as_number(p["learning_rate"]), as_number(p["first_distance"])
    one = (1.0 - first) / np.sqrt(1.0 - second)
    two = (1.0 - first**2) / np.sqrt(1.0 - second**2)
    d = d_0 * max(1.0, rate * one / (1.0 + np.sqrt(second)))
    m = first * d_0 * (1.0 - first**2) + d * (1.0 - first)
    v = second * d_0**2 * (1.0 - second**2) + d**2 * (1.0 - second)
    steps = [rate * d_0 * one, rate * d_0 * two, rate * d * m / np.sqrt(v)]
    return np.outer(np.cumsum(steps), np.sign(_SLOPE))


def _dadapt_path(p: Mapping[str, Value]) -> Array:
    """Return the first three steps on a constant gradient.

    At the second, s is (1 - k) r g of the first, k = √β₂ and r = d_0 * learning_rate: the numerator is
    (1 - k)² r² ‖g‖₁ / √(1 - β₂), the denominator (1 - k) times ‖(1 - k²) r g‖₁; d is their quotient.
    """
    first, second = as_number(p["beta_1"]), as_number(p["beta_2"])
    rate, d_0 = as_number(p["learning_rate"]), as_number(p["first_distance"])
    d = d_0 * max(1.0, rate / ((1.0 + np.sqrt(second)) * np.sqrt(1.0 - second)))
    means = [d_0 * (1.0 - first), d_0 * (1.0 - first**2), d_0 * first * (1.0 - first**2) + d * (1.0 - first)]
    steps = [rate * m / np.sqrt(1.0 - second**t) for t, m in enumerate(means, start=1)]
    return np.outer(np.cumsum(steps), np.sign(_SLOPE))


_SLOPE = np.array([3.0, -4.0])
_ADAMS = (
    share_kept("beta_1", 0.9, "share of the mean gradient that is kept", NO_MOMENTUM),
    share_kept("beta_2", 0.999, "share of the mean square that is kept"),
)
_FIRST = Hyper("first_distance", 1e-6, "the first estimate d_0, far below the truth", above=0.0, tune="log")
_GROWTH = Hyper(
    "growth_rate",
    None,
    "largest factor between the estimates of two steps; none: no limit",
    above=1.0,
    optional=True,
)
_CORRECTION = Hyper("bias_correction", False, "true: Adam's corrections, which make first steps 1, not 3.2")
_REST = (
    Hyper("weight_decay", 0.0, "decoupled, multiplied by the whole rate d * learning_rate", at_least=0.0,
          tune="log", component=NO_DECAY),
    *CLIPPING,
)  # fmt: skip
PRODIGY = Optimizer(
    name="prodigy",
    summary="Adam whose rate is the distance to the solution, as far as the way so far tells it.",
    formula="m <- beta_1 * m + (1 - beta_1) * d * g;  v <- beta_2 * v + (1 - beta_2) * (d * g)**2;"
    "  n <- beta_3 * n + d**2 * rate / d_0 * g·(p_0 - p);  s <- beta_3 * s + d**2 * rate / d_0 * g;"
    "  p <- p - rate * d * m / (sqrt(v) + d * epsilon);  d <- max(d, n / ‖s‖_1)",
    hyperparameters=(
        learning_rate(1.0),
        *_ADAMS,
        Hyper("beta_3", None, "share of both sums that is kept; none: sqrt(beta_2)", at_least=0.0, below=1.0,
              optional=True),
        Hyper("epsilon", 1e-8, above=0.0, tune="log", component=NO_EPSILON),
        _FIRST,
        Hyper("coefficient", 1.0, "of the estimate: the author's d_coef", above=0.0, tune="log"),
        _GROWTH,
        _CORRECTION,
        Hyper("safeguard_warmup", False, "true: the sum s leaves out the rate, for schedules that warm up"),
        *_REST,
    ),
    slot_names=("m", "v", "s", "start", "d", "largest", "numerator"),
    slot_start=(0.0, 0.0, 0.0, 0.0, "first_distance", "first_distance", 0.0),
    scratch=("lanes",),
    shaped={"d": ONE, "largest": ONE, "numerator": ONE, "lanes": LANES_SCRATCH},
    kernel=prodigy_update,
    flops=24,
    closed_forms=(
        ClosedForm(
            "on a constant gradient: d_0 * (1 - beta_1) / sqrt(1 - beta_2) = 3.1623 d_0, Adam's second step,"
            " then a step with d = 3.1623 d_0 / (1 + sqrt(beta_2))",
            moved(lambda t: _SLOPE, 3, start=np.zeros(2)),
            _prodigy_path,
            {"epsilon": 1e-30},
        ),
        ClosedForm(
            "a thousand times the gradient is the same path",
            moved(lambda t: 1e3 * _SLOPE, 3, start=np.zeros(2)),
            _prodigy_path,
            {"epsilon": 1e-30},
        ),
    ),
    source="Mishchenko and Defazio (2023), arXiv:2306.06101, Algorithm 4; as in prodigyopt 1.1",
    aliases=("Prodigy",),
)  # fmt: skip
DADAPT_ADAM = Optimizer(
    name="dadapt_adam",
    summary="D-Adaptation: Adam whose rate is a lower bound of the distance to the solution.",
    formula="n <- k * n + (1 - k) * rate * d * g·s / (sqrt(v) + epsilon), k = sqrt(beta_2);"
    "  m <- beta_1 * m + (1 - beta_1) * rate * d * g;  v <- beta_2 * v + (1 - beta_2) * g**2;"
    "  s <- k * s + (1 - k) * rate * d * g;  d <- max(d, n / ((1 - k) * ‖s‖_1));"
    "  p <- p - m / (sqrt(v) + epsilon)",
    hyperparameters=(
        learning_rate(1.0),
        *_ADAMS,
        Hyper("epsilon", 1e-8, above=0.0, tune="log", component=NO_EPSILON),
        _FIRST,
        _GROWTH,
        _CORRECTION,
        *_REST,
    ),
    slot_names=("m", "v", "s", "d", "numerator"),
    slot_start=(0.0, 0.0, 0.0, "first_distance", 0.0),
    scratch=("lanes",),
    shaped={"d": ONE, "numerator": ONE, "lanes": LANES_SCRATCH},
    kernel=dadapt_adam_update,
    flops=22,
    closed_forms=(
        ClosedForm(
            "on a constant gradient: two steps of Adam without correction, by d_0, then one with"
            " d = d_0 / ((1 + sqrt(beta_2)) * sqrt(1 - beta_2))",
            moved(lambda t: _SLOPE, 3, start=np.zeros(2)),
            _dadapt_path,
            {"epsilon": 1e-30},
        ),
    ),
    source="Defazio and Mishchenko (2023), arXiv:2301.07733, Algorithm 5; as in dadaptation 3.2",
    aliases=("DAdaptAdam",),
)
