"""The records of the smooth activations."""

import math

import numpy as np

from nnkit.activations.closed_form import averages, both, gain, identity, values
from nnkit.activations.record import Activation
from nnkit.kernels import activation as a
from nnkit.kernels import scalar, smooth
from nnkit.registry import Hyper

_E = math.e

SIGMOID = Activation(
    name="sigmoid",
    aliases=("logistic",),
    summary="The logistic function: between 0 and 1, saturates on both sides.",
    formula="y = 1 / (1 + exp(-x))",
    source="Rumelhart, Hinton, Williams (1986), Nature 323",
    value=scalar.sigmoid,
    slope=a.sigmoid_slope,
    slope_of="output",
    gives_probability=True,
    flops=23,
    slope_flops=2,
    closed_forms=(
        identity("f(x) + f(-x) = 1", lambda f, x: f(x) + f(-x) - 1.0),
        both("f(0) = 1/2 with slope 1/4, f(log 3) = 3/4", [0.0, math.log(3.0)], [0.5, 0.75], [0.25, 0.1875]),
        gain(1.8462285453, 0.1528270117),
    ),
)
LOG_SIGMOID = Activation(
    name="log_sigmoid",
    aliases=("logsigmoid",),
    summary="The logarithm of the sigmoid: below 0, x far below it.",
    formula="y = -log(1 + exp(-x))",
    source="Keras 3, keras.activations.log_sigmoid; torch.nn.LogSigmoid",
    value=smooth.log_sigmoid,
    slope=smooth.log_sigmoid_slope,
    slope_of="input",
    flops=42,
    slope_flops=23,
    closed_forms=(
        identity("f(x) - f(-x) = x", lambda f, x: f(x) - f(-x) - x),
        both(
            "f(0) = -log 2 with slope 1/2, f(-log 3) = -log 4",
            [0.0, -math.log(3.0)],
            [-math.log(2), -math.log(4)],
            [0.5, 0.75],
        ),
        gain(1.0418668355, 0.3184589837),
    ),
)
TANH = Activation(
    name="tanh",
    summary="The hyperbolic tangent: between -1 and 1, odd, saturates on both sides.",
    formula="y = tanh(x)",
    source="LeCun, Bottou, Orr, Mueller (1998), Efficient BackProp",
    value=scalar.tanh,
    slope=a.tanh_slope,
    slope_of="output",
    flops=37,
    slope_flops=2,
    closed_forms=(
        identity("f(-x) = -f(x)", lambda f, x: f(x) + f(-x)),
        both("f(log 2) = 3/5 with slope 16/25, f'(0) = 1", [0.0, math.log(2.0)], [0.0, 0.6], [1.0, 0.64]),
        gain(1.5925374197, 1.1778072323),
    ),
)
SOFTSIGN = Activation(
    name="softsign",
    summary="Between -1 and 1 like tanh, but saturates polynomially.",
    formula="y = x / (1 + |x|)",
    source="Bergstra, Desjardins, Lamblin, Bengio (2009), TR 1337, Universite de Montreal",
    value=a.softsign,
    slope=a.softsign_slope,
    slope_of="input",
    flops=2,
    slope_flops=3,
    closed_forms=(
        identity("f' = (1 - |f|)**2", lambda f, x: f.gradient(x) - (1.0 - np.abs(f(x))) ** 2),
        both("f(3) = 3/4 with slope 1/16, f(-1) = -1/2", [-1.0, 3.0], [-0.5, 0.75], [0.25, 0.0625]),
        gain(2.3375333631, 1.2440103706),
    ),
)
ELU = Activation(
    name="elu",
    summary="Exponential linear unit: saturates at -alpha, which keeps means near 0.",
    formula="y = x if x > 0 else alpha * (exp(x) - 1)",
    source="Clevert, Unterthiner, Hochreiter (2016), ICLR",
    hyperparameters=(Hyper("alpha", default=1.0, at_least=0.0, summary="Minus the limit far below 0."),),
    value=a.elu,
    slope=a.elu_slope,
    slope_of="output",
    flops=22,
    slope_flops=1,
    kinks=(0.0,),
    closed_forms=(
        both(
            "f(-log 2) = -alpha / 2 with slope alpha / 2, f(3) = 3",
            [-math.log(2.0), 3.0],
            lambda p: np.array([-p["alpha"] / 2.0, 3.0]),
            lambda p: np.array([p["alpha"] / 2.0, 1.0]),
            alpha=1.5,
        ),
        gain(1.2451983007, 1.0359047186),
    ),
)
CELU = Activation(
    name="celu",
    summary="ELU whose slope at 0 is 1 for every alpha: no kink.",
    formula="y = x if x > 0 else alpha * (exp(x / alpha) - 1)",
    source="Barron (2017), arXiv:1704.07483",
    hyperparameters=(Hyper("alpha", default=1.0, above=0.0, summary="Minus the limit far below 0."),),
    value=smooth.celu,
    slope=smooth.celu_slope,
    slope_of="output",
    flops=24,
    slope_flops=2,
    closed_forms=(
        both(
            "f(-alpha log 2) = -alpha / 2 with slope 1/2, f'(0) = 1",
            [-1.5 * math.log(2.0), 0.0, 3.0],
            [-0.75, 0.0, 3.0],
            [0.5, 1.0, 1.0],
            alpha=1.5,
        ),
    ),
)
SELU = Activation(
    name="selu",
    summary="ELU scaled so that mean 0 and variance 1 are a fixed point.",
    formula="y = 1.0507009873554805 * elu(x, alpha=1.6732632423543772)",
    source="Klambauer, Unterthiner, Mayr, Hochreiter (2017), NeurIPS",
    value=a.selu,
    slope=a.selu_slope,
    slope_of="output",
    flops=23,
    slope_flops=1,
    kinks=(0.0,),
    closed_forms=(averages("E f = 0 and E f**2 = 1 for a standard normal x", 0.0, 1.0, 1.071574992456),),
)
GELU = Activation(
    name="gelu",
    summary="The input times the normal distribution function: a smooth ReLU.",
    formula="y = x * (1 + erf(x / sqrt(2))) / 2",
    source="Hendrycks, Gimpel (2016), arXiv:1606.08415",
    value=a.gelu,
    slope=a.gelu_slope,
    slope_of="input",
    flops=78,
    slope_flops=83,
    closed_forms=(
        identity("f(x) - f(-x) = x", lambda f, x: f(x) - f(-x) - x),
        averages(
            "E f = 1/(2 sqrt(pi)), E f**2 = 1/3 + 1/(2 pi sqrt(3)) for a standard normal x",
            0.5 / math.sqrt(math.pi),
            1.0 / 3.0 + 0.5 / math.pi / math.sqrt(3.0),
            0.455850865649,
        ),
        gain(1.5335304412, 1.0720315984),
    ),
)
GELU_TANH = Activation(
    name="gelu_tanh",
    summary="The approximation of GELU with tanh (approximate=True in Keras).",
    formula="y = x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2",
    source="Hendrycks, Gimpel (2016), arXiv:1606.08415",
    value=a.gelu_tanh,
    slope=a.gelu_tanh_slope,
    slope_of="input",
    flops=28,
    slope_flops=33,
    closed_forms=(
        identity("f(x) - f(-x) = x", lambda f, x: f(x) - f(-x) - x),
        gain(1.5335805217, 1.0720239602),
    ),
)
QUICK_GELU = Activation(
    name="quick_gelu",
    summary="The approximation of GELU with a sigmoid.",
    formula="y = x / (1 + exp(-1.702 * x))",
    source="Hendrycks, Gimpel (2016), arXiv:1606.08415, section 2; QuickGELU of CLIP",
    value=smooth.quick_gelu,
    slope=smooth.quick_gelu_slope,
    slope_of="input",
    flops=25,
    slope_flops=28,
    closed_forms=(
        identity("f(x) - f(-x) = x", lambda f, x: f(x) - f(-x) - x),
        values("f(log(3) / 1.702) = 3/4 of it", [math.log(3.0) / 1.702], [0.75 * math.log(3.0) / 1.702]),
        gain(1.5394587623, 1.0654016116),
    ),
)
SILU = Activation(
    name="silu",
    aliases=("swish",),
    summary="The input times its sigmoid: a smooth ReLU that dips below 0.",
    formula="y = x / (1 + exp(-x))",
    source="Elfwing et al. (2018), Neural Networks 107; swish: Ramachandran et al. (2017), arXiv:1710.05941",
    value=a.silu,
    slope=a.silu_slope,
    slope_of="input",
    flops=23,
    slope_flops=26,
    closed_forms=(
        identity("f(x) - f(-x) = x", lambda f, x: f(x) - f(-x) - x),
        both(
            "f(log 3) = 3/4 log 3",
            [0.0, math.log(3.0)],
            [0.0, 0.75 * math.log(3.0)],
            [0.5, 0.75 + 0.1875 * math.log(3.0)],
        ),
        gain(1.6765324703, 1.0666342412),
    ),
)
MISH = Activation(
    name="mish",
    summary="The input times tanh of its softplus: a smooth ReLU that dips below 0.",
    formula="y = x * tanh(log(1 + exp(x)))",
    source="Misra (2019), arXiv:1908.08681",
    value=a.mish,
    slope=a.mish_slope,
    slope_of="input",
    flops=26,
    slope_flops=33,
    closed_forms=(
        values("f(log 2) = 4/5 log 2, because tanh(log 3) = 4/5", [math.log(2.0)], [0.8 * math.log(2.0)]),
        both("f(0) = 0 with slope tanh(log 2) = 3/5", [0.0], [0.0], [0.6]),
        gain(1.4868475813, 1.0591180006),
    ),
)
SOFTPLUS = Activation(
    name="softplus",
    summary="The integral of the sigmoid: a smooth ReLU above 0.",
    formula="y = log(1 + exp(x))",
    source="Dugas, Bengio, Belisle, Nadeau, Garcia (2001), NeurIPS 13",
    value=scalar.softplus,
    slope=a.softplus_slope,
    slope_of="input",
    flops=42,
    slope_flops=23,
    closed_forms=(
        identity("f(x) - f(-x) = x", lambda f, x: f(x) - f(-x) - x),
        both(
            "f(0) = log 2 with slope 1/2, f(log 3) = log 4",
            [0.0, math.log(3.0)],
            [math.log(2), math.log(4)],
            [0.5, 0.75],
        ),
        gain(1.0418668355, 0.3184589837),
    ),
)
SQUAREPLUS = Activation(
    name="squareplus",
    summary="A smooth ReLU of a root alone: no exponential.",
    formula="y = (x + sqrt(x**2 + b)) / 2",
    source="Barron (2021), arXiv:2112.11687; b = 4 is his and Keras's",
    hyperparameters=(
        Hyper("b", default=4.0, above=0.0, at_most=1e6, summary="Four times the square of f(0)."),
    ),
    value=smooth.squareplus,
    slope=smooth.squareplus_slope,
    slope_of="input",
    flops=8,
    slope_flops=9,
    closed_forms=(
        identity("f(x) f(-x) = b / 4", lambda f, x: f(x) * f(-x) - 1.0),
        identity("f(x) - f(-x) = x", lambda f, x: f(x) - f(-x) - x),
        both("f(3/2) = 2 with slope 4/5", [1.5, -1.5], [2.0, 0.5], [0.8, 0.2]),
        gain(0.8164965809, 0.1928769236),
    ),
)
TANH_SHRINK = Activation(
    name="tanh_shrink",
    aliases=("tanhshrink",),
    summary="What tanh takes away from its input: flat at 0, x minus 1 far out.",
    formula="y = x - tanh(x)",
    source="Keras 3, keras.activations.tanh_shrink; torch.nn.Tanhshrink",
    value=smooth.tanh_shrink,
    slope=smooth.tanh_shrink_slope,
    slope_of="input",
    flops=42,
    slope_flops=40,
    closed_forms=(
        identity("f(x) + tanh(x) = x", lambda f, x: f(x) + np.tanh(x) - x),
        both(
            "f(log 2) = log 2 - 3/5 with slope 9/25",
            [0.0, math.log(2.0)],
            [0.0, math.log(2.0) - 0.6],
            [0.0, 0.36],
        ),
    ),
)
EXPONENTIAL = Activation(
    name="exponential",
    aliases=("exp",),
    summary="The exponential function, for outputs that are rates.",
    formula="y = exp(x)",
    source="Keras 3, keras.activations.exponential",
    value=a.exponential,
    slope=a.exponential_slope,
    slope_of="output",
    flops=20,
    closed_forms=(
        both("f(log 5) = f'(log 5) = 5", [0.0, math.log(5.0)], [1.0, 5.0], [1.0, 5.0]),
        averages(
            "E f = sqrt(e), E f**2 = E f'**2 = e**2 for a standard normal x", math.sqrt(_E), _E**2, _E**2
        ),
    ),
)

SMOOTH = (
    SIGMOID,
    LOG_SIGMOID,
    TANH,
    SOFTSIGN,
    ELU,
    CELU,
    SELU,
    GELU,
    GELU_TANH,
    QUICK_GELU,
    SILU,
    MISH,
    SOFTPLUS,
    SQUAREPLUS,
    TANH_SHRINK,
    EXPONENTIAL,
)
