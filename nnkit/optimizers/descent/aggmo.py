"""Aggregated momentum: the mean of velocities with short and long memories."""

from nnkit.jit import kernel
from nnkit.optimizers.closed_form import after_each, moved
from nnkit.optimizers.optimizer import COMMON, Optimizer, as_number, learning_rate, share_kept
from nnkit.registry import ClosedForm
from nnkit.simd import fma, real


@kernel
def aggmo_update(p, g, fast, slow, learning_rate, step, beta_1, beta_2):
    """Step along the mean of the gradient and two decaying sums of gradients.

    Shapes      p, g, fast, slow: (n,); all but g in place
    Cost        7 operations, 28 bytes per float32 parameter
    """
    rate = real(p, learning_rate / 3.0)
    keep_1, keep_2 = real(p, beta_1), real(p, beta_2)
    for index in range(p.size):
        gradient = g[index]
        one, two = fma(keep_1, fast[index], gradient), fma(keep_2, slow[index], gradient)
        fast[index] = one
        slow[index] = two
        p[index] = fma(-rate, gradient + one + two, p[index])


def _way(t: int, beta: float) -> float:
    """Return the sum of the first ``t`` velocities of gradients of 1."""
    return sum((1.0 - beta**i) / (1.0 - beta) for i in range(1, t + 1))


AGGMO = Optimizer(
    name="aggmo",
    summary="Gradient descent along the mean of velocities that remember nothing, some, and much.",
    formula="v_i <- beta_i * v_i + g for beta = 0, beta_1, beta_2;  p <- p - learning_rate * mean(v_i)",
    hyperparameters=(
        learning_rate(0.1),
        share_kept("beta_1", 0.9, "share of the short velocity that is kept"),
        share_kept("beta_2", 0.99, "share of the long velocity that is kept"),
        *COMMON,
    ),
    slot_names=("fast", "slow"),
    kernel=aggmo_update,
    flops=8,
    closed_forms=(
        ClosedForm(
            "step t on a constant gradient g is learning_rate * g / 3 * the sum over beta = 0, beta_1,"
            " beta_2 of"
            " (1 - beta**t) / (1 - beta)",
            moved(0.5, 4),
            lambda p: after_each(
                4,
                lambda t: (
                    0.5
                    * as_number(p["learning_rate"])
                    / 3
                    * (t + _way(t, as_number(p["beta_1"])) + _way(t, as_number(p["beta_2"])))
                ),
            ),
        ),
    ),
    source="Lucas et al. (2019), arXiv:1804.00325; three velocities, 1 - 0.1**i, as the paper's default",
    aliases=("AggMo",),
)
