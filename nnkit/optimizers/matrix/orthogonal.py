"""What the optimizers with orthogonal steps share: scratch, hyper-parameters, the companion of vectors."""

from collections.abc import Mapping

from nnkit.jit import kernel
from nnkit.kernels.algebra.product import panel_size
from nnkit.kernels.update import LANES
from nnkit.optimizers.optimizer import NO_MOMENTUM, Shaped, Sizes, share_kept
from nnkit.registry import Component, Hyper, Value
from nnkit.simd import real, sqrt


def _square(sizes: Sizes) -> tuple[int, int]:
    side = min(sizes.rows, sizes.columns)
    return side, side


LANES_SCRATCH = Shaped(lambda sizes: (LANES,), "double")
MATRIX = Shaped(lambda sizes: (sizes.rows, sizes.columns))
PANEL = Shaped(lambda sizes: (panel_size(sizes.rows, sizes.columns, sizes.lanes),))
SCRATCH = ("x", "other", "gram", "square", "panel", "lanes")
SHAPED = {
    "x": MATRIX,
    "other": MATRIX,
    "gram": Shaped(_square),
    "square": Shaped(_square),
    "panel": PANEL,
    "lanes": LANES_SCRATCH,
}

ORIGINAL, MATCH_RMS, SPECTRAL = range(3)
NESTEROV = Hyper(
    "nesterov",
    True,
    "the matrix is (1 - momentum) * g + momentum * m, one step ahead",
    component=Component("look-ahead", False),
)
MOMENTUM = share_kept("momentum", 0.95, "share of the running mean gradient that is kept", NO_MOMENTUM)
ITERATIONS = Hyper(
    "iterations", 5, "of the polynomial that pulls singular values to 1", at_least=1, at_most=30, integer=True
)
COEFFICIENTS = Hyper(
    "coefficients",
    "jordan",
    "of that polynomial: jordan (3.4445, -4.775, 2.0315), dion's five, or the cubic that converges to 1",
    choices=("jordan", "dion", "cubic"),
)
EPSILON = Hyper("epsilon", 1e-7, "smallest norm that is divided by", above=0.0)
ENDS = Hyper(
    "ends",
    True,
    "false: the first and the last matrix of a model are the companion's too, as Jordan advises",
)


def companion_rate(default: float | None) -> Hyper:
    return Hyper(
        "companion_learning_rate",
        default,
        "of AdamW, which moves what is no matrix; none: the same learning rate",
        above=0.0,
        optional=True,
    )


def adamw_beside(parameters: Mapping[str, Value]) -> tuple[str, dict[str, Value]]:
    """Return the companion of a matrix optimizer: AdamW, with its own rate and the same decay and limits."""
    rate = parameters["companion_learning_rate"]
    shared = {name: parameters[name] for name in ("clipvalue", "global_clipnorm", "weight_decay")}
    return "adamw", {"learning_rate": parameters["learning_rate"] if rate is None else rate, **shared}


@kernel
def scale_for_shape(rows, columns, scale):
    """Return by what a step with singular values of 1 is multiplied, for a matrix of (inputs, outputs)."""
    if scale == MATCH_RMS:
        return 0.2 * sqrt(1.0 * max(rows, columns))
    if scale == SPECTRAL:
        return sqrt(columns / rows)
    return sqrt(columns / rows) if columns > rows else 1.0


@kernel
def mean_ahead(g, m, x, momentum, nesterov):
    """Move the mean ``m`` towards ``g``, and write to ``x`` it or, for Nesterov, the mean one step ahead.

    Shapes      g, m, x: (rows, columns); m in place
    """
    keep, take = real(m, momentum), real(m, 1.0 - momentum)
    for i in range(m.shape[0]):
        for j in range(m.shape[1]):
            m[i, j] = keep * m[i, j] + take * g[i, j]
            x[i, j] = keep * m[i, j] + take * g[i, j] if nesterov != 0.0 else m[i, j]


@kernel
def step_along(p, direction, length):
    """Subtract ``length * direction``.

    Shapes      p, direction: (rows, columns); p in place
    """
    rate = real(p, length)
    for i in range(p.shape[0]):
        for j in range(p.shape[1]):
            p[i, j] -= rate * direction[i, j]
