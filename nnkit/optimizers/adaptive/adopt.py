"""ADOPT: Adam that divides by what it knew before this gradient, and takes the mean of the result."""

from collections.abc import Mapping

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import above_zero
from nnkit.optimizers.adaptive.moments import added, mean_kept, square_kept
from nnkit.optimizers.closed_form import Array, moved
from nnkit.optimizers.optimizer import COMMON, Optimizer, as_number, learning_rate
from nnkit.registry import ClosedForm, Component, Hyper, Value
from nnkit.simd import double, fma, real, sqrt


@kernel
def adopt_update(p, g, m, v, learning_rate, step, beta_1, beta_2, epsilon, clipping):
    """Step by the mean of gradients that were divided by the root of the mean square from before them.

    Shapes      p, g, m, v: (n,); all but g in place
    Cost        1 root, 1 division and 10 operations, 28 bytes per float32 parameter
    """
    if step == 1:
        for index in range(p.size):
            v[index] = g[index] * g[index]
            p[index] -= g[index] - g[index]  # 0, and NaN where there is no number: nothing hides it
        return
    rate, least = real(p, learning_rate), above_zero(p, epsilon)
    limit = real(p, sqrt(sqrt(double(step - 1))) if clipping != 0.0 else 1e38)
    keep_1, take_1 = real(p, beta_1), real(p, 1.0 - beta_1)
    keep_2, take_2 = real(p, beta_2), real(p, 1.0 - beta_2)
    for index in range(p.size):
        gradient = g[index]
        root = sqrt(v[index])
        push = gradient / (least if root < least else root)
        push = limit if push > limit else (-limit if push < -limit else push)
        first = fma(keep_1, m[index], take_1 * push)
        m[index] = first
        v[index] = fma(keep_2, v[index], take_2 * (gradient * gradient))
        p[index] = fma(-rate, first, p[index])


# Of the first number the third is cut, and the fourth divided by a root that knows it; the second's root is
# smaller than epsilon throughout.
_GRADIENTS = np.array([[1.0, 1e-7], [1.0, 1e-7], [3.0, 1e-7], [1.0, 1e-7]])


def _path(p: Mapping[str, Value]) -> Array:
    """Return the means of the divided gradients, added up; at first nothing moves."""
    b1, b2, small = as_number(p["beta_1"]), as_number(p["beta_2"]), 1e-7 / as_number(p["epsilon"])
    pushes = np.array([[0.0, 0.0], [1.0, small], [2.0**0.25, small], [1 / np.sqrt(b2 + (1 - b2) * 9), small]])
    means = [sum(b1 ** (t - i) * (1 - b1) * pushes[i] for i in range(t + 1)) for t in range(4)]
    return as_number(p["learning_rate"]) * np.cumsum(means, axis=0)


ADOPT = Optimizer(
    name="adopt",
    summary="Adam whose division does not know the gradient that it divides; converges for every beta_2.",
    formula="g' = clip(g / max(sqrt(v), epsilon), (t - 1)**(1/4));  m <- beta_1 * m + (1 - beta_1) * g';"
    "  p <- p - learning_rate * m;  v <- beta_2 * v + (1 - beta_2) * g**2;  at first only v <- g**2",
    hyperparameters=(
        learning_rate(0.001),
        mean_kept(),
        square_kept(0.9999),
        added(1e-6, "the least root"),
        Hyper(
            "clipping",
            True,
            "false: the first edition's, without a limit of (t - 1)**(1/4) on what was divided",
            component=Component("limit of the divided gradient", False),
        ),
        *COMMON,
    ),
    slot_names=("m", "v"),
    kernel=adopt_update,
    flops=12,
    closed_forms=(
        ClosedForm(
            "gradients 1, 1, 3, 1 move by 0 and then as the mean of 1, 2**(1/4), where 3 is cut, and"
            " 1 / sqrt(beta_2 + 9 * (1 - beta_2)); those of 1e-7 count 1e-7 / epsilon",
            moved(lambda t: _GRADIENTS[t - 1], 4, start=np.zeros(2)),
            _path,
        ),
    ),
    source="Taniguchi et al. (2024), arXiv:2411.02853, Algorithm 2; its package's defaults. The shared"
    " decay goes"
    " before the first step too",
    aliases=("ADOPT",),
)
