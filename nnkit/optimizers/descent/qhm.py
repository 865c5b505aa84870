"""Quasi-hyperbolic momentum: a mean of the gradient and of gradient descent with momentum."""

from collections.abc import Mapping

from nnkit.jit import kernel
from nnkit.optimizers.closed_form import after_each, moved
from nnkit.optimizers.optimizer import COMMON, NO_MOMENTUM, Optimizer, as_number, learning_rate, share_kept
from nnkit.registry import ClosedForm, Component, Hyper, Value
from nnkit.simd import fma, real


@kernel
def qhm_update(p, g, m, learning_rate, step, momentum, nu):
    """Step by the share ``nu`` of the mean gradient and the rest of this one.

    Shapes      p, g, m: (n,); p and m in place
    Cost        7 operations, 20 bytes per float32 parameter
    """
    keep, take = real(p, momentum), real(p, 1.0 - momentum)
    of_mean, of_now = real(p, learning_rate * nu), real(p, learning_rate * (1.0 - nu))
    for index in range(p.size):
        mean = fma(keep, m[index], take * g[index])
        m[index] = mean
        p[index] -= fma(of_mean, mean, of_now * g[index])


def plain_described(parameters: Mapping[str, Value]) -> tuple[str, dict[str, Value]] | None:
    """Return gradient descent where the mean is the gradient, or no share of the step."""
    if parameters["momentum"] != 0.0 and parameters["nu"] != 0.0:
        return None
    return "sgd", {name: value for name, value in parameters.items() if name not in ("momentum", "nu")}


QHM = Optimizer(
    name="qhm",
    summary="A mean of gradient descent and of gradient descent with momentum.",
    formula="m <- momentum * m + (1 - momentum) * g;  p <- p - learning_rate * ((1 - nu) * g + nu * m)",
    hyperparameters=(
        learning_rate(1.0),
        share_kept("momentum", 0.999, "share of the mean gradient that is kept", NO_MOMENTUM),
        Hyper(
            "nu",
            0.7,
            "share of the mean in the step; momentum makes it nesterov, 1 momentum, both at (1 - momentum)"
            " of their rates",
            at_least=0.0,
            at_most=1.0,
            component=Component("mean gradient", 0.0),
        ),
        *COMMON,
    ),
    slot_names=("m",),
    kernel=qhm_update,
    flops=8,
    becomes=plain_described,
    closed_forms=(
        ClosedForm(
            "step t on a constant gradient g is learning_rate * g * (1 - nu * momentum**t)",
            moved(0.5, 4),
            lambda p: after_each(
                4,
                lambda t: (
                    0.5
                    * as_number(p["learning_rate"])
                    * sum(1 - as_number(p["nu"]) * as_number(p["momentum"]) ** i for i in range(1, t + 1))
                ),
            ),
            {"momentum": 0.9},
        ),
    ),
    source="Ma and Yarats (2019), arXiv:1810.06801, section 3 and its rule of thumb",
    aliases=("QHM",),
)
