"""Wrappers that change the gradient before the optimizer sees it."""

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import LANES, clip_by_global_norm
from nnkit.optimizers.closed_form import after_each
from nnkit.optimizers.optimizer import Shaped, Sizes
from nnkit.optimizers.wrappers.closed_form import RATE, moved_around
from nnkit.optimizers.wrappers.wrapper import Wrapper
from nnkit.registry import ClosedForm, Hyper
from nnkit.simd import double, fma, real, sqrt


def _by_column(sizes: Sizes) -> tuple[int, ...]:
    return (sizes.columns,)


_OF_COLUMNS = Shaped(_by_column, "double")


@kernel
def amplify_slow(p, g, mean, learning_rate, step, alpha, amplify):
    """Add ``amplify`` times the running mean of the gradients, which starts from 0.

    Shapes      p, g, mean: (n,); g and mean in place
    """
    keep, take, more = real(g, alpha), real(g, 1.0 - alpha), real(g, amplify)
    for i in range(g.size):
        mean[i] = fma(keep, mean[i], take * g[i])
        g[i] = fma(more, mean[i], g[i])


GROKFAST = Wrapper(
    name="grokfast",
    summary="Amplifies what gradients have in common over many steps.",
    formula="m <- alpha * m + (1 - alpha) * g;  g <- g + amplify * m",
    hyperparameters=(
        Hyper("alpha", 0.98, "share of the mean that is kept", at_least=0.0, below=1.0, tune="complement"),
        Hyper("amplify", 2.0, "how often the mean is added; 0 is no wrapper", at_least=0.0, tune="log"),
    ),
    before=amplify_slow,
    slot_names=("mean",),
    neutral=("amplify", 0.0),
    closed_forms=(
        ClosedForm(
            "on a constant g, step t of sgd is learning_rate * g * (1 + amplify * (1 - alpha**t))",
            moved_around(0.5, 5),
            lambda p: after_each(
                5,
                lambda t: RATE * 0.5 * sum(1 + p["amplify"] * (1 - p["alpha"] ** s) for s in range(1, t + 1)),
            ),
            {"alpha": 0.9},
        ),
    ),
    source="Lee et al. (2024), Grokfast, arXiv:2405.20233, its filter EMA; the mean from 0, where their code"
    " begins with the first gradient",
    aliases=("Grokfast",),
)


@kernel
def centralize(p, g, sums, learning_rate, step):
    """Take from every column of a gradient its mean; a matrix of one row, as a vector is, stays.

    Shapes      p, g: (rows, columns), g in place; sums: (columns,) float64 scratch
    """
    rows, columns = g.shape
    if rows == 1:
        return
    for j in range(columns):
        sums[j] = 0.0
    for i in range(rows):
        for j in range(columns):
            sums[j] += double(g[i, j])
    for i in range(rows):
        for j in range(columns):
            g[i, j] -= real(g, sums[j] / rows)


CENTRALIZATION = Wrapper(
    name="centralize",
    summary="Gives the gradient of every unit's incoming weights the mean 0; biases stay.",
    formula="g[:, j] <- g[:, j] - mean(g[:, j])",
    before=centralize,
    over="matrix",
    scratch=("sums",),
    closed_forms=(
        ClosedForm(
            "the columns (1, 2, 6) and (0, 0, 3) of a gradient lose their means 3 and 1",
            moved_around(lambda t: [[1.0, 0.0], [2.0, 0.0], [6.0, 3.0]], 1, start=np.zeros((3, 2))),
            RATE * np.array([[[-2.0, -1.0], [-1.0, -1.0], [3.0, 2.0]]]),
        ),
    ),
    shaped={"sums": _OF_COLUMNS},
    source="Yong et al. (2020), Gradient centralization, arXiv:2004.01461",
    aliases=("gradient_centralization", "GradientCentralization"),
)


@kernel
def orthogonalize(p, g, learning_rate, step):
    """Take from a gradient its part along the weights, and give it its length back.

    Shapes      p, g: (n,), g in place
    """
    along, length, before = 0.0, 1e-30, 0.0
    for i in range(g.size):
        along += double(p[i]) * double(g[i])
        length += double(p[i]) * double(p[i])
        before += double(g[i]) * double(g[i])
    part = along / length
    left = 0.0
    for i in range(g.size):
        rest = double(g[i]) - part * double(p[i])
        left += rest * rest
    scale = sqrt(before) / (sqrt(left) + 1e-30)
    for i in range(g.size):
        g[i] = real(g, scale * (double(g[i]) - part * double(p[i])))


ORTHOGRAD = Wrapper(
    name="orthograd",
    summary="Takes from every tensor's gradient the part along the weights, which only scales them.",
    formula="r = g - (w'g / w'w) w;  g <- r * |g| / |r|",
    before=orthogonalize,
    closed_forms=(
        ClosedForm(
            "at w = (3, 4) the gradient (1, 0) becomes (0.8, -0.6): as long as it was, and w'g = 0",
            moved_around(lambda t: [1.0, 0.0], 1, start=[3.0, 4.0]),
            RATE * np.array([[0.8, -0.6]]),
        ),
    ),
    over="tensor",
    source="Prieto et al. (2025), Grokking at the edge of numerical stability, arXiv:2501.04697",
    aliases=("OrthoGrad",),
)


@kernel
def clip_adaptively(p, g, weights, slopes, learning_rate, step, limit, least):
    """Shorten every column of a gradient to ``limit`` times the length of its weights.

    A matrix of one row, as a vector is, counts as one column. NaN in a gradient stays.

    Shapes      p, g: (rows, columns), g in place; weights, slopes: (columns,) float64 scratch
    """
    rows, columns = g.shape
    for j in range(columns):
        weights[j], slopes[j] = 0.0, 0.0
    for i in range(rows):
        for j in range(columns):
            at = 0 if rows == 1 else j
            weights[at] += double(p[i, j]) * double(p[i, j])
            slopes[at] += double(g[i, j]) * double(g[i, j])
    for j in range(1 if rows == 1 else columns):
        most = limit * max(sqrt(weights[j]), least)
        length = sqrt(slopes[j])
        slopes[j] = most / length if length > most else 1.0
    for i in range(rows):
        for j in range(columns):
            g[i, j] *= real(g, slopes[0 if rows == 1 else j])


AGC = Wrapper(
    name="agc",
    summary="Limits the gradient of every unit to a share of the length of its weights.",
    formula="g[:, j] <- g[:, j] * limit * max(|w[:, j]|, least) / |g[:, j]|, where that is shorter",
    hyperparameters=(
        Hyper("limit", 0.01, "longest gradient, in lengths of the weights", above=0.0, tune="log"),
        Hyper("least", 1e-3, "weights shorter than this count as so long", above=0.0),
    ),
    before=clip_adaptively,
    over="matrix",
    scratch=("weights", "slopes"),
    closed_forms=(
        ClosedForm(
            "beside weights of length 5, and of 0, which counts as least, a gradient is limit times so long",
            moved_around(lambda t: [[6.0, 0.3], [8.0, 0.4]], 1, start=[[3.0, 0.0], [4.0, 0.0]]),
            lambda p: RATE * p["limit"] * np.array([[[3.0, 0.6 * p["least"]], [4.0, 0.8 * p["least"]]]]),
        ),
        ClosedForm(
            "a bias of three values counts as one",
            moved_around(lambda t: [2.0, 1.0, 2.0], 1, start=[1.0, 2.0, 2.0]),
            lambda p: RATE * p["limit"] * np.array([[2.0, 1.0, 2.0]]),
        ),
    ),
    shaped={"weights": _OF_COLUMNS, "slopes": _OF_COLUMNS},
    source="Brock et al. (2021), High-performance large-scale image recognition, arXiv:2102.06171",
    aliases=("adaptive_gradient_clipping",),
)


@kernel
def clip_globally(p, g, lanes, learning_rate, step, limit):
    """Shorten all gradients together to the length ``limit``."""
    clip_by_global_norm(g, lanes, limit)


CLIP = Wrapper(
    name="clip",
    summary="Limits the length of all gradients together, as global_clipnorm of the optimizer itself does.",
    formula="g <- g * limit / |g|, where |g| > limit",
    hyperparameters=(Hyper("limit", 1.0, "longest gradient", above=0.0, tune="log"),),
    before=clip_globally,
    scratch=("lanes",),
    closed_forms=(
        ClosedForm(
            "the gradient (3, 4) becomes (0.6, 0.8) times the limit",
            moved_around(lambda t: [3.0, 4.0], 1, start=[0.0, 0.0]),
            lambda p: RATE * p["limit"] * np.array([[0.6, 0.8]]),
            {"limit": 0.5},
        ),
    ),
    shaped={"lanes": Shaped(lambda sizes: (LANES,), "double")},
    source="Pascanu et al. (2013), On the difficulty of training recurrent neural networks, arXiv:1211.5063",
    aliases=("clip_grad_norm", "clip_by_global_norm"),
)


@kernel
def correct_variance(p, g, last, learning_rate, step, gamma, beta):
    """Add the scaled difference to the last gradient of a tensor, and shorten the sum to length 1 at most.

    Shapes      p, g, last: (n,); g and last in place
    """
    factor = real(g, gamma * beta / (1.0 - beta))
    square = 0.0
    for i in range(g.size):
        corrected = fma(factor, g[i] - last[i], g[i])
        last[i] = g[i]
        g[i] = corrected
        square += double(corrected) * double(corrected)
    if square > 1.0:
        # The difference keeps NaN where the length is infinite: a blown-up gradient must not become 0.
        scale = real(g, 1.0 / sqrt(square) + (square - square))
        for i in range(g.size):
            g[i] *= scale


MARS_CORRECTION = Wrapper(
    name="mars_correction",
    summary="Corrects every gradient by how it differs from the last one, as MARS does.",
    formula="c = g + gamma * beta / (1 - beta) * (g - last);  g <- c / max(1, |c|);  last <- g",
    hyperparameters=(
        Hyper("gamma", 0.025, "strength of the correction", at_least=0.0, tune="log"),
        Hyper("beta", 0.95, "the optimizer's share of the mean that is kept", at_least=0.0, below=1.0),
    ),
    before=correct_variance,
    over="tensor",
    slot_names=("last",),
    closed_forms=(
        ClosedForm(
            "a constant g counts 1 + gamma * beta / (1 - beta) times at first, and then once",
            moved_around(0.5, 3),
            lambda p: after_each(3, lambda t: RATE * 0.5 * (t + p["gamma"] * p["beta"] / (1 - p["beta"]))),
        ),
        ClosedForm("no gradient is longer than 1", moved_around(2.0, 3), after_each(3, lambda t: RATE * t)),
    ),
    source="Yuan et al. (2024), MARS, arXiv:2411.10438, approximate; the last gradient starts from 0",
)
