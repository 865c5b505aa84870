"""The records of the activations whose numbers layers learn, and of the one that draws them."""

import math

import numpy as np

from nnkit.activations.closed_form import both, gain, identity, slopes, values
from nnkit.activations.record import Activation, Learned
from nnkit.kernels import learned, smooth
from nnkit.registry import Hyper

_LEARNED = Hyper("learned", True, "false: the numbers stay as they are")
_FIXED = Hyper("learned", False, "true: the numbers are learned")


def _per(default: str) -> Hyper:
    return Hyper(
        "per",
        default,
        "what has numbers of its own: the layer, a channel, or each value of a sample",
        choices=("layer", "channel", "value"),
    )


PRELU = Activation(
    name="prelu",
    summary="A ReLU that learns its slope below 0.",
    formula="y = x if x > 0 else negative_slope * x",
    source="He et al. (2015), arXiv:1502.01852, one slope per channel, from 0.25",
    hyperparameters=(
        Hyper("negative_slope", 0.25, "The start: 0.25 in the paper and in PyTorch, 0 in Keras."),
        _per("channel"),
        _LEARNED,
    ),
    value=learned.leak,
    slope=learned.leak_slope,
    slopes=learned.leak_slopes,
    slope_of="input",
    learned=(Learned("negative_slope", "channel"),),
    kinks=(0.0,),
    flops=1,
    closed_forms=(both("f(-2) = -1/2 with slope 1/4, f(3) = 3", [-2.0, 3.0], [-0.5, 3.0], [0.25, 1.0]),),
)
RRELU = Activation(
    name="rrelu",
    summary="A ReLU whose slopes below 0 are drawn in training, value by value; their mean at test time.",
    formula="y = x if x > 0 else a * x, a ~ U(lower, upper); a = (lower + upper) / 2 at test time",
    source="Xu, Wang, Chen, Li (2015), arXiv:1505.00853; bounds of Keras and PyTorch",
    hyperparameters=(
        Hyper("lower", 1.0 / 8.0, "The least slope that is drawn.", at_least=0.0),
        Hyper("upper", 1.0 / 3.0, "The largest slope that is drawn.", at_least=0.0),
    ),
    value=learned.mean_leak,
    slope=learned.mean_leak_slope,
    slope_of="input",
    draws=True,
    kinks=(0.0,),
    flops=3,
    slope_flops=2,
    closed_forms=(
        both("untrained, f(-48) = -11 with slope 11/48", [-48.0, 3.0], [-11.0, 3.0], [11.0 / 48.0, 1.0]),
    ),
)
SWISH_BETA = Activation(
    name="swish_beta",
    summary="Swish that learns how sharp it is: a line for beta = 0, a ReLU for a large one.",
    formula="y = x / (1 + exp(-beta * x))",
    source="Ramachandran, Zoph, Le (2017), arXiv:1710.05941",
    hyperparameters=(Hyper("beta", 1.0, "The start."), _per("layer"), _LEARNED),
    value=smooth.swish,
    slope=smooth.swish_slope,
    slopes=smooth.swish_slopes,
    slope_of="input",
    learned=(Learned("beta"),),
    flops=25,
    slope_flops=28,
    closed_forms=(
        values("beta = 0 halves x", [-3.0, 5.0], [-1.5, 2.5], beta=0.0),
        both(
            "f(log(3) / beta) = 3/4 of it",
            [math.log(3.0) / 2],
            [0.375 * math.log(3.0)],
            [0.75 + 0.1875 * math.log(3.0)],
            beta=2.0,
        ),
        identity("f(x) - f(-x) = x", lambda f, x: f(x) - f(-x) - x, beta=1.5),
    ),
)
SNAKE = Activation(
    name="snake",
    summary="The input plus a wave: learns what is periodic.",
    formula="y = x + sin(alpha * x)**2 / alpha",
    source="Ziyin, Hartwig, Ueda (2020), arXiv:2006.08195",
    hyperparameters=(Hyper("alpha", 1.0, "Waves are pi / alpha long.", above=0.0), _per("channel"), _FIXED),
    value=smooth.snake,
    slope=smooth.snake_slope,
    slopes=smooth.snake_slopes,
    slope_of="input",
    learned=(Learned("alpha", "channel", above=0.0),),
    flops=36,
    slope_flops=36,
    closed_forms=(
        identity(
            "f(x + pi / alpha) = f(x) + pi / alpha",
            lambda f, x: f(x + np.pi / 2) - f(x) - np.pi / 2,
            alpha=2.0,
        ),
        identity(
            "f(x) + f(-x) = 2 sin(alpha x)**2 / alpha",
            lambda f, x: f(x) + f(-x) - np.sin(2 * x) ** 2,
            alpha=2.0,
        ),
        slopes("f'(pi/4) = 2 and f'(-pi/4) = 0", [np.pi / 4, -np.pi / 4], [2.0, 0.0]),
        gain(0.8745809829, 1.1472095472),
    ),
)
STARRELU = Activation(
    name="starrelu",
    aliases=("star_relu",),
    summary="The square of a ReLU, scaled and shifted to mean 0 and variance 1; learns both numbers.",
    formula="y = scale * max(x, 0)**2 + shift",
    source="Yu et al. (2022), MetaFormer baselines, arXiv:2210.13452: 0.8944 and -0.4472",
    hyperparameters=(
        Hyper("scale", 2.0 / math.sqrt(5.0), "The start; 1 / sqrt(Var[relu(x)**2])."),
        Hyper("shift", -1.0 / math.sqrt(5.0), "The start; minus the mean."),
        _per("layer"),
        _LEARNED,
    ),
    value=learned.star_relu,
    slope=learned.star_relu_slope,
    slopes=learned.star_relu_slopes,
    slope_of="input",
    learned=(Learned("scale"), Learned("shift")),
    flops=3,
    slope_flops=2,
    closed_forms=(
        both(
            "f(2) = 3 sqrt(5) * 7/15 = 7 / sqrt(5)",
            [-1.0, 2.0],
            np.array([-1.0, 7.0]) / math.sqrt(5.0),
            np.array([0.0, 8.0]) / math.sqrt(5.0),
        ),
        gain(1.0, 1.6),
    ),
)
XIELU = Activation(
    name="xielu",
    summary="A parabola above 0, an exponential and a line below; learns how much of both.",
    formula="y = alpha_p * x**2 + x / 2 if x > 0 else alpha_n * (exp(x) - 1 - x) + x / 2",
    source="Huang, Schlag (2024), arXiv:2411.13010, beta = 1/2; without their code's floor of x at -1e-6",
    hyperparameters=(
        Hyper("alpha_p", 0.8, "The start; stays above 0.", above=0.0),
        Hyper("alpha_n", 0.8, "The start; stays above 1/2.", above=0.5),
        _per("layer"),
        _LEARNED,
    ),
    value=learned.xielu,
    slope=learned.xielu_slope,
    slopes=learned.xielu_slopes,
    slope_of="input",
    learned=(Learned("alpha_p", above=0.0), Learned("alpha_n", above=0.5)),
    flops=31,
    slope_flops=28,
    closed_forms=(
        both(
            "f(0) = 0 with slope 1/2, f'(-40) = -0.3", [0.0, 1.0, -40.0], [0.0, 1.3, 11.2], [0.5, 2.1, -0.3]
        ),
        gain(0.7590769383, 1.1929226699),
    ),
)
DYT = Activation(
    name="dyt",
    summary="A tanh with a learned width, scale and shift, in the place of a normalisation.",
    formula="y = gamma * tanh(alpha * x) + beta",
    source="Zhu et al. (2025), Transformers without normalization, arXiv:2503.10622",
    hyperparameters=(
        Hyper("alpha", 0.5, "The start of the one width of a layer."),
        Hyper("gamma", 1.0, "The start of the scales, one per channel."),
        Hyper("beta", 0.0, "The start of the shifts, one per channel."),
        _LEARNED,
    ),
    value=learned.dyt,
    slope=learned.dyt_slope,
    slopes=learned.dyt_slopes,
    slope_of="input",
    learned=(Learned("alpha"), Learned("gamma", "channel"), Learned("beta", "channel")),
    flops=40,
    slope_flops=42,
    closed_forms=(
        both(
            "f'(0) = gamma alpha, f(log(2) / alpha) = 3/5 gamma + beta",
            [0.0, math.log(2.0)],
            lambda p: p["beta"] + p["gamma"] * np.array([0.0, 0.6]),
            lambda p: p["gamma"] * np.array([1.0, 0.64]),
            alpha=1.0,
            gamma=3.0,
            beta=0.25,
        ),
        gain(2.4006566860, 1.0335923900),
    ),
)
DERF = Activation(
    name="derf",
    summary="An erf with a learned width, place, scale and shift, in the place of a normalisation.",
    formula="y = gamma * erf(alpha * x + shift) + beta",
    source="Chen et al. (2025), Stronger normalization-free transformers, arXiv:2512.10938",
    hyperparameters=(
        Hyper("alpha", 0.5, "The start of the one width of a layer."),
        Hyper("shift", 0.0, "The start of the one shift inside."),
        Hyper("gamma", 1.0, "The start of the scales, one per channel."),
        Hyper("beta", 0.0, "The start of the shifts, one per channel."),
        _LEARNED,
    ),
    value=learned.derf,
    slope=learned.derf_slope,
    slopes=learned.derf_slopes,
    slope_of="input",
    learned=(Learned("alpha"), Learned("shift"), Learned("gamma", "channel"), Learned("beta", "channel")),
    flops=52,
    slope_flops=26,
    closed_forms=(
        slopes(
            "f'(0) = 2 gamma alpha / sqrt(pi) * exp(-shift**2)",
            [0.0],
            lambda p: np.array(
                [2.0 * p["gamma"] * p["alpha"] / math.sqrt(math.pi) * math.exp(-(p["shift"] ** 2))]
            ),
            gamma=3.0,
            shift=0.75,
        ),
        values("f(2) = erf(1)", [2.0], [0.8427007929497149]),
        gain(2.1499317123, 1.0403619523),
    ),
)

LEARNED = (PRELU, RRELU, SWISH_BETA, SNAKE, STARRELU, XIELU, DYT, DERF)
