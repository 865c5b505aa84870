"""SignSGD and Signum: steps of one length against the sign of a gradient, or of a mean of gradients."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import smallest_normal
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.optimizer import COMMON, NO_MOMENTUM, Optimizer, as_number, learning_rate, share_kept
from nnkit.registry import ClosedForm, Value
from nnkit.simd import fabs, fma, real


@kernel
def sign_of(x):
    """Return 1, -1 or 0 in the type of ``x``; NaN fails both tests and stays."""
    one, zero = real(x, 1.0), real(x, 0.0)
    return one if x > zero else (-one if x < zero else x - x)


@kernel
def signsgd_update(p, g, learning_rate, step):
    """Step by the sign of the gradient.

    Shapes      p, g: (n,); p in place
    Cost        2 operations, 12 bytes per float32 parameter
    """
    rate = real(p, learning_rate)
    for index in range(p.size):
        p[index] = fma(-rate, sign_of(g[index]), p[index])


@kernel
def signum_update(p, g, m, learning_rate, step, momentum):
    """Step by the sign of the mean gradient; a mean below the smallest normal number is none, as in Lion.

    Shapes      p, g, m: (n,); p and m in place
    Cost        5 operations, 20 bytes per float32 parameter
    """
    rate, keep, take = real(p, learning_rate), real(p, momentum), real(p, 1.0 - momentum)
    zero, least = real(p, 0.0), smallest_normal(p)
    for index in range(p.size):
        mean = fma(keep, m[index], take * g[index])
        mean = zero if fabs(mean) <= least else mean
        m[index] = mean
        p[index] = fma(-rate, sign_of(mean), p[index])


def without_mean(parameters: Mapping[str, Value]) -> tuple[str, dict[str, Value]] | None:
    """Return SignSGD where no mean is kept."""
    if parameters["momentum"] != 0.0:
        return None
    return "signsgd", {name: value for name, value in parameters.items() if name != "momentum"}


# After a gradient of 1 a mean that keeps the share b turns under -x where x > b.
_PUSHES = (1.0, -0.85, -0.85)


def _turns(gradients: tuple[float, ...], kept: float) -> Array:
    """Return the sum of the signs of the mean so far, worked out step by step."""
    mean, total, path = 0.0, 0.0, []
    for g in gradients:
        mean = kept * mean + (1.0 - kept) * g
        total += float(np.sign(mean))
        path.append([total])
    return np.array(path)


SIGNSGD = Optimizer(
    name="signsgd",
    summary="Moves every parameter by the same length, against the sign of its gradient.",
    formula="p <- p - learning_rate * sign(g)",
    hyperparameters=(learning_rate(0.001), *COMMON),
    kernel=signsgd_update,
    flops=2,
    closed_forms=(
        ClosedForm(
            "gradients 3, -0.1 and 0 move by +1, -1 and 0 times the rate",
            moved(lambda t: (3.0, -0.1, 0.0)[t - 1], 3),
            lambda p: as_number(p["learning_rate"]) * np.array([[1.0], [0.0], [0.0]]),
        ),
    ),
    source="Bernstein et al. (2018), arXiv:1802.04434, Algorithm 1",
    aliases=("SignSGD",),
)

SIGNUM = Optimizer(
    name="signum",
    summary="Moves every parameter by the same length, against the sign of its mean gradient.",
    formula="m <- momentum * m + (1 - momentum) * g;  p <- p - learning_rate * sign(m)",
    hyperparameters=(
        learning_rate(0.001),
        share_kept("momentum", 0.9, "share of the mean gradient that is kept", NO_MOMENTUM),
        *COMMON,
    ),
    slot_names=("m",),
    kernel=signum_update,
    flops=6,
    becomes=without_mean,
    closed_forms=(
        ClosedForm(
            "after a gradient of 1 a second of -x turns the sign where x > momentum: 0.85 does not at 0.9,"
            " a third does",
            moved(lambda t: _PUSHES[t - 1], 3),
            lambda p: as_number(p["learning_rate"]) * _turns(_PUSHES, as_number(p["momentum"])),
        ),
    ),
    source="Bernstein et al. (2018), arXiv:1802.04434, Algorithm 2",
    aliases=("Signum",),
)
