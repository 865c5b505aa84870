"""Lion: steps of one length, in the direction of the sign of a mean gradient."""

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import smallest_normal
from nnkit.optimizers.closed_form import after_each, moved
from nnkit.optimizers.optimizer import (
    CLIPPING,
    NO_DECAY,
    NO_MOMENTUM,
    Optimizer,
    as_number,
    learning_rate,
    share_kept,
)
from nnkit.registry import ClosedForm, Hyper
from nnkit.simd import fabs, fma, real


@kernel
def lion_update(p, g, m, learning_rate, step, beta_1, beta_2, weight_decay):
    """Step by the sign of one mean of the gradients and keep another mean.

    Shapes      p, g, m: (n,); p and m in place
    Cost        8 operations, 20 bytes per float32 parameter
    """
    rate, kept = real(p, learning_rate), real(p, 1.0 - learning_rate * weight_decay)
    keep_1, take_1 = real(p, beta_1), real(p, 1.0 - beta_1)
    keep_2, take_2 = real(p, beta_2), real(p, 1.0 - beta_2)
    one, zero, least = real(p, 1.0), real(p, 0.0), smallest_normal(p)
    for index in range(p.size):
        mixed = fma(keep_1, m[index], take_1 * g[index])
        # The sign of 0 is 0, and the difference keeps NaN, which fails both tests. The smallest normal number
        # counts as 0: whether a product becomes 0 or this number there, x86 and ARM decide differently.
        sign = one if mixed > least else (-one if mixed < -least else mixed - mixed)
        kept_mean = fma(keep_2, m[index], take_2 * g[index])
        m[index] = zero if fabs(kept_mean) <= least else kept_mean
        p[index] = kept * p[index] - rate * sign


LION = Optimizer(
    name="lion",
    summary="Moves every parameter by the same length, against the sign of a mean gradient.",
    formula="p <- p - learning_rate * (sign(beta_1 * m + (1 - beta_1) * g) + weight_decay * p);"
    "  m <- beta_2 * m + (1 - beta_2) * g",
    hyperparameters=(
        learning_rate(0.001),
        share_kept("beta_1", 0.9, "share of the mean in the step's direction", NO_MOMENTUM),
        share_kept("beta_2", 0.99, "share of the mean that is kept"),
        Hyper(
            "weight_decay",
            0.0,
            "Keras's default, off; multiplied by learning_rate",
            at_least=0.0,
            tune="log",
            component=NO_DECAY,
        ),
        *CLIPPING,
    ),
    slot_names=("m",),
    kernel=lion_update,
    decays=True,
    flops=10,
    numerics=2,  # a mean below the smallest normal number made a whole step
    closed_forms=(
        ClosedForm(
            "after a gradient of 1 one of -x turns the step where x > beta_1 * (1 - beta_2) / (1 - beta_1),"
            " 0.09: of -0.08 and -0.1 only the second does",
            moved(
                lambda t: np.array([1.0, 1.0]) if t == 1 else np.array([-0.08, -0.1]), 2, start=np.zeros(2)
            ),
            lambda p: as_number(p["learning_rate"]) * np.array([[1.0, 1.0], [2.0, 0.0]]),
        ),
        ClosedForm(
            "without gradients w <- (1 - learning_rate * weight_decay) * w",
            moved(0.0, 3, start=2.0),
            lambda p: after_each(
                3, lambda t: 2 - 2 * (1 - as_number(p["learning_rate"]) * as_number(p["weight_decay"])) ** t
            ),
            {"learning_rate": 0.5, "weight_decay": 0.1},
        ),
    ),
    source="Chen et al. (2023), Symbolic discovery of optimization algorithms, arXiv:2302.06675;"
    " defaults of Keras 3",
)
