"""AMSGrad: Adam that divides by the largest mean square so far."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import above_zero
from nnkit.optimizers.adaptive.adam import ADAM_HYPERPARAMETERS, AMSGRAD_NAMES
from nnkit.optimizers.adaptive.moments import gathered, root_gathered
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.optimizer import COMMON, Optimizer, as_number
from nnkit.registry import ClosedForm, Value
from nnkit.simd import fma, real, sqrt


@kernel
def amsgrad_update(
    p, g, m, v, largest, learning_rate, step, beta_1, beta_2, epsilon, epsilon_hat, bias_correction
):
    """Step by the mean gradient over the root of the largest mean square so far.

    Shapes      p, g, m, v, largest: (n,); all but g in place
    Cost        1 root, 1 division and 11 operations, 36 bytes per float32 parameter
    """
    corrects = bias_correction != 0.0
    correction = root_gathered(beta_2, step) if corrects else 1.0
    rate = real(p, learning_rate * correction / (gathered(beta_1, step) if corrects else 1.0))
    offset = above_zero(p, epsilon if epsilon_hat != 0.0 else epsilon * correction)
    keep_1, take_1 = real(p, beta_1), real(p, 1.0 - beta_1)
    keep_2, take_2 = real(p, beta_2), real(p, 1.0 - beta_2)
    for index in range(p.size):
        gradient = g[index]
        first = fma(keep_1, m[index], take_1 * gradient)
        second = fma(keep_2, v[index], take_2 * (gradient * gradient))
        m[index] = first
        v[index] = second
        # NaN fails the test and becomes the largest.
        most = largest[index] if largest[index] > second else second
        largest[index] = most
        p[index] -= rate * first / (sqrt(most) + offset)


def _falling(p: Mapping[str, Value]) -> Array:
    """Return the way over gradients 1 and 0: the mean square falls, the largest stays."""
    rate, b1, b2, epsilon = (as_number(p[n]) for n in ("learning_rate", "beta_1", "beta_2", "epsilon"))
    second = b1 * (1 - b1) / (1 - b1**2) / (np.sqrt((1 - b2) / (1 - b2**2)) + epsilon)
    return rate * np.array([[1 / (1 + epsilon)], [1 / (1 + epsilon) + second]])


AMSGRAD = Optimizer(
    name="amsgrad",
    summary="Adam whose division never gets smaller: by the root of the largest mean square so far.",
    formula="m, v as Adam's;  l <- max(l, v);"
    "  p <- p - learning_rate * m / (1 - beta_1**t) / (sqrt(l / (1 - beta_2**t)) + epsilon)",
    hyperparameters=(
        *(hyper for hyper in ADAM_HYPERPARAMETERS if hyper.name in ("learning_rate", *AMSGRAD_NAMES)),
        *COMMON,
    ),
    slot_names=("m", "v", "largest"),
    kernel=amsgrad_update,
    flops=13,
    closed_forms=(
        ClosedForm(
            "after g = 1 a gradient of 0 moves by learning_rate * beta_1 / (1 + beta_1)"
            " / (1 / sqrt(1 + beta_2) + epsilon): the mean square fell, the largest did not",
            moved(lambda t: (1.0, 0.0)[t - 1], 2),
            _falling,
            {"epsilon": 0.01, "beta_2": 0.8},
        ),
    ),
    source="Reddi, Kale and Kumar (2018), arXiv:1904.09237; corrected for the start from zero as in"
    " PyTorch and Keras",
    aliases=("AMSGrad",),
)
