"""The records of the activations in pieces: rectifiers, hard curves, thresholds."""

import math

import numpy as np

from nnkit.activations.closed_form import averages, both, gain, identity, values
from nnkit.activations.record import Activation
from nnkit.kernels import activation as a
from nnkit.kernels import piecewise
from nnkit.registry import Hyper

_ROOT = math.sqrt(2.0 * math.pi)

LINEAR = Activation(
    name="linear",
    aliases=("identity",),
    summary="The identity: no activation.",
    formula="y = x",
    source="Keras 3, keras.activations.linear",
    value=a.linear,
    slope=a.linear_slope,
    slope_of="output",
    closed_forms=(both("f(x) = x, f' = 1", [-7.5, 0.0, 3.0], [-7.5, 0.0, 3.0], [1.0, 1.0, 1.0]),),
)
STEP = Activation(
    name="step",
    aliases=("heaviside",),
    summary="The threshold of the first neurons: 1 above 0, else 0; its slope is 0, nothing below it learns.",
    formula="y = 1 if x > 0 else 0",
    source="McCulloch, Pitts (1943), Bull. Math. Biophysics 5; f(0) = 0 as in Rosenblatt's perceptron",
    value=piecewise.step,
    slope=piecewise.no_slope,
    slope_of="output",
    kinks=(0.0,),
    closed_forms=(
        both("f(0) = 0, f(x) = 1 above, f' = 0", [-1e-9, 0.0, 1e-9], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]),
        averages("E f = E f**2 = 1/2 for a standard normal x", 0.5, 0.5, 0.0),
    ),
)
SIGN = Activation(
    name="sign",
    summary="-1 below 0, 1 above, 0 at 0; its slope is 0, nothing below it learns.",
    formula="y = x / |x|, and 0 at 0",
    source="the bipolar threshold of Widrow, Hoff (1960), IRE WESCON",
    value=piecewise.sign,
    slope=piecewise.no_slope,
    slope_of="output",
    kinks=(0.0,),
    closed_forms=(
        both("f(-x) = -f(x), f(0) = 0, f' = 0", [-2.0, 0.0, 1e-9], [-1.0, 0.0, 1.0], [0.0, 0.0, 0.0]),
    ),
)
RELU = Activation(
    name="relu",
    summary="The positive part: does not saturate above 0, passes no gradient below or at 0.",
    formula="y = max(x, 0)",
    source="Nair, Hinton (2010), ICML; Glorot, Bordes, Bengio (2011), AISTATS",
    value=a.relu,
    slope=a.relu_slope,
    slope_of="output",
    kinks=(0.0,),
    closed_forms=(
        both(
            "f(-2) = f(0) = 0 with slope 0, f(3) = 3 with slope 1",
            [-2.0, 0.0, 3.0],
            [0.0, 0.0, 3.0],
            [0, 0, 1],
        ),
        averages("E f = 1/sqrt(2 pi), E f**2 = E f'**2 = 1/2 for a standard normal x", 1 / _ROOT, 0.5, 0.5),
    ),
)
LEAKY_RELU = Activation(
    name="leaky_relu",
    aliases=("leakyrelu",),
    summary="ReLU with a small slope below 0, so that no unit is without gradient.",
    formula="y = x if x > 0 else negative_slope * x",
    source="Maas, Hannun, Ng (2013), ICML workshop; default of keras.activations.leaky_relu in Keras 3",
    hyperparameters=(
        Hyper(
            "negative_slope",
            default=0.2,
            at_least=0.0,
            summary="0.2 as the function in Keras 3; its layer LeakyReLU has 0.3, PyTorch 0.01.",
        ),
    ),
    value=a.leaky_relu,
    slope=a.leaky_relu_slope,
    slope_of="output",
    flops=1,
    kinks=(0.0,),
    closed_forms=(
        both(
            "f(-2) = -2 negative_slope with that slope, f(3) = 3 with slope 1",
            [-2.0, 3.0],
            lambda p: np.array([-2.0 * p["negative_slope"], 3.0]),
            lambda p: np.array([p["negative_slope"], 1.0]),
        ),
        averages("E f**2 = (1 + negative_slope**2) / 2", None, 0.50005, 0.50005, negative_slope=0.01),
    ),
)
RELU6 = Activation(
    name="relu6",
    summary="ReLU cut off at 6.",
    formula="y = min(max(x, 0), 6)",
    source="Krizhevsky (2010), Convolutional Deep Belief Networks on CIFAR-10",
    value=a.relu6,
    slope=a.relu6_slope,
    slope_of="output",
    kinks=(0.0, 6.0),
    closed_forms=(
        both("0 below 0, x to 6, 6 above", [-1.0, 5.5, 6.0, 9.0], [0.0, 5.5, 6.0, 6.0], [0.0, 1.0, 0.0, 0.0]),
    ),
)
THRESHOLDED_RELU = Activation(
    name="thresholded_relu",
    summary="x above a threshold, else 0: jumps there.",
    formula="y = x if x > theta else 0",
    source="Konda, Memisevic, Krueger (2015), arXiv:1402.3337; theta of ONNX and Keras 2",
    hyperparameters=(Hyper("theta", default=1.0, at_least=0.0, summary="What is not above it becomes 0."),),
    value=piecewise.thresholded_relu,
    slope=piecewise.above_edge,
    slope_of="input",
    kinks=lambda theta: (theta,),
    closed_forms=(
        both("f(theta) = 0, just above it is theta", [1.5, 1.75], [0.0, 1.75], [0.0, 1.0], theta=1.5),
        averages(
            "E f = bell(theta), the normal density, for a standard normal x",
            math.exp(-0.5) / _ROOT,
            math.exp(-0.5) / _ROOT + math.erfc(math.sqrt(0.5)) / 2,
            math.erfc(math.sqrt(0.5)) / 2,
        ),
    ),
)
THRESHOLD = Activation(
    name="threshold",
    summary="x above a threshold, else one value; a ReLU by default.",
    formula="y = x if x > threshold else value",
    source="Keras 3, keras.activations.threshold; torch.nn.Threshold",
    hyperparameters=(
        Hyper("threshold", default=0.0, summary="What is not above it is replaced."),
        Hyper("value", default=0.0, summary="What it is replaced by; Keras's default_value."),
    ),
    value=piecewise.threshold,
    slope=piecewise.threshold_slope,
    slope_of="input",
    kinks=lambda threshold, value: (threshold,),
    closed_forms=(
        both(
            "value up to and at the threshold, x above",
            [-3.0, 0.5, 0.75],
            [7.0, 7.0, 0.75],
            [0.0, 0.0, 1.0],
            threshold=0.5,
            value=7.0,
        ),
    ),
)
RELU2 = Activation(
    name="relu2",
    aliases=("squared_relu", "relu_squared"),
    summary="The square of a ReLU: no kink, and a slope that grows.",
    formula="y = max(x, 0)**2",
    source="So et al. (2021), Primer, arXiv:2109.08668",
    value=piecewise.square_relu,
    slope=piecewise.square_relu_slope,
    slope_of="input",
    flops=1,
    slope_flops=1,
    closed_forms=(
        identity("f(3 x) = 9 f(x)", lambda f, x: f(3.0 * x) - 9.0 * f(x)),
        identity("f' = 2 relu", lambda f, x: f.gradient(x) - 2.0 * np.maximum(x, 0.0)),
        averages("E f = 1/2, E f**2 = 3/2, E f'**2 = 2 for a standard normal x", 0.5, 1.5, 2.0),
        gain(0.81649658093, 1.33333333333),
    ),
)
HARD_SIGMOID = Activation(
    name="hard_sigmoid",
    aliases=("hardsigmoid",),
    summary="The sigmoid in three straight pieces.",
    formula="y = min(max(slope * x + 1/2, 0), 1)",
    source="Courbariaux, Bengio, David (2015), NeurIPS; slope 1/6 as in Keras 3 and PyTorch",
    hyperparameters=(
        Hyper("slope", default=1.0 / 6.0, above=0.0, summary="1/6 in Keras 3 and PyTorch, 0.2 in ONNX."),
    ),
    value=a.hard_sigmoid,
    slope=a.hard_sigmoid_slope,
    slope_of="output",
    gives_probability=True,
    flops=3,
    kinks=lambda slope: (-0.5 / slope, 0.5 / slope),
    closed_forms=(
        identity("f(x) + f(-x) = 1", lambda f, x: f(x) + f(-x) - 1.0),
        both(
            "f(0) = 1/2, f(1) = 2/3, f(3) = 1",
            [-4.0, 0.0, 1.0, 3.5],
            [0, 0.5, 2 / 3, 1],
            [0, 1 / 6, 1 / 6, 0],
        ),
        values("f(1) = 1/2 + slope: 0.7 in ONNX", [1.0, 3.0], [0.7, 1.0], slope=0.2),
    ),
)
HARD_SILU = Activation(
    name="hard_silu",
    aliases=("hard_swish", "hardswish"),
    summary="The input times its hard sigmoid.",
    formula="y = x * min(max(x / 6 + 1/2, 0), 1)",
    source="Howard et al. (2019), arXiv:1905.02244",
    value=a.hard_silu,
    slope=a.hard_silu_slope,
    slope_of="input",
    flops=3,
    slope_flops=2,
    kinks=(-3.0, 3.0),
    closed_forms=(
        identity("f(x) - f(-x) = x", lambda f, x: f(x) - f(-x) - x),
        both("f(-1.5) = -3/8, the least, and f(1) = 2/3", [-1.5, 1.0], [-0.375, 2 / 3], [0.0, 5 / 6]),
    ),
)
HARD_TANH = Activation(
    name="hard_tanh",
    aliases=("hardtanh",),
    summary="The tanh in three straight pieces.",
    formula="y = min(max(x, -1), 1)",
    source="Collobert (2004), Large Scale Machine Learning, thesis",
    value=a.hard_tanh,
    slope=a.hard_tanh_slope,
    slope_of="output",
    kinks=(-1.0, 1.0),
    closed_forms=(
        both("x between -1 and 1", [-3.0, -0.5, 0.25, 2.0], [-1, -0.5, 0.25, 1], [0.0, 1.0, 1.0, 0.0]),
    ),
)
_EDGE = Hyper("threshold", default=0.5, at_least=0.0, summary="0.5 in Keras and in PyTorch, there lambd.")
HARD_SHRINK = Activation(
    name="hard_shrink",
    aliases=("hardshrink",),
    summary="Drops what is small, and leaves the rest as it is.",
    formula="y = x if |x| > threshold else 0",
    source="Donoho, Johnstone (1994), Biometrika 81: hard thresholding",
    hyperparameters=(_EDGE,),
    value=piecewise.hard_shrink,
    slope=piecewise.shrink_slope,
    slope_of="input",
    kinks=lambda threshold: (-threshold, threshold),
    closed_forms=(
        both(
            "x where |x| > 1/2, else 0",
            [-2.0, -0.5, 0.25, 0.75],
            [-2.0, 0.0, 0.0, 0.75],
            [1.0, 0.0, 0.0, 1.0],
        ),
    ),
)
SOFT_SHRINK = Activation(
    name="soft_shrink",
    aliases=("softshrink",),
    summary="Drops what is small, and moves the rest towards 0 by as much.",
    formula="y = sign(x) * max(|x| - threshold, 0)",
    source="Donoho, Johnstone (1994), Biometrika 81: soft thresholding",
    hyperparameters=(_EDGE,),
    value=piecewise.soft_shrink,
    slope=piecewise.shrink_slope,
    slope_of="input",
    kinks=lambda threshold: (-threshold, threshold),
    flops=1,
    closed_forms=(
        both(
            "f(2) = 3/2, f(-2) = -3/2, 0 to 1/2", [-2.0, -0.5, 0.25, 2.0], [-1.5, 0.0, 0.0, 1.5], [1, 0, 0, 1]
        ),
        identity("x - f(x) is hard_tanh(2 x) / 2", lambda f, x: x - f(x) - np.clip(2.0 * x, -1.0, 1.0) / 2.0),
    ),
)
SPARSE_PLUS = Activation(
    name="sparse_plus",
    summary="A softplus that is 0 below -1 and x above 1, with a parabola between.",
    formula="y = 0 if x <= -1, (x + 1)**2 / 4 if x < 1, else x",
    source="Keras 3, keras.activations.sparse_plus; jax.nn.sparse_plus",
    value=piecewise.sparse_plus,
    slope=piecewise.sparse_sigmoid,
    slope_of="input",
    flops=3,
    slope_flops=2,
    closed_forms=(
        identity("f(x) - f(-x) = x", lambda f, x: f(x) - f(-x) - x),
        both("f(0) = 1/4 with slope 1/2", [-1.0, 0.0, 0.5, 1.0], [0, 0.25, 0.5625, 1], [0, 0.5, 0.75, 1]),
    ),
)
SPARSE_SIGMOID = Activation(
    name="sparse_sigmoid",
    summary="The slope of sparse_plus: a sigmoid in three straight pieces, from -1 to 1.",
    formula="y = min(max((x + 1) / 2, 0), 1)",
    source="Keras 3, keras.activations.sparse_sigmoid; Martins, Astudillo (2016), arXiv:1602.02068",
    value=piecewise.sparse_sigmoid,
    slope=piecewise.sparse_sigmoid_slope,
    slope_of="input",
    gives_probability=True,
    flops=2,
    kinks=(-1.0, 1.0),
    closed_forms=(
        identity("f(x) + f(-x) = 1", lambda f, x: f(x) + f(-x) - 1.0),
        both("f(1/2) = 3/4 with slope 1/2", [-2.0, 0.5, 1.0], [0.0, 0.75, 1.0], [0.0, 0.5, 0.0]),
    ),
)

PIECEWISE = (
    LINEAR,
    STEP,
    SIGN,
    RELU,
    LEAKY_RELU,
    RELU6,
    THRESHOLDED_RELU,
    THRESHOLD,
    RELU2,
    HARD_SIGMOID,
    HARD_SILU,
    HARD_TANH,
    HARD_SHRINK,
    SOFT_SHRINK,
    SPARSE_PLUS,
    SPARSE_SIGMOID,
)
