"""Losses of real targets, value by value: each is one function of an output and its target."""

from typing import Any

from nnkit.jit import Kernel, kernel
from nnkit.kernels import loss as kernels
from nnkit.kernels.scalar import exp, expm1, log, log1p, tanh
from nnkit.losses.closed_form import gradient_at, value_at
from nnkit.losses.record import Fast, Loss
from nnkit.losses.rows import row_of_numbers
from nnkit.registry import ClosedForm, Hyper
from nnkit.simd import double, fabs, sqrt

EPSILON = 1e-7  # Keras's, where a logarithm or a quotient would have no value


@kernel
def sign(d):
    """Return -1, 0 or 1; of NaN NaN."""
    return d / fabs(d) if d != 0.0 else 0.0


@kernel
def squared(y, t):
    """Return ``(y - t)**2`` and its slope."""
    d = y - t
    return d * d, 2.0 * d


@kernel
def absolute(y, t):
    """Return ``|y - t|`` and its slope, which is 0 at 0."""
    d = y - t
    return fabs(d), sign(d)


@kernel
def huber(y, t, delta):
    """Return ``d**2 / 2`` near 0 and a straight line beyond ``delta``, and the slope."""
    d = y - t
    a = fabs(d)
    is_near = a <= delta
    return (0.5 * d * d if is_near else delta * (a - 0.5 * delta)), (d if is_near else delta * sign(d))


@kernel
def log_cosh(y, t):
    """Return ``log(cosh(y - t))`` and its slope; ``cosh a - 1 = expm1(a)**2 / (2 exp(a))`` near 0."""
    d = y - t
    a = fabs(d)
    near = a if a < 1.0 else 1.0
    grown = expm1(near)
    far = a + log1p(exp(-2.0 * a)) - 0.6931471805599453
    return (log1p(0.5 * grown * grown / exp(near)) if a < 1.0 else far), tanh(d)


@kernel
def percentage(y, t):
    """Return ``100 |y - t| / |t|`` and its slope; ``|t|`` is at least epsilon."""
    size = fabs(t)
    share = 100.0 / (EPSILON if size < EPSILON else size)
    return share * fabs(y - t), share * sign(y - t)


@kernel
def squared_logarithmic(y, t):
    """Return ``(log(1 + y) - log(1 + t))**2`` and its slope; both are at least epsilon."""
    is_low = y < EPSILON
    up = EPSILON if is_low else y
    d = log1p(up) - log1p(EPSILON if t < EPSILON else t)
    return d * d, (0.0 if is_low else 2.0 * d / (1.0 + up))


@kernel
def poisson(y, t, log_input):
    """Return ``rate - t log(rate)`` and its slope, of the rate ``y`` or of its logarithm."""
    if log_input != 0.0:
        rate = exp(y)
        return rate - t * y, rate - t
    rate = y + EPSILON
    return y - t * log(rate), 1.0 - t / rate


@kernel
def cosine_row(outputs, targets, doutputs, i):
    """Minus the cosine of the angle between a row and its target; lengths are at least 1e-7."""
    n = outputs.shape[1]
    square, target_square, product = 0.0, 0.0, 0.0
    for k in range(n):
        y, t = double(outputs[i, k]), double(targets[i, k])
        square += y * y
        target_square += t * t
        product += y * t
    length, target_length = sqrt(square), sqrt(target_square)
    is_short = length < 1e-7
    length = 1e-7 if is_short else length
    target_length = 1e-7 if target_length < 1e-7 else target_length
    cosine = product / (length * target_length)
    # Where the length is held at its least, it does not move with the outputs.
    back = 0.0 if is_short else cosine / length
    for k in range(n):
        y, t = double(outputs[i, k]), double(targets[i, k])
        doutputs[i, k] = back * (y / length) - t / (length * target_length)
    return -cosine, 0


def _of_numbers(each: Kernel, **about: Any) -> Loss:
    return Loss(row=row_of_numbers.bind(each=each), targets="real", **about)


_D = ([[0.5], [-3.0]], [[0.0], [0.0]])  # differences of 0.5 and -3
_FOUR = ([[1.0, 2.0], [3.0, 5.0]], [[0.0, 0.0], [0.0, 0.0]])
MEAN_SQUARED_ERROR = _of_numbers(
    squared,
    name="mean_squared_error",
    aliases=("mse", "MeanSquaredError", "MSELoss"),
    summary="The mean of the squared differences over rows and outputs.",
    formula="L = mean((y - target)**2)",
    source="Keras 3, MeanSquaredError",
    flops=(4, 2),
    fast=Fast(kernels.mean_squared_error_gradient, kernels.mean_squared_error_value, (5, 2), (3, 2)),
    closed_forms=(
        ClosedForm("differences 1, 2, 3, 5 have the mean 39 / 4, without a half", value_at(*_FOUR), 9.75),
        ClosedForm("the gradient is 2 d / 4", gradient_at(*_FOUR), [[0.5, 1.0], [1.5, 2.5]]),
    ),
)
MEAN_ABSOLUTE_ERROR = _of_numbers(
    absolute,
    name="mean_absolute_error",
    aliases=("mae", "MeanAbsoluteError", "L1Loss"),
    summary="The mean distance over rows and outputs: what is far off weighs no more than it is.",
    formula="L = mean(|y - target|); the slope at 0 is 0",
    source="Keras 3, MeanAbsoluteError",
    flops=(4, 2),
    closed_forms=(
        ClosedForm("differences 0.5 and -3 have the mean distance 1.75", value_at(*_D), 1.75),
        ClosedForm(
            "slopes are -1, 0 and 1", gradient_at([[2.0, 0.0, -2.0]], [[0.0] * 3]), [[1 / 3, 0.0, -1 / 3]]
        ),
    ),
)
HUBER = _of_numbers(
    huber,
    name="huber",
    aliases=("Huber", "HuberLoss"),
    summary="Half the square up to a distance of delta, and a straight line beyond.",
    formula="L = mean(d**2 / 2 if |d| <= delta else delta * (|d| - delta / 2)), d = y - target",
    source="Huber (1964), Annals of Mathematical Statistics 35(1); Keras 3, Huber; PyTorch, HuberLoss",
    hyperparameters=(Hyper("delta", 1.0, "where the straight line begins", above=0.0, tune="log"),),
    flops=(6, 2),
    closed_forms=(
        ClosedForm(
            "inside delta it is half the square: 0.125 for d = 0.5", value_at([[0.5]], [[0.0]]), 0.125
        ),
        ClosedForm(
            "outside the slope is delta: d = -3 costs 2 * 3 - 2 = 4 at delta = 2",
            value_at([[-3.0]], [[0.0]]),
            4.0,
            {"delta": 2.0},
        ),
        ClosedForm(
            "no gradient is longer than delta", gradient_at([[9.0]], [[0.0]]), [[0.25]], {"delta": 0.25}
        ),
    ),
)
LOG_COSH = _of_numbers(
    log_cosh,
    name="log_cosh",
    aliases=("LogCosh", "logcosh"),
    summary="The logarithm of cosh: half the square near 0, the distance less log 2 far off.",
    formula="L = mean(log(cosh(y - target)))",
    source="Keras 3, LogCosh",
    flops=(60, 2),
    closed_forms=(
        ClosedForm("far off it is |d| - log 2", value_at([[1e4]], [[0.0]]), 1e4 - 0.6931471805599453),
        ClosedForm("near 0 it is d**2 / 2", value_at([[1e-6]], [[0.0]]), 5e-13, tolerance=1e-9),
        ClosedForm(
            "cosh(log 2) = 1.25, and the slope is tanh(log 2) = 0.6",
            gradient_at([[0.6931471805599453]], [[0.0]]),
            [[0.6]],
        ),
    ),
)
MEAN_ABSOLUTE_PERCENTAGE_ERROR = _of_numbers(
    percentage,
    name="mean_absolute_percentage_error",
    aliases=("mape", "MeanAbsolutePercentageError"),
    summary="The mean distance in percent of the target, whose size is at least 1e-7.",
    formula="L = mean(100 * |y - target| / max(|target|, 1e-7))",
    source="Keras 3, MeanAbsolutePercentageError",
    flops=(6, 2),
    closed_forms=(
        ClosedForm("3 for 4 and -5 for -4 are 25 % off", value_at([[3.0, -5.0]], [[4.0, -4.0]]), 25.0),
        ClosedForm("a target of 0 counts as 1e-7", value_at([[1e-7]], [[0.0]]), 100.0),
        ClosedForm(
            "the slope is 100 % of the target's size",
            gradient_at([[3.0, -3.0]], [[4.0, -4.0]]),
            [[-12.5, 12.5]],
        ),
    ),
)
MEAN_SQUARED_LOGARITHMIC_ERROR = _of_numbers(
    squared_logarithmic,
    name="mean_squared_logarithmic_error",
    aliases=("msle", "MeanSquaredLogarithmicError"),
    summary="The mean square of the differences of logarithms: ratios count, of numbers from 0.",
    formula="L = mean((log(1 + max(y, 1e-7)) - log(1 + max(target, 1e-7)))**2)",
    source="Keras 3, MeanSquaredLogarithmicError",
    flops=(54, 2),
    closed_forms=(
        ClosedForm(
            "1 + y twice 1 + target costs log(2)**2", value_at([[7.0]], [[3.0]]), 0.6931471805599453**2
        ),
        ClosedForm(
            "its slope is 2 log(2) / (1 + y)", gradient_at([[7.0]], [[3.0]]), [[0.6931471805599453 / 4]]
        ),
    ),
)
POISSON = _of_numbers(
    poisson,
    name="poisson",
    aliases=("Poisson", "PoissonNLLLoss"),
    summary="Minus the log-likelihood of counts, less what no output moves.",
    formula="L = mean(y - target * log(y + 1e-7)); with log_input mean(exp(y) - target * y)",
    source="Keras 3, Poisson; log_input as in PyTorch, PoissonNLLLoss, whose default it is",
    hyperparameters=(Hyper("log_input", False, "true: the outputs are logarithms of the rates"),),
    flops=(24, 2),
    needs="positive",
    closed_forms=(
        ClosedForm(
            "a rate of e for a count of 3 costs e - 3, and least at the count itself",
            value_at([[1.0]], [[3.0]]),
            2.718281828459045 - 3.0,
            {"log_input": True},
        ),
        ClosedForm(
            "the slope is exp(y) - target", gradient_at([[0.0]], [[3.0]]), [[-2.0]], {"log_input": True}
        ),
        ClosedForm(
            "of the rate itself the slope is 1 - target / (y + 1e-7)",
            gradient_at([[2.0]], [[3.0]]),
            [[1 - 3 / 2.0000001]],
        ),
    ),
)
COSINE_SIMILARITY = Loss(
    row=cosine_row,
    name="cosine_similarity",
    aliases=("CosineSimilarity",),
    summary="Minus the cosine of the angle between outputs and target: -1 where they point the same way.",
    formula="L = -sum_k y_k t_k / (|y| |t|), lengths at least 1e-7",
    source="Keras 3, CosineSimilarity; PyTorch's CosineEmbeddingLoss adds 1",
    targets="real",
    along_last_axis=True,
    flops=(12, 10),
    closed_forms=(
        ClosedForm("(3, 4) and (4, 3) have the cosine 24/25", value_at([[3.0, 4.0]], [[8.0, 6.0]]), -0.96),
        ClosedForm(
            "the gradient stands at a right angle", gradient_at([[3.0, 4.0]], [[0.0, 1.0]]), [[0.096, -0.072]]
        ),
    ),
)
REGRESSION = (
    MEAN_SQUARED_ERROR,
    MEAN_ABSOLUTE_ERROR,
    HUBER,
    LOG_COSH,
    MEAN_ABSOLUTE_PERCENTAGE_ERROR,
    MEAN_SQUARED_LOGARITHMIC_ERROR,
    POISSON,
    COSINE_SIMILARITY,
)
