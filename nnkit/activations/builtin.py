"""The records of the built-in activations."""

from nnkit.activations.record import Activation
from nnkit.kernels import activation as a
from nnkit.kernels import scalar
from nnkit.registry import Hyper

LINEAR = Activation(
    name="linear",
    summary="The identity: no activation.",
    formula="y = x",
    source="Keras 3, keras.activations.linear",
    value=a.linear,
    slope=a.linear_slope,
    slope_of="output",
)
SIGMOID = Activation(
    name="sigmoid",
    summary="The logistic function: between 0 and 1, saturates on both sides.",
    formula="y = 1 / (1 + exp(-x))",
    source="Rumelhart, Hinton, Williams (1986), Nature 323",
    value=scalar.sigmoid,
    slope=a.sigmoid_slope,
    slope_of="output",
    gives_probability=True,
    flops=23,
    slope_flops=2,
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
)
LEAKY_RELU = Activation(
    name="leaky_relu",
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
)
HARD_SIGMOID = Activation(
    name="hard_sigmoid",
    summary="The sigmoid in three straight pieces.",
    formula="y = min(max(x / 6 + 1/2, 0), 1)",
    source="Courbariaux, Bengio, David (2015), NeurIPS; slope 1/6 as in Keras 3 and PyTorch",
    value=a.hard_sigmoid,
    slope=a.hard_sigmoid_slope,
    slope_of="output",
    gives_probability=True,
    flops=2,
    kinks=(-3.0, 3.0),
)
HARD_SILU = Activation(
    name="hard_silu",
    aliases=("hard_swish",),
    summary="The input times its hard sigmoid.",
    formula="y = x * min(max(x / 6 + 1/2, 0), 1)",
    source="Howard et al. (2019), arXiv:1905.02244",
    value=a.hard_silu,
    slope=a.hard_silu_slope,
    slope_of="input",
    flops=3,
    slope_flops=2,
    kinks=(-3.0, 3.0),
)
HARD_TANH = Activation(
    name="hard_tanh",
    summary="The tanh in three straight pieces.",
    formula="y = min(max(x, -1), 1)",
    source="Collobert (2004), Large Scale Machine Learning, thesis",
    value=a.hard_tanh,
    slope=a.hard_tanh_slope,
    slope_of="output",
    kinks=(-1.0, 1.0),
)
EXPONENTIAL = Activation(
    name="exponential",
    summary="The exponential function, for outputs that are rates.",
    formula="y = exp(x)",
    source="Keras 3, keras.activations.exponential",
    value=a.exponential,
    slope=a.exponential_slope,
    slope_of="output",
    flops=20,
)

BUILTIN = (
    LINEAR,
    SIGMOID,
    TANH,
    RELU,
    LEAKY_RELU,
    RELU6,
    ELU,
    SELU,
    GELU,
    GELU_TANH,
    SILU,
    MISH,
    SOFTPLUS,
    SOFTSIGN,
    HARD_SIGMOID,
    HARD_SILU,
    HARD_TANH,
    EXPONENTIAL,
)
