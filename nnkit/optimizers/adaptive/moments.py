"""The hyper-parameters and numbers of a step that optimizers with Adam's moments share."""

from nnkit.jit import kernel
from nnkit.optimizers.adaptive.adam import integer_power
from nnkit.optimizers.optimizer import NO_EPSILON, NO_MOMENTUM, share_kept
from nnkit.registry import Hyper
from nnkit.simd import sqrt


@kernel
def gathered(beta, step):
    """Return the float64 ``1 - beta**step``: the share of a running mean from zero that gradients fill."""
    return 1.0 - integer_power(beta, step)


@kernel
def root_gathered(beta, step):
    """Return the root of that share."""
    return sqrt(1.0 - integer_power(beta, step))


def mean_kept(default: float = 0.9) -> Hyper:
    return share_kept("beta_1", default, "share of the mean gradient that is kept", NO_MOMENTUM)


def square_kept(default: float = 0.999) -> Hyper:
    return share_kept("beta_2", default, "share of the mean square that is kept")


def added(default: float, summary: str = "added to the root") -> Hyper:
    """Return the epsilon that keeps a division finite."""
    return Hyper("epsilon", default, summary, above=0.0, tune="log", component=NO_EPSILON)
